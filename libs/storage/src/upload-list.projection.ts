import type { Projection } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { FileEvent } from './file.js';

/** What an upload takes of the storage: from when its place was asked for, with what was announced. */
export interface UploadRow {
  readonly id: string;
  readonly environment: string;
  readonly owner: string;
  /** Null until it has come. */
  readonly digest: string | null;
  readonly bytes: number;
  /** Until then it may come. */
  readonly expires_at: number;
}

export const uploadList: Projection<UploadRow, FileEvent> = {
  name: 'upload_list',
  version: 1,
  columns: {
    id: 'text',
    environment: 'text',
    owner: 'text',
    digest: 'text',
    bytes: 'int8',
    expires_at: 'int8',
  },
  key: 'id',
  on: ['FileRequested', 'FileStored'],
  keyOf: ({ stream }) => idOf(stream),
  evolve(row, { stream, event }) {
    if (event.type === 'FileStored') return row && { ...row, digest: event.digest, bytes: event.size };
    const { environment, owner, maxBytes: bytes, expiresAt: expires_at } = event;
    return { id: idOf(stream), environment, owner, digest: null, bytes, expires_at };
  },
};
