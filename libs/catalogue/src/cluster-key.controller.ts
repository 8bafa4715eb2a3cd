import { Controller, Get, Header } from '@nestjs/common';
import { ClusterKey } from './cluster-key.js';

/** What `openpro app pack` encrypts for. Public by nature. */
@Controller('api/cluster-key')
export class ClusterKeyController {
  constructor(private readonly key: ClusterKey) {}

  @Get()
  @Header('content-type', 'application/x-pem-file')
  get(): string {
    return this.key.publicPem;
  }
}
