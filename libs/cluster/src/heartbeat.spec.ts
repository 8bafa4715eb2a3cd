import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Position } from '@openpro/eventstore';
import { appPool } from '@openpro/platform/postgres';
import type pg from 'pg';
import { type FreshDatabase, freshDatabase } from '../../../test/harness/database.js';
import { Heartbeat, type Life } from './heartbeat.js';

const TIMES = { beatMs: 20, deadMs: 200 };
const nodeNamed = (id: string, epoch = 1) => ({ id, epoch, name: id, joinedAt: '' as Position });

describe('heartbeats', () => {
  let database: FreshDatabase;
  let pool: pg.Pool;
  let running: Heartbeat[];
  beforeAll(async () => {
    database = await freshDatabase();
    pool = appPool(database.appUrl, { max: 3 });
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });
  beforeEach(() => {
    running = [];
  });
  afterEach(async () => {
    await Promise.all(running.map((heartbeat) => heartbeat.stop()));
    await pool.query('DELETE FROM node_beat');
  });

  const beating = async (
    id: string,
    leads: boolean,
    onDead: (life: Life) => void = () => undefined,
    epoch = 1,
  ) => {
    const heartbeat = new Heartbeat(
      pool,
      nodeNamed(id, epoch),
      () => leads,
      (life) => Promise.resolve(onDead(life)),
      () => undefined,
      TIMES,
    );
    running.push(heartbeat);
    await heartbeat.start();
    return heartbeat;
  };

  const beats = async (id: string) =>
    Number(
      (await pool.query<{ beat: string }>('SELECT beat FROM node_beat WHERE node = $1', [id])).rows[0]
        ?.beat ?? 0,
    );

  const beaten = async (id: string, atLeast: number): Promise<void> => {
    while ((await beats(id)) < atLeast);
  };

  it('declare the life dead that has fallen silent, once, and nobody who beats', async () => {
    const dead: Life[] = [];
    await pool.query("INSERT INTO node_beat VALUES ('silent', 3, 7)");
    await beating('alive', false);
    const declared = new Promise<void>(
      (resolve) => void beating('leader', true, (life) => (dead.push(life), resolve())),
    );
    await declared;
    await beaten('leader', (await beats('leader')) + 20);
    expect(dead).toEqual([{ node: 'silent', epoch: 3 }]);
  });

  it('are watched by nobody who does not lead', async () => {
    const dead: Life[] = [];
    await pool.query("INSERT INTO node_beat VALUES ('silent', 1, 1)");
    await beating('follower', false, (life) => dead.push(life));
    await beaten('follower', 20);
    expect(dead).toEqual([]);
  });

  it('of a new life do not count for the old one, nor those of the old for the new', async () => {
    await beating('back', false, undefined, 2);
    await beating('back', false, undefined, 1);
    await beaten('back', 5);
    const { rows } = await pool.query('SELECT epoch FROM node_beat');
    expect(rows).toEqual([{ epoch: 2 }]);
  });

  it('end with the server that stops in order: nobody declares it dead', async () => {
    const dead: Life[] = [];
    const leaving = await beating('leaving', false);
    await beating('leader', true, (life) => dead.push(life));
    await leaving.stop();
    await beaten('leader', 25);
    expect(dead).toEqual([]);
  });
});
