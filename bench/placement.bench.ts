import v8 from 'node:v8';
import vm from 'node:vm';
import type { NodeEvent } from '../libs/cluster/src/node.js';
import { type Recorded } from '../libs/eventstore/src/event-store.js';
import { decode } from '../libs/eventstore/src/record.js';
import type { JobEvent } from '../libs/jobs/src/job.js';
import { decidePlacements } from '../libs/jobs/src/placement.js';
import { emptyQueue, evolveQueue, type Queue } from '../libs/jobs/src/queue.js';
import { uuidv5 } from '../libs/kernel/src/index.js';
import { type Measured, quantile, report } from './frame.js';
import { aRequest } from '../libs/jobs/src/request.fixture.js';

const WAITING = 10_000;
const SERVERS = 200;
const SLOTS = 8;
const SITES = 10;
const DECISIONS = 200;
const NOW = 1_800_000_000_000;
const NAMES = '5d0ea1c1-6a0f-4d3c-9f0b-0f7f2c1b7a64';

type Happened = JobEvent | NodeEvent;

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
const ended = (n: number): Recorded => {
  const of = { environment: 'ROOT', owner: NAMES, app: 'supply-network', version: '1.0.0', title: 'solve' };
  const at = { attempt: 1, node: server(n), nodeEpoch: 1 };
  return recorded(`job-${job(n)}`, { type: 'JobCancelled', ...at, of, reason: '' });
};

/** 10,000 jobs wait; before them run as many as there are slots, or none. */
const filled = ({ running, sites }: { running: boolean; sites: number }): Queue => {
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
      }),
    );
  const first = running ? SERVERS * SLOTS : 0;
  for (let n = 0; n < first; n++) events.push(queued(n, []), started(n));
  for (let n = first; n < first + WAITING; n++)
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
  ],
});
