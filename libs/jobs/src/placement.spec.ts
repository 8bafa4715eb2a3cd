import { describe, expect, it } from '@jest/globals';
import type { NodeEvent } from '@openpro/cluster';
import { play, recorder } from '@openpro/kernel/testing';
import fc from 'fast-check';
import { job, type JobCommand, type JobEvent } from './job.js';
import { decidePlacements } from './placement.js';
import {
  ALONE_AFTER_LOSSES,
  emptyQueue,
  type Entry,
  evolveQueue,
  type Queue,
  queueFromRows,
  type Server,
  turnOf,
} from './queue.js';
import { values } from './sorted-map.js';

/** Before everything that happens here: no wait is worth telling. */
const NOW = 0;

const joined = (slots: number, epoch = 1, roles = ['pro'], more: object = {}): NodeEvent => ({
  type: 'NodeJoined',
  epoch,
  name: 'server',
  roles,
  slots,
  version: '0.1.0',
  isolation: 'plain process',
  ...more,
});
const having = (...labels: string[]): NodeEvent => joined(1, 1, ['pro'], { labels });
const draining = (epoch = 1): NodeEvent => ({
  type: 'NodeDrainStarted',
  epoch,
  reason: 'new disk',
  graceS: 300,
});
const resumed = (epoch = 1): NodeEvent => ({ type: 'NodeResumed', epoch });
const dead = (epoch = 1): NodeEvent => ({ type: 'NodeDeclaredDead', epoch, reason: 'no heartbeat' });

const submit = (priority = 100, labels: readonly string[] = []): JobCommand & { type: 'SubmitJob' } => ({
  type: 'SubmitJob',
  environment: 'ROOT',
  owner: 'ada',
  app: { name: 'cutting', version: '1.0.0', digest: 'a' },
  engine: { name: 'model-ts', version: '1.2.3', digest: 'e' },
  procedure: 'Solve',
  args: {},
  input: null,
  description: '',
  priority,
  session: null,
  timeLimit: null,
  gap: null,
  seed: null,
  ...(labels.length > 0 ? { labels } : {}),
});
const queued = (priority = 100): JobEvent => ({ ...submit(priority), type: 'JobQueued' });
const prioritized = (priority: number): JobEvent => ({ type: 'JobPrioritized', priority });
const asking = (...labels: string[]): JobEvent => ({ ...submit(100, labels), type: 'JobQueued' });
const started = (node: string, attempt = 1, nodeEpoch = 1): JobEvent => ({
  type: 'JobStarted',
  attempt,
  node,
  nodeEpoch,
});
const requeued = (nodeLost: number, node = 'n1'): JobEvent => ({
  type: 'JobRequeued',
  attempt: nodeLost || 1,
  node,
  nodeEpoch: 1,
  reason: nodeLost > 0 ? 'node-lost' : 'drained',
  nodeLost,
  ownCrash: 0,
});
const ended = (node: string): JobEvent => ({
  type: 'JobAbandoned',
  attempt: 1,
  node,
  nodeEpoch: 1,
  of: { environment: 'ROOT', owner: 'ada', app: 'cutting', version: '1.0.0', title: 'Solve' },
  reason: 'lost',
});

type Happened = readonly [stream: string, event: JobEvent | NodeEvent];

const queueAfter = (log: readonly Happened[], start: Queue = emptyQueue): Queue => {
  const record = recorder();
  return log.reduce((queue, [stream, event]) => evolveQueue(queue, record(stream, event)), start);
};
const placementsAfter = (...log: readonly Happened[]): string[] =>
  decidePlacements(queueAfter(log), NOW).placements.map(
    ({ job, node, nodeEpoch }) => `${job} on ${node}:${nodeEpoch}`,
  );

const allOf = (queue: Queue): readonly Entry[] => [...values(queue.jobs)];

describe('placement', () => {
  it('starts the older of two jobs first, and one of higher priority before both', () => {
    const two: Happened[] = [
      ['node-n1', joined(1)],
      ['job-a', queued()],
      ['job-b', queued()],
    ];
    expect(placementsAfter(...two)).toStrictEqual(['a on n1:1']);
    expect(placementsAfter(['job-z', queued(200)], ...two)).toStrictEqual(['a on n1:1']);
    expect(
      placementsAfter(['job-y', queued(1000)], ['job-z', queued(200)], ['node-n1', joined(1)]),
    ).toStrictEqual(['z on n1:1']);
  });

  it('starts in the order of the priorities as they are now', () => {
    const log: Happened[] = [
      ['job-a', queued()],
      ['job-b', queued()],
      ['job-c', queued()],
      ['node-n1', joined(1)],
    ];
    expect(placementsAfter(...log, ['job-a', prioritized(200)])).toStrictEqual(['b on n1:1']);
    expect(placementsAfter(...log, ['job-c', prioritized(1)])).toStrictEqual(['c on n1:1']);
    expect(placementsAfter(...log, ['job-c', prioritized(1)], ['job-c', prioritized(100)])).toStrictEqual([
      'a on n1:1',
    ]);
  });

  it('starts what was requeued before others of its priority, not before higher ones', () => {
    const log: Happened[] = [
      ['node-n1', joined(1)],
      ['job-old', queued()],
      ['job-lost', queued()],
      ['job-lost', started('n9')],
      ['job-lost', requeued(1, 'n9')],
    ];
    expect(placementsAfter(...log)).toStrictEqual(['lost on n1:1']);
    expect(placementsAfter(['job-low', queued(500)], ['job-low', requeued(1)], ...log)).toStrictEqual([
      'lost on n1:1',
    ]);
  });

  it('spreads jobs: each goes where most slots are free', () =>
    expect(
      placementsAfter(
        ['node-n1', joined(2)],
        ['node-n2', joined(3)],
        ['job-a', queued()],
        ['job-b', queued()],
        ['job-c', queued()],
      ).sort(),
    ).toStrictEqual(['a on n2:1', expect.stringMatching(/^b on n/), expect.stringMatching(/^c on n/)]));

  it('uses no server that is gone, or that runs no jobs', () => {
    expect(placementsAfter(['node-n1', joined(1)], ['node-n1', dead()], ['job-a', queued()])).toStrictEqual(
      [],
    );
    expect(
      placementsAfter(
        ['node-n1', joined(1)],
        ['node-n1', { type: 'NodeLeft', epoch: 1 }],
        ['job-a', queued()],
      ),
    ).toStrictEqual([]);
    expect(placementsAfter(['node-n1', joined(1, 1, ['portal'])], ['job-a', queued()])).toStrictEqual([]);
  });

  it('uses the next life of a server, though the end of the former is told late', () =>
    expect(
      placementsAfter(
        ['node-n1', joined(1, 1)],
        ['node-n1', joined(1, 2)],
        ['node-n1', dead(1)],
        ['job-a', queued()],
      ),
    ).toStrictEqual(['a on n1:2']));

  it('gives a slot again when its job has ended, and not before', () => {
    const full: Happened[] = [
      ['node-n1', joined(1)],
      ['job-a', queued()],
      ['job-b', queued()],
      ['job-a', started('n1')],
    ];
    expect(placementsAfter(...full)).toStrictEqual([]);
    expect(placementsAfter(...full, ['job-a', ended('n1')])).toStrictEqual(['b on n1:1']);
  });

  it('proposes a job once, and again when its attempt was lost', () => {
    const before = queueAfter([
      ['node-n1', joined(2)],
      ['node-n2', joined(2)],
      ['job-a', queued()],
    ]);
    const { queue } = decidePlacements(before, NOW);
    expect(decidePlacements(queue, NOW).placements).toStrictEqual([]);
    const lost = queueAfter(
      [
        ['job-a', started('n1')],
        ['node-n1', dead()],
        ['job-a', requeued(1)],
      ],
      queue,
    );
    expect(decidePlacements(lost, NOW).placements).toStrictEqual([
      { job: 'a', node: 'n2', nodeEpoch: 1, attempt: 2 },
    ]);
  });

  it('counts a job where it was started, not where it was proposed', () => {
    const { queue } = decidePlacements(
      queueAfter([
        ['node-n1', joined(1)],
        ['job-a', queued()],
      ]),
      NOW,
    );
    const other = queueAfter(
      [
        ['node-n2', joined(1)],
        ['job-a', started('n2')],
        ['job-b', queued()],
      ],
      queue,
    );
    expect(decidePlacements(other, NOW).placements).toStrictEqual([
      { job: 'b', node: 'n1', nodeEpoch: 1, attempt: 1 },
    ]);
  });

  const twiceLost: Happened[] = [
    ['job-x', queued()],
    ['job-x', requeued(ALONE_AFTER_LOSSES, 'n9')],
  ];

  it('runs a job that has lost two servers alone', () => {
    expect(placementsAfter(['node-n1', joined(4)], ...twiceLost, ['job-a', queued()])).toStrictEqual([
      'x on n1:1',
    ]);
    expect(
      placementsAfter(['node-n1', joined(4)], ...twiceLost, ['job-x', started('n1')], ['job-a', queued()]),
    ).toStrictEqual([]);
  });

  it('keeps a server free for it, and uses the others meanwhile', () => {
    const busy: Happened[] = [
      ['node-n1', joined(2)],
      ['node-n2', joined(3)],
      ['job-a', queued()],
      ['job-a', started('n1')],
      ['job-b', queued()],
      ['job-b', started('n2')],
      ['job-c', queued()],
      ['job-c', started('n2')],
      ...twiceLost,
      ['job-d', queued()],
      ['job-e', queued()],
    ];
    expect(placementsAfter(...busy)).toStrictEqual(['d on n2:1']);
    expect(placementsAfter(...busy, ['job-a', ended('n1')])).toStrictEqual(['x on n1:1', 'd on n2:1']);
  });

  it('gives a draining server no new job, until it is resumed; what runs there goes on', () => {
    const log: Happened[] = [
      ['node-n1', joined(2)],
      ['job-a', queued()],
      ['job-a', started('n1')],
      ['node-n1', draining()],
      ['job-b', queued()],
    ];
    expect(placementsAfter(...log)).toStrictEqual([]);
    expect(allOf(queueAfter(log)).map(({ place }) => place?.node)).toStrictEqual(['n1', undefined]);
    expect(placementsAfter(...log, ['node-n1', resumed()])).toStrictEqual(['b on n1:1']);
    expect(placementsAfter(...log, ['node-n2', joined(1)])).toStrictEqual(['b on n2:1']);
  });

  it('gives it none after a restart either', () => {
    const back: Happened = ['node-n1', joined(1, 2, ['pro'], { draining: true })];
    const log: Happened[] = [['node-n1', joined(1)], ['node-n1', draining()], back, ['job-a', queued()]];
    expect(placementsAfter(...log)).toStrictEqual([]);
    expect(placementsAfter(...log, ['node-n1', resumed(1)])).toStrictEqual([]);
    expect(placementsAfter(...log, ['node-n1', resumed(2)])).toStrictEqual(['a on n1:2']);
  });

  it('runs a job only on a server that has all of its labels', () => {
    const servers: Happened[] = [
      ['node-n1', joined(9)],
      ['node-n2', having('gpu')],
      ['node-n3', having('gpu', 'site=berlin')],
    ];
    expect(placementsAfter(...servers, ['job-a', asking('gpu', 'site=berlin')])).toStrictEqual(['a on n3:1']);
    expect(
      placementsAfter(...servers, ['job-a', asking('gpu')], ['job-b', asking('gpu')]).sort(),
    ).toStrictEqual([expect.stringMatching(/^a on n[23]/), expect.stringMatching(/^b on n[23]/)]);
    expect(placementsAfter(...servers, ['job-a', asking('site=rome')])).toStrictEqual([]);
  });

  it('lets nobody be held up by one that fits nowhere', () =>
    expect(
      placementsAfter(
        ['node-n1', joined(2)],
        ['job-a', asking('gpu')],
        ['job-b', asking('gpu')],
        ['job-c', queued()],
        ['job-d', asking('site=rome')],
        ['job-e', queued()],
      ),
    ).toStrictEqual(['c on n1:1', 'e on n1:1']));

  it('counts on a slot once, whatever the labels are that it was taken for', () =>
    expect(
      placementsAfter(
        ['node-n1', having('gpu', 'big')],
        ['job-a', asking('gpu')],
        ['job-b', asking('big')],
        ['job-c', queued()],
      ),
    ).toStrictEqual(['a on n1:1']));

  it('says in words that labels or a drain are why a job waits', () => {
    const reason = (...log: readonly Happened[]) =>
      decidePlacements(queueAfter([['job-x', queued()], ...log]), NOW).waiting.get('x');
    const asks = (...labels: string[]): Happened => ['job-x', asking(...labels)];
    const two: Happened[] = [
      ['node-n1', joined(1)],
      ['node-n2', joined(1)],
    ];
    expect(reason(asks('gpu'), ...two)).toBe('No server has the label gpu');
    expect(reason(asks('gpu', 'site=rome'), ...two)).toBe('No server has all the labels gpu, site=rome');
    expect(reason(['node-n1', joined(1)], ['node-n1', draining()])).toBe(
      'The only server is draining: it takes no new jobs until it is resumed',
    );
    expect(reason(...two, ['node-n1', draining()], ['node-n2', draining()])).toBe(
      'All 2 servers are draining: they take no new jobs until one is resumed',
    );
    expect(reason(asks('gpu'), ['node-n1', having('gpu')], ['node-n1', draining()])).toBe(
      'The only server with the label gpu is draining: it takes no new jobs until it is resumed',
    );
    const busy: Happened[] = [
      ['job-a', queued()],
      ['job-a', started('n2')],
    ];
    expect(reason(...two, ['node-n1', draining()], ...busy)).toBe(
      'The one slot of 1 server is taken, 1 more is draining; it is next',
    );
    expect(reason(asks('gpu'), ['node-n1', joined(5)], ['node-n2', having('gpu')], ...busy)).toBe(
      'The one slot of 1 server with the label gpu is taken; it is next',
    );
  });

  it('says in words why a job waits', () => {
    const reason = (id: string, ...log: readonly Happened[]) =>
      decidePlacements(queueAfter(log), NOW).waiting.get(id);
    const jobs: Happened[] = ['a', 'b', 'c', 'd'].map((id) => [`job-${id}`, queued()]);
    expect(reason('a', ...jobs)).toBe('No server is there to run it');
    expect(reason('a', ['node-n1', joined(1)], ...jobs)).toBeUndefined();
    expect(reason('b', ['node-n1', joined(1)], ...jobs)).toBe(
      'The one slot of 1 server is taken; it is next',
    );
    expect(reason('c', ['node-n1', joined(1)], ...jobs)).toBe(
      'The one slot of 1 server is taken; 1 job is ahead of it',
    );
    expect(reason('d', ['node-n1', joined(1)], ['node-n2', joined(0)], ...jobs)).toBe(
      'The one slot of 2 servers is taken; 2 jobs are ahead of it',
    );
    expect(reason('d', ['node-n1', joined(2)], ...jobs)).toBe(
      'All 2 slots of 1 server are taken; 1 job is ahead of it',
    );
    expect(reason('x', ['node-n1', joined(2)], ...jobs, ['job-a', started('n1')], ...twiceLost)).toBe(
      'It waits for a server of its own, because servers were lost while they ran it; it is next',
    );
    expect(reason('a', ['node-n1', joined(2)], ...jobs, ...twiceLost)).toBe(
      'The free slots are kept for a job that must run alone or needs a large part of a server; it is next',
    );
    expect(reason('nobody')).toBeUndefined();
  });
});

/** A cluster that lives: jobs come and go, servers join and die, starts get lost; every event by the deciders' rules. */
type Act =
  | { readonly is: 'submit'; readonly priority: number; readonly labels: readonly string[] }
  | {
      readonly is: 'join';
      readonly node: number;
      readonly slots: number;
      readonly labels: readonly string[];
    }
  | { readonly is: 'die' | 'drainNode' | 'resumeNode'; readonly node: number }
  | { readonly is: 'decide' }
  | { readonly is: 'prioritize'; readonly job: number; readonly priority: number }
  | { readonly is: 'finish' | 'lose' | 'drain' | 'cancel'; readonly job: number };

const labels = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.subarray(['big', 'gpu', 'site=rome']) },
);

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      is: fc.constant('submit' as const),
      priority: fc.constantFrom(100, 200, 300),
      labels,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      is: fc.constant('join' as const),
      node: fc.nat(3),
      slots: fc.integer({ min: 0, max: 3 }),
      labels,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ is: fc.constantFrom('die', 'drainNode', 'resumeNode'), node: fc.nat(3) }),
  },
  { weight: 5, arbitrary: fc.constant({ is: 'decide' } as const) },
  {
    weight: 2,
    arbitrary: fc.record({
      is: fc.constant('prioritize' as const),
      job: fc.nat(30),
      priority: fc.constantFrom(1, 100, 200, 300),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ is: fc.constantFrom('finish', 'lose', 'drain', 'cancel'), job: fc.nat(30) }),
  },
);

interface World {
  readonly queue: Queue;
  readonly log: readonly Happened[];
}

const live = (
  acts: readonly Act[],
  check: (before: Queue, after: ReturnType<typeof decidePlacements>) => void,
): World => {
  const record = recorder();
  const log: Happened[] = [];
  const told = new Map<string, JobCommand[]>();
  const epochs = new Map<string, number>();
  const alive = new Set<string>();
  const drains = new Set<string>();
  let queue = emptyQueue;
  const see = (stream: string, event: JobEvent | NodeEvent): void => {
    log.push([stream, event]);
    queue = evolveQueue(queue, record(stream, event));
  };
  const stateOf = (id: string) => play(job.decider, told.get(id) ?? []);
  const tell = (id: string, command: JobCommand): void => {
    const known = stateOf(id).history.length;
    told.set(id, [...(told.get(id) ?? []), command]);
    for (const event of stateOf(id).history.slice(known)) see(`job-${id}`, event);
  };
  const die = (node: string): void => {
    const epoch = epochs.get(node) ?? 0;
    if (!alive.delete(node)) return;
    see(`node-${node}`, dead(epoch));
    for (const id of told.keys()) tell(id, { type: 'LoseNode', node, nodeEpoch: epoch });
  };
  for (const one of acts)
    switch (one.is) {
      case 'submit':
        tell(`j${String(told.size).padStart(2, '0')}`, submit(one.priority, one.labels));
        break;
      case 'join': {
        const node = `n${one.node}`;
        die(node);
        const epoch = (epochs.get(node) ?? 0) + 1;
        epochs.set(node, epoch);
        alive.add(node);
        const drain = drains.has(node) ? { draining: true } : {};
        see(`node-${node}`, joined(one.slots, epoch, ['pro'], { labels: one.labels, ...drain }));
        break;
      }
      case 'drainNode':
      case 'resumeNode': {
        const node = `n${one.node}`;
        const epoch = epochs.get(node);
        if (epoch === undefined) break;
        if (one.is === 'drainNode') drains.add(node);
        else drains.delete(node);
        see(`node-${node}`, one.is === 'drainNode' ? draining(epoch) : resumed(epoch));
        break;
      }
      case 'die':
        die(`n${one.node}`);
        break;
      case 'decide': {
        const decision = decidePlacements(queue, NOW);
        check(queue, decision);
        queue = decision.queue;
        for (const { job: id, node, nodeEpoch } of decision.placements)
          tell(id, { type: 'StartJob', node, nodeEpoch });
        break;
      }
      default: {
        const id = [...told.keys()][one.job % (told.size || 1)];
        const state = id === undefined ? undefined : stateOf(id).state;
        if (id !== undefined && one.is === 'prioritize')
          tell(id, { type: 'PrioritizeJob', priority: one.priority, best: 1 });
        if (id === undefined || state?.is !== 'running' || one.is === 'prioritize') break;
        const { attempt, node, nodeEpoch } = state;
        const at = { attempt, node, nodeEpoch };
        if (one.is === 'finish') tell(id, { type: 'FailJob', ...at, error: { code: 'x', message: 'x' } });
        else if (one.is === 'lose') tell(id, { type: 'LoseNode', node, nodeEpoch });
        else if (one.is === 'drain') tell(id, { type: 'DrainAttempt', ...at });
        else tell(id, { type: 'TerminateJob', reason: 'x' });
      }
    }
  return { queue, log };
};

const forAllWorlds = (
  check: Parameters<typeof live>[1],
  then: (world: World) => void = () => undefined,
): void =>
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => then(live(acts, check))),
    { numRuns: 200 },
  );

/** May run there, if there is room. */
const fits = (entry: Entry, server: Server): boolean =>
  !server.draining && entry.labels.every((label) => server.labels.includes(label));

const held = (queue: Queue, node: string): readonly Entry[] =>
  allOf(queue).filter(({ place }) => place?.node === node);

describe('placement in any cluster', () => {
  it('never exceeds slots, and lets a job that must run alone have its server alone (I12)', () =>
    forAllWorlds((_, { queue }) => {
      for (const server of values(queue.servers)) {
        const here = held(queue, server.node).filter(({ place }) => place?.nodeEpoch === server.epoch);
        expect(server.taken).toBe(here.length);
        expect(here.length).toBeLessThanOrEqual(server.slots);
        if (here.some(({ alone }) => alone)) expect(here.length).toBe(1);
      }
    }));

  it('starts no job where one that is before it could have run (I13)', () =>
    forAllWorlds((before, { placements, queue }) => {
      const waiting = [...values(before.waiting)];
      const turn = (id: string) => waiting.findIndex(({ job }) => job === id);
      const servers = new Map([...values(queue.servers)].map((server) => [server.node, server]));
      for (const entry of values(queue.waiting)) {
        if (entry.alone) continue;
        for (const { job, node } of placements)
          if (fits(entry, servers.get(node)!)) expect(turn(entry.job)).toBeGreaterThan(turn(job));
      }
      const idle = [...values(queue.servers)].filter(({ taken, slots }) => taken === 0 && slots > 0);
      for (const entry of values(queue.waiting))
        if (entry.alone) expect(idle.filter((server) => fits(entry, server))).toStrictEqual([]);
    }));

  it('leaves no slot unused while a job waits for it, except for one that must run alone', () =>
    forAllWorlds((_, { queue }) => {
      const waiting = [...values(queue.waiting)];
      const reservable = waiting.filter(({ alone }) => alone).length;
      const open = [...values(queue.servers)].filter(
        ({ taken, slots, alone }) => alone === 0 && taken < slots,
      );
      for (const entry of waiting)
        if (!entry.alone)
          expect(open.filter((server) => fits(entry, server)).length).toBeLessThanOrEqual(reservable);
    }));

  it('uses only servers that have the labels and do not drain', () =>
    forAllWorlds((before, { placements, queue }) => {
      const servers = new Map([...values(queue.servers)].map((server) => [server.node, server]));
      const entries = new Map(allOf(before).map((entry) => [entry.job, entry]));
      for (const { job, node } of placements) expect(fits(entries.get(job)!, servers.get(node)!)).toBe(true);
    }));

  it('keeps the lines and the waiting alike', () =>
    forAllWorlds(
      () => undefined,
      ({ queue }) => {
        const lines = [...values(queue.lines)];
        const inLines = lines.flatMap(({ needs, waiting }) => {
          const entries = [...values(waiting)];
          expect(entries.length).toBeGreaterThan(0);
          for (const entry of entries) expect(entry.labels).toStrictEqual(needs.labels);
          return entries;
        });
        const waiting = [...values(queue.waiting)];
        expect(inLines.map(turnOf).sort()).toStrictEqual(waiting.map(turnOf));
      },
    ));

  it('places each waiting job at most once, loses none, and has a reason for the rest', () =>
    forAllWorlds((before, { placements, queue, waiting }) => {
      const placed = placements.map(({ job }) => job);
      expect(new Set(placed).size).toBe(placed.length);
      const left = [...values(queue.waiting)].map(({ job }) => job);
      expect([...placed, ...left].sort()).toStrictEqual(
        [...values(before.waiting)].map(({ job }) => job).sort(),
      );
      for (const id of left) expect(waiting.get(id)).toMatch(/.{10,}/);
      for (const id of placed) expect(waiting.get(id)).toBeUndefined();
    }));

  it('decides the same for the same queue', () =>
    forAllWorlds((before, { placements }) =>
      expect(decidePlacements(before, NOW).placements).toStrictEqual(placements),
    ));

  it('knows the jobs that the rules know: none lost, none left over', () =>
    forAllWorlds(
      () => undefined,
      ({ queue, log }) => {
        const live = new Map<string, string>();
        for (const [stream, event] of log)
          if (event.type === 'JobQueued' || event.type === 'JobRequeued') live.set(stream.slice(4), 'waits');
          else if (event.type === 'JobStarted') live.set(stream.slice(4), `${event.node}:${event.nodeEpoch}`);
          else if (event.type.startsWith('Job') && event.type !== 'JobPrioritized')
            live.delete(stream.slice(4));
        const known = allOf(queue).map(({ job, place }): [string, string] => [
          job,
          place ? `${place.node}:${place.nodeEpoch}` : 'waits',
        ]);
        expect(new Map(known)).toStrictEqual(new Map([...live].sort()));
      },
    ));

  it('gives the same queue from rows of any moment and the events since, also those the rows contain', () =>
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), fc.nat(200), fc.nat(20), (acts, cut, overlap) => {
        const { log } = live(acts, () => undefined);
        const until = Math.min(cut, log.length);
        const from = Math.max(0, until - overlap);
        const then = queueAfter(log.slice(0, until));
        const nodesThen = queueAfter(log.slice(0, from));
        const start = queueFromRows(
          allOf(then).map((entry) => ({
            id: entry.job,
            priority: entry.priority,
            queued_at: entry.queuedAt,
            state: entry.place ? 'running' : 'queued',
            attempt: entry.attempts,
            node: entry.place?.node ?? null,
            node_epoch: entry.place?.nodeEpoch ?? null,
            held: false,
            node_lost: entry.alone ? ALONE_AFTER_LOSSES : 0,
            labels: entry.labels,
            environment: entry.environment,
            owner: entry.owner,
            owner_name: entry.ownerName,
            groups: entry.groups,
            app: 'cutting',
            procedure: entry.procedure,
            time_limit: entry.timeLimit,
            profile: entry.profile,
            licence: entry.licence,
            memory_mib: entry.memoryMiB,
            cores: entry.cores,
            started_at: entry.place?.since ?? null,
            waits_since: entry.wait.from,
            takes: { memoryMiB: entry.place?.memoryMiB ?? 0, cores: entry.place?.cores ?? 0 },
          })),
          [...values(nodesThen.servers)].map(({ node, epoch, slots, labels, draining, ...more }) => ({
            id: node,
            name: more.name,
            epoch,
            slots,
            memory_mib: more.memoryMiB,
            cores: more.cores,
            roles: ['pro'],
            state: 'joined' as const,
            labels,
            draining,
          })),
        );
        const record = recorder();
        const timed = log.map(([stream, event]) => record(stream, event));
        const resumed = timed.slice(from).reduce(evolveQueue, start);
        const whole = timed.reduce(evolveQueue, emptyQueue);
        const view = (queue: Queue) => ({
          jobs: allOf(queue).map(({ job, place, alone, priority, queuedAt, labels }) => ({
            job,
            place,
            alone,
            priority,
            queuedAt,
            labels,
          })),
          servers: [...values(queue.servers)],
        });
        expect(view(resumed)).toStrictEqual(view(whole));
      }),
      { numRuns: 200 },
    ));
});
