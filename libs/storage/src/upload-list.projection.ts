import type { Projection } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { FileEvent, FileKind } from './file.js';

/** What an upload takes of the storage: from when its place was asked for, with what was announced. */
export interface UploadRow {
  readonly id: string;
  readonly environment: string;
  readonly owner: string;
  readonly kind: FileKind;
  readonly name: string;
  readonly created_at: number;
  /** Null until it has come. */
  readonly digest: string | null;
  readonly bytes: number;
  /** Until then it may come. */
  readonly expires_at: number;
}

export const uploadList: Projection<UploadRow, FileEvent> = {
  name: 'upload_list',
  version: 2,
  columns: {
    id: 'text',
    environment: 'text',
    owner: 'text',
    kind: 'text',
    name: 'text',
    created_at: 'int8',
    digest: 'text',
    bytes: 'int8',
    expires_at: 'int8',
  },
  key: 'id',
  on: ['FileRequested', 'FileStored', 'FileRemoved'],
  keyOf: ({ stream }) => idOf(stream),
  evolve(row, { stream, at, event }) {
    switch (event.type) {
      case 'FileRequested': {
        const { environment, owner, kind, name, maxBytes: bytes, expiresAt: expires_at } = event;
        const id = idOf(stream);
        return { id, environment, owner, kind, name, created_at: at, digest: null, bytes, expires_at };
      }
      case 'FileStored':
        return row && { ...row, digest: event.digest, bytes: event.size };
      case 'FileRemoved':
        return undefined;
    }
  },
};
