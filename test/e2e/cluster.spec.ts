import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Front } from './front.js';
import { Api, isAlive, Platform } from './platform.js';

jest.setTimeout(300_000);

interface Node {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly epoch: number;
  readonly roles: readonly string[];
  readonly leader: boolean;
}

const NODES = '{ nodes(first: 20) { nodes { id name state epoch roles leader } } }';
const nodesOf = async (api: Api): Promise<readonly Node[]> =>
  (await api.ask<{ nodes: { nodes: readonly Node[] } }>(NODES)).nodes.nodes;

const named = async (api: Api, name: string): Promise<Node> => {
  const found = (await nodesOf(api)).find((node) => node.name === name);
  if (!found) throw new Error(`There is no server ${name}`);
  return found;
};

const SESSION =
  'subscription($id: ID!) { sessionChanged(id: $id) { session { id state node endReason } changed { identifier } } }';
interface SessionChanged {
  readonly sessionChanged: {
    readonly session: { state: string; node: string | null; endReason: string | null };
    readonly changed: readonly { identifier: string }[];
  };
}

const launch = async (api: Api, restore?: string): Promise<{ id: string; node: string }> => {
  const { id } = await api.change<{ id: string }>(
    'launchSession',
    `$app: String!${restore ? ', $restore: ID' : ''}`,
    { app: 'supply-network', ...(restore ? { restore } : {}) },
    '... on Session { id }',
  );
  const ready = await api.until<SessionChanged>(
    SESSION,
    { id },
    ({ sessionChanged }) => sessionChanged.session.state === 'READY',
  );
  return { id, node: ready.sessionChanged.session.node ?? '' };
};

const setMaxSites = (api: Api, session: string, value: number) =>
  api.change<{ code?: string }>(
    'setData',
    '$session: ID!, $identifier: String!, $cells: [Cell!]!',
    { session, identifier: 'MaxSites', cells: [{ tuple: [], value }] },
    '... on DataChange { version }',
  );

const maxSites = async (api: Api, session: string): Promise<number | undefined> =>
  (
    await api.ask<{ session: { data: { rows: [number][] } | null } }>(
      'query($id: ID!) { session(id: $id) { data(identifier: "MaxSites") { rows } } }',
      { id: session },
    )
  ).session.data?.rows[0]?.[0];

interface Job {
  readonly state: string;
  readonly attempts: readonly { node: string; outcome: string | null }[];
}
const ENDED = /COMPLETED|INTERRUPTED|TIME_LIMIT|FAILED|CANCELLED|ABANDONED/;

const submit = async (api: Api, input: object): Promise<string> =>
  (
    await api.change<{ id: string }>(
      'submitJob',
      '$input: SubmitJob!',
      { input: { app: 'supply-network', procedure: 'optimize', ...input } },
      '... on Job { id }',
    )
  ).id;

const ended = async (api: Api, id: string): Promise<Job> => {
  await api.until<{ jobChanged: { state: string } }>(
    'subscription($id: ID!) { jobChanged(id: $id) { state } }',
    { id },
    ({ jobChanged }) => ENDED.test(jobChanged.state),
  );
  return (
    await api.ask<{ job: Job }>('query($id: ID!) { job(id: $id) { state attempts { node outcome } } }', {
      id,
    })
  ).job;
};

/** Resolves with the server that runs it, once it has begun to solve. */
const runningOn = async (api: Api, id: string): Promise<string> => {
  await api.progress(id);
  const { job } = await api.ask<{ job: Job }>(
    'query($id: ID!) { job(id: $id) { state attempts { node outcome } } }',
    { id },
  );
  return job.attempts.at(-1)?.node ?? '';
};

describe('a cluster of servers', () => {
  const platform = new Platform(undefined, ['--servers', '2', '--slots', '2']);
  let one: Api;
  let two: Api;
  const pidOf = (server: 1 | 2): number =>
    (
      JSON.parse(
        readFileSync(path.join(platform.dataDir, server === 1 ? '' : 'server-2', 'server.json'), 'utf8'),
      ) as { pid: number }
    ).pid;
  const urlOf = (server: 1 | 2): string =>
    (
      JSON.parse(
        readFileSync(path.join(platform.dataDir, server === 1 ? '' : 'server-2', 'server.json'), 'utf8'),
      ) as { url: string }
    ).url;
  const apiOf = (node: Node): Api => (node.name === 'server-1' ? one : two);

  beforeAll(async () => {
    await platform.start();
    one = await platform.signIn();
    two = new Api(urlOf(2), one.token); // a sign-in at one server is one at all
  });
  afterAll(() => platform.remove());

  it('shows both servers from each of them, and one leader', async () => {
    const [seen, same] = [await nodesOf(one), await nodesOf(two)];
    expect(seen).toEqual(same);
    expect(seen.map(({ name, state }) => [name, state]).sort()).toEqual([
      ['server-1', 'joined'],
      ['server-2', 'joined'],
    ]);
    expect(seen.filter(({ leader }) => leader)).toHaveLength(1);
  });

  it('opens sessions on both, and each can be used from either', async () => {
    const sessions = [await launch(one), await launch(one)];
    expect(new Set(sessions.map(({ node }) => node)).size).toBe(2);
    for (const [n, { id }] of sessions.entries()) {
      for (const [m, api] of [one, two].entries()) {
        const value = 20 + 2 * n + m;
        expect(await setMaxSites(api, id, value)).toMatchObject({ __typename: 'DataChange' });
        expect(await maxSites(one, id)).toBe(value);
        expect(await maxSites(two, id)).toBe(value);
      }
      await two.change('endSession', '$id: ID!', { id }, '... on Session { state }');
    }
  });

  it('runs jobs on both, and shows the progress of each from either', async () => {
    const jobs = await Promise.all([one, two, one, two].map((api) => submit(api, { gap: 0.02 })));
    const places = await Promise.all(jobs.map((id, n) => runningOn(n % 2 ? one : two, id)));
    expect(new Set(places).size).toBe(2);
    for (const id of jobs) expect((await ended(two, id)).state).toBe('COMPLETED');
  });

  it('runs the jobs of a killed server elsewhere, ends its sessions, and opens them again with their data', async () => {
    const sessions = [await launch(one), await launch(one)];
    const victim = await named(one, 'server-2');
    const lost = sessions.find(({ node }) => node === victim.id)!;
    const kept = sessions.find(({ node }) => node !== victim.id)!;
    const before = await one.endOfLog();
    await setMaxSites(one, lost.id, 33);
    await one.event(before, 'SessionSaved', ({ stream }) => stream === `session-${lost.id}`);
    const jobs = await Promise.all([0, 1, 2].map(() => submit(one, { gap: 0.02 })));
    const places = await Promise.all(jobs.map((id) => runningOn(one, id)));
    expect(places).toContain(victim.id);

    const back = platform.says(/Server 2 is back/);
    process.kill(pidOf(2), 'SIGKILL');
    const done = await Promise.all(jobs.map((id) => ended(one, id)));
    expect(done.map(({ state }) => state)).toEqual(['COMPLETED', 'COMPLETED', 'COMPLETED']);
    done.forEach(({ attempts }, n) =>
      expect(attempts.map(({ outcome }) => outcome)).toEqual(
        places[n] === victim.id ? ['node-lost', 'completed'] : ['completed'],
      ),
    );
    const gone = await one.ask<{ session: { state: string; endReason: string } }>(
      'query($id: ID!) { session(id: $id) { state endReason } }',
      { id: lost.id },
    );
    expect(gone.session).toMatchObject({ state: 'ENDED' });
    expect(gone.session.endReason).toContain('node-lost');
    expect(await maxSites(one, kept.id)).toBeDefined();
    await back;

    const again = await launch(one, lost.id);
    expect(await maxSites(one, again.id)).toBe(33);
  });

  it('has another leader when the leader is killed, and goes on placing jobs', async () => {
    const leader = (await nodesOf(one)).find((node) => node.leader)!;
    const other = leader.name === 'server-1' ? two : one;
    const [server, label] =
      leader.name === 'server-1' ? ([1, /The server is back/] as const) : ([2, /Server 2 is back/] as const);
    const back = platform.says(label);
    process.kill(pidOf(server), 'SIGKILL');
    const job = await submit(other, { gap: 0.5 });
    expect((await ended(other, job)).state).toBe('COMPLETED');
    await back;
    const now = await nodesOf(apiOf(leader));
    expect(now.filter((node) => node.leader)).toHaveLength(1);
  });

  describe('with a front server', () => {
    const front = new Front();
    let api: Api;
    let token = '';
    let address = '';

    beforeAll(async () => {
      const invited = await platform.cli(
        'server',
        'invite',
        'front-1',
        '--roles',
        'portal,webui,proxy',
        '--json',
      );
      expect(invited).toMatchObject({ code: 0 });
      ({ token, address } = JSON.parse(invited.output.slice(invited.output.indexOf('{'))) as {
        token: string;
        address: string;
      });
    });
    afterAll(() => front.remove());

    it('joins by a token that works once, for its name', async () => {
      const join = (name: string, dataDir: string) =>
        platform.cli('server', 'join', address, token, '--name', name, '--data', dataDir);
      const elsewhere = mkdtempSync(path.join(os.tmpdir(), 'openpro-thief-'));
      expect(await join('front-2', elsewhere)).toMatchObject({ code: 3 });
      expect(await join('front-1', front.dataDir)).toMatchObject({ code: 0 });
      const used = await join('front-1', mkdtempSync(path.join(elsewhere, 'x')));
      expect(used.code).toBe(3);
      expect(used.errors).toContain('has been used already');
      rmSync(elsewhere, { recursive: true });
      await front.start();
      api = new Api(front.url, one.token);
      const { state, roles } = await named(one, 'front-1');
      expect([state, ...[...roles].sort()]).toEqual(['joined', 'portal', 'proxy', 'webui']);
    });

    it('knows neither database nor storage', () => {
      const environment = readFileSync(`/proc/${front.pid}/environ`, 'utf8');
      expect(environment).not.toMatch(/postgres/i);
      expect(environment).not.toContain(platform.dataDir);
    });

    it('serves pages, calls, subscriptions and uploads', async () => {
      const page = await fetch(`${front.url}/jobs`);
      expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<div id="root">')]);
      expect(await nodesOf(api)).toHaveLength(3);
      const upload = await api.upload('FILE', 'notes.txt', Buffer.from('hello'));
      expect(upload).toBeTruthy();
      const job = await submit(api, { gap: 0.5 });
      expect((await ended(api, job)).state).toBe('COMPLETED');
      const metrics = await (await fetch(`${front.url}/metrics`)).text();
      expect(metrics).toContain('openpro_front_connected 1');
      expect(metrics).toMatch(/openpro_front_request_duration_seconds_count\{status="2xx"\} \d+/);
      expect(await (await fetch(`${front.url}/health`)).json()).toEqual({ ok: true, problems: [] });
      const other = await fetch(`${front.url}/graphql`, {
        method: 'POST',
        headers: { origin: 'https://evil.example' },
      });
      expect(other.status).toBe(403);
    });

    it('fails over when a server behind it is killed, and ends no session when it is restarted itself', async () => {
      const session = await launch(api);
      const holder = (await nodesOf(one)).find(({ id }) => id === session.node)!;
      const other = holder.name === 'server-1' ? 2 : 1;
      const back = platform.says(other === 2 ? /Server 2 is back/ : /The server is back/);
      process.kill(pidOf(other), 'SIGKILL');
      for (let n = 0; n < 30; n++)
        expect(await setMaxSites(api, session.id, n + 1)).toMatchObject({ __typename: 'DataChange' });
      await back;
      const pid = front.pid;
      await front.stop();
      expect(isAlive(pid)).toBe(false);
      await front.start();
      api = new Api(front.url, one.token);
      expect(await maxSites(api, session.id)).toBe(30);
    });

    it('is shut out when it is removed', async () => {
      const { id } = await named(one, 'front-1');
      const before = await one.endOfLog();
      const removed = await one.change(
        'removeNode',
        '$id: ID!, $reason: String!, $force: Boolean!',
        { id, reason: 'test', force: true },
        '... on Node { state }',
      );
      expect(removed).toMatchObject({ __typename: 'Node', state: 'removed' });
      await one.event<{ code: string }>(before, 'RefusalRecorded', ({ data }) => data.code === 'NotServed');
      const refused = await api.raw(NODES);
      expect(refused.status).toBe(503);
    });
  });

  it('restarts one server after the other without a failed job or a charged attempt', async () => {
    const jobs = await Promise.all(Array.from({ length: 6 }, () => submit(one, { gap: 0.02 })));
    for (const server of [2, 1] as const) {
      const back = platform.says(server === 2 ? /Server 2 is back/ : /The server is back/);
      process.kill(pidOf(server), 'SIGTERM');
      await back;
    }
    const { token } = one;
    [one, two] = [new Api(urlOf(1), token), new Api(urlOf(2), token)];
    const done = await Promise.all(jobs.map((id) => ended(one, id)));
    expect(done.map(({ state }) => state)).toEqual(jobs.map(() => 'COMPLETED'));
    const outcomes = done.flatMap(({ attempts }) => attempts.map(({ outcome }) => outcome));
    expect(outcomes.filter((outcome) => outcome === 'node-lost' || outcome === 'crashed')).toEqual([]);
  });
});
