export { caseAggregate, type CaseCommand, type CaseEvent } from './case.js';
export { caseList, type CaseRow } from './case-list.projection.js';
export { file, type FileCommand, type FileEvent, type FileKind, MAX_UPLOAD_BYTES, type StoredFile } from './file.js';
