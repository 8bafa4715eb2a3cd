import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { freshDatabase, type FreshDatabase } from '../../../test/harness/database.js';
import {
  appPool,
  asApp,
  createDatabase,
  migrate,
  PooledClient,
  untilItAnswers,
  withDatabase,
} from './database.js';

describe('the database', () => {
  let server: FreshDatabase;
  beforeAll(async () => {
    server = await freshDatabase();
  });
  afterAll(() => server.drop());

  it('is made and migrated once when two servers start at the same time', async () => {
    const name = `${new URL(server.ownerUrl).pathname.slice(1)}_twice`;
    const url = withDatabase(server.ownerUrl, name);
    const made = await Promise.all([
      createDatabase(server.ownerUrl, name),
      createDatabase(server.ownerUrl, name),
    ]);
    expect(made.sort()).toEqual([false, true]);
    const ran = await Promise.all([migrate(url), migrate(url)]);
    expect(ran.map(({ length }) => length > 0).sort()).toEqual([false, true]);
    expect(ran.flat()).toContain('EventLog0000000000001');
    const owner = new pg.Client({ connectionString: server.ownerUrl });
    await owner.connect();
    await owner.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await owner.end();
  });

  it('gives connections of the program’s role, whoever has logged in', async () => {
    const pool = appPool(server.ownerUrl);
    expect((await pool.query('SELECT current_user')).rows).toEqual([{ current_user: 'openpro_app' }]);
    await pool.end();
  });

  it('survives the loss of an idle connection', async () => {
    const pool = appPool(server.ownerUrl, { max: 1 });
    const lost = new Promise((resolve) => pool.once('remove', resolve));
    const { rows } = await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const owner = new pg.Client({ connectionString: server.ownerUrl });
    await owner.connect();
    await owner.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
    await lost;
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await Promise.all([pool.end(), owner.end()]);
  });

  it('survives the loss of a connection that is handed out and waits for its query', async () => {
    const pool = appPool(server.ownerUrl, { max: 1 });
    const client = await pool.connect();
    const lost = new Promise((resolve) => client.once('end', resolve));
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const owner = new pg.Client({ connectionString: server.ownerUrl });
    await owner.connect();
    await owner.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
    await lost;
    client.release();
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await Promise.all([owner.end(), pool.end()]);
  });

  it('gives up a connection that does not answer, so that nobody else waits for it', async () => {
    const db = await new DataSource({
      ...{ type: 'postgres', url: server.appUrl, poolSize: 1 },
      extra: { Client: PooledClient, query_timeout: 1000 },
    }).initialize();
    await expect(db.query('SELECT pg_sleep(3600)')).rejects.toThrow('Query read timeout');
    expect(await db.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await db.destroy();
  });

  it('is waited for while it is away, and not where waiting does not help', async () => {
    const url = new URL(server.ownerUrl);
    const there = path.join(String(url.searchParams.get('host')), '.s.PGSQL.5432');
    const folder = mkdtempSync(path.join(os.tmpdir(), 'openpro-away-'));
    url.searchParams.set('host', folder);
    const reasons: unknown[] = [];
    await untilItAnswers(url.href, (error) => {
      reasons.push((error as { code?: unknown }).code);
      if (reasons.length === 2) symlinkSync(there, path.join(folder, '.s.PGSQL.5432'));
    });
    expect(reasons).toEqual(['ENOENT', 'ENOENT']);
    rmSync(folder, { recursive: true });
    await expect(
      untilItAnswers(withDatabase(server.ownerUrl, 'openpro_none'), (error) => reasons.push(error)),
    ).rejects.toMatchObject({ code: '3D000' });
  });

  it.each([
    ['postgres://owner@db:5432/x', 'postgres://owner@db:5432/x?options=-c+role%3Dopenpro_app'],
    ['postgres://openpro_app:pw@db/x', 'postgres://openpro_app:pw@db/x'],
    [
      'postgres://owner@db/x?options=-c%20a%3D1',
      'postgres://owner@db/x?options=-c+a%3D1+-c+role%3Dopenpro_app',
    ],
  ])('turns %s into a URL with the program’s role', (url, expected) => {
    expect(asApp(url)).toBe(expected);
  });
});
