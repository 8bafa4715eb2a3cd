import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { migrate } from './database.js';
import { type EmbeddedPostgres, PostgresStartError, startEmbeddedPostgres } from './embedded-postgres.js';

const query = async (url: string, sql: string): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
};

describe('the embedded PostgreSQL', () => {
  let dir: string;
  const running: EmbeddedPostgres[] = [];

  beforeEach(() => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'openpro-'));
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((postgres) => postgres.stop()));
    fs.rmSync(dir, { recursive: true, force: true });
  });

  const start = async (at = dir, onProgress?: (text: string) => void): Promise<EmbeddedPostgres> => {
    const postgres = await startEmbeddedPostgres({
      dir: at,
      settings: { fsync: 'off' },
      ...(onProgress && { onProgress }),
    });
    running.push(postgres);
    return postgres;
  };

  it('says what it does, listens on no network, and keeps its data over stop and start', async () => {
    const told: string[] = [];
    const first = await start(dir, (text) => told.push(text));
    expect(told).toEqual(['creating the database (first start)', 'starting PostgreSQL']);
    expect(await query(first.ownerUrl, 'SHOW listen_addresses')).toEqual(['']);
    await query(first.ownerUrl, 'CREATE TABLE kept AS SELECT 42 AS n');
    await first.stop();
    await first.ended;
    const again = await start();
    expect(await query(again.ownerUrl, 'SELECT n FROM kept')).toEqual([42]);
  });

  it('gives the running program a login of its own, without the owner’s rights', async () => {
    const { ownerUrl, appUrl } = await start();
    await migrate(ownerUrl);
    expect(await query(appUrl, 'SELECT session_user')).toEqual(['openpro_app']);
    await expect(query(appUrl, 'SET ROLE openpro_owner')).rejects.toThrow('permission denied');
    await expect(query(appUrl, 'DELETE FROM event_log')).rejects.toThrow('permission denied');
  });

  it('refuses a folder in which another one runs, and names its process', async () => {
    const { pid, ownerUrl } = await start();
    const second = start();
    await expect(second).rejects.toThrow(PostgresStartError);
    await expect(second).rejects.toThrow(`process ${pid}`);
    expect(await query(ownerUrl, 'SELECT 1')).toEqual([1]);
  });

  it('recovers what was committed after kill -9', async () => {
    const { pid, ownerUrl, ended } = await start();
    await query(ownerUrl, 'CREATE TABLE kept AS SELECT 42 AS n');
    process.kill(pid, 'SIGKILL');
    await ended;
    expect(await query((await start()).ownerUrl, 'SELECT n FROM kept')).toEqual([42]);
  });

  it('takes over from one whose starter has died', async () => {
    const orphan = await start();
    fs.writeFileSync(path.join(dir, 'starter.pid'), '4194305'); // above the largest process id there can be
    const told: string[] = [];
    const next = await start(dir, (text) => told.push(text));
    expect(told).toContain('waiting for the PostgreSQL of the last run to stop');
    await orphan.ended;
    expect(await query(next.ownerUrl, 'SELECT 1')).toEqual([1]);
  });

  it('is not held up by a lock file whose process id belongs to somebody else now', async () => {
    const { pid, ended } = await start();
    const lock = path.join(dir, 'data/postmaster.pid');
    const lines = fs.readFileSync(lock, 'utf8').split('\n').slice(1);
    process.kill(pid, 'SIGKILL');
    await ended;
    fs.writeFileSync(lock, [String(process.ppid), ...lines].join('\n'));
    expect(await query((await start()).ownerUrl, 'SELECT 1')).toEqual([1]);
  });

  it('begins anew when the first start was interrupted', async () => {
    fs.mkdirSync(path.join(dir, 'data.new/base'), { recursive: true });
    fs.writeFileSync(path.join(dir, 'data.new/PG_VERSION'), '18\n');
    expect(await query((await start()).ownerUrl, 'SELECT 1')).toEqual([1]);
    expect(fs.readdirSync(dir).sort()).not.toContain('data.new');
  });

  it('works in a folder whose path is too long for a socket, and leaves no socket folder behind', async () => {
    const postgres = await start(path.join(dir, 'x'.repeat(100)));
    expect(postgres.host.startsWith(dir)).toBe(false);
    expect(await query(postgres.ownerUrl, 'SELECT 1')).toEqual([1]);
    await postgres.stop();
    expect(fs.existsSync(postgres.host)).toBe(false);
  });

  it('tells what is wrong when PostgreSQL does not start', async () => {
    await (await start()).stop();
    const wrong = startEmbeddedPostgres({ dir, settings: { shared_buffers: 'plenty' } });
    await expect(wrong).rejects.toThrow(
      /did not start.*\n.*invalid value for parameter "shared_buffers": "plenty"/,
    );
  });
});
