import { mkdtempSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Author, solving } from '../test/e2e/apps.js';
import { Api, descendants, isAlive, Platform } from '../test/e2e/platform.js';
import { type Measured, quantile, report } from './frame.js';

/** Kills per line: `FAILOVER_KILLS=100 npm run bench -- failover` for a p99 that deserves the name. */
const KILLS = Number(process.env['FAILOVER_KILLS'] ?? 10);
const SERVERS = 3;
/** Longer than the 5 s after which a silent server is dead. */
const PAUSE_MS = 15_000;
const SUBMIT_EVERY_MS = 50;
/** The launcher gives up a server that ends six times within a minute. */
const PACE_MS = 12_000;

interface Node {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly epoch: number;
  readonly leader: boolean;
}

interface Happened {
  readonly type: string;
  readonly stream: string;
  readonly data: { readonly node?: string; readonly epoch?: number };
}

const platform = new Platform(mkdtempSync(path.join(process.cwd(), 'bench/node_modules/.data-')), [
  ...['--servers', String(SERVERS), '--no-examples'],
]);

const serverOf = ({ name }: Node): { pid: number; url: string } => {
  const folder = name === 'server-1' ? platform.dataDir : path.join(platform.dataDir, name);
  return JSON.parse(readFileSync(path.join(folder, 'server.json'), 'utf8')) as never;
};

const nodes = async (api: Api): Promise<Node[]> =>
  (await api.ask<{ nodes: { nodes: Node[] } }>('{ nodes { nodes { id name state epoch leader } } }')).nodes
    .nodes;

const submit = async (api: Api, app: string): Promise<string> =>
  (
    await api.change<{ id: string }>(
      'submitJob',
      '$input: SubmitJob!',
      { input: { app, procedure: 'solve' } },
      '... on Job { id }',
    )
  ).id;

/** Resolves with the moment at which the log, as another server shows it, has what was waited for. */
const when = async (api: Api, types: string[], wanted: (event: Happened) => boolean): Promise<number> => {
  await api.until<{ events: Happened }>(
    'subscription($types: [String!]) { events(types: $types) { type stream data } }',
    { types },
    ({ events }) => wanted(events),
  );
  return performance.now();
};

/** Serves with the life that is the last one in the log. */
const isUp = async (node: Node): Promise<boolean> => {
  const { pid, url } = serverOf(node);
  const answers = async () => (await fetch(`${url}/health`)).status > 0;
  return node.state === 'joined' && isAlive(pid) && (await answers().catch(() => false));
};

const allUp = async (api: Api, since?: Node): Promise<Node[]> => {
  for (;;) {
    const all = await nodes(api).catch(() => []);
    const back = !since || all.some(({ id, epoch }) => id === since.id && epoch > since.epoch);
    const up = await Promise.all(all.map(isUp));
    if (back && all.length === SERVERS && up.every(Boolean)) return all;
    await delay(100);
  }
};

/** All servers take part; the one to be hit, and a way to ask one that is not. */
const target = async (api: Api, hit: (node: Node) => boolean) => {
  for (;;) {
    const all = await allUp(api);
    const victim = all.find(hit);
    const other = all.find((node) => node.id !== victim?.id);
    if (victim && other) return { victim, through: new Api(serverOf(other).url, api.token) };
    await delay(100);
  }
};

const leaderKilled = async (api: Api): Promise<number> => {
  const { victim, through } = await target(api, ({ leader }) => leader);
  let working = true;
  const work = (async () => {
    while (working) {
      await submit(through, 'at-once').catch(() => undefined);
      await delay(SUBMIT_EVERY_MS);
    }
  })();
  let elected = false;
  const assigned = when(through, ['LeaderElected', 'JobStarted'], ({ type }) => {
    elected ||= type === 'cluster.LeaderElected';
    return elected && type === 'jobs.JobStarted';
  });
  await delay(1000 + Math.random() * 1000); // at any moment between two renewals
  const killed = performance.now();
  process.kill(serverOf(victim).pid, 'SIGKILL');
  const took = (await assigned) - killed;
  working = false;
  await work;
  await allUp(through, victim);
  return took;
};

/** A job that never ends, and the server that runs it. */
const endless = async (api: Api) => {
  const id = await submit(api, 'for-ever');
  for (;;) {
    const { job } = await api.ask<{ job: { attempts: { node: string }[] } }>(
      'query($id: ID!) { job(id: $id) { attempts { node } } }',
      { id },
    );
    const at = job.attempts.at(-1)?.node;
    if (at !== undefined) return { id, ...(await target(api, (node) => node.id === at)) };
    await delay(50);
  }
};

const terminate = (api: Api, id: string) =>
  api.change('terminateJob', '$id: ID!', { id }, '... on Job { state }');

const serverKilled = async (api: Api): Promise<number> => {
  const { id, victim, through } = await endless(api);
  const requeued = when(through, ['JobRequeued'], ({ stream }) => stream === `job-${id}`);
  await delay(1000 + Math.random() * 1000);
  const killed = performance.now();
  // Its launcher would start it again at once, and the new life would tell of the old one's end by itself.
  process.kill(platform.launcherPid, 'SIGSTOP');
  process.kill(serverOf(victim).pid, 'SIGKILL');
  const took = (await requeued) - killed;
  process.kill(platform.launcherPid, 'SIGCONT');
  await terminate(through, id);
  await allUp(through, victim);
  return took;
};

const serverPaused = async (api: Api): Promise<number> => {
  const { id, victim, through } = await endless(api);
  const { pid } = serverOf(victim);
  process.kill(pid, 'SIGSTOP');
  await delay(PAUSE_MS);
  const lost = descendants(pid).map((one) => one.pid);
  const resumed = performance.now();
  process.kill(pid, 'SIGCONT');
  while (lost.some(isAlive)) await delay(5);
  const took = performance.now() - resumed;
  await terminate(through, id);
  await allUp(through, victim);
  return took;
};

const measuring = (once: () => Promise<number>) => async (): Promise<Measured> => {
  const times: number[] = [];
  for (let n = 0; n < KILLS; n++) {
    const next = delay(PACE_MS);
    times.push((await once()) / 1000);
    await next;
  }
  times.sort((a, b) => a - b);
  return { 'p50 s': quantile(times, 0.5), 'p99 s': quantile(times, 0.99), times: times.length };
};

try {
  await platform.start();
  const first = await platform.signIn();
  const author = await Author.of(first);
  await author.trust();
  await platform.cli('key', 'trust');
  await platform.cli('engine', 'publish', path.join(process.cwd(), 'dist/engines/model-ts'));
  await author.app('at-once', solving('data.Out.value = 1;'));
  await author.app('for-ever', solving('await new Promise((resolve) => setTimeout(resolve, 1e8));'));
  // The first server may be the one that is hit: each time through one that lives.
  const api = () => new Api(platform.url, first.token);
  await report({
    name: 'failover',
    title: 'A server dies, or stands still',
    about:
      `${SERVERS} servers of one cluster and their PostgreSQL on one machine, with the default times (beat 1 s, dead after ` +
      '5 s, lease 1.5 s renewed every 0.4 s). *Leader killed*: SIGKILL to the first job that a new leader starts, with a ' +
      'job submitted every 50 ms. *Server killed*: SIGKILL of the server that runs a job, which stays down, to the ' +
      `job's return to the queue. *Server paused*: SIGSTOP for ${PAUSE_MS / 1000} s, then SIGCONT to the end of the last ` +
      'engine process it had. Stated by others: AIMMS PRO 60 s, Kubernetes 15 s for a leader; AIMMS PRO 60 s, Slurm 300 s, ' +
      'Kubernetes 350 s for a lost server.',
    rounds: 1,
    contestants: [
      { name: 'Leader killed: next assignment', measure: measuring(() => leaderKilled(api())) },
      { name: 'Server killed: job requeued', measure: measuring(() => serverKilled(api())) },
      { name: 'Server paused: its processes gone', measure: measuring(() => serverPaused(api())) },
    ],
  });
} finally {
  process.kill(platform.launcherPid, 'SIGCONT');
  await platform.remove();
}
process.exit();
