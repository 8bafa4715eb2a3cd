import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Position, ReadSide } from '@openpro/eventstore';
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
        'User ada keeps 1.5 GiB in the storage and may keep 2 GiB, and this is 0.586 GiB more: remove what is needed no more (under Storage in the portal, or with openpro storage list), or ask an administrator for a larger quota',
      field: 'size',
      limit: '2 GiB',
    });
    expect(storageRefusal(quota, 3 * GIB, 0)?.message).toMatch(
      /may keep 2 GiB: remove what is needed no more/,
    );
    expect(storageRefusal(quota, 3 * GIB, 0)?.field).toBe('storageGiB');
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
  const upload = async (
    owner: Actor,
    bytes: number,
    { expiresAt = Infinity, digest = '', id = `upload ${++count}` } = {},
  ) => {
    const stream = `file-${id}` as const;
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
  let behind = false;
  const readSide = { waitFor: () => Promise.resolve(!behind) } as unknown as ReadSide;
  const server = () =>
    new StorageQuotas(db, blobs, readSide, { head: () => Promise.resolve('0' as Position) });
  /** On a clock that only this moves. */
  const clock = () => {
    let now = performance.now();
    const real = jest.spyOn(performance, 'now').mockImplementation(() => now);
    return { pass: (ms: number) => void (now += ms), [Symbol.dispose]: () => real.mockRestore() };
  };

  it('count what was uploaded, and what may still come, but not what never came', async () => {
    const ada = await somebody();
    await quotas({ per: 'user', pattern: ada.name, storageGiB: 1 });
    await upload(ada, 300 * MIB, { digest: 'a'.repeat(64) });
    await upload(ada, 300 * MIB, { digest: 'a'.repeat(64) }); // the same bytes
    await upload(ada, 200 * MIB);
    await upload(ada, 900 * MIB, { expiresAt: 1 });
    expect(await server().refusal(ada, 'a', 524 * MIB, 'size')).toBeUndefined();
    expect(await server().refusal(ada, 'a', 525 * MIB, 'size')).toMatchObject({
      field: 'size',
      limit: '1 GiB',
    });
    expect(await server().refusal(await somebody(), 'a', 900 * GIB, 'size')).toBeUndefined();
  });

  it('count what is asked for at once, and let who has made room go on within a second', async () => {
    using time = clock();
    const ada = await somebody();
    await quotas({ per: 'user', pattern: ada.name, storageGiB: 2 / 1024 });
    const one = server();
    const digest = await keep('x'.repeat(1.5 * MIB));
    expect(await one.refusalOfCase(ada, digest, 'input')).toBeUndefined();
    expect(await one.refusalOfCase(ada, digest, 'input')).toBeUndefined(); // equal bytes
    expect(await one.refusal(ada, 'a', MIB, 'size')).toMatchObject({ refused: 'QuotaExceeded' });
    const id = await saved(ada, digest);
    time.pass(1001);
    expect(await one.refusal(ada, 'a', MIB, 'size')).toMatchObject({ refused: 'QuotaExceeded' });
    expect(await one.refusalOfCase(ada, digest, 'input')).toBeUndefined(); // it is there anyway
    await db.query('DELETE FROM case_list WHERE id = $1', [id]);
    time.pass(1001);
    expect(await one.refusal(ada, 'a', MIB, 'size')).toBeUndefined();
  });

  it('let nobody pass them who asks for much at the same time, or again before the lists show it', async () => {
    using time = clock();
    const [ada, bob] = [await somebody(['askers']), await somebody(['askers'])];
    await quotas({ per: 'group', pattern: 'askers', storageGiB: 1 });
    const one = server();
    const ask = (n: number) => one.refusal(n % 2 ? ada : bob, `upload of ${n}`, 614 * MIB, 'size');
    const asked = await Promise.all([1, 2, 3, 4, 5].map(ask));
    expect(asked.filter((refused) => refused === undefined)).toHaveLength(1);
    for (const n of [6, 7, 8]) {
      time.pass(1001); // it is counted again, and the list does not show the first one yet
      expect(await ask(n)).toMatchObject({ refused: 'QuotaExceeded' });
    }
    const first = asked.indexOf(undefined) + 1;
    await upload(first % 2 ? ada : bob, 614 * MIB, { id: `upload of ${first}` });
    time.pass(31_000);
    expect(await one.refusal(ada, 'b', 410 * MIB, 'size')).toBeUndefined(); // it counts once
    expect(await ask(9)).toMatchObject({ refused: 'QuotaExceeded' });
  });

  it('forget what has not come after a minute, but not while the lists are behind', async () => {
    using time = clock();
    const ada = await somebody();
    await quotas({ per: 'user', pattern: ada.name, storageGiB: 1 });
    const one = server();
    expect(await one.refusal(ada, 'never', 614 * MIB, 'size')).toBeUndefined();
    behind = true;
    time.pass(61_000);
    expect(await one.refusal(ada, 'a', 614 * MIB, 'size')).toMatchObject({ refused: 'QuotaExceeded' });
    behind = false;
    time.pass(1001);
    expect(await one.refusal(ada, 'a', 614 * MIB, 'size')).toBeUndefined();
  });

  it('know who is full, and count for him once a second only; nothing makes him keep less', async () => {
    using time = clock();
    const ada = await somebody();
    await quotas({ per: 'user', pattern: ada.name, storageGiB: 1 });
    await upload(ada, GIB, { digest: 'b'.repeat(64) });
    const one = server();
    expect(await one.over(ada)).toBeUndefined();
    expect(await one.refusal(ada, 'less', -GIB, 'size')).toBeUndefined();
    const counts = jest.spyOn(readSide, 'waitFor');
    for (let n = 0; n < 5; n++)
      expect(await one.refusal(ada, `${n}`, 1, 'size')).toMatchObject({ refused: 'QuotaExceeded' });
    expect(counts).not.toHaveBeenCalled();
    time.pass(1001);
    await upload(ada, 1, { digest: 'c'.repeat(64) });
    expect(await one.over(ada)).toBeUndefined(); // seen at least every 30 s
    time.pass(30_001);
    expect(await one.over(ada, 'input')).toMatchObject({ refused: 'QuotaExceeded', field: 'input' });
    counts.mockRestore();
  });

  it('count again only what seems full when somebody removes, and also when that is while it is counted', async () => {
    using _ = clock();
    const [ada, bob] = [await somebody(), await somebody()];
    await quotas({ per: 'user', pattern: 'user *', storageGiB: 1 });
    await upload(ada, GIB, { id: 'of ada', digest: 'd'.repeat(64) });
    await upload(bob, MIB);
    const one = server();
    for (const each of [ada, bob]) expect(await one.over(each)).toBeUndefined();
    const looks = jest.spyOn(readSide, 'waitFor');
    await one.removed([]);
    looks.mockClear();
    expect(await one.refusal(bob, 'b', MIB, 'size')).toBeUndefined();
    expect(looks).not.toHaveBeenCalled();
    looks.mockRestore();

    let counted = (): void => undefined;
    const query = db.query.bind(db);
    const counting = new Promise<void>((resolve) => (counted = resolve));
    let goOn = (): void => undefined;
    const gone = new Promise<void>((resolve) => (goOn = resolve));
    const queries = jest.spyOn(db, 'query').mockImplementation(async (...asked) => {
      const found: unknown = await query(...asked);
      if (asked[0].includes('AS seen')) {
        counted();
        await gone;
      }
      return found as never;
    });
    const refusal = one.refusal(ada, 'a', MIB, 'size');
    await counting; // it has found all that was there, and nobody knows yet
    await query('DELETE FROM upload_list WHERE id = $1', ['of ada']);
    await one.removed([{ owner: ada.id, what: 'of ada' }]);
    goOn();
    expect(await refusal).toMatchObject({ refused: 'QuotaExceeded' });
    expect(await one.refusal(ada, 'a', MIB, 'size')).toBeUndefined();
    queries.mockRestore();
  });

  it('say how full they are, and count once a second however many look', async () => {
    using time = clock();
    const [ada, bob] = [await somebody(['lookers']), await somebody(['lookers'])];
    await quotas({ per: 'group', pattern: 'lookers', storageGiB: 1 });
    await upload(ada, 3 * MIB, { id: 'seen', digest: 'e'.repeat(64) });
    await upload(bob, 2 * MIB, { digest: 'e'.repeat(64) });
    const one = server();
    const queries = jest.spyOn(db, 'query');
    const sums = () => queries.mock.calls.filter(([sql]) => /sum\(bytes\).*roles \? /s.test(sql)).length;
    const seen = await Promise.all([ada, bob, ada, bob].map((each) => one.usage(each)));
    expect(seen[0]).toEqual({
      used: 3 * MIB,
      quotas: [{ per: 'group', name: 'lookers', gib: 1, used: 5 * MIB }],
    });
    expect(seen[1]).toMatchObject({ used: 2 * MIB, quotas: [{ used: 5 * MIB }] });
    expect(sums()).toBe(1);
    await db.query('DELETE FROM upload_list WHERE id = $1', ['seen']);
    await one.removed([{ owner: ada.id, what: 'seen' }]);
    expect(await one.usage(bob)).toMatchObject({ quotas: [{ used: 2 * MIB }] });
    await upload(ada, MIB);
    time.pass(1001);
    expect(await one.usage(ada)).toMatchObject({ used: MIB, quotas: [{ used: 3 * MIB }] });
    expect(sums()).toBe(3);
    queries.mockRestore();
  });

  it('weigh many cases with few queries, and look for a lost one once', async () => {
    const ada = await somebody();
    await quotas({ per: 'user', pattern: ada.name, storageGiB: 1 });
    for (let n = 0; n < 50; n++) await saved(ada, await keep(`case ${n}`));
    const lost = '0'.repeat(64);
    await saved(ada, lost);
    using time = clock();
    const looks = jest.spyOn(blobs, 'bytes');
    const queries = jest.spyOn(db, 'query');
    const one = server();
    await one.over(ada);
    expect(queries.mock.calls.length).toBeLessThan(6);
    time.pass(30_001);
    await one.over(ada);
    expect(looks.mock.calls.filter(([digest]) => digest === lost)).toHaveLength(1);
    for (const spy of [looks, queries]) spy.mockRestore();
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
      expect(await one.refusal(ada, `of ${n}`, 100 * MIB, 'size')).toBeUndefined();
      await upload(ada, 100 * MIB, { id: `of ${n}` });
    }
    expect(await one.refusal(ada, 'a', 100 * MIB, 'size')).toMatchObject({ refused: 'QuotaExceeded' });
  });
});
