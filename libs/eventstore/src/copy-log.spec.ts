import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { uuidv7 } from '@openpro/kernel';
import type pg from 'pg';
import { freshDatabase, type FreshDatabase } from '../../../test/harness/database.js';
import { FakeKurrent } from '../../../test/kurrent/fake-kurrent.js';
import { appPool } from '../../platform/src/database.js';
import { commit, createCheckpoint, loadCheckpoints } from './checkpoint.js';
import { copyLog } from './copy-log.js';
import { appendTo, noted, readToEnd } from './event-store.contract.js';
import { type Recorded, START } from './event-store.js';
import { KurrentEventStore } from './kurrent-event-store.js';
import { PostgresEventStore } from './postgres-event-store.js';

let fake: FakeKurrent;
let target: KurrentEventStore;
let database: FreshDatabase;
let pool: pg.Pool;
let source: PostgresEventStore;

beforeEach(async () => {
  fake = await FakeKurrent.start();
  target = await KurrentEventStore.open({ url: fake.url });
  database = await freshDatabase();
  pool = appPool(database.appUrl);
  source = new PostgresEventStore(pool);
});
afterEach(async () => {
  await Promise.all([source.close(), target.close()]);
  await pool.end();
  await Promise.all([database.drop(), fake.stop()]);
});

/** Three events an append: pages end within some of them. */
const fill = async (appends: number): Promise<void> => {
  const events = [noted('a'), noted('b'), { type: 'Emptied' }];
  const meta = { actor: 'process:fill', roles: ['user'], causation: uuidv7(), epoch: 3 };
  await Promise.all(
    Array.from({ length: appends }, (_, n) =>
      source.append(appendTo(`job-${n}`, 0, { events, meta: { ...meta, commandId: uuidv7() } })),
    ),
  );
  await source.append(appendTo('job-0', 3));
};

const without = (events: readonly Recorded[]) => events.map(({ position: _, ...rest }) => rest);

it('a log is moved to KurrentDB with its order, ids and times, and the checkpoints go along', async () => {
  await fill(500);
  const before = await readToEnd(source, 1000);
  const [seen, unseen] = [await createCheckpoint(pool, 'notes@1'), await createCheckpoint(pool, 'new@1')];
  await commit(pool, seen, { position: before[700]!.position });
  await pool.query('INSERT INTO read_model_log (store, log) VALUES ($1, $2)', ['postgres', before[0]!.id]);

  expect(await copyLog(pool, target)).toBe(1501);
  const after = await readToEnd(target, 1000);
  expect(without(after)).toStrictEqual(without(before));
  expect(await loadCheckpoints(pool, 'notes')).toMatchObject([{ position: after[700]!.position }]);
  const { rows } = await pool.query('SELECT store, log FROM read_model_log');
  expect(rows).toEqual([{ store: 'kurrent', log: after[0]!.id }]);
  expect(await loadCheckpoints(pool, unseen.name.slice(0, 3))).toMatchObject([{ position: START }]);

  expect(await copyLog(pool, target)).toBe(1501); // after an interruption
  expect(await readToEnd(target, 1000)).toStrictEqual(after);
  expect(await loadCheckpoints(pool, 'notes')).toMatchObject([{ position: after[700]!.position }]);
});

it('a log is not moved to where another one lies', async () => {
  await fill(2);
  await target.append(appendTo('job-1', 0));
  await expect(copyLog(pool, target)).rejects.toThrow(
    'KurrentDB does not take the events of job-1: others stand there',
  );
});

it('a log is not taken for moved when something else stands between', async () => {
  await fill(2);
  await target.append(appendTo('other-1', 0));
  await expect(copyLog(pool, target)).rejects.toThrow('Event 1, 1@job-0, is not in its place in KurrentDB');
});
