import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { type EventStore, MemoryEventStore } from '@openpro/eventstore';
import { uuidv7 } from '@openpro/kernel';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type pg from 'pg';
import { freshDatabase, type FreshDatabase } from '../../../test/harness/database.js';
import { ConfigError } from './config.js';
import { appPool } from './database.js';
import { mustBeOneLog } from './one-log.js';

let database: FreshDatabase;
let pool: pg.Pool;
let storageDir: string;

beforeEach(async () => {
  database = await freshDatabase();
  pool = appPool(database.appUrl);
  storageDir = mkdtempSync(path.join(os.tmpdir(), 'openpro-log-'));
});
afterEach(async () => {
  await pool.end();
  await database.drop();
  rmSync(storageDir, { recursive: true });
});

const logWith = async (events: number): Promise<EventStore> => {
  const store = new MemoryEventStore();
  for (let n = 0; n < events; n++) {
    const meta = { commandId: uuidv7(), actor: 'ada', roles: [] };
    await store.append({
      stream: 'job-1',
      expected: n,
      context: 'jobs',
      events: [{ type: 'Noted' }],
      meta,
      fingerprint: 'f',
    });
  }
  return store;
};
const look = (store: EventStore, { is = 'postgres', storage = storageDir, of = pool } = {}) => {
  const query = async <Rows>(text: string, values?: unknown[]) => (await of.query(text, values)).rows as Rows;
  return mustBeOneLog(store, { query }, { eventStore: { is } as never, storageDir: storage });
};

it('binds storage and read model to the log as soon as it has a first event', async () => {
  await look(await logWith(0));
  expect(existsSync(path.join(storageDir, 'keys', 'log'))).toBe(false);
  const log = await logWith(2);
  await look(log);
  await look(log);
});

it('refuses another database beside the same storage, also an empty one', async () => {
  await look(await logWith(1));
  const elsewhere = await freshDatabase();
  const others = appPool(elsewhere.appUrl);
  for (const other of [await logWith(1), await logWith(0)])
    await expect(look(other, { of: others })).rejects.toThrow(
      /The storage .* belongs to the log whose first event is/,
    );
  expect((await others.query('SELECT FROM read_model_log')).rowCount).toBe(0);
  await others.end();
  await elsewhere.drop();
});

it('refuses a read model of another log, also beside a new storage and an empty log', async () => {
  await look(await logWith(1));
  const storage = path.join(storageDir, 'new');
  for (const other of [await logWith(1), await logWith(0)])
    await expect(look(other, { storage })).rejects.toThrow('was made from another log');
  expect(existsSync(storage)).toBe(false);
});

it('refuses a read model of the same log in another store: its positions are others', async () => {
  const log = await logWith(1);
  await look(log);
  await expect(look(log, { is: 'kurrent' })).rejects.toThrow(ConfigError);
});

it('refuses a read model that has begun beside an empty log, although nobody has bound it', async () => {
  await pool.query("INSERT INTO checkpoint (name, position) VALUES ('notes@1', '0000000000000001')");
  await expect(look(await logWith(0))).rejects.toThrow(ConfigError);
});
