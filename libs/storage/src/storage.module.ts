import { Module } from '@nestjs/common';
import { CONFIG, type ServerConfig, storageFolder } from '@openpro/platform';
import { FolderBlobStore } from './blob-store.js';
import { CaseController } from './case.controller.js';
import { CaseQueries } from './case.queries.js';
import { storageHandlers } from './storage.commands.js';
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
      useFactory: (config: ServerConfig) => new FolderBlobStore(storageFolder(config, 'blobs')),
    },
    CaseQueries,
    StorageResolver,
    Uploads,
  ],
  exports: [CaseQueries, FolderBlobStore, Uploads],
})
export class StorageModule {}
