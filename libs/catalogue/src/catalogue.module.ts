import { Module } from '@nestjs/common';
import { EnginePool } from '@openpro/engine';
import { LicensingModule } from '@openpro/licensing';
import { CONFIG, type ServerConfig } from '@openpro/platform';
import { StorageModule } from '@openpro/storage';
import path from 'node:path';
import { catalogueHandlers } from './catalogue.commands.js';
import { CatalogueQueries } from './catalogue.queries.js';
import { CatalogueResolver } from './catalogue.resolver.js';
import { ClusterKey } from './cluster-key.js';
import { ClusterKeyController } from './cluster-key.controller.js';
import { Packages } from './packages.js';
import { Publishing } from './publishing.js';

@Module({
  imports: [LicensingModule, StorageModule],
  controllers: [ClusterKeyController],
  providers: [
    ...catalogueHandlers,
    {
      provide: EnginePool,
      inject: [CONFIG],
      useFactory: ({ dataDir, warm, memoryMiB }: ServerConfig) =>
        new EnginePool({ folder: path.join(dataDir, 'run', 'engines'), warm, memoryMiB }),
    },
    CatalogueQueries,
    CatalogueResolver,
    ClusterKey,
    Packages,
    Publishing,
  ],
  exports: [CatalogueQueries, EnginePool, Packages],
})
export class CatalogueModule {}
