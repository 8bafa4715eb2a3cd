import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { type FreshDatabase, freshDatabase } from '../../../test/harness/database.js';
import { appPool } from './database.js';
import { mustFitTogether } from './fit-together.js';

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

describe('a server that starts', () => {
  it('takes part beside one of a version that fits, and beside itself of any version', async () => {
    await mustFitTogether(database.appUrl, 'n1', '1.5.2');
    await mustFitTogether(database.appUrl, 'n2', '2.0.0');
  });

  it('does not take part while one of another version runs', async () => {
    beating = setInterval(() => void pool.query('UPDATE node_beat SET beat = beat + 1'), 200);
    await expect(mustFitTogether(database.appUrl, 'n1', '2.0.0')).rejects.toThrow(
      'it is of version 2.0.0, and server-2 of version 1.4.0 runs',
    );
  });

  it('takes part when the one of another version does not run any more, although nobody has said so', () =>
    mustFitTogether(database.appUrl, 'n1', '2.0.0'));

  it('takes part where there is no table yet', async () => {
    const owner = new pg.Client({ connectionString: database.ownerUrl });
    await owner.connect();
    await owner.query('DROP TABLE node_list');
    await owner.end();
    await mustFitTogether(database.ownerUrl, null, '2.0.0');
  });
});
