import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { recorder } from '@openpro/kernel/testing';
import { type CaseData, textCase } from '@openpro/engine';
import type { Actor } from '@openpro/platform';
import fc from 'fast-check';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DataSource } from 'typeorm';
import { type FreshDatabase, freshDatabase } from '../../../test/harness/database.js';
import { FolderBlobStore } from './blob-store.js';
import { caseList } from './case-list.projection.js';
import { saveCase } from './case-store.js';
import { type FileEvent } from './file.js';
import { type QuotaOfStorage, storageQuotasOf, storageRefusal } from './storage-quota.js';
import { StorageQuotas } from './storage-quotas.js';
import { uploadList, type UploadRow } from './upload-list.projection.js';

jest.setTimeout(60_000);

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

describe('a quota of storage', () => {
  const quota = { per: 'user', name: 'ada', gib: 2 } as const;

  it('refuses what would pass it, with what there is and what may be', () => {
    expect(storageRefusal(quota, GIB, GIB, 'size')).toBeUndefined();
    expect(storageRefusal(quota, 1.5 * GIB, 600 * MIB, 'size')).toEqual({
      refused: 'QuotaExceeded',
      message:
        'User ada keeps 1.5 GiB in the storage and may keep 2 GiB, and this is 0.586 GiB more: what is kept stays, but uploads that were announced and do not come stop counting after an hour; else ask an administrator for a larger quota',
      field: 'size',
      limit: '2 GiB',
    });
    expect(storageRefusal(quota, 3 * GIB, 0)?.message).toMatch(/may keep 2 GiB: what is kept stays/);
    expect(storageRefusal({ ...quota, per: 'group', gib: 0 }, 0, 10 * MIB, 'input')?.message).toMatch(
      /^Group ada keeps 0 MiB in the storage and may keep 0 GiB, and this is 10 MiB more/,
    );
  });

  it('lets nobody who takes what is not refused have more than it, whatever he takes', () =>
    fc.assert(
      fc.property(fc.array(fc.nat(GIB), { maxLength: 20 }), (sizes) => {
        let kept = 0;
        for (const size of sizes) if (!storageRefusal(quota, kept, size, 'size')) kept += size;
        expect(kept).toBeLessThanOrEqual(2 * GIB);
      }),
    ));

  it('is the lowest of those that fit, for the user and for each of his groups', () => {
    const all: QuotaOfStorage[] = [
      { per: 'user', pattern: '*', storageGiB: 9 },
      { per: 'user', pattern: 'a*', storageGiB: 5 },
      { per: 'user', pattern: 'ada' },
      { per: 'group', pattern: 'planners', storageGiB: 50 },
    ];
    expect(storageQuotasOf(all, 'ada', ['user', 'planners'])).toEqual([
      { per: 'user', name: 'ada', gib: 5 },
      { per: 'group', name: 'planners', gib: 50 },
    ]);
    expect(storageQuotasOf([], 'ada', ['user'])).toEqual([]);
  });
});

describe('the storage quotas of a server', () => {
  const database: { it?: FreshDatabase } = {};
  let db: DataSource;
  let folder: string;
  let blobs: FolderBlobStore;
  beforeAll(async () => {
    database.it = await freshDatabase();
    db = await new DataSource({ type: 'postgres', url: database.it.appUrl }).initialize();
    folder = await mkdtemp(path.join(tmpdir(), 'openpro-quotas-'));
    blobs = new FolderBlobStore(folder);
  });
  afterAll(async () => {
    await db.destroy();
    await database.it?.drop();
    await rm(folder, { recursive: true });
  });

  const record = recorder();
  let count = 0;
  const insert = (table: string, row: object | undefined) =>
    db.query(`INSERT INTO ${table} SELECT * FROM jsonb_populate_record(null::${table}, $1)`, [
      JSON.stringify(row),
    ]);
  const somebody = async (groups: readonly string[] = []): Promise<Actor> => {
    const name = `user ${++count}`;
    const actor = { id: `id of ${name}`, name, environment: 'ROOT', roles: ['user'], groups };
    await insert('user_list', { ...actor, created_at: 0 });
    return { ...actor, tokenHash: null, expiresAt: 0 };
  };
  const quotas = async (...all: readonly QuotaOfStorage[]) =>
    insert('queue_policy', {
      ...{ id: `v${++count}`, version: count, reason: '', set_at: 0, set_by: 'x' },
      policy: { quotas: all },
    });
  const upload = async (owner: Actor, bytes: number, { expiresAt = Infinity, digest = '' } = {}) => {
    const stream = `file-${++count}`;
    const asked: FileEvent = {
      ...{ type: 'FileRequested', environment: 'ROOT', owner: owner.id, kind: 'file', name: 'x' },
      ...{ maxBytes: bytes, secretHash: '', expiresAt: Math.min(expiresAt, Date.now() + 60_000) },
    } as FileEvent & { type: 'FileRequested' };
    let row: UploadRow | undefined = uploadList.evolve(undefined, record(stream, asked));
    const stored: FileEvent = { type: 'FileStored', digest, size: bytes };
    if (digest) row = uploadList.evolve(row, record(stream, stored));
    await insert('upload_list', row);
  };
  const data = (text: string): CaseData => textCase('Text', text);
  const keep = (text: string) =>
    saveCase(blobs, { app: 'a', version: '1.0.0', engine: 'e:1.0.0' }, data(text));
  const saved = async (owner: Actor, digest: string) => {
    const stream = `case-${++count}`;
    const event = {
      ...{ type: 'CaseSaved' as const, environment: 'ROOT', app: 'a', version: '1.0.0', name: 'x' },
      ...{ owner: owner.id, digest },
    };
    await insert('case_list', caseList.evolve(undefined, record(stream, event)));
    return stream.slice(5);
  };
  const server = () => new StorageQuotas(db, blobs);

  it('count what was uploaded, and what may still come, but not what never came', async () => {
    const ada = await somebody();
    await quotas({ per: 'user', pattern: ada.name, storageGiB: 1 });
    await upload(ada, 300 * MIB, { digest: 'a'.repeat(64) });
    await upload(ada, 300 * MIB, { digest: 'a'.repeat(64) }); // the same bytes
    await upload(ada, 200 * MIB);
    await upload(ada, 900 * MIB, { expiresAt: 1 });
    expect(await server().refusal(ada, 524 * MIB, 'size')).toBeUndefined();
    expect(await server().refusal(ada, 525 * MIB, 'size')).toMatchObject({ field: 'size', limit: '1 GiB' });
    expect(await server().refusal(await somebody(), 900 * GIB, 'size')).toBeUndefined();
  });

  it('count what is asked for at once, and let who has made room go on at once', async () => {
    const ada = await somebody();
    await quotas({ per: 'user', pattern: ada.name, storageGiB: 2 / 1024 });
    const one = server();
    expect(await one.refusal(ada, 1.5 * MIB, 'size')).toBeUndefined();
    // It is not in the list yet, and nothing else has filled the quota: counted again, there is room.
    const digest = await keep('x'.repeat(1.5 * MIB));
    const id = await saved(ada, digest);
    expect(await one.refusal(ada, MIB, 'size')).toMatchObject({ refused: 'QuotaExceeded' });
    expect(await one.refusalOfCase(ada, digest, 'input')).toBeUndefined(); // it is there anyway
    await db.query('DELETE FROM case_list WHERE id = $1', [id]);
    expect(await one.refusal(ada, MIB, 'size')).toBeUndefined();
  });

  it('know how large a case is, also one of before they were kept, and get over one that is lost', async () => {
    const [ada, bob] = [await somebody(['keepers']), await somebody(['keepers'])];
    await saved(ada, await keep('a'.repeat(2 * MIB)));
    await saved(ada, 'f'.repeat(64));
    await saved(bob, await keep('b'.repeat(MIB)));
    await quotas({ per: 'group', pattern: 'keepers', storageGiB: 4 / 1024 });
    const fits = await keep('c'.repeat(0.9 * MIB));
    expect(await server().refusalOfCase(bob, await keep('d'.repeat(1.1 * MIB)), 'input')).toMatchObject({
      field: 'input',
      message: expect.stringMatching(/^Group keepers keeps 3 MiB/),
    });
    expect(await server().refusalOfCase(bob, fits, 'input')).toBeUndefined();
    const kept = await server().kept('ROOT');
    expect(kept.find(({ ownerName }) => ownerName === ada.name)).toMatchObject({
      groups: ['user', 'keepers'],
      bytes: expect.closeTo(2 * MIB, -3),
    });
  });

  it('hold who asks many times in the time in which nothing is counted', async () => {
    const ada = await somebody();
    await quotas({ per: 'user', pattern: ada.name, storageGiB: 1 });
    const one = server();
    for (let n = 0; n < 10; n++) {
      expect(await one.refusal(ada, 100 * MIB, 'size')).toBeUndefined();
      await upload(ada, 100 * MIB);
    }
    expect(await one.refusal(ada, 100 * MIB, 'size')).toMatchObject({ refused: 'QuotaExceeded' });
  });
});
