import { Module } from '@nestjs/common';
import { licensingHandlers } from './licensing.commands.js';
import { LicenceQueries } from './licensing.queries.js';
import { LicensingResolver } from './licensing.resolver.js';

@Module({
  providers: [...licensingHandlers, LicenceQueries, LicensingResolver],
  exports: [LicenceQueries],
})
export class LicensingModule {}
