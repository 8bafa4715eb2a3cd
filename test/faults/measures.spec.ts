import { expect, it } from '@jest/globals';
import type { HistoryEntry } from './history.js';
import type { LogEvent } from './log-watch.js';
import { measure, quantile } from './measures.js';

/** The harness's clock is a thousand behind. */
const begin: HistoryEntry = {
  ...{ at: 0, kind: 'begin', seed: 1, commit: 'abc', faults: 1, jobs: 1, servers: 2, slots: 1, wall: 1000 },
};

let position = 0;
const event = (
  at: number,
  stream: string,
  type: string,
  data: object = {},
  epoch: number | null = null,
): LogEvent => ({
  ...{ position: (position += 1), at, stream, type, data: data as LogEvent['data'], epoch },
});

const on = (node: string, attempt: number) => ({ node, nodeEpoch: 1, attempt });

const killed = (at: number, what: string, where: string): HistoryEntry => ({
  ...{ at, kind: 'fault', fault: 1, is: 'F01', what, where: [where], ms: 0 },
});

const joined = event(1000, 'node-n1', 'NodeJoined', { name: 'server-1', epoch: 1 });

it('measures from the end of a leader to the first job that the next one starts', () => {
  const log = [
    event(1000, 'leadership-cluster', 'LeaderElected', { node: 'n1', epoch: 1 }, 1),
    event(1400, 'job-a', 'JobStarted', on('n2', 1), 1),
    event(1900, 'job-b', 'JobStarted', on('n2', 1), 1), // was on its way
    event(3000, 'leadership-cluster', 'LeaderElected', { node: 'n2', epoch: 2 }, 2),
    event(3200, 'job-c', 'JobStarted', on('n2', 1), 2),
  ];
  const kill = killed(500, 'leader', 'server-1');
  expect(measure([begin, kill], log)).toMatchObject({ failover: [1700], failoverAlone: [1700] });
  const cut: HistoryEntry[] = [
    { at: 1000, kind: 'fault', fault: 2, is: 'F05', what: 'restart', where: ['postgres'], ms: 0 },
    { at: 1100, kind: 'fault-end', fault: 2, is: 'F05' },
  ];
  expect(measure([begin, kill, ...cut], log)).toMatchObject({ failover: [1700], failoverAlone: [] });
});

it('measures from the end of a server until each of its jobs is back in the queue', () => {
  const log = [
    joined,
    event(1100, 'job-a', 'JobStarted', on('n1', 1)),
    event(1200, 'job-b', 'JobStarted', on('n1', 1)),
    event(1300, 'job-c', 'JobStarted', on('n2', 1)),
    event(1400, 'job-b', 'JobCompleted', on('n1', 1)),
    event(5500, 'job-a', 'JobRequeued', { ...on('n1', 1), reason: 'node-lost' }),
    event(5550, 'job-d', 'JobRequeued', { ...on('n1', 1), reason: 'node-lost' }), // given to it after its end
    event(5600, 'job-c', 'JobRequeued', { ...on('n2', 1), reason: 'drained' }),
  ];
  const { requeue, requeues } = measure([begin, killed(500, 'server', 'server-1')], log);
  expect(requeue).toEqual([4000, 4050]);
  expect(requeues).toEqual(
    new Map([
      ['node-lost', 2],
      ['drained', 1],
    ]),
  );
});

it('tells apart what was requeued while nothing else was struck', () => {
  const log = [
    joined,
    event(1000, 'node-n2', 'NodeJoined', { name: 'server-2', epoch: 1 }),
    event(1050, 'leadership-cluster', 'LeaderElected', { node: 'n2', epoch: 1 }, 1),
    event(1100, 'job-a', 'JobStarted', on('n1', 1)),
    event(5500, 'job-a', 'JobRequeued', { ...on('n1', 1), reason: 'node-lost' }),
  ];
  const struck = (is: 'F06' | 'F05' | 'F17', where: string, at = 2000): HistoryEntry[] => [
    { at, kind: 'fault', fault: 2, is, what: 'blow', where: [where], ms: 0 },
    { at: at + 100, kind: 'fault-end', fault: 2, is },
  ];
  const of = (...others: HistoryEntry[]) =>
    measure([begin, killed(500, 'server', 'server-1'), ...others], log);
  expect(of()).toMatchObject({ requeue: [4000], requeueAlone: [4000], charged: 1 });
  expect(of(...struck('F06', 'server-3'))).toMatchObject({ requeueAlone: [4000] });
  expect(of(...struck('F06', 'server-2'))).toMatchObject({ requeue: [4000], requeueAlone: [] }); // who leads
  expect(of(...struck('F05', 'postgres'))).toMatchObject({ requeue: [4000], requeueAlone: [] });
  expect(of(...struck('F05', 'postgres', 6000))).toMatchObject({ requeueAlone: [4000] });
  expect(of(...struck('F17', 'postgres'))).toMatchObject({ requeue: [] }); // nobody knows
});

it('counts what was lost, what ended twice, and healthy jobs without an attempt left', () => {
  const sent = { server: 'server-1', sender: 0, does: 'submitJob' as const };
  const history: HistoryEntry[] = [begin];
  for (const [id, job] of [
    ['a', 'trivial'],
    ['b', 'trivial'],
    ['c', 'trivial'],
    ['d', 'descriptors'],
  ] as const) {
    history.push({ at: 1, kind: 'submit', command: id, job, ...sent });
    history.push({ at: 2, kind: 'ack', command: id, id, ...sent });
  }
  const crashed = { error: { code: 'AttemptCrashed', message: '' } };
  const log = [
    event(1, 'job-a', 'JobQueued'),
    event(2, 'job-b', 'JobCompleted'),
    event(3, 'job-b', 'JobCancelled'),
    event(4, 'job-c', 'JobAbandoned'),
    event(5, 'job-d', 'JobFailed', crashed),
  ];
  expect(measure(history, log)).toMatchObject({ acknowledged: 4, lost: 1, double: 1, exhausted: 1 });
});

it('finds the longest time in which nobody was answered, not that in which nobody asked', () => {
  const about = { does: 'submitJob' as const, server: 'server-1', sender: 0 };
  const history: HistoryEntry[] = [
    begin,
    { at: 100, kind: 'submit', command: 'a', ...about },
    { at: 150, kind: 'ack', command: 'a', id: 'a', ...about },
    { at: 9000, kind: 'submit', command: 'b', ...about },
    { at: 9100, kind: 'unknown', command: 'b', error: 'reset', ...about },
    { at: 9400, kind: 'submit', command: 'b', ...about },
    { at: 9500, kind: 'ack', command: 'b', id: 'b', ...about },
  ];
  expect(measure(history, []).outage).toBe(500);
});

it('takes quantiles', () => {
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(3);
  expect(quantile([1], 0.99)).toBe(1);
  expect(quantile([], 0.5)).toBeNaN();
});
