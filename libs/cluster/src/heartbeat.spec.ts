import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appPool } from '@openpro/platform/postgres';
import path from 'node:path';
import type pg from 'pg';
import { type FreshDatabase, freshDatabase } from '../../../test/harness/database.js';
import { CONDEMNED } from './beat.js';
import { Heartbeat } from './heartbeat.js';

const THREAD = path.join(process.cwd(), 'dist/server/beat.mjs');

let database: FreshDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await freshDatabase();
  pool = appPool(database.appUrl);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

let heartbeat: Heartbeat;
afterEach(() => heartbeat.stop());

const beating = async (epoch: number, groups: Int32Array = new Int32Array(0), thread = THREAD) => {
  let fence = (_reason: string): void => undefined;
  const fenced = new Promise<string>((resolve) => (fence = resolve));
  heartbeat = new Heartbeat({
    thread,
    data: {
      life: { node: 'n', epoch },
      databaseUrl: database.appUrl,
      beatMs: 10,
      suspectMs: 1000,
      deadMs: 5000,
      fenceMs: 600_000,
      endMs: 600_000, // it would kill the test
      groups,
    },
    beating: () => undefined,
    failing: () => undefined,
    fenced: fence,
  });
  await Promise.race([heartbeat.start(), fenced]);
  return { fenced };
};

/** Runs in another process while this one's event loop stands still; ends when its condition is met. */
const blockedUntil = (program: string): string =>
  execFileSync(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import pg from 'pg';
       import { readFileSync } from 'node:fs';
       const client = new pg.Client(${JSON.stringify(database.appUrl)});
       await client.connect();
       const beat = async () => Number((await client.query('SELECT beat FROM node_beat')).rows[0].beat);
       ${program}
       await client.end();`,
    ],
    { encoding: 'utf8', timeout: 60_000, env: { ...process.env, NODE_OPTIONS: '' } }, // jest's own limit cannot fire here
  );

describe('the heartbeat', () => {
  it('goes on while the event loop of the server stands still', async () => {
    await beating(1);
    const counted = blockedUntil(`
      const from = await beat();
      while (await beat() < from + 20);
      console.log(await beat() - from)`);
    expect(Number(counted)).toBeGreaterThanOrEqual(20);
  });

  it('kills the engine processes of a life that is over, although the event loop stands still', async () => {
    const engine = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    const ended = once(engine, 'exit');
    const groups: Int32Array = new Int32Array(new SharedArrayBuffer(8));
    groups[1] = engine.pid ?? 0;
    const { fenced } = await beating(2, groups);
    blockedUntil(`
      await client.query('UPDATE node_beat SET beat = ${CONDEMNED}');
      const state = () => readFileSync('/proc/${engine.pid}/stat', 'latin1').split(') ')[1][0];
      while (state() !== 'Z');`); // nobody can bury it meanwhile
    expect(await fenced).toContain('declared it dead');
    expect(await ended).toEqual([null, 'SIGKILL']);
  });

  it('stops in order and leaves nothing to watch', async () => {
    await beating(3);
    await heartbeat.stop();
    expect((await pool.query('SELECT * FROM node_beat')).rows).toEqual([]);
  });

  it('ends the server when its thread does', async () => {
    const { fenced } = await beating(4, new Int32Array(0), '/nowhere/beat.mjs');
    expect(await fenced).toContain('the thread of its heartbeat failed');
  });
});
