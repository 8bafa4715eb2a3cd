import {
  checkNumber,
  checkOneOf,
  checkText,
  type BadInput,
  type Decider,
  refuse,
  type Refusal,
} from '@openpro/kernel';

const MIB = 1024 * 1024;

/** Bytes that one upload may have, by what it is for. */
export const MAX_UPLOAD_BYTES = { engine: 512 * MIB, app: 256 * MIB, file: 64 * MIB } as const;
export type FileKind = keyof typeof MAX_UPLOAD_BYTES;

interface Requested {
  readonly environment: string;
  readonly owner: string;
  readonly kind: FileKind;
  readonly name: string;
  /** As announced: not one byte more is taken. */
  readonly maxBytes: number;
  /** SHA-256 of the secret in the one-time URL. */
  readonly secretHash: string;
  readonly expiresAt: number;
}

export type FileEvent =
  | ({ readonly type: 'FileRequested' } & Requested)
  | { readonly type: 'FileStored'; readonly digest: string; readonly size: number }
  | { readonly type: 'FileRemoved' };

export type FileCommand =
  | ({ readonly type: 'RequestFile' } & Requested)
  | {
      readonly type: 'StoreFile';
      readonly secretHash: string;
      readonly digest: string;
      readonly size: number;
      readonly now: number;
    }
  | { readonly type: 'RemoveFile' };

export type FileRefusal =
  BadInput | Refusal<'UploadExists' | 'NoSuchUpload' | 'UploadExpired' | 'AlreadyUploaded' | 'TooLarge'>;

export type StoredFile = {
  readonly is: 'stored';
  readonly digest: string;
  readonly size: number;
} & Requested;
/** A place for bytes: asked for, then filled once; removed for ever. */
export type File =
  | { readonly is: 'new' }
  | ({ readonly is: 'requested' } & Requested)
  | StoredFile
  | { readonly is: 'removed' };

/** Also asked before a quota is: no size that cannot be may come into a sum. */
export const wrongInFile = ({
  kind,
  name,
  maxBytes,
}: Pick<Requested, 'kind' | 'name' | 'maxBytes'>): BadInput | undefined =>
  checkOneOf('kind', kind, Object.keys(MAX_UPLOAD_BYTES)) ??
  checkText('name', name, { max: 255 }) ??
  checkNumber('size', maxBytes, { min: 0, max: MAX_UPLOAD_BYTES[kind], whole: true, unit: 'bytes' });

const decider: Decider<File, FileCommand, FileEvent, FileRefusal> = {
  initial: { is: 'new' },

  decide(command, file) {
    switch (command.type) {
      case 'RequestFile':
        if (file.is !== 'new') return refuse('UploadExists', 'This upload was asked for already');
        return wrongInFile(command) ?? [{ ...command, type: 'FileRequested' }];
      case 'StoreFile': {
        const { secretHash, digest, size, now } = command;
        // One answer for both: a stranger must not learn which uploads exist.
        if (file.is === 'new' || file.is === 'removed' || file.secretHash !== secretHash)
          return refuse('NoSuchUpload', 'There is no upload at this address');
        if (file.is === 'stored') return refuse('AlreadyUploaded', 'This upload is complete already');
        if (now >= file.expiresAt)
          return refuse('UploadExpired', 'The time for this upload is over: ask for a new one');
        if (size > file.maxBytes)
          return refuse(
            'TooLarge',
            `The upload is larger than the ${file.maxBytes} bytes that were announced`,
            {
              field: 'size',
              limit: `${file.maxBytes} bytes`,
            },
          );
        return [{ type: 'FileStored', digest, size }];
      }
      case 'RemoveFile':
        if (file.is === 'new') return refuse('NoSuchUpload', 'There is no such upload');
        return file.is === 'removed' ? [] : [{ type: 'FileRemoved' }];
    }
  },

  evolve(file, event) {
    switch (event.type) {
      case 'FileRequested':
        return { ...event, is: 'requested' };
      case 'FileStored':
        return file.is === 'requested'
          ? { ...file, is: 'stored', digest: event.digest, size: event.size }
          : file;
      case 'FileRemoved':
        return { is: 'removed' };
    }
  },
};

export const file = { name: 'file', context: 'storage', decider } as const;
