import { Module } from '@nestjs/common';
import { CONFIG, type ServerConfig } from '@openpro/platform';
import path from 'node:path';
import { FolderBlobStore } from './blob-store.js';
import { CaseController } from './case.controller.js';
import { CaseQueries } from './case.queries.js';
import { KeptQueries } from './kept.queries.js';
import { Removing } from './removing.js';
import { storageHandlers } from './storage.commands.js';
import { StorageQuotas } from './storage-quotas.js';
import { StorageResolver } from './storage.resolver.js';
import { UploadController } from './upload.controller.js';
import { Uploads } from './uploads.js';

@Module({
  controllers: [CaseController, UploadController],
  providers: [
    ...storageHandlers,
    {
      provide: FolderBlobStore,
      inject: [CONFIG],
      useFactory: ({ storageDir }: ServerConfig) => new FolderBlobStore(path.join(storageDir, 'blobs')),
    },
    CaseQueries,
    KeptQueries,
    Removing,
    StorageQuotas,
    StorageResolver,
    Uploads,
  ],
  exports: [CaseQueries, FolderBlobStore, StorageQuotas, Uploads],
})
export class StorageModule {}
