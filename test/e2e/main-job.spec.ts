import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Api, descendants, isAlive, Platform } from './platform.js';

jest.setTimeout(240_000);

interface JobView {
  readonly id: string;
  readonly state: string;
  readonly objective: number | null;
  readonly solverStatus: string | null;
  readonly attempts: { readonly number: number; readonly outcome: string | null }[];
  readonly result: { readonly id: string } | null;
  readonly timeline: { readonly type: string; readonly data: { readonly reason?: string } }[];
}

const JOB = `id state objective solverStatus attempts { number outcome } result { id } timeline { type data }`;
const ENDED = [
  'COMPLETED',
  'INTERRUPTED',
  'TIME_LIMIT',
  'INFEASIBLE',
  'UNBOUNDED',
  'FAILED',
  'CANCELLED',
  'ABANDONED',
];
const TERMINAL = new Set(['JobCompleted', 'JobFailed', 'JobCancelled', 'JobAbandoned']);

const submit = (api: Api, input: object) =>
  api.change<{ id: string }>('submitJob', '$input: SubmitJob!', { input }, '... on Job { id }');

const ended = async (api: Api, id: string): Promise<JobView> => {
  await api.until<{ jobChanged: { state: string } }>(
    'subscription($id: ID!) { jobChanged(id: $id) { state } }',
    { id },
    (data) => ENDED.includes(data.jobChanged.state),
  );
  return (await api.ask<{ job: JobView }>(`query($id: ID!) { job(id: $id) { ${JOB} } }`, { id })).job;
};

/** Resolves while the solver works: it has reported an incumbent or a bound. */
const solving = (api: Api, id: string) => api.progress(id, ({ phase }) => phase === 'solve');

/** The engine process that works for a job: of the solving ones the one that uses the processor most. */
const solvers = (server: number) =>
  descendants(server).filter(({ command }) => command.includes('solve.mjs'));

describe('the main job', () => {
  const platform = new Platform();
  let api: Api;

  beforeAll(async () => {
    await platform.start();
    api = await platform.signIn();
  });
  afterAll(() => platform.remove());

  it('starts with an engine and two apps, published by the commands that any user has', async () => {
    const { apps, engines } = await api.ask<{
      apps: { nodes: { name: string; latest: { version: string } }[] };
      engines: { nodes: { name: string; solvers: { id: string }[] }[] };
    }>('{ apps { nodes { name latest { version } } } engines { nodes { name solvers { id } } } }');
    expect(apps.nodes.map(({ name }) => name)).toEqual(['solve-file', 'supply-network']);
    expect(engines.nodes).toMatchObject([{ name: 'model-ts', solvers: [{ id: 'highs' }] }]);
  });

  it('lets a sign-in link work once', async () => {
    await expect(platform.signIn()).rejects.toThrow('LinkNotValid');
  });

  it('launches an app, edits its data, runs it, shows progress, and brings the result into the session', async () => {
    const launched = await api.change<{ id: string; state: string }>(
      'launchSession',
      '$app: String!',
      { app: 'supply-network' },
      '... on Session { id state }',
    );
    expect(launched.__typename).toBe('Session');
    const session = launched.id;
    const SESSION =
      'subscription($id: ID!) { sessionChanged(id: $id) { session { state steps { name at } } changed { identifier version } } }';
    interface Changed {
      sessionChanged: {
        session: { state: string; steps: { name: string }[] };
        changed: { identifier: string }[];
      };
    }
    const ready = await api.until<Changed>(
      SESSION,
      { id: session },
      ({ sessionChanged }) => sessionChanged.session.state === 'READY',
    );
    expect(ready.sessionChanged.session.steps.map(({ name }) => name)).toEqual([
      'requested',
      'server',
      'packages',
      'app',
      'ready',
    ]);

    const look = await api.ask<{
      session: {
        interface: { identifiers: { name: string; kind: string }[]; sets: { name: string; count: number }[] };
        data: { total: number; rows: [string, number][] };
      };
    }>(
      'query($id: ID!) { session(id: $id) { interface { sets { name count } identifiers { name kind } } data(identifier: "Demand", limit: 500) { total rows } } }',
      { id: session },
    );
    expect(look.session.data.total).toBe(400);
    expect(look.session.interface.sets.map(({ count }) => count).sort((a, b) => a - b)).toEqual([80, 400]);

    const maxSites = { session, identifier: 'MaxSites', cells: [{ tuple: [], value: 30 }] };
    const edit = await api.change(
      'setData',
      '$session: ID!, $identifier: String!, $cells: [Cell!]!',
      maxSites,
      '... on DataChange { version rejected { tuple reason } }',
    );
    expect(edit).toMatchObject({ __typename: 'DataChange', rejected: [] });

    const { id } = await submit(api, {
      session,
      procedure: 'optimize',
      description: 'thirty sites',
      gap: 0.05,
    });
    const resultArrives = api.until<Changed>(SESSION, { id: session }, ({ sessionChanged }) =>
      sessionChanged.changed.some(({ identifier }) => identifier === 'TotalCost'),
    );
    await solving(api, id);
    const job = await ended(api, id);
    expect(job).toMatchObject({ state: 'COMPLETED', attempts: [{ number: 1, outcome: 'completed' }] });
    expect(job.timeline.map(({ type }) => type)).toEqual(['JobQueued', 'JobStarted', 'JobCompleted']);
    await resultArrives;

    const after = await api.ask<{
      session: { cost: { rows: [number][] }; open: { total: number } };
      job: { result: { table: { rows: [number][] } }; progress: object[]; log: { text: string } };
    }>(
      `query($session: ID!, $job: ID!) {
        session(id: $session) { cost: data(identifier: "TotalCost") { rows } open: data(identifier: "Open") { total } }
        job(id: $job) { result { table(identifier: "TotalCost") { rows } } progress { phase objective } log { text } }
      }`,
      { session, job: id },
    );
    expect(after.session.open.total).toBeLessThanOrEqual(30);
    expect(after.session.cost.rows).toEqual(after.job.result.table.rows);
    expect(after.job.progress.length).toBeGreaterThan(0);
    expect(after.job.log.text).toContain('HiGHS');

    const closed = await api.change<{ state: string }>(
      'endSession',
      '$id: ID!',
      { id: session },
      '... on Session { state }',
    );
    expect(closed.state).toBe('ENDED');
  });

  it('completes a job exactly once although its process is killed', async () => {
    const { id } = await submit(api, { app: 'supply-network', procedure: 'optimize', gap: 0.05 });
    await solving(api, id);
    for (const { pid } of solvers(platform.serverPid)) process.kill(pid, 'SIGKILL');
    const job = await ended(api, id);
    expect(job).toMatchObject({
      state: 'COMPLETED',
      attempts: [
        { number: 1, outcome: 'crashed' },
        { number: 2, outcome: 'completed' },
      ],
    });
    expect(job.timeline.filter(({ type }) => TERMINAL.has(type))).toHaveLength(1);
  });

  it('completes a job exactly once although its server is killed, and leaves no process behind', async () => {
    const { id } = await submit(api, { app: 'supply-network', procedure: 'optimize', gap: 0.05 });
    await solving(api, id);
    const server = platform.serverPid;
    const orphans = descendants(server).map(({ pid }) => pid);
    expect(orphans.length).toBeGreaterThan(0);
    const back = platform.says(/The server is back/);
    process.kill(server, 'SIGKILL');
    const job = await ended(api, id);
    await back;
    expect(job.state).toBe('COMPLETED');
    expect(job.timeline.map(({ type }) => type)).toEqual([
      'JobQueued',
      'JobStarted',
      'JobRequeued',
      'JobStarted',
      'JobCompleted',
    ]);
    expect(job.timeline[2]?.data.reason).toBe('node-lost');
    expect(orphans.filter(isAlive)).toEqual([]);
  });

  it('interrupts a job and keeps its best solution, and terminates another', async () => {
    const first = await submit(api, { app: 'supply-network', procedure: 'optimize', gap: 0 });
    await api.progress(first.id, ({ incumbents }) => incumbents > 0);
    await api.change('interruptJob', '$id: ID!', { id: first.id }, '... on Job { state }');
    const interrupted = await ended(api, first.id);
    expect(['INTERRUPTED', 'COMPLETED']).toContain(interrupted.state);
    expect(interrupted.result).not.toBeNull();

    const second = await submit(api, { app: 'supply-network', procedure: 'optimize', gap: 0 });
    await solving(api, second.id);
    const stopped = await api.change<{ state: string }>(
      'terminateJob',
      '$id: ID!',
      { id: second.id },
      '... on Job { state }',
    );
    expect(stopped.state).toBe('CANCELLED');
    const again = await api.change<{ code: string }>(
      'terminateJob',
      '$id: ID!',
      { id: second.id },
      '... on Job { state }',
    );
    expect(again).toMatchObject({ __typename: 'Conflict', code: 'AlreadyEnded' });
  });

  it('keeps the best solution at the time limit', async () => {
    const { id } = await submit(api, { app: 'supply-network', procedure: 'optimize', gap: 0, timeLimit: 3 });
    const job = await ended(api, id);
    expect(['TIME_LIMIT', 'COMPLETED']).toContain(job.state);
  });

  it('is the same job when the same command is sent again, and refuses another under its id', async () => {
    const commandId = crypto.randomUUID();
    const send = (input: object) =>
      api.change<{ id: string; code?: string }>(
        'submitJob',
        '$input: SubmitJob!',
        { input },
        '... on Job { id }',
        commandId,
      );
    const input = { app: 'supply-network', procedure: 'optimize', gap: 0.5 };
    const [one, two] = await Promise.all([send(input), send(input)]);
    expect([one.id, two.id]).toEqual([commandId, commandId]);
    expect(await send({ ...input, gap: 0.4 })).toMatchObject({ code: 'CommandIdReused' });
    expect((await ended(api, commandId)).timeline.filter(({ type }) => type === 'JobQueued')).toHaveLength(1);
  });

  it('has recorded every step as an event with its actor', async () => {
    const { events } = await api.ask<{ events: { nodes: { type: string; actor: string }[] } }>(
      '{ events(last: 200) { nodes { type actor } } }',
    );
    const types = new Set(events.nodes.map(({ type }) => type));
    for (const type of [
      'identity.SignedIn',
      'storage.FileStored',
      'catalogue.EnginePublished',
      'catalogue.AppPublished',
      'sessions.SessionReady',
      'sessions.SessionEnded',
      'jobs.JobQueued',
      'jobs.JobCompleted',
      'cluster.NodeDeclaredDead',
    ])
      expect(types).toContain(type);
    expect(events.nodes.every(({ actor }) => actor.length > 0)).toBe(true);
  });

  it('goes on with the same data after Ctrl-C, and after kill -9 of everything', async () => {
    const { output } = await platform.stop('SIGINT');
    expect(output).toContain('Stopped. Everything is kept');
    await platform.start();
    const jobs = async () =>
      (
        await (
          await platform.signIn()
        ).ask<{ jobs: { nodes: object[] } }>('{ jobs(first: 100) { nodes { id state } } }')
      ).jobs.nodes;
    const before = await jobs();
    expect(before.length).toBeGreaterThan(4);
    await platform.stop('SIGKILL');
    await platform.start();
    expect(await jobs()).toEqual(before);
  });
});
