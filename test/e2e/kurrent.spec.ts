import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { FakeKurrent } from '../kurrent/fake-kurrent.js';
import { Api, Platform } from './platform.js';

jest.setTimeout(240_000);

let kurrent: FakeKurrent;
let platform: Platform;
let api: Api;

const settings = () => ({ EVENT_STORE: 'kurrent', KURRENTDB_URL: kurrent.url });
const start = async (): Promise<void> => {
  await platform.start();
  api = await platform.signIn();
};
const solve = async (session: string): Promise<string> => {
  const { id } = await api.change<{ id: string }>(
    'submitJob',
    '$input: SubmitJob!',
    { input: { session, procedure: 'optimize', gap: 0.5 } },
    '... on Job { id }',
  );
  const { jobChanged } = await api.until<{ jobChanged: { state: string } }>(
    'subscription($id: ID!) { jobChanged(id: $id) { state } }',
    { id },
    ({ jobChanged }) => !['QUEUED', 'RUNNING'].includes(jobChanged.state),
  );
  expect(jobChanged.state).toBe('COMPLETED');
  return id;
};
const launch = async (): Promise<string> => {
  const { id } = await api.change<{ id: string }>(
    'launchSession',
    '$app: String!',
    { app: 'supply-network' },
    '... on Session { id }',
  );
  await api.until<{ sessionChanged: { session: { state: string } } }>(
    'subscription($id: ID!) { sessionChanged(id: $id) { session { state } } }',
    { id },
    ({ sessionChanged }) => sessionChanged.session.state === 'READY',
  );
  return id;
};

beforeAll(async () => {
  kurrent = await FakeKurrent.start();
  platform = new Platform(undefined, [], settings());
  await start();
});
afterAll(async () => {
  await platform.remove();
  await kurrent.stop();
});

it('does the main job with its log in KurrentDB, also after it lost all connections', async () => {
  const session = await launch();
  const job = await solve(session);
  await kurrent.tell('drop');
  await solve(session);
  const log = await kurrent.tell<{ type: string }[]>('stream', { name: `openpro.job-${job}` });
  expect(log.map(({ type }) => type)).toEqual(['jobs.JobQueued', 'jobs.JobStarted', 'jobs.JobCompleted']);
  const { events } = await api.ask<{ events: { nodes: { position: string }[] } }>(
    '{ events(first: 200) { nodes { position } } }',
  );
  const positions = events.nodes.map(({ position }) => position);
  expect(positions.length).toBeGreaterThan(10);
  expect(positions).toEqual([...positions].sort());
});

it('goes on after a restart where it ended', async () => {
  const before = await api.ask('{ apps { nodes { name } } jobs { nodes { id state } } }');
  expect((await platform.stop()).code).toBe(0);
  await start();
  expect(await api.ask('{ apps { nodes { name } } jobs { nodes { id state } } }')).toEqual(before);
  await solve(await launch());
});

it('does not start on a read model that was made from another log', async () => {
  await platform.stop();
  const elsewhere = new Platform(platform.dataDir, [], { EVENT_STORE: 'postgres' });
  await expect(elsewhere.start()).rejects.toThrow(
    'the read model in this database was made from another log',
  );
});

it('takes over a log that was begun in PostgreSQL, and everybody stays signed in', async () => {
  const first = new Platform(undefined, ['--no-examples']);
  const moved = { ...settings(), KURRENTDB_PREFIX: 'moved' };
  await first.start();
  const { token } = await first.signIn();
  await first.stop();
  const { stdout } = await promisify(execFile)(process.execPath, ['dist/server/copy-log.mjs'], {
    env: { ...process.env, ...moved, NODE_OPTIONS: '', DATABASE_URL: '', OPENPRO_DATA: first.dataDir },
  });
  expect(stdout).toMatch(/✓ \d+ events are in KurrentDB as they were here/);
  const second = await new Platform(first.dataDir, ['--no-examples'], moved).start();
  const { events } = await new Api(second.url, token).ask<{ events: { nodes: { type: string }[] } }>(
    '{ events(first: 200) { nodes { type } } }',
  );
  const types = events.nodes.map(({ type }) => type);
  expect(types.filter((type) => type === 'cluster.NodeJoined')).toHaveLength(2); // one here, one there
  expect(types.filter((type) => type === 'identity.UserCreated')).toHaveLength(1);
  await second.remove();
});

it('does not start without KurrentDB, and says what is missing', async () => {
  await kurrent.stop();
  await expect(platform.start()).rejects.toThrow('The event log cannot be reached');
});
