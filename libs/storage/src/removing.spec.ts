import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { appVersion } from '@openpro/catalogue';
import { textCase } from '@openpro/engine';
import { CommandHandler, PostgresEventStore, ReadSide } from '@openpro/eventstore';
import { batchList, type BatchEvent, type JobEvent, jobList, scheduleList } from '@openpro/jobs';
import { type DomainEvent, uuidv7 } from '@openpro/kernel';
import type { Actor, Commands } from '@openpro/platform';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { type FreshDatabase, freshDatabase } from '../../../test/harness/database.js';
import { FolderBlobStore } from './blob-store.js';
import { caseAggregate, type CaseCommand } from './case.js';
import { caseList } from './case-list.projection.js';
import { saveCase } from './case-store.js';
import { file } from './file.js';
import { KeptQueries } from './kept.queries.js';
import { Removing } from './removing.js';
import { StorageQuotas } from './storage-quotas.js';
import type { ForCase, ForFile } from './storage.commands.js';
import { uploadList } from './upload-list.projection.js';

jest.setTimeout(60_000);

const MIB = 1024 ** 2;
const PROJECTIONS = [caseList, uploadList, jobList, batchList, scheduleList, appVersion];

let database: FreshDatabase;
let pool: pg.Pool;
let db: DataSource;
let folder: string;
let blobs: FolderBlobStore;
let store: PostgresEventStore;
let readSide: ReadSide;
let quotas: StorageQuotas;
let kept: KeptQueries;
let removing: Removing;

beforeAll(async () => {
  database = await freshDatabase();
  pool = new pg.Pool({ connectionString: database.appUrl, max: 8 });
  db = await new DataSource({ type: 'postgres', url: database.appUrl }).initialize();
  folder = await mkdtemp(path.join(tmpdir(), 'openpro-removing-'));
  blobs = new FolderBlobStore(folder);
  store = new PostgresEventStore(pool);
  readSide = new ReadSide({
    ...{ store, pool, projections: PROJECTIONS as never, report: () => undefined },
    dispatch: () => Promise.reject(new Error('there are no processes')),
  });
  readSide.start();
  const handler = new CommandHandler(store);
  const commands = {
    execute: ({ id, command, meta, fingerprint }: ForCase | ForFile) =>
      command.type === 'RemoveFile'
        ? handler.execute(file, id, command, meta, fingerprint)
        : handler.execute(caseAggregate, id, command as CaseCommand, meta, fingerprint),
  } as unknown as Commands;
  quotas = new StorageQuotas(db, blobs, readSide, store);
  kept = new KeptQueries(db, quotas, store);
  removing = new Removing(kept, quotas, commands, store);
});
afterAll(async () => {
  await readSide.stop();
  await store.close();
  await db.destroy();
  await pool.end();
  await database.drop();
  await rm(folder, { recursive: true });
});

let count = 0;
const somebody = (...roles: string[]): Actor => ({
  ...{ id: `user-${++count}`, name: `User ${count}`, environment: 'ROOT', roles: ['user', ...roles] },
  ...{ groups: [], tokenHash: null, expiresAt: 0 },
});
const happened = async (stream: string, ...events: readonly DomainEvent[]): Promise<void> => {
  const expected = (await store.readStream(stream as never)).length;
  const meta = { commandId: uuidv7(), actor: 'x', roles: [] };
  const added = { stream: stream as never, expected, context: 'test', events, meta, fingerprint: 'x' };
  expect(await store.append(added)).toMatchObject({ is: 'appended' });
  const head = await store.head();
  for (const { name } of PROJECTIONS) expect(await readSide.waitFor(name, head, 10_000)).toBe(true);
};
const dataOf = (text: string) =>
  saveCase(blobs, { app: 'a', version: '1.0.0', engine: 'e:1.0.0' }, textCase('Text', text));
const saved = async (owner: Actor, text: string, name = 'Monday', environment = 'ROOT') => {
  const id = uuidv7();
  const digest = await dataOf(text);
  const event = { type: 'CaseSaved', environment, app: 'a', version: '1.0.0', owner: owner.id, name, digest };
  await happened(`case-${id}`, event);
  return { id, digest };
};
const uploaded = async (owner: Actor, size: number, digest = uuidv7()) => {
  const id = uuidv7();
  const place = { environment: 'ROOT', owner: owner.id, kind: 'file', name: 'x.csv', maxBytes: size };
  await happened(
    `file-${id}`,
    { type: 'FileRequested', ...place, secretHash: 's', expiresAt: Date.now() + 60_000 } as DomainEvent,
    { type: 'FileStored', digest, size } as DomainEvent,
  );
  return id;
};
const asked = (owner: Actor, input: string | null) => ({
  ...{ environment: 'ROOT', owner: owner.id, app: { name: 'a', version: '1.0.0', digest: 'd' } },
  ...{ engine: { name: 'e', version: '1.0.0', digest: 'd' }, procedure: 'Solve', args: {}, input },
  ...{ description: '', priority: 100, session: null, timeLimit: null, gap: null, seed: null },
});
const queued = async (owner: Actor, input: string | null) => {
  const id = uuidv7();
  await happened(`job-${id}`, { type: 'JobQueued', ...asked(owner, input) } as JobEvent);
  return id;
};
const completed = (owner: Actor, id: string, result: string) =>
  happened(`job-${id}`, {
    ...{ type: 'JobCompleted', attempt: 1, node: 'n', nodeEpoch: 1, outcome: 'completed' },
    ...{ of: { environment: 'ROOT', owner: owner.id, app: 'a', version: '1.0.0', title: 'Solve' } },
    ...{ solverStatus: 'optimal', objective: 1, bound: 1, gap: 0, result, forced: false, statistics: {} },
  } as JobEvent);
const remove = (
  actor: Actor,
  { cases = [], uploads = [] }: { cases?: readonly string[]; uploads?: readonly string[] },
  commandId = uuidv7(),
) => removing.remove(actor, { cases, uploads }, commandId);
interface View {
  readonly used: number;
  readonly quotas: readonly object[];
  kept(page: { first: number; after: string | null }): Promise<{
    nodes: { id: string; bytes: number }[];
    pageInfo: { endCursor: string | null };
  }>;
  room(these: { cases: readonly string[]; uploads: readonly string[] }): Promise<number>;
}
const view = async (actor: Actor): Promise<View> => (await kept.of(actor)) as unknown as View;
const keeps = async (actor: Actor, first = 50, after: string | null = null) =>
  (await view(actor)).kept({ first, after });
const idsOf = async (actor: Actor) => (await keeps(actor)).nodes.map(({ id }) => id).sort();
const roomOf = async (actor: Actor, cases: readonly string[]) =>
  (await view(actor)).room({ cases, uploads: [] });

describe('what somebody keeps', () => {
  it('is listed with its size, the largest first, a page at a time', async () => {
    const ada = somebody();
    const small = await saved(ada, 'x'.repeat(100));
    const upload = await uploaded(ada, 5000);
    const large = await saved(ada, 'y'.repeat(9000));
    await saved(somebody(), 'z');
    const first = await keeps(ada, 2);
    expect(first.nodes).toMatchObject([
      { id: large.id, kind: 'saved', name: 'Monday', app: 'a' },
      { id: upload, kind: 'file', name: 'x.csv', bytes: 5000 },
    ]);
    const second = await keeps(ada, 2, first.pageInfo.endCursor);
    expect(second.nodes).toMatchObject([{ id: small.id }]);
    expect((await view(ada)).used).toBe(
      [...first.nodes, ...second.nodes].reduce((sum, { bytes }) => sum + bytes, 0),
    );
  });

  it('makes room only when all that is equal goes, and tells nobody about another one’s', async () => {
    const ada = somebody();
    const [one, two] = [await saved(ada, 'equal'.repeat(50)), await saved(ada, 'equal'.repeat(50))];
    await saved(somebody(), 'equal'.repeat(50));
    expect(await roomOf(ada, [one.id])).toBe(0);
    const both = await roomOf(ada, [one.id, two.id]);
    expect(both).toBe((await view(ada)).used);
    expect(await roomOf(somebody(), [one.id, two.id])).toBe(0);
    expect(await roomOf(somebody('administrator'), [one.id, two.id])).toBe(both);
  });
});

describe('who removes', () => {
  it('cases and uploads has room for others at once', async () => {
    const ada = somebody();
    const policy = { quotas: [{ per: 'user', pattern: ada.name, storageGiB: 2 / 1024 }] };
    await db.query(`INSERT INTO queue_policy SELECT * FROM jsonb_populate_record(null::queue_policy, $1)`, [
      JSON.stringify({ id: 'v1', version: 1, reason: '', set_at: 0, set_by: 'x', policy }),
    ]);
    const upload = uuidv7();
    expect(await quotas.refusal(ada, upload, 1.5 * MIB, 'size')).toBeUndefined();
    await happened(
      `file-${upload}`,
      {
        ...{ type: 'FileRequested', environment: 'ROOT', owner: ada.id, kind: 'file', name: 'x' },
        ...{ maxBytes: 1.5 * MIB, secretHash: 's', expiresAt: Date.now() + 60_000 },
      } as DomainEvent,
      { type: 'FileStored', digest: 'b', size: 1.5 * MIB } as DomainEvent,
    );
    const { id } = await saved(ada, 'x');
    expect(await quotas.refusal(ada, 'another', MIB, 'size')).toMatchObject({ refused: 'QuotaExceeded' });
    expect((await view(ada)).quotas).toMatchObject([{ per: 'user', limit: 2 * MIB }]);
    expect(await remove(ada, { cases: [id], uploads: [upload] })).toBeUndefined();
    expect(await idsOf(ada)).toEqual([]);
    expect(await quotas.refusal(ada, 'another', MIB, 'size')).toBeUndefined();
    await db.query('DELETE FROM queue_policy');
  });

  it('is the owner or an administrator there; who may see it is told so, others that there is none', async () => {
    const ada = somebody();
    const { id } = await saved(ada, 'x');
    const upload = await uploaded(ada, 10);
    expect(await remove(somebody(), { cases: [id] })).toMatchObject({ refused: 'NoSuchCase' });
    expect(await remove(somebody(), { uploads: [upload] })).toMatchObject({ refused: 'NoSuchUpload' });
    expect(await remove(somebody('auditor'), { cases: [id] })).toMatchObject({ refused: 'NotAllowed' });
    const elsewhere = { ...somebody('administrator'), environment: 'OTHER' };
    expect(await remove(elsewhere, { cases: [id] })).toMatchObject({ refused: 'NoSuchCase' });
    expect(await idsOf(ada)).toEqual([id, upload].sort());
    expect(await remove(somebody('administrator'), { cases: [id], uploads: [upload] })).toBeUndefined();
    expect(await idsOf(ada)).toEqual([]);
  });

  it('removes all that is asked for or nothing, within the bounds', async () => {
    const ada = somebody();
    const { id } = await saved(ada, 'x');
    const gone = uuidv7();
    expect(await remove(ada, { cases: [id, gone] })).toMatchObject({ refused: 'NoSuchCase', field: 'cases' });
    expect(await remove(ada, {})).toMatchObject({ refused: 'BadInput', limit: '1 to 200 at once' });
    const many = Array.from({ length: 200 }, () => uuidv7());
    expect(await remove(ada, { cases: [id, ...many] })).toMatchObject({ refused: 'BadInput' });
    expect(await remove(ada, { cases: [id] }, 'no uuid')).toMatchObject({ field: 'commandId' });
    expect(await idsOf(ada)).toEqual([id]);
  });

  it('does it once by one command, which is answered as before, and nobody else’s', async () => {
    const ada = somebody();
    const { id } = await saved(ada, 'x');
    const upload = await uploaded(ada, 10);
    const these = { cases: [id, id], uploads: [upload] };
    const command = uuidv7();
    const both = await Promise.all([remove(ada, these, command), remove(ada, these, command)]);
    expect(both).toEqual([undefined, undefined]);
    const reads = (['readStream', 'readStreamBack', 'readLast'] as const).map((name) =>
      jest.spyOn(store, name),
    );
    expect(await remove(ada, these, command)).toBeUndefined();
    expect(reads.flatMap(({ mock }) => mock.calls as unknown[])).toHaveLength(1);
    for (const read of reads) read.mockRestore();
    const events = [...(await store.readStream(`case-${id}`)), ...(await store.readStream(`file-${upload}`))];
    const removed = events.filter(({ event }) => event.type.endsWith('Removed'));
    expect(removed).toMatchObject([
      { actor: ada.id, correlation: command, event: { type: 'CaseRemoved' } },
      { actor: ada.id, correlation: command, event: { type: 'FileRemoved' } },
    ]);
    expect(await remove(ada, these)).toMatchObject({ refused: 'NoSuchCase' });
  });

  it('removes the data of a job that has ended, and of no other', async () => {
    const ada = somebody();
    const input = await dataOf('input');
    const job = await queued(ada, input);
    expect(await remove(ada, { cases: [`${job}:input`] })).toMatchObject({
      refused: 'InUse',
      message: expect.stringContaining(`job ${job}, which has not ended`),
    });
    await completed(ada, job, await dataOf('result'));
    const data = [`${job}:input`, `${job}:result`];
    expect(await idsOf(ada)).toEqual(data);
    expect(await remove(ada, { cases: data })).toBeUndefined();
    expect(await idsOf(ada)).toEqual([]);
    expect(await remove(ada, { cases: [`${uuidv7()}:result`] })).toMatchObject({ refused: 'NoSuchCase' });
    expect(await blobs.has(input)).toBe(true);
  });
});

describe('what is used', () => {
  const refused = (by: string) => ({
    refused: 'InUse',
    message: expect.stringMatching(new RegExp(`“Monday” is used by ${by}.*: nothing was removed`)),
  });

  it('by a job of its owner stays until that has ended, whatever others run with equal data', async () => {
    const ada = somebody();
    const { id, digest } = await saved(ada, 'shared');
    await queued(somebody(), digest);
    const job = await queued(ada, digest);
    const other = await saved(ada, 'unused');
    expect(await remove(ada, { cases: [other.id, id] })).toMatchObject(refused(`job ${job}`));
    expect(await remove(somebody('administrator'), { cases: [id] })).toMatchObject(refused(`job ${job}`));
    await completed(ada, job, await dataOf('r'));
    expect(await remove(ada, { cases: [other.id, id] })).toBeUndefined();
  });

  it('by a schedule stays until that is deleted', async () => {
    const ada = somebody();
    const { id, digest } = await saved(ada, 'for tonight');
    const schedule = `schedule-${uuidv7()}`;
    await happened(schedule, {
      ...{ type: 'ScheduleMade', job: asked(ada, digest), made: 0, name: 'Tonight', when: { in: 60 } },
      ...{ overlap: 'skip', missed: 'skip', atMost: 1, next: null },
    } as DomainEvent);
    expect(await remove(ada, { cases: [id] })).toMatchObject(refused('schedule Tonight'));
    await happened(schedule, { type: 'ScheduleDeleted' });
    expect(await remove(ada, { cases: [id] })).toBeUndefined();
  });

  it('by a batch stays until all its jobs are made, and have ended', async () => {
    const ada = somebody();
    const { id, digest } = await saved(ada, 'a scenario');
    const batch = uuidv7();
    const list = [{ input: await dataOf('another') }, { input: digest }];
    await happened(`batch-${batch}`, {
      ...{ type: 'BatchSubmitted', job: asked(ada, null), scenarios: { list } },
    } as BatchEvent);
    expect(await remove(ada, { cases: [id] })).toMatchObject(refused(`batch ${batch}`));
    await happened(`batch-${batch}`, {
      ...{ type: 'BatchCancelled', work: 1, reason: '', count: 2, reached: 0, rounds: [] },
    } as BatchEvent);
    expect(await remove(ada, { cases: [id] })).toBeUndefined();
  });

  it('as an app that was published stays, also when that is hidden', async () => {
    const ada = somebody('app-publisher');
    const digest = 'f'.repeat(64);
    const upload = await uploaded(ada, 10, digest);
    const published = {
      ...{ type: 'AppPublished', environment: 'ROOT', name: 'cutting', version: '1.0.0', title: 'C' },
      ...{ description: '', category: '', engine: { name: 'e', version: '1.0.0', digest: 'e' }, digest },
      ...{ size: 10, keyId: 'k', manifest: {} },
    };
    const meta = { commandId: uuidv7(), actor: ada.id, roles: [] };
    await store.append({
      ...{ stream: 'app-ROOT:cutting', expected: 0, context: 'catalogue', meta, fingerprint: 'x' },
      events: [published as DomainEvent, { type: 'AppHidden', version: '1.0.0' } as DomainEvent],
    });
    expect(await readSide.waitFor(appVersion.name, await store.head(), 10_000)).toBe(true);
    expect(await remove(ada, { uploads: [upload] })).toMatchObject({
      refused: 'InUse',
      message: '“x.csv” is used by app cutting:1.0.0: nothing was removed',
    });
  });
});
