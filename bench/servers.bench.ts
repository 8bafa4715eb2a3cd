import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { Author, solving } from '../test/e2e/apps.js';
import { Api, descendants, Platform } from '../test/e2e/platform.js';
import { cpuMs, type Measured, quantile, report } from './frame.js';

const JOBS = 1000;
/** Of each server: its code is compiled while it runs first. */
const WARM_UP = 200;
const CALLERS = 16;
/** Of all servers together, so that as many jobs run at once in each contest. */
const SLOTS = 8;

const SUBMIT = `mutation ($input: SubmitJob!, $commandId: ID!) {
  submitJob(input: $input, commandId: $commandId) { ... on Job { id } ... on Refusal { message } } }`;

/** Tells when a job has ended, whichever server it ran on. */
const endsOf = (api: Api) => {
  const waiting = new Map<string, () => void>();
  const client = createClient({
    url: `${api.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { token: api.token },
    lazy: false,
  });
  client.subscribe<{ jobsChanged: { id: string; endedAt: number | null } }>(
    { query: 'subscription { jobsChanged { id endedAt } }' },
    {
      next: ({ data }) => {
        if (data && data.jobsChanged.endedAt !== null) waiting.get(data.jobsChanged.id)?.();
      },
      error: (error) => console.error(error),
      complete: () => undefined,
    },
  );
  return {
    of: (id: string) => new Promise<void>((resolve) => waiting.set(id, resolve)),
    close: () => client.dispose(),
  };
};

/** Processor time of the servers and of PostgreSQL, without the engine processes. */
const platformCpu = (platform: Platform, servers: number) => {
  const postgres = descendants(platform.launcherPid).find(({ command }) => /postgres.* -D /.test(command));
  const pids = Array.from({ length: servers }, (_, n) => {
    const folder = n === 0 ? platform.dataDir : path.join(platform.dataDir, `server-${n + 1}`);
    return (JSON.parse(readFileSync(path.join(folder, 'server.json'), 'utf8')) as { pid: number }).pid;
  });
  return () => ({
    servers: pids.reduce((sum, pid) => sum + cpuMs(pid, { alone: true }), 0),
    postgres: cpuMs(postgres?.pid),
  });
};

const through = async (
  apis: readonly Api[],
  ends: ReturnType<typeof endsOf>,
  jobs: number,
): Promise<{ seconds: number; visible: number[] }> => {
  const visible: number[] = [];
  const began = performance.now();
  let next = 0;
  const caller = async (): Promise<void> => {
    for (let n = next++; n < jobs; n = next++) {
      const commandId = randomUUID();
      const ended = ends.of(commandId); // a job has the id of the command that made it
      const asked = performance.now();
      const { submitJob } = await (apis[n % apis.length] as Api).ask<{
        submitJob: { id?: string; message?: string };
      }>(SUBMIT, { input: { app: 'trivial', procedure: 'solve' }, commandId });
      visible.push(performance.now() - asked);
      if (submitJob.id === undefined) throw new Error(submitJob.message);
      await ended;
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return { seconds: (performance.now() - began) / 1000, visible: visible.sort((a, b) => a - b) };
};

const measure = async (servers: number): Promise<Measured> => {
  const folder = mkdtempSync(path.join(process.cwd(), 'bench/node_modules/.data-'));
  const args = ['--servers', String(servers), '--slots', String(SLOTS / servers)];
  const platform = new Platform(folder, args);
  await platform.start();
  try {
    const first = await platform.signIn();
    const others = [...(/The same at: +(.+)/.exec(platform.output)?.[1]?.split(', ') ?? [])];
    const apis = [first, ...others.map((url) => new Api(url.trim(), first.token))];
    if (apis.length !== servers) throw new Error(`${apis.length} addresses of ${servers} servers`);
    const author = await Author.of(first);
    await author.trust();
    await author.app('trivial', solving('data.Out.value = data.In.value + 1;'));
    const ends = endsOf(first);
    await through(apis, ends, WARM_UP * servers);
    const cpu = platformCpu(platform, servers);
    const before = cpu();
    const { seconds, visible } = await through(apis, ends, JOBS);
    const after = cpu();
    await ends.close();
    return {
      'jobs/s': JOBS / seconds,
      'listed p50 ms': quantile(visible, 0.5),
      'listed p99 ms': quantile(visible, 0.99),
      'servers CPU ms/job': (after.servers - before.servers) / JOBS,
      'PostgreSQL CPU ms/job': (after.postgres - before.postgres) / JOBS,
    };
  } finally {
    await platform.remove();
  }
};

await report({
  name: 'servers',
  title: 'Jobs through one, two and four servers on one machine',
  about:
    `${JOBS} jobs that do nothing, over the API, from ${CALLERS} callers that take the servers in turn and wait for the end ` +
    `of each job, after ${WARM_UP} others of each server. ${SLOTS} slots in all, whatever the number of servers; one PostgreSQL with fsync. "Listed" is the time until ` +
    'submitJob answers, which it does when the job stands in the list that the asked server reads. All servers share the ' +
    'two cores of this machine with PostgreSQL and the engine processes, so more servers cannot be faster here.',
  rounds: 3,
  contestants: [1, 2, 4].map((servers) => ({
    name: `**${servers} ${servers === 1 ? 'server' : 'servers'}**`,
    measure: () => measure(servers),
  })),
});
process.exit();
