import v8 from 'node:v8';
import vm from 'node:vm';
import type { NodeEvent } from '../libs/cluster/src/node.js';
import { type Recorded } from '../libs/eventstore/src/event-store.js';
import { decode } from '../libs/eventstore/src/record.js';
import type { JobEvent } from '../libs/jobs/src/job.js';
import { decidePlacements } from '../libs/jobs/src/placement.js';
import { NO_POLICY, type Policy, type QueuePolicyEvent } from '../libs/jobs/src/queue-policy.js';
import { emptyQueue, evolveQueue, type Queue } from '../libs/jobs/src/queue.js';
import { get, values } from '../libs/jobs/src/sorted-map.js';
import { uuidv5 } from '../libs/kernel/src/index.js';
import { aRequest } from '../libs/jobs/src/request.fixture.js';
import { type Measured, quantile, report } from './frame.js';

const WAITING = 10_000;
const SERVERS = 200;
const SLOTS = 8;
const SITES = 10;
const DECISIONS = 200;
const RULES = 50;
const PROFILES = 20;
const OWNERS = 100;
const APPS = 25;
const NOW = 1_800_000_000_000;
const NAMES = '5d0ea1c1-6a0f-4d3c-9f0b-0f7f2c1b7a64';

type Happened = JobEvent | NodeEvent | QueuePolicyEvent;

let count = 0;
const recorded = (stream: string, event: Happened): Recorded =>
  decode(++count, stream, 1, 1_790_000_000_000 + count, JSON.stringify({ event }));

const job = (n: number): string => uuidv5(NAMES, `job ${n}`);
const server = (n: number): string => uuidv5(NAMES, `server ${n % SERVERS}`);

const queued = (n: number, labels: readonly string[]): Recorded =>
  recorded(`job-${job(n)}`, {
    type: 'JobQueued',
    ...aRequest,
    owner: NAMES,
    priority: 100 + (n % 7),
    labels,
  });
const started = (n: number): Recorded =>
  recorded(`job-${job(n)}`, { type: 'JobStarted', attempt: 1, node: server(n), nodeEpoch: 1 });
const policy: Policy = {
  ...NO_POLICY,
  rules: Array.from({ length: RULES }, (_, n) => ({
    user: `user-${n}*`,
    app: `app-${n % APPS}`,
    priority: n + 1,
  })),
  limits: [
    { per: 'user', pattern: '*', running: 40 },
    { per: 'app', pattern: 'app-1*', running: 150 },
    { per: 'group', pattern: 'auditor', running: 500 },
    { per: 'server', pattern: 'server-1*', running: SLOTS - 1 },
  ],
  profiles: Array.from({ length: PROFILES }, (_, n) => ({
    name: `profile-${n}`,
    capacity: 20 + n * 5,
    memoryMiB: 1024 * (1 + (n % 4)),
    cores: 1 + (n % 3),
  })),
  fair: true,
};

/** Each job of somebody, of an app and under a profile. */
const queuedUnder = (n: number): Recorded =>
  recorded(`job-${job(n)}`, {
    type: 'JobQueued',
    ...aRequest,
    app: { ...aRequest.app, name: `app-${n % APPS}` },
    owner: `owner-${n % OWNERS}`,
    ownerName: `user-${n % OWNERS}`,
    groups: n % 3 === 0 ? ['user', 'auditor'] : ['user'],
    priority: 100 + (n % 7),
    profile: `profile-${n % PROFILES}`,
  });

/** 10,000 jobs wait under a policy; what can run of those before them does, or nothing. */
const governed = ({ running }: { running: boolean }): Queue => {
  const servers = filled({
    running: false,
    sites: SITES,
    waiting: 0,
    more: { memoryMiB: 16_384, cores: 16 },
  });
  let queue = evolveQueue(servers, recorded('queue-policy', { type: 'QueuePolicySet', policy, reason: '' }));
  for (let n = 0; n < WAITING; n++) queue = evolveQueue(queue, queuedUnder(n));
  if (!running) return queue;
  const first = decidePlacements(queue, NOW);
  ({ queue } = first);
  for (const { job: id, ...start } of first.placements)
    queue = evolveQueue(queue, recorded(`job-${id}`, { type: 'JobStarted', ...start }));
  for (let n = 0; n < first.placements.length; n++) queue = evolveQueue(queue, queuedUnder(WAITING + n));
  return queue;
};

const ended = (n: number): Recorded => {
  const of = { environment: 'ROOT', owner: NAMES, app: 'supply-network', version: '1.0.0', title: 'solve' };
  const at = { attempt: 1, node: server(n), nodeEpoch: 1 };
  return recorded(`job-${job(n)}`, { type: 'JobCancelled', ...at, of, reason: '' });
};

/** 10,000 jobs wait; before them run as many as there are slots, or none. */
const filled = ({
  running,
  sites,
  waiting = WAITING,
  more = {},
}: {
  running: boolean;
  sites: number;
  waiting?: number;
  more?: object;
}): Queue => {
  const events: Recorded[] = [];
  for (let n = 0; n < SERVERS; n++)
    events.push(
      recorded(`node-${server(n)}`, {
        type: 'NodeJoined',
        epoch: 1,
        name: `server-${n}`,
        roles: ['pro'],
        slots: SLOTS,
        version: '1',
        isolation: 'none',
        labels: [`site=${n % SITES}`],
        ...more,
      }),
    );
  const first = running ? SERVERS * SLOTS : 0;
  for (let n = 0; n < first; n++) events.push(queued(n, []), started(n));
  for (let n = first; n < first + waiting; n++)
    events.push(queued(n, sites > 0 ? [`site=${n % sites}`] : []));
  return events.reduce(evolveQueue, emptyQueue);
};

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc') as () => void;

const heapMiB = (): number => {
  collect();
  return process.memoryUsage().heapUsed / 1024 / 1024;
};

/** Milliseconds of each step, and what of its memory stays. */
const timed = (steps: number, perStep: number, step: (n: number) => void): Measured => {
  for (let n = 0; n < 20; n++) step(n);
  const before = heapMiB();
  const times: number[] = [];
  for (let n = 0; n < steps; n++) {
    const began = performance.now();
    step(n);
    times.push((performance.now() - began) / perStep);
  }
  times.sort((a, b) => a - b);
  return {
    'p50 ms': quantile(times, 0.5),
    'p99 ms': quantile(times, 0.99),
    'longest ms': times.at(-1) ?? Number.NaN,
    'MiB kept': Math.max(0, heapMiB() - before),
  };
};

/** The busy leader's step: one job ends, one decision puts the next in its place, one start is seen. */
const following = (): Measured => {
  const start = filled({ running: true, sites: 0 });
  let queue = start;
  return timed(DECISIONS, 1, (n) => {
    if (n === 0) queue = start;
    const { queue: after, placements } = decidePlacements(evolveQueue(queue, ended(n)), NOW);
    if (placements.length !== 1) throw new Error(`${placements.length} placements for one free slot`);
    queue = after;
  });
};

const evolving = (): Measured => {
  const queue = filled({ running: true, sites: 0 });
  const events = Array.from({ length: 1000 }, (_, n) =>
    n % 2 === 0 ? ended(n) : queued(WAITING * 2 + n, []),
  );
  return timed(DECISIONS, events.length, () => void events.reduce(evolveQueue, queue));
};

const deciding = (queue: Queue, expected: number) => (): Measured =>
  timed(DECISIONS, 1, () => {
    const { placements } = decidePlacements(queue, NOW);
    if (placements.length !== expected)
      throw new Error(`${placements.length} placements, expected ${expected}`);
  });

/** As `following`, where every start is by the policy: what ends makes room for somebody, or for nobody. */
const followingPolicy = (): Measured => {
  const start = governed({ running: true });
  let queue = start;
  let running: string[] = [];
  return timed(DECISIONS, 1, (n) => {
    if (n === 0) {
      queue = start;
      running = [...values(start.jobs)].filter(({ place }) => place !== null).map(({ job }) => job);
    }
    const id = running.shift() ?? '';
    const entry = get(queue.jobs, id);
    const of = { environment: 'ROOT', owner: NAMES, app: 'app', version: '1.0.0', title: 'solve' };
    const at = { attempt: 1, node: entry?.place?.node ?? '', nodeEpoch: 1 };
    const end = recorded(`job-${id}`, { type: 'JobCancelled', ...at, of, reason: '' });
    const { queue: after, placements } = decidePlacements(evolveQueue(queue, end), NOW + n);
    running.push(...placements.map((placement) => placement.job));
    queue = after;
  });
};

/** Why a page of jobs waits, and at which place each: what 200 rows of a list ask the leader for. */
const explaining = (): Measured => {
  const { waiting, queue } = decidePlacements(governed({ running: true }), NOW);
  const jobs = [...values(queue.waiting)].map(({ job }) => job);
  return timed(DECISIONS, 1, (n) => {
    for (let i = 0; i < 200; i++) {
      const id = jobs[(n * 200 + i) % jobs.length] ?? '';
      if (!waiting.get(id, NOW + n) || !waiting.place(id)) throw new Error('a job waits for no reason');
    }
  });
};

const changingPolicy = (): Measured => {
  const queue = governed({ running: true });
  const set = recorded('queue-policy', {
    type: 'QueuePolicySet',
    policy: { ...policy, fair: false },
    reason: '',
  });
  return timed(DECISIONS / 4, 1, () => void evolveQueue(queue, set));
};

const all = SERVERS * SLOTS;
await report({
  name: 'placement',
  title: `Scheduler: ${WAITING.toLocaleString('en')} waiting jobs, ${SERVERS} servers with ${SLOTS} slots`,
  about:
    'One decision of the scheduler in memory, as the leader makes it after every batch of events; the queue is a ' +
    'value, so each decision also makes the queue that has its placements in it. "MiB kept" is the heap after ' +
    `${DECISIONS} decisions and a collection, less that before.`,
  rounds: 5,
  contestants: [
    {
      name: `**Every slot free**: ${all.toLocaleString('en')} placements`,
      measure: async () => deciding(filled({ running: false, sites: 0 }), all)(),
    },
    {
      name: `Every slot free, every job asks for one of ${SITES} labels`,
      measure: async () => deciding(filled({ running: false, sites: SITES }), all)(),
    },
    {
      name: '**Every slot taken**, one becomes free: 1 placement',
      measure: async () => following(),
    },
    {
      name: 'Every slot taken: no placement',
      measure: async () => deciding(filled({ running: true, sites: 0 }), 0)(),
    },
    { name: 'The queue after one more event', measure: async () => evolving() },
    {
      name: `**${RULES} rules, ${PROFILES} profiles, ${policy.limits.length} limits, fair to ${OWNERS} owners**: every slot free`,
      measure: async () => {
        const queue = governed({ running: false });
        return deciding(queue, decidePlacements(queue, NOW).placements.length)();
      },
    },
    { name: 'Under that policy, one job ends', measure: async () => followingPolicy() },
    {
      name: 'Under that policy, no placement',
      measure: async () => deciding(governed({ running: true }), 0)(),
    },
    { name: 'Reason and place of 200 jobs that wait', measure: async () => explaining() },
    { name: 'The queue after another policy', measure: async () => changingPolicy() },
  ],
});
