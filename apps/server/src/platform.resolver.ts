import { Query, Resolver } from '@nestjs/graphql';
import { Needs, type Platform } from '@openpro/platform';
import { version } from './version.js';

@Resolver()
export class PlatformResolver {
  private readonly startedAt = Date.now();

  @Query()
  @Needs('user', 'auditor')
  platform(): Platform {
    return { version, startedAt: this.startedAt };
  }
}
