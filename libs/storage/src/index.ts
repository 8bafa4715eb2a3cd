export { caseAggregate, type CaseCommand, type CaseEvent } from './case.js';
export { caseList, type CaseRow } from './case-list.projection.js';
export {
  file,
  type FileCommand,
  type FileEvent,
  type FileKind,
  MAX_UPLOAD_BYTES,
  type StoredFile,
} from './file.js';
export { FolderBlobStore } from './blob-store.js';
export { CaseQueries } from './case.queries.js';
export type { Cell } from './case-table.js';
export { loadCase, loadManifest, saveCase } from './case-store.js';
export { ForCase, ForFile } from './storage.commands.js';
export { StorageModule } from './storage.module.js';
export type { QuotaOfStorage } from './storage-quota.js';
export { StorageQuotas } from './storage-quotas.js';
export { uploadList } from './upload-list.projection.js';
export { Uploads } from './uploads.js';
