import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { appPool } from '@openpro/platform/postgres';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { type FreshDatabase, freshDatabase } from '../../../test/harness/database.js';
import { mustFitTogether } from './members.queries.js';

let database: FreshDatabase;
let pool: pg.Pool;
let beating: NodeJS.Timeout | undefined;

beforeAll(async () => {
  database = await freshDatabase();
  pool = appPool(database.appUrl, { max: 2 });
  await pool.query(
    `INSERT INTO node_list (id, name, state, epoch, roles, slots, version, isolation, labels, draining, joined_at)
     VALUES ('n2', 'server-2', 'joined', 3, '["pro"]', 2, '1.4.0', '', '[]', false, 0)`,
  );
  await pool.query(`INSERT INTO node_beat VALUES ('n2', 3, 1)`);
});
afterEach(() => clearInterval(beating));
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const db = {
  query: async (text: string, values: unknown[]): Promise<unknown> => (await pool.query(text, values)).rows,
} as unknown as DataSource;

describe('a server that starts', () => {
  it('takes part beside one of a version that fits, and beside itself of any version', async () => {
    await mustFitTogether(db, 'n1', '1.5.2');
    await mustFitTogether(db, 'n2', '2.0.0');
  });

  it('does not take part while one of another version runs', async () => {
    beating = setInterval(() => void pool.query('UPDATE node_beat SET beat = beat + 1'), 200);
    await expect(mustFitTogether(db, 'n1', '2.0.0')).rejects.toThrow(
      'it is of version 2.0.0, and server-2 of version 1.4.0 runs',
    );
  });

  it('takes part when the one of another version does not run any more, although nobody has said so', () =>
    mustFitTogether(db, 'n1', '2.0.0'));
});
