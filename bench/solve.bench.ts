import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { Author, solving } from '../test/e2e/apps.js';
import { type Api, descendants, Platform } from '../test/e2e/platform.js';
import { cpuMs, type Measured, quantile, report } from './frame.js';

const STARTS = 30;
const JOBS = 400;
const WAITING = 16;
const LAUNCHES = 15;

const UNITS = ['p50 ms', 'p95 ms', 'jobs/s', 'platform CPU ms/job'];
const row = (measured: Measured): Measured =>
  Object.fromEntries(UNITS.map((unit) => [unit, measured[unit] ?? Number.NaN]));

const times = (values: readonly number[]): Measured => {
  const sorted = [...values].sort((a, b) => a - b);
  return row({ 'p50 ms': quantile(sorted, 0.5), 'p95 ms': quantile(sorted, 0.95) });
};

const now = (): number => performance.timeOrigin + performance.now();

/** What one open socket tells: a subscription to everything that happens to jobs or to one session. */
const listen = (api: Api) =>
  createClient({
    url: `${api.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { token: api.token },
    lazy: false,
  });

/** Tells when a job has ended. */
class Ends {
  private readonly waiting = new Map<string, () => void>();
  private readonly client;

  constructor(api: Api) {
    this.client = listen(api);
    this.client.subscribe<{ jobsChanged: { id: string; endedAt: number | null } }>(
      { query: 'subscription { jobsChanged { id endedAt } }' },
      {
        next: ({ data }) => {
          if (data && data.jobsChanged.endedAt !== null) this.waiting.get(data.jobsChanged.id)?.();
        },
        error: (error) => console.error(error),
        complete: () => undefined,
      },
    );
  }

  of(id: string): Promise<void> {
    return new Promise((resolve) => this.waiting.set(id, resolve));
  }

  close = () => this.client.dispose();
}

const SUBMIT = `mutation ($input: SubmitJob!, $commandId: ID!) {
  submitJob(input: $input, commandId: $commandId) { ... on Job { id } ... on Refusal { message } } }`;

const solved = async (api: Api, ends: Ends, input: object): Promise<string> => {
  const commandId = randomUUID();
  const ended = ends.of(commandId); // a job has the id of the command that made it
  const { submitJob } = await api.ask<{ submitJob: { id?: string; message?: string } }>(SUBMIT, {
    input,
    commandId,
  });
  if (submitJob.id === undefined) throw new Error(submitJob.message);
  await ended;
  return commandId;
};

/** From the request to the first line of the model's procedure, which writes down the time. */
const startOf = async (api: Api, ends: Ends): Promise<number> => {
  const asked = now();
  const id = await solved(api, ends, { app: 'clock', procedure: 'solve' });
  const { job } = await api.ask<{ job: { state: string; result: { table: { rows: [number][] } } } }>(
    'query ($id: ID!) { job(id: $id) { state error { code message } log { text } result { table(identifier: "Out") { rows } } } }',
    { id },
  );
  if (!job.result) throw new Error(JSON.stringify(job));
  return (job.result.table.rows[0]?.[0] ?? Number.NaN) - asked;
};

const throughput = async (api: Api, ends: Ends, platform: Platform): Promise<Measured> => {
  const children = descendants(platform.launcherPid);
  const postgres = children.find(({ command }) => /postgres.* -D /.test(command))?.pid ?? 0;
  const cpu = () => cpuMs(platform.serverPid, { alone: true }) + cpuMs(postgres);
  const before = cpu();
  const started = now();
  let left = JOBS;
  const caller = async () => {
    while (left-- > 0) await solved(api, ends, { app: 'trivial', procedure: 'solve' });
  };
  await Promise.all(Array.from({ length: WAITING }, caller));
  return row({
    'jobs/s': JOBS / ((now() - started) / 1000),
    'platform CPU ms/job': (cpu() - before) / JOBS,
  });
};

/** From the click to the first window of data, as the portal asks for it. */
const launch = async (api: Api): Promise<number> => {
  const client = listen(api);
  const asked = now();
  const { id } = await api.change<{ id: string }>(
    'launchSession',
    '$app: String!',
    { app: 'supply-network' },
    '... on Session { id }',
  );
  const changes = client.iterate<{ sessionChanged: { session: { state: string } } }>({
    query: 'subscription ($id: ID!) { sessionChanged(id: $id) { session { state } } }',
    variables: { id },
  });
  for await (const { data } of changes) if (data?.sessionChanged.session.state === 'READY') break;
  await api.ask(
    'query ($id: ID!) { session(id: $id) { data(identifier: "Demand", limit: 100) { total rows } } }',
    {
      id,
    },
  );
  const ms = now() - asked;
  await client.dispose();
  await api.change('endSession', '$id: ID!', { id }, '... on Session { id }');
  return ms;
};

const repeat = async (count: number, once: () => Promise<number>): Promise<number[]> => {
  const all: number[] = [];
  for (let n = 0; n < count; n += 1) all.push(await once());
  return all;
};

const platform = new Platform(mkdtempSync(path.join(process.cwd(), 'bench/node_modules/.data-')));
await platform.start();
try {
  const api = await platform.signIn();
  const author = await Author.of(api);
  await author.trust();
  await author.app('clock', solving('data.Out.value = performance.timeOrigin + performance.now();'));
  await author.app('trivial', solving('data.Out.value = data.In.value + 1;'));
  const ends = new Ends(api);
  await throughput(api, ends, platform); // compiled, connected, planned; engine processes warm
  await repeat(3, () => launch(api));
  await report({
    name: 'solve',
    title: 'From a click to the solver and to the data, over the API',
    about:
      'One server with two slots as `npm start` starts it, PostgreSQL with fsync, everything over GraphQL from another ' +
      `process. Submit: one job at a time, from the request until the model's procedure runs in its process. Jobs: ` +
      `${WAITING} callers, each submits a job that does nothing else and waits for its end (input, process, result case, ` +
      'three events each); CPU is that of server and PostgreSQL without the engine processes. Launch: from the request ' +
      'over READY on the subscription to the first window of Supply network, one after the other. No peer has these; ' +
      'JupyterHub needs 158 ms to start a trivial server, AIMMS 5 to 8 s from submit to solver.',
    rounds: 5,
    contestants: [
      {
        name: '**Submit → model runs**',
        measure: async () => times(await repeat(STARTS, () => startOf(api, ends))),
      },
      { name: `**Trivial jobs, ${WAITING} waiting**`, measure: () => throughput(api, ends, platform) },
      {
        name: '**Launch → first data**',
        measure: async () => times(await repeat(LAUNCHES, () => launch(api))),
      },
    ],
  });
  await ends.close();
} finally {
  await platform.remove();
}
process.exit();
