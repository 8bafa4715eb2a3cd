import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { appPool } from '@openpro/platform/postgres';
import type pg from 'pg';
import { type FreshDatabase, freshDatabase } from '../../../test/harness/database.js';
import { CONDEMNED, type Life } from './beat.js';
import { Watch } from './watch.js';

const TIMES = { beatMs: 20, suspectMs: 60, deadMs: 200 };

let database: FreshDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await freshDatabase();
  pool = appPool(database.appUrl, { max: 3 });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const running: Watch[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((watch) => watch.stop()));
  await pool.query('DELETE FROM node_beat');
  await pool.query('DELETE FROM node_list');
});

/** A server that watches; `looked` resolves when it has looked so many times more and seen what was so before. */
const watching = (id: string, { leads = true, on = pool as Pick<pg.Pool, 'query'>, times = TIMES } = {}) => {
  const dead: Life[] = [];
  const errors: unknown[] = [];
  const hearers = new Set<() => void>();
  let looks = 0;
  const hear = (): void => hearers.forEach((hearer) => hearer());
  const query = async (...args: Parameters<pg.Pool['query']>) => {
    try {
      return (await on.query(...args)) as unknown;
    } finally {
      looks++;
      hear();
    }
  };
  const watch = new Watch(
    { query } as unknown as pg.Pool,
    id,
    () => leads,
    (life) => Promise.resolve(void dead.push(life)).then(hear),
    (error) => void errors.push(error),
    times,
  );
  running.push(watch);
  const until = (what: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const hearer = (): void => {
        if (!what()) return;
        hearers.delete(hearer);
        resolve();
      };
      hearers.add(hearer);
      hearer();
    });
  const looked = (times: number): Promise<void> => {
    // One may be under way that asked before, and of the last one the answer is there, but not yet read.
    const enough = looks + times + 1;
    return until(() => looks >= enough);
  };
  return { watch, dead, errors, until, looked, lead: () => (leads = true) };
};

const silent = (node: string, epoch: number, beat = 7) =>
  pool.query('INSERT INTO node_beat VALUES ($1, $2, $3)', [node, epoch, beat]);
const beats = (node: string) => pool.query('UPDATE node_beat SET beat = beat + 1 WHERE node = $1', [node]);
const joined = (node: string, epoch: number, state = 'joined') =>
  pool.query(
    `INSERT INTO node_list (id, name, state, epoch, roles, slots, version, isolation, labels, draining)
     VALUES ($1, $1, $3, $2, '[]', 1, '', '', '[]', false)`,
    [node, epoch, state],
  );
const beatOf = async (node: string) =>
  Number((await pool.query('SELECT beat FROM node_beat WHERE node = $1', [node])).rows[0]?.beat);

describe('the watch over the other servers', () => {
  it('declares the life dead that has fallen silent, once, and nobody who beats', async () => {
    await silent('silent', 3);
    await silent('alive', 1);
    const alive = setInterval(() => void beats('alive'), 10);
    const { watch, dead, until, looked } = watching('leader');
    await watch.start();
    await until(() => dead.length > 0);
    await looked(20);
    clearInterval(alive);
    expect(dead).toEqual([{ node: 'silent', epoch: 3 }]);
    expect(await beatOf('silent')).toBe(CONDEMNED);
  });

  it('shows who may be dead before he is declared so, and forgets it when he beats again', async () => {
    await silent('slow', 1);
    const { watch, dead, until } = watching('leader', { times: { ...TIMES, deadMs: 600_000 } });
    await watch.start();
    expect(watch.suspected).toEqual([]);
    await until(() => watch.suspected.length > 0);
    expect(watch.suspected).toEqual([{ node: 'slow', epoch: 1, silentMs: expect.any(Number) }]);
    expect(watch.silentMs('slow')).toBeGreaterThanOrEqual(TIMES.suspectMs);
    expect(watch.silentMs('nobody')).toBeNull();
    await beats('slow');
    await until(() => watch.suspected.length === 0);
    expect(dead).toEqual([]);
  });

  it('declares dead who joined and died before his first beat', async () => {
    await joined('stillborn', 4);
    const { watch, dead, until } = watching('leader');
    await watch.start();
    await until(() => dead.length > 0);
    expect(dead).toEqual([{ node: 'stillborn', epoch: 4 }]);
    expect(await beatOf('stillborn')).toBe(CONDEMNED);
  });

  it('tells what another leader had decided and could not tell any more', async () => {
    await joined('condemned', 2);
    await silent('condemned', 2, CONDEMNED);
    const { watch, dead, until } = watching('leader');
    await watch.start();
    await until(() => dead.length > 0);
    expect(dead).toEqual([{ node: 'condemned', epoch: 2 }]);
  });

  it('lets nobody beat on who was declared dead by another way', async () => {
    await joined('removed', 2, 'removed');
    await silent('removed', 2);
    await joined('again', 2, 'dead');
    await silent('again', 3);
    const { watch, dead, looked } = watching('leader');
    await watch.start();
    await looked(3);
    expect([await beatOf('removed'), await beatOf('again')]).toEqual([CONDEMNED, 7]);
    expect(dead).toEqual([]);
  });

  it('leaves alone who beats at the last moment, and the later life of one who is dead', async () => {
    await joined('late', 1);
    await silent('late', 1);
    await joined('back', 1);
    await silent('back', 2);
    const query = async (text: string, values: unknown[]) => {
      if (text.includes('INSERT')) await beats(String(values[0])); // between the look and the verdict
      return pool.query(text, values);
    };
    const { watch, dead, looked } = watching('leader', { on: { query } as unknown as pg.Pool });
    await watch.start();
    await looked(40);
    expect(dead).toEqual([]);
    expect([await beatOf('late'), await beatOf('back')]).not.toContain(CONDEMNED);
  });

  it('declares nobody dead where nobody leads; a new leader has no need to wait from the beginning', async () => {
    await silent('silent', 1);
    const { watch, dead, lead, until, looked } = watching('follower', { leads: false });
    await watch.start();
    await until(() => (watch.suspected[0]?.silentMs ?? 0) >= TIMES.deadMs);
    expect(dead).toEqual([]);
    lead();
    await looked(2);
    await until(() => dead.length > 0);
  });

  it('gives everybody his full time again after a look that failed', async () => {
    await silent('silent', 1);
    let away = false;
    const query = (...args: Parameters<pg.Pool['query']>) =>
      away ? Promise.reject(new Error('ECONNREFUSED')) : pool.query(...args);
    const { watch, dead, errors, until } = watching('leader', { on: { query } as unknown as pg.Pool });
    await watch.start();
    await until(() => watch.suspected.length > 0);
    away = true;
    await until(() => errors.length > 0);
    away = false;
    await until(() => watch.suspected.length === 0);
    expect(dead).toEqual([]);
    await until(() => dead.length > 0);
  });

  it('gives everybody his full time again when the watcher itself had stopped', async () => {
    await silent('paused-too', 1);
    const { watch, dead, until, looked } = watching('leader');
    await watch.start();
    const until_ = performance.now() + 2 * TIMES.deadMs;
    while (performance.now() < until_); // as after a SIGSTOP: no look for longer than the others have
    await looked(1);
    expect(dead).toEqual([]);
    await until(() => dead.length > 0);
  });
});
