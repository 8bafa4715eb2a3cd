import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Author, BUSY } from './apps.js';
import { Collector } from './collector.js';
import { Front } from './front.js';
import { databaseUrl } from './people.js';
import { Api, Platform } from './platform.js';

jest.setTimeout(300_000);

interface Job {
  readonly id: string;
  readonly state: string;
  readonly attempts: readonly { readonly node: string; readonly outcome: string | null }[];
}
interface Session {
  readonly id: string;
  readonly state: string;
  readonly node: string | null;
  readonly endReason: string | null;
}

describe('work on two servers', () => {
  const collector = new Collector();
  let platform: Platform;
  let one: Api;
  let two: Api;
  /** Names by id. */
  const names = new Map<string, string>();

  const apiOf = (node: string): Api => (names.get(node) === 'server-1' ? one : two);
  const otherThan = (node: string): string => [...names.keys()].find((id) => id !== node) ?? '';

  const submit = async (api: Api, work: number): Promise<string> => {
    const values = [{ identifier: 'In', cells: [{ tuple: [], value: work }] }];
    const input = { app: 'busy', procedure: 'solve', values };
    return (await api.change<Job>('submitJob', '$input: SubmitJob!', { input }, '... on Job { id }')).id;
  };
  const job = (api: Api, id: string, wanted: (job: Job) => boolean) =>
    api.job<Job>(id, 'id state attempts { node outcome }', wanted);
  const running = (api: Api, id: string) => job(api, id, ({ state }) => state === 'RUNNING');
  const finish = async (id: string): Promise<Job> => {
    await one.change('interruptJob', '$id: ID!', { id }, '... on Job { id }');
    return job(one, id, ({ state }) => state === 'COMPLETED' || state === 'INTERRUPTED');
  };

  const session = async (api: Api, id: string, wanted: string): Promise<Session> => {
    const query =
      'subscription($id: ID!) { sessionChanged(id: $id) { session { id state node endReason } } }';
    const seen = await api.until<{ sessionChanged: { session: Session } }>(
      query,
      { id },
      ({ sessionChanged }) => sessionChanged.session.state === wanted,
    );
    return seen.sessionChanged.session;
  };
  const launch = async (api: Api, restore: string | null = null): Promise<Session> => {
    const asked = await api.change<Session>(
      'launchSession',
      '$app: String!, $restore: ID',
      { app: 'busy', restore },
      '... on Session { id }',
    );
    return session(api, asked.id, 'READY');
  };
  const valueOf = async (api: Api, id: string): Promise<unknown> => {
    const query = 'query($id: ID!) { session(id: $id) { data(identifier: "In") { rows } } }';
    const found = await api.ask<{ session: { data: { rows: [number][] } } }>(query, { id });
    return found.session.data.rows[0]?.[0];
  };
  const set = (api: Api, id: string, value: number) =>
    api.change(
      'setData',
      '$session: ID!, $identifier: String!, $cells: [Cell!]!',
      { session: id, identifier: 'In', cells: [{ tuple: [], value }] },
      '... on DataChange { version }',
    );

  beforeAll(async () => {
    platform = new Platform(undefined, ['--servers', '2', '--slots', '1'], {
      OTEL_EXPORTER_OTLP_ENDPOINT: await collector.start(),
    });
    await platform.start();
    one = await platform.signIn();
    const second = path.join(platform.dataDir, 'server-2/server.json');
    two = new Api((JSON.parse(readFileSync(second, 'utf8')) as { url: string }).url, one.token);
    const { nodes } = await one.ask<{ nodes: { nodes: { id: string; name: string }[] } }>(
      '{ nodes { nodes { id name } } }',
    );
    for (const { id, name } of nodes.nodes) names.set(id, name);
  });
  afterAll(async () => {
    await platform.remove();
    collector.close();
  });

  it('opens at one server what was published at the other', async () => {
    const author = await Author.of(two);
    await author.trust();
    await author.app('busy', BUSY);
    const { id } = await launch(one);
    expect(await valueOf(two, id)).toBe(1);
    await one.change('endSession', '$id: ID!', { id }, '... on Session { id }');
  });

  it('is one trace from the server that was asked to the one that solves', async () => {
    const blocking = await submit(one, 1);
    const taken = (await running(one, blocking)).attempts[0]!.node;
    const solved = await submit(apiOf(taken), 0);
    expect((await job(one, solved, ({ state }) => state === 'COMPLETED')).attempts).toEqual([
      { node: otherThan(taken), outcome: 'completed' },
    ]);
    await finish(blocking);
    const [asked, solver] = [names.get(taken)!, names.get(otherThan(taken))!];
    const steps = [
      ['mutation submitJob', asked],
      ['job SubmitJob', asked],
      ['attempt', solver],
      ['solve', solver],
      ['keep the result', solver],
      ['job CompleteJob', solver],
    ] as const;
    const trace = solved.replaceAll('-', '');
    const all = [...steps.map(([name]) => name), 'job StartJob', 'wait in the queue'];
    const spans = await collector.trace(trace, all);
    for (const [name, server] of steps)
      expect(spans.filter((span) => span.name === name)).toMatchObject([{ traceId: trace, server }]);
    const parents = new Map(spans.map(({ spanId, parentSpanId }) => [spanId, parentSpanId]));
    const root = spans.find(({ name }) => name === 'mutation submitJob')!.spanId;
    for (const { spanId } of spans) {
      let above: string | undefined = spanId;
      while (above !== undefined && above !== root) above = parents.get(above);
      expect(above).toBe(root);
    }
  });

  it('moves when a server is drained: jobs uncharged, sessions with what they kept', async () => {
    const sessions = [await launch(one), await launch(one)];
    const jobs = [await submit(one, 1), await submit(one, 1)];
    const places = await Promise.all(jobs.map(async (id) => (await running(one, id)).attempts[0]!.node));
    expect([new Set(places).size, new Set(sessions.map(({ node }) => node)).size]).toEqual([2, 2]);
    const [moved, stays] = jobs as [string, string];
    const [drained, other] = places as [string, string];
    const left = sessions.find(({ node }) => node === drained)!;
    const kept = sessions.find(({ node }) => node === other)!;

    const before = await one.endOfLog();
    await set(one, left.id, 42);
    await set(one, kept.id, 21);
    await one.event(before, 'SessionSaved', ({ stream }) => stream === `session-${left.id}`);
    await set(one, left.id, 43); // kept when the time is over
    await one.change('drainNode', '$id: ID!, $graceS: Int', { id: drained, graceS: 2 }, '... on Node { id }');
    await finish(stays); // makes room
    const again = await job(one, moved, ({ attempts }) => attempts.length === 2);
    expect(again.attempts).toEqual([
      { node: drained, outcome: 'drained' },
      { node: other, outcome: null },
    ]);
    const { events } = await one.ask<{ events: { nodes: { data: object }[] } }>(
      'query($stream: String!) { events(stream: $stream, types: ["JobRequeued"]) { nodes { data } } }',
      { stream: `job-${moved}` },
    );
    expect(events.nodes).toMatchObject([{ data: { reason: 'drained', nodeLost: 0, ownCrash: 0 } }]);

    const gone = await session(one, left.id, 'ENDED');
    expect(gone.endReason).toBe('drained: Open it again with its last saved data.');
    const reopened = await launch(two, left.id);
    expect(reopened.node).toBe(other);
    expect([await valueOf(one, reopened.id), await valueOf(one, kept.id)]).toEqual([43, 21]);

    const to = names.get(other);
    const told = [
      `A session of ${names.get(drained)} was opened again on ${to}, with what it had kept`,
      `A job runs again on ${to}, as attempt 2`,
    ];
    await one.eventually(
      async () => {
        const { clusterTimeline } = await one.ask<{ clusterTimeline: { nodes: { text: string }[] } }>(
          '{ clusterTimeline(first: 10) { nodes { text } } }',
        );
        return clusterTimeline.nodes.map(({ text }) => text);
      },
      (texts) => told.every((sentence) => texts.includes(sentence)),
    );
    await one.change('resumeNode', '$id: ID!', { id: drained }, '... on Node { id }');
    await finish(moved);
  });

  describe.each([
    ['webui', ['/sessions/x', '/launch/busy', '/sign-in'], ['/', '/jobs', '/cluster'], true],
    ['proxy', [], ['/', '/jobs', '/sessions/x', '/sign-in'], false],
  ] as const)('a server with %s only', (role, pages, noPages, cookies) => {
    const front = new Front();
    beforeAll(() => front.join(platform, `${role}-1`, role));
    afterAll(() => front.remove());

    it('shows its pages and no others', async () => {
      const status = async (page: string) => (await fetch(`${front.url}${page}`)).status;
      expect(await Promise.all(pages.map(status))).toEqual(pages.map(() => 200));
      expect(await Promise.all(noPages.map(status))).toEqual(noPages.map(() => 404));
    });

    it(`passes on calls with a token, ${cookies ? 'and those with' : 'but none by'} a cookie`, async () => {
      const api = new Api(front.url, one.token);
      const { id } = await launch(api);
      expect(await set(api, id, 5)).toMatchObject({ __typename: 'DataChange' });
      expect(await valueOf(api, id)).toBe(5);
      const asked = await fetch(`${front.url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          origin: front.url,
          cookie: `openpro=${one.token}`,
        },
        body: JSON.stringify({ query: '{ nodes { nodes { id } } }' }),
      });
      const { errors } = (await asked.json()) as { errors?: { extensions: { code: string } }[] };
      expect(errors?.[0]?.extensions.code).toBe(cookies ? undefined : 'UNAUTHENTICATED');
    });
  });

  describe('a server with pro only', () => {
    let server: Front;
    beforeAll(() => {
      server = new Front({
        DATABASE_URL: databaseUrl(platform, 'openpro_owner'),
        OPENPRO_STORAGE: platform.dataDir,
      });
      return server.join(platform, 'pro-1', 'pro');
    });
    afterAll(() => server.remove());

    it('works, and takes no requests from people and programs', async () => {
      for (const [page, status] of [
        ['/', 404],
        ['/jobs', 404],
        ['/api/cluster-key', 404],
        ['/graphql', 404],
        ['/health', 200],
        ['/metrics', 200],
      ] as const)
        expect([page, (await fetch(`${server.url}${page}`)).status]).toEqual([page, status]);
      const refused = await new Api(server.url, one.token).raw('{ nodes { nodes { id } } }');
      expect(refused.status).toBe(404);
      const { nodes } = await one.ask<{ nodes: { nodes: { id: string; name: string; roles: string[] }[] } }>(
        '{ nodes { nodes { id name roles } } }',
      );
      const { id, roles } = nodes.nodes.find(({ name }) => name === 'pro-1')!;
      expect(roles).toEqual(['pro']);
      const jobs = await Promise.all([0, 1, 2].map(() => submit(one, 1)));
      const places = await Promise.all(
        jobs.map(async (each) => (await running(one, each)).attempts[0]!.node),
      );
      expect(places).toContain(id);
      for (const each of jobs) await finish(each);
    });
  });
});
