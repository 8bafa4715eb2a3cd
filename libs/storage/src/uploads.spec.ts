import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandHandler, MemoryEventStore } from '@openpro/eventstore';
import { isRefusal, refuse, uuidv7 } from '@openpro/kernel';
import type { Actor, Commands, ServerConfig } from '@openpro/platform';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { FolderBlobStore } from './blob-store.js';
import { file } from './file.js';
import type { StorageQuotas } from './storage-quotas.js';
import type { ForFile } from './storage.commands.js';
import { Uploads } from './uploads.js';

const person = (id: string, ...roles: string[]): Actor => ({
  id,
  name: id,
  environment: 'ROOT',
  roles,
  groups: [],
  tokenHash: null,
  expiresAt: 0,
});
const ada = person('ada', 'user');

let folder: string;
let uploads: Uploads;
/** Of each that the quota was asked for. */
let asked: number[];
let room: number;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'openpro-uploads-'));
  const store = new MemoryEventStore();
  const handler = new CommandHandler(store);
  const commands = {
    execute: ({ id, command, meta, fingerprint }: ForFile) =>
      handler.execute(file, id, command, meta, fingerprint),
  };
  [asked, room] = [[], 1000];
  const quotas = {
    refusal: (_actor: Actor, _what: string, size: number, field: string) => {
      asked.push(size);
      return Promise.resolve(size > room ? refuse('QuotaExceeded', 'full', { field }) : undefined);
    },
  };
  const config = { publicUrl: 'http://here' } as ServerConfig;
  uploads = new Uploads(
    commands as unknown as Commands,
    new FolderBlobStore(folder),
    store,
    config,
    quotas as unknown as StorageQuotas,
  );
});
afterEach(() => rm(folder, { recursive: true }));

const place = async (size = 10, actor = ada) => {
  const upload = await uploads.request(actor, 'file', 'a.mps', size, uuidv7());
  if (isRefusal(upload)) throw new Error(upload.message);
  return { ...upload, secret: new URL(upload.url).searchParams.get('secret') ?? '' };
};
const bytes = (text: string) => Readable.from([Buffer.from(text)]);

describe('an upload', () => {
  it('gets no place that its owner’s quota has no room for', async () =>
    expect(await uploads.request(ada, 'file', 'a.mps', 1001, uuidv7())).toMatchObject({
      refused: 'QuotaExceeded',
      field: 'size',
    }));

  it('asks no quota for a size that cannot be', async () => {
    for (const size of [-1e12, -1, 0.5, NaN, Infinity, 65 * 1024 ** 2])
      expect(await uploads.request(ada, 'file', 'a.mps', size, uuidv7())).toMatchObject({
        refused: 'BadInput',
        field: 'size',
      });
    expect(asked).toEqual([]);
  });

  it('counts once, and is answered as before when the quota is full by now', async () => {
    const commandId = uuidv7();
    expect(await uploads.request(ada, 'file', 'a', 600, commandId)).toHaveProperty('url');
    room = 0;
    expect(await uploads.request(ada, 'file', 'a', 600, commandId)).toMatchObject({
      refused: 'UploadAlreadyRequested',
    });
    expect(asked).toEqual([600]);
  });

  it('takes its bytes once, and gives them to its owner for its kind', async () => {
    const { id, secret } = await place();
    const digest = createHash('sha256').update('hello').digest('hex');
    expect(await uploads.stored(ada, id, 'file', 'files')).toMatchObject({ refused: 'NotUploadedYet' });
    expect(await uploads.receive(id, secret, bytes('hello'))).toEqual({ digest, size: 5 });
    expect(await uploads.receive(id, secret, bytes('other'))).toMatchObject({ refused: 'AlreadyUploaded' });
    expect(await uploads.stored(ada, id, 'file', 'files')).toMatchObject({ digest, size: 5 });
    expect(await uploads.stored(ada, id, 'app', 'upload')).toMatchObject({ refused: 'WrongKind' });
  });

  it("is nobody else's, also not an administrator's or another environment's", async () => {
    const { id, secret } = await place();
    await uploads.receive(id, secret, bytes('hello'));
    for (const other of [person('eve', 'administrator'), { ...ada, environment: 'OTHER' }])
      expect(await uploads.stored(other, id, 'file', 'files')).toMatchObject({ refused: 'NoSuchUpload' });
    expect(await uploads.stored(ada, 'a\0b', 'file', 'files')).toMatchObject({ refused: 'NoSuchUpload' });
  });

  it('reads nothing from who does not know its secret', async () => {
    const { id } = await place();
    const body = bytes('hello');
    expect(await uploads.receive(id, 'guess', body)).toMatchObject({ refused: 'NoSuchUpload' });
    expect(await uploads.receive(uuidv7(), 'guess', body)).toMatchObject({ refused: 'NoSuchUpload' });
    expect(body.readableDidRead).toBe(false);
  });

  it('takes no more than was announced, and may be tried again', async () => {
    const { id, secret } = await place(4);
    expect(await uploads.receive(id, secret, bytes('hello'))).toMatchObject({
      refused: 'TooLarge',
      limit: '4 bytes',
    });
    expect(await uploads.receive(id, secret, bytes('hell'))).toMatchObject({ size: 4 });
  });

  it('is asked for by who may use what it is for', async () => {
    const ask = (actor: Actor, kind: 'engine' | 'app' | 'file') =>
      uploads.request(actor, kind, 'x', 1, uuidv7());
    expect(await ask(ada, 'engine')).toMatchObject({ refused: 'NotAllowed', field: 'kind' });
    expect(await ask(ada, 'app')).toMatchObject({ refused: 'NotAllowed' });
    expect(await ask(person('b', 'engine-publisher'), 'engine')).toHaveProperty('url');
    expect(await ask(person('c', 'administrator'), 'app')).toHaveProperty('url');
  });

  it('shows its address once, and refuses a used commandId for another request', async () => {
    const commandId = uuidv7();
    expect(await uploads.request(ada, 'file', 'a', 1, commandId)).toHaveProperty('url');
    expect(await uploads.request(ada, 'file', 'a', 1, commandId)).toMatchObject({
      refused: 'UploadAlreadyRequested',
    });
    expect(await uploads.request(ada, 'file', 'b', 1, commandId)).toMatchObject({
      refused: 'CommandIdReused',
    });
    expect(await uploads.request(ada, 'file', 'a', 1, 'x')).toMatchObject({ field: 'commandId' });
  });
});
