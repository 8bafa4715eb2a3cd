import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ReadSide } from '@openpro/eventstore';
import { appPool } from '@openpro/platform/postgres';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { type FreshDatabase, freshDatabase } from '../../../test/harness/database.js';
import { databaseNow, Members } from './members.queries.js';

let database: FreshDatabase;
let pool: pg.Pool;
let db: DataSource;

beforeAll(async () => {
  database = await freshDatabase();
  pool = appPool(database.appUrl, { max: 2 });
  const query = async (text: string): Promise<unknown> => (await pool.query(text)).rows;
  db = { query } as unknown as DataSource;
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

describe('the servers of the cluster, as each of them knows them', () => {
  let over: string[];
  let members: Members;

  const put = (ids: string, name: string, state: string) =>
    pool.query(
      `INSERT INTO node_list (id, name, state, epoch, roles, slots, version, isolation, labels, draining, link)
       SELECT id, $2, $3, 1, '["pro"]', 2, '1.0.0', '', '[]', false, id || ':4700' FROM unnest($1::text[]) id
       ON CONFLICT (id) DO UPDATE SET state = excluded.state`,
      [ids.split(' '), name, state],
    );

  beforeEach(async () => {
    await pool.query('DELETE FROM node_list');
    over = [];
    members = new Members(
      db,
      { onCommitted: () => () => undefined } as unknown as ReadSide,
      (node) => over.push(node),
      () => undefined,
    );
  });

  it('have a name each; of several the one that takes part, or else the newest, and none that was removed', async () => {
    await put('n1 n4', 'a', 'removed');
    await put('n2 n3', 'a', 'left');
    await members.read();
    expect(members.named('a')?.id).toBe('n3');
    await put('n2', 'a', 'joined');
    await members.read();
    expect(members.named('a')?.id).toBe('n2');
    expect(members.named('b')).toBeUndefined();
  });

  it('tell once of each that takes part no more', async () => {
    await put('n1 n2 n3 n4', 'a', 'joined');
    await members.read();
    expect(over).toEqual([]);
    await put('n1', 'a', 'dead');
    await put('n2', 'a', 'left');
    await put('n3', 'a', 'removed');
    await members.read();
    await members.read();
    expect(over.sort()).toEqual(['n1', 'n2', 'n3']);
    expect(members.refuses({ cluster: '', node: 'n3', roles: [] })).toContain('was removed');
    expect(members.pro.map(({ node }) => node)).toEqual(['n4']);
  });

  it('are all known that take part, however many were removed before', async () => {
    await put('a1', 'oldest', 'joined');
    await put(Array.from({ length: 6000 }, (_, n) => `n${n}`).join(' '), 'gone', 'removed');
    expect(await members.address('a1')).toBe('a1:4700');
    expect((members as unknown as { members: Map<string, unknown> }).members.size).toBe(5000);
  });

  it('share one clock, that of the database', async () => {
    const { rows } = await pool.query<{ now: Date }>('SELECT clock_timestamp() AS now');
    expect(await databaseNow(db)).toBeGreaterThanOrEqual(rows[0]?.now.getTime() ?? Infinity);
  });
});
