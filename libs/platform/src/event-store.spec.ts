import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { EventStore } from '@openpro/eventstore';
import type pg from 'pg';
import { freshDatabase, type FreshDatabase } from '../../../test/harness/database.js';
import { FakeKurrent } from '../../../test/kurrent/fake-kurrent.js';
import { appPool } from './database.js';
import { openEventStore } from './event-store.js';

let fake: FakeKurrent;
let database: FreshDatabase;
let pool: pg.Pool;
const opened: EventStore[] = [];

beforeAll(async () => (fake = await FakeKurrent.start()));
afterAll(() => fake.stop());
beforeEach(async () => {
  database = await freshDatabase();
  pool = appPool(database.appUrl);
});
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  await pool.end();
  await database.drop();
});

const open = async (is: 'postgres' | 'kurrent'): Promise<EventStore> => {
  const eventStore = is === 'postgres' ? { is } : { is, url: fake.url, prefix: 'openpro' };
  const store = await openEventStore({ eventStore }, pool, () => undefined);
  opened.push(store);
  return store;
};

it.each(['postgres', 'kurrent'] as const)('the log lies in %s when that is wanted', async (is) => {
  const store = await open(is);
  const meta = { commandId: '0198c0de-0000-7000-8000-000000000001', actor: 'ada', roles: [] };
  const append = { stream: 'job-1', expected: 0, context: 'jobs', meta, fingerprint: 'f' };
  expect(await store.append({ ...append, events: [{ type: 'Noted' }] })).toMatchObject({ is: 'appended' });
  const { rows } = await pool.query('SELECT count(*)::int AS count FROM event_log');
  expect(rows).toEqual([{ count: is === 'postgres' ? 1 : 0 }]);
  expect(await fake.tell('stream', { name: 'openpro.job-1' })).toHaveLength(is === 'postgres' ? 0 : 1);
});
