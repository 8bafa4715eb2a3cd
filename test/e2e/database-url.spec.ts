import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { type FreshDatabase, freshDatabase } from '../harness/database.js';
import { Platform } from './platform.js';

jest.setTimeout(120_000);

describe('a server that has joined a cluster', () => {
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'openpro-joined-'));
  mkdirSync(path.join(dataDir, 'link'));
  writeFileSync(path.join(dataDir, 'link', 'joined.json'), JSON.stringify({ name: 'two', roles: ['pro'] }));
  afterAll(() => rmSync(dataDir, { recursive: true }));

  const nowhere = { DATABASE_URL: 'postgres://openpro@127.0.0.1:1/openpro' };
  it.each([
    ['has a database of its own', {}, [], 'DATABASE_URL is missing'],
    ['has a storage of its own', nowhere, [], '--storage is missing'],
    ['finds no database', nowhere, ['--storage', dataDir], 'The database at 127.0.0.1:1 does not answer'],
  ])('does not start when it %s', (_name, env, options, message) => {
    const { status, stdout } = spawnSync(
      process.execPath,
      ['dist/server/local.mjs', '--data', dataDir, '--port', '0', ...options],
      { env: { PATH: process.env['PATH'], ...env }, encoding: 'utf8' },
    );
    expect([status, stdout]).toEqual([1, expect.stringContaining(message)]);
    expect(existsSync(path.join(dataDir, 'postgres'))).toBe(false);
  });
});

describe('a platform on an existing PostgreSQL', () => {
  let database: FreshDatabase;
  let platform: Platform;

  beforeAll(async () => {
    database = await freshDatabase();
    platform = new Platform(undefined, [], { DATABASE_URL: database.ownerUrl });
    await platform.start();
  });
  afterAll(async () => {
    await platform?.remove();
    await database?.drop();
  });

  const query = async (connectionString: string, sql: string): Promise<unknown[]> => {
    const client = new pg.Client({ connectionString });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  };
  const asOwner = (sql: string) => query(database.ownerUrl, sql);
  /** With the rights of the running server. */
  const asServer = (sql: string) => query(database.appUrl, sql);

  it('solves, and starts no database of its own', async () => {
    const { code, output } = await platform.cli(
      ...['job', 'submit', 'supply-network', 'optimize', '--gap', '50%', '--watch', '--json'],
    );
    const last = JSON.parse(output.trim().split('\n').at(-1) ?? '') as { job: { state: string } };
    expect([code, last.job.state]).toEqual([0, 'COMPLETED']);
    expect(existsSync(path.join(platform.dataDir, 'postgres'))).toBe(false);
    const [log] = await asServer(
      `SELECT count(*)::int AS completed FROM event_log WHERE body LIKE '%JobCompleted%'`,
    );
    expect(log).toEqual({ completed: 1 });
  });

  it.each([
    ['changes', `UPDATE event_log SET body = ''`],
    ['deletes', 'DELETE FROM event_log'],
    ['empties', 'TRUNCATE event_log'],
    ['drops', 'DROP TABLE event_log'],
  ])('has a role that never %s events', async (_, sql) => {
    await expect(asServer(sql)).rejects.toMatchObject({ code: '42501' });
  });

  it('uses that role: without its rights a command fails, and works again with them', async () => {
    const api = await platform.signIn();
    const issue = () =>
      api.raw('mutation($id: ID!) { issueSignInLink(commandId: $id) { __typename } }', {
        id: crypto.randomUUID(),
      });
    await asOwner('REVOKE EXECUTE ON FUNCTION append_events FROM openpro_app');
    expect((await issue()).body.errors).toHaveLength(1);
    await asOwner('GRANT EXECUTE ON FUNCTION append_events TO openpro_app');
    expect((await issue()).body.data).toEqual({ issueSignInLink: { __typename: 'SignInLink' } });
  });

  it('does not start with another database beside the same storage, and appends nothing to it', async () => {
    await platform.stop();
    const other = await freshDatabase();
    const misled = new Platform(platform.dataDir, [], { DATABASE_URL: other.ownerUrl });
    await expect(misled.start()).rejects.toThrow('belongs to the log whose first event is');
    expect(await query(other.ownerUrl, 'SELECT * FROM event_log')).toEqual([]);
    await other.drop();
    await platform.start();
  });
});
