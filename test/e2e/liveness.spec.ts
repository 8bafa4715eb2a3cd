import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, watch } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { type FreshDatabase, freshDatabase } from '../harness/database.js';
import { Author, solving } from './apps.js';
import { Api, descendants, isAlive, Platform } from './platform.js';

jest.setTimeout(240_000);

/** Fixed, and none per job: docs/operations.md. */
const CONNECTIONS_PER_SERVER = 12;
const TERMINAL = new Set(['JobCompleted', 'JobFailed', 'JobCancelled', 'JobAbandoned']);

interface Node {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly epoch: number;
}

interface Job {
  readonly state: string;
  readonly attempts: readonly { readonly node: string; readonly outcome: string | null }[];
  readonly timeline: readonly { readonly type: string }[];
}

describe('two servers on one database', () => {
  const files = mkdtempSync(path.join(os.tmpdir(), 'openpro-liveness-'));
  let database: FreshDatabase;
  let platform: Platform;
  let api: Api;

  beforeAll(async () => {
    database = await freshDatabase();
    platform = new Platform(undefined, ['--servers', '2'], {
      DATABASE_URL: database.ownerUrl,
      OPENPRO_BEAT_MS: '200',
      OPENPRO_SUSPECT_MS: '1000',
      OPENPRO_DEAD_MS: '2000',
    });
    await platform.start();
    api = await platform.signIn();
    const author = await Author.of(api);
    await author.trust();
    // The first attempt finds nobody before it and never ends.
    await author.app(
      'once-for-ever',
      solving(`
        try { writeSync((await import('node:fs')).openSync(ctx.args.file, 'wx'), 'x'); }
        catch { data.Out.value = 2; return; }
        await new Promise((resolve) => setTimeout(resolve, 1e8));`),
    );
    await author.app('at-once', solving('data.Out.value = 1;'));
  });
  afterAll(async () => {
    await platform?.remove();
    await database?.drop();
    rmSync(files, { recursive: true, force: true });
  });

  const submit = (input: object) =>
    api.change<{ id: string }>('submitJob', '$input: SubmitJob!', { input }, '... on Job { id }');

  const ended = (through: Api, id: string) =>
    through.until<{ jobChanged: { state: string } }>(
      'subscription($id: ID!) { jobChanged(id: $id) { state } }',
      { id },
      ({ jobChanged }) => !['QUEUED', 'RUNNING'].includes(jobChanged.state),
    );

  const job = async (through: Api, id: string): Promise<Job> =>
    (
      await through.ask<{ job: Job }>(
        'query($id: ID!) { job(id: $id) { state attempts { node outcome } timeline { type } } }',
        { id },
      )
    ).job;

  const nodes = async (through: Api): Promise<Node[]> =>
    (await through.ask<{ nodes: { nodes: Node[] } }>('{ nodes { nodes { id name state epoch } } }')).nodes
      .nodes;

  const serverOf = ({ name }: Node): { pid: number; url: string } => {
    const folder = name === 'server-1' ? platform.dataDir : path.join(platform.dataDir, name);
    return JSON.parse(readFileSync(path.join(folder, 'server.json'), 'utf8')) as never;
  };

  const logOf = ({ name }: Node): string =>
    readFileSync(
      path.join(platform.dataDir, 'logs', name === 'server-1' ? 'server.log' : `${name}.log`),
      'utf8',
    );

  const isBack = ({ name }: Node): Promise<void> =>
    platform.says(
      name === 'server-1' ? /The server is back/ : new RegExp(`Server ${name.slice(-1)} is back`),
    );

  it('complete the job of the one that stood still; back again it is fenced, and nothing of it is left', async () => {
    const watcher = watch(files);
    const begun = once(watcher, 'change');
    const file = path.join(files, 'begun');
    const { id } = await submit({ app: 'once-for-ever', procedure: 'solve', args: { file } });
    await begun;
    watcher.close();
    const [first] = (await job(api, id)).attempts;
    const both = await nodes(api);
    const paused = both.find((node) => node.id === first?.node)!;
    const other = both.find((node) => node.id !== first?.node)!;
    const { pid } = serverOf(paused);
    const through = new Api(serverOf(other).url, api.token);

    process.kill(pid, 'SIGSTOP');
    await ended(through, id);
    const lost = descendants(pid).map((process) => process.pid);
    expect(lost.length).toBeGreaterThan(0);
    const back = isBack(paused);
    process.kill(pid, 'SIGCONT');
    await back;

    expect([pid, ...lost].filter(isAlive)).toEqual([]);
    expect(logOf(paused)).toContain('this server is fenced and ends');
    const after = await job(through, id);
    expect(after).toMatchObject({
      state: 'COMPLETED',
      attempts: [
        { node: paused.id, outcome: 'node-lost' },
        { node: other.id, outcome: 'completed' },
      ],
    });
    expect(after.timeline.filter(({ type }) => TERMINAL.has(type))).toHaveLength(1);
    const again = (await nodes(through)).find((node) => node.id === paused.id);
    expect(again).toMatchObject({ state: 'joined', epoch: paused.epoch + 1 });
  });

  it('elect another leader when theirs is killed, and go on', async () => {
    const leader = (
      await api.ask<{ nodes: { nodes: (Node & { leader: boolean })[] } }>(
        '{ nodes { nodes { id name state epoch leader } } }',
      )
    ).nodes.nodes.find((node) => node.leader)!;
    const other = (await nodes(api)).find((node) => node.id !== leader.id)!;
    const through = new Api(serverOf(other).url, api.token);
    const back = isBack(leader);
    const before = await through.endOfLog();
    process.kill(serverOf(leader).pid, 'SIGKILL');
    await through.event(before, 'LeaderElected');
    await back;
    const { id } = await submit({ app: 'at-once', procedure: 'solve' });
    await ended(api, id);
    expect((await job(api, id)).state).toBe('COMPLETED');
  });

  it('never hold more connections than stated, whatever they do', async () => {
    const client = new pg.Client({ connectionString: database.ownerUrl });
    await client.connect();
    const urls = (await nodes(api)).map((node) => new Api(serverOf(node).url, api.token));
    const counts: number[] = [];
    const work = urls.flatMap((through) =>
      Array.from({ length: 20 }, async () => {
        const { id } = await submit({ app: 'at-once', procedure: 'solve' });
        await Promise.all([ended(through, id), nodes(through), job(through, id)]);
        const { rows } = await client.query<{ held: number }>(
          `SELECT count(*)::int AS held FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()`,
        );
        counts.push(rows[0]?.held ?? 0);
      }),
    );
    await Promise.all(work);
    await client.end();
    expect(Math.max(...counts)).toBeLessThanOrEqual(CONNECTIONS_PER_SERVER * urls.length);
  });
});
