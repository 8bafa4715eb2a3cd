import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { appPool } from '@openpro/platform/postgres';
import pg from 'pg';
import { type FreshDatabase, freshDatabase } from '../../../test/harness/database.js';
import { Beat, type BeatConnection, CONDEMNED } from './beat.js';

let database: FreshDatabase;
let pool: pg.Pool;
let owner: pg.Client;
beforeAll(async () => {
  database = await freshDatabase();
  pool = appPool(database.appUrl);
  owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
});
afterAll(async () => {
  await pool.end();
  await owner.end();
  await database.drop();
});

const connect = async (): Promise<BeatConnection> => {
  const client = new pg.Client({ connectionString: database.appUrl, application_name: 'a beat' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
};

const running: Beat[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((beat) => beat.stop()));
  await pool.query('DELETE FROM node_beat');
});

const beating = (epoch = 1, { fenceMs = 600_000, via = connect } = {}) => {
  const heard: string[] = [];
  let hear = (): void => undefined;
  const say = (what: string): void => {
    heard.push(what);
    hear();
  };
  const beat = new Beat({
    life: { node: 'n', epoch },
    beatMs: 5,
    fenceMs,
    connect: via,
    beating: () => say('beating'),
    failing: () => say('failing'),
    fenced: (reason) => say(`fenced: ${reason}`),
  });
  running.push(beat);
  beat.start();
  const until = (last: RegExp): Promise<string[]> =>
    new Promise((resolve) => {
      hear = () => last.test(heard.at(-1) ?? '') && resolve(heard);
      hear();
    });
  return { beat, heard, until };
};

const row = async () =>
  (await pool.query<{ epoch: number; beat: string }>('SELECT epoch, beat FROM node_beat')).rows[0];
const beaten = async (atLeast: number): Promise<void> => {
  while (Number((await row())?.beat ?? 0) < atLeast);
};

describe('a beat', () => {
  it('counts up for as long as the life lasts, and is taken back by who stops in order', async () => {
    const { beat, heard } = beating();
    await beaten(10);
    expect(heard).toEqual(['beating']);
    await beat.stop();
    expect(await row()).toBeUndefined();
  });

  it('begins anew with each life', async () => {
    await pool.query('INSERT INTO node_beat VALUES ($1, 1, $2)', ['n', CONDEMNED]);
    await beating(2).until(/beating/);
    expect((await row())?.epoch).toBe(2);
  });

  it('is not lost with the answer to the first one', async () => {
    await pool.query(`INSERT INTO node_beat VALUES ('n', 1, 1)`);
    expect(await beating(1).until(/./)).toEqual(['beating']);
  });

  it.each([
    ['was declared dead', `UPDATE node_beat SET beat = ${CONDEMNED}`],
    ['is forgotten', 'DELETE FROM node_beat'],
    ['has a successor', 'UPDATE node_beat SET epoch = 2'],
  ])('fences a life that %s, and no beat revives it', async (_, sql) => {
    const { until } = beating();
    await until(/beating/);
    await pool.query(sql);
    expect(await until(/fenced/)).toEqual(['beating', expect.stringContaining('declared it dead')]);
    const after = await row();
    expect(after?.beat).not.toBe(1);
    expect(await row()).toEqual(after);
  });

  it('never revives a condemned life, not even as its first', async () => {
    await pool.query('INSERT INTO node_beat VALUES ($1, 1, $2)', ['n', CONDEMNED]);
    expect(await beating(1).until(/./)).toEqual([expect.stringContaining('fenced')]);
    expect(await row()).toEqual({ epoch: 1, beat: String(CONDEMNED) });
  });

  it('goes on over another connection when its own is cut', async () => {
    const { until } = beating();
    await until(/beating/);
    const failing = until(/failing/);
    await owner.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'a beat' AND datname = current_database()`,
    );
    await failing;
    expect(await until(/beating/)).toEqual(['beating', 'failing', 'beating']);
  });

  it('is not given up while the database is away: nobody can be declared dead meanwhile', async () => {
    let tries = 0;
    const via = () => (++tries < 20 ? Promise.reject(new Error('ECONNREFUSED')) : connect());
    expect(await beating(1, { via }).until(/beating/)).toEqual(['failing', 'beating']);
  });

  it('ends the life of who has been alone for too long', async () => {
    const via = () => Promise.reject(new Error('ECONNREFUSED'));
    const { until } = beating(1, { via, fenceMs: 50 });
    expect(await until(/fenced/)).toEqual(['failing', expect.stringContaining('could not reach')]);
  });
});
