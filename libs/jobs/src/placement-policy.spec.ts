import { describe, expect, it } from '@jest/globals';
import type { NodeEvent } from '@openpro/cluster';
import type { Recorded } from '@openpro/eventstore';
import { recorder } from '@openpro/kernel/testing';
import type { LicenceEvent } from '@openpro/licensing';
import type { JobEvent, QueuedJob } from './job.js';
import { decidePlacements } from './placement.js';
import { NO_POLICY, type Policy, type QueuePolicyEvent } from './queue-policy.js';
import { emptyQueue, evolveQueue, type Queue, refusedSeat } from './queue.js';
import { aRequest } from './request.fixture.js';

type Happened = JobEvent | NodeEvent | QueuePolicyEvent | LicenceEvent;

const queued = (asked: Partial<QueuedJob> = {}): JobEvent => ({
  type: 'JobQueued',
  ...aRequest,
  ownerName: asked.owner ?? 'ada',
  groups: ['user'],
  ...asked,
});
const joined = (slots: number, more: object = {}): NodeEvent => ({
  type: 'NodeJoined',
  epoch: 1,
  name: 'server',
  roles: ['pro'],
  slots,
  version: '1',
  isolation: '',
  ...more,
});
const started = (more: object = {}): JobEvent => ({
  type: 'JobStarted',
  attempt: 1,
  node: 'n1',
  nodeEpoch: 1,
  ...more,
});
const of = { environment: 'ROOT', owner: 'ada', app: 'supply-network', version: '1.0.0', title: 'solve' };
const at = { attempt: 1, node: 'n1', nodeEpoch: 1 };
const ended: JobEvent = { type: 'JobCancelled', ...at, of, reason: '' };
const completed: JobEvent = {
  type: 'JobCompleted',
  ...at,
  of,
  outcome: 'completed',
  solverStatus: '',
  objective: null,
  bound: null,
  gap: null,
  result: null,
  forced: false,
  statistics: {},
};
const policy = (parts: Partial<Policy>): QueuePolicyEvent => ({
  type: 'QueuePolicySet',
  policy: { ...NO_POLICY, ...parts },
  reason: 'because',
});

/** A queue that lives: events come a second apart, or when it is said. */
const aQueue = () => {
  const record = recorder();
  let queue: Queue = emptyQueue;
  let time = 0;
  const world = {
    at(seconds: number) {
      time = seconds * 1000;
      return world;
    },
    see(stream: string, ...events: readonly Happened[]) {
      for (const event of events) {
        time += 1000;
        queue = evolveQueue(queue, record(stream, event, { at: time }) as unknown as Recorded);
      }
      return world;
    },
    refused(job: string, attempt: number) {
      queue = refusedSeat(queue, job, attempt);
      return world;
    },
    decide() {
      const decision = decidePlacements(queue, time);
      ({ queue } = decision);
      return decision;
    },
    placed: () => world.decide().placements.map(({ job }) => job),
    reason: (job: string) => world.decide().waiting.get(job, time),
  };
  return world;
};

const GUROBI = { name: 'Gurobi', capacity: 1 };

describe('placement by the policy', () => {
  it('starts no more than a profile has places, and the next when one is free', () => {
    const world = aQueue()
      .see('node-n1', joined(9))
      .see('queue-policy', policy({ profiles: [GUROBI] }))
      .see('job-a', queued({ profile: 'Gurobi' }))
      .see('job-b', queued({ profile: 'Gurobi' }))
      .see('job-c', queued());
    expect(world.placed()).toEqual(['a', 'c']);
    expect(world.placed()).toEqual([]);
    world.see('job-a', started(), ended);
    expect(world.placed()).toEqual(['b']);
  });

  it('holds a new policy at once, also for who waits, and ends nothing', () => {
    const world = aQueue()
      .see('node-n1', joined(9))
      .see('job-a', queued({ profile: 'Gurobi' }), started())
      .see('job-b', queued({ profile: 'Gurobi' }));
    expect(world.reason('b')).toContain('There is no profile Gurobi any more');
    world.see('queue-policy', policy({ profiles: [GUROBI] }));
    expect(world.placed()).toEqual([]);
    world.see('queue-policy', policy({ profiles: [{ ...GUROBI, capacity: 0 }] })).see('job-a', ended);
    expect(world.placed()).toEqual([]);
    world.see('queue-policy', policy({ profiles: [GUROBI] }));
    expect(world.placed()).toEqual(['b']);
  });

  it('counts what is limited per user, group and app each for itself', () => {
    const world = aQueue()
      .see('node-n1', joined(9))
      .see('job-a', queued({ owner: 'ada' }))
      .see('job-b', queued({ owner: 'ada' }))
      .see('job-c', queued({ owner: 'bob', groups: ['auditor'] }))
      .see('job-d', queued({ owner: 'eve' }));
    const limited = (per: 'user' | 'group' | 'app', pattern: string) => {
      const only = aQueue()
        .see('queue-policy', policy({ limits: [{ per, pattern, running: 1 }] }))
        .see('node-n1', joined(9));
      for (const [job, owner, groups] of [
        ['a', 'ada', ['user']],
        ['b', 'ada', ['user']],
        ['c', 'bob', ['auditor']],
        ['d', 'eve', ['user']],
      ] as const)
        only.see(`job-${job}`, queued({ owner, groups }));
      return only.placed();
    };
    expect(world.placed()).toEqual(['a', 'c', 'd', 'b']);
    expect(limited('user', '*')).toEqual(['a', 'c', 'd']);
    expect(limited('user', 'a*')).toEqual(['a', 'c', 'd']);
    expect(limited('user', 'b*')).toEqual(['a', 'c', 'd', 'b']);
    expect(limited('group', '*')).toEqual(['a', 'c']);
    expect(limited('app', 'supply-*')).toEqual(['a']);
    expect(limited('app', 'cutting')).toEqual(['a', 'c', 'd', 'b']);
  });

  it('gives a server no more than its limit, whatever its slots', () => {
    const world = aQueue()
      .see('queue-policy', policy({ limits: [{ per: 'server', pattern: 'small*', running: 1 }] }))
      .see('node-n1', joined(5, { name: 'small-1' }));
    for (const job of ['a', 'b']) world.see(`job-${job}`, queued());
    expect(world.placed()).toEqual(['a']);
    expect(world.reason('b')).toBe('The one slot of 1 server is taken; it is next');
  });

  it('gives no more memory and cores than a server has, and uses the labels of a profile', () => {
    const big = { name: 'Big', capacity: 9, memoryMiB: 6000, cores: 3, labels: ['gpu'] };
    const world = aQueue()
      .see('queue-policy', policy({ profiles: [big] }))
      .see('node-n1', joined(9, { memoryMiB: 8000, cores: 4, labels: ['gpu'] }))
      .see('node-n2', joined(9, { memoryMiB: 99_000, cores: 99 }))
      .see('job-a', queued({ profile: 'Big' }));
    expect(world.decide().placements).toEqual([
      { job: 'a', node: 'n1', nodeEpoch: 1, attempt: 1, memoryMiB: 6000, cores: 3 },
    ]);
    world.see('job-b', queued({ profile: 'Big' }));
    expect(world.placed()).toEqual([]);
    expect(world.reason('b')).toBe(
      'Waits for 6,000 MiB of memory and 3 cores free on one server with the label gpu; it is next',
    );
    world.see('job-c', queued({ labels: ['gpu'], cores: 5 }));
    expect(world.reason('c')).toBe('No server with the label gpu has 5 cores, which it needs');
  });

  it('lets a job that needs much of a server have it in the end, though smaller ones keep coming', () => {
    const world = aQueue()
      .see('node-n1', joined(9, { memoryMiB: 4 }))
      .see('job-s0', queued({ memoryMiB: 2 }), started({ memoryMiB: 2 }))
      .see('job-s1', queued({ memoryMiB: 2 }), started({ memoryMiB: 2 }))
      .see('job-big', queued({ memoryMiB: 4 }))
      .see('job-s2', queued({ memoryMiB: 2 }));
    world.see('job-s0', ended);
    expect(world.placed()).toEqual([]);
    expect(world.reason('s2')).toContain('Waits for 2 MiB of memory');
    world.see('job-s1', ended);
    expect(world.placed()).toEqual(['big']);
  });

  it('lets whoever has fewer running go first among equals, where it is fair', () => {
    const jobs = (world: ReturnType<typeof aQueue>) =>
      world
        .see('job-a1', queued({ owner: 'ada' }))
        .see('job-a2', queued({ owner: 'ada' }))
        .see('job-a3', queued({ owner: 'ada' }))
        .see('job-b1', queued({ owner: 'bob' }))
        .see('job-b2', queued({ owner: 'bob', priority: 200 }))
        .see('job-e1', queued({ owner: 'eve', priority: 50 }));
    const unfair = policy({ fair: false });
    expect(jobs(aQueue().see('node-n1', joined(4)).see('queue-policy', unfair)).placed()).toEqual([
      'e1',
      'a1',
      'a2',
      'a3',
    ]);
    const fair = jobs(aQueue().see('node-n1', joined(4)));
    expect(fair.placed()).toEqual(['e1', 'a1', 'b1', 'a2']);
    fair.see('job-a1', started(), ended);
    expect(fair.placed()).toEqual(['a3']);
  });
});

describe('a flood by one user', () => {
  const SLOTS = 4;
  const EACH = 20;
  const FLOOD = 2000;

  /** The longest that any of the others waits, in the time that a job takes, with so many jobs of one more before his. */
  const longestWait = (others: number, flood: number, policies: readonly QueuePolicyEvent[]): number => {
    const record = recorder();
    const jobs = Array.from({ length: flood }, (_, n): [string, string] => [`f${n}`, 'flood']);
    for (let n = 0; n < EACH; n++)
      for (let other = 0; other < others; other++) jobs.push([`o${n}-${other}`, `other ${other}`]);
    const sees = (before: Queue, stream: string, event: Happened): Queue =>
      evolveQueue(before, record(stream, event) as unknown as Recorded);
    let queue = sees(emptyQueue, 'node-n1', joined(SLOTS));
    for (const one of policies) queue = sees(queue, 'queue-policy', one);
    for (const [id, owner] of jobs) queue = sees(queue, `job-${id}`, queued({ owner }));
    for (let waited = 0, left = others * EACH; ; waited++) {
      const { placements } = decidePlacements(queue, 0);
      left -= placements.filter(({ job }) => job.startsWith('o')).length;
      if (left === 0) return waited;
      for (const { job } of placements)
        for (const event of [started(), ended]) queue = sees(queue, `job-${job}`, event);
    }
  };

  it.each<[string, QueuePolicyEvent[]]>([
    ['without any policy', []],
    ['by a policy that says nothing of it', [policy({ limits: [] })]],
    ['by one that says it is fair', [policy({ fair: true })]],
  ])('makes others wait at most twice as long, %s', (_what, policies) => {
    for (const others of [1, 2, 5]) {
      const alone = longestWait(others, 0, policies);
      expect(longestWait(others, FLOOD, policies)).toBeLessThanOrEqual(2 * (alone + 1));
    }
  });

  it('makes them wait for all of it where the policy says that it is not fair', () =>
    expect(longestWait(1, FLOOD, [policy({ fair: false })])).toBeGreaterThan(FLOOD / SLOTS));
});

describe('why a job waits', () => {
  it('is told with what is taken, and when the next is expected if anybody knows', () => {
    const world = aQueue()
      .see('queue-policy', policy({ profiles: [GUROBI] }))
      .see('node-n1', joined(9))
      .see('job-a', queued({ profile: 'Gurobi' }), started())
      .see('job-b', queued({ profile: 'Gurobi' }));
    expect(world.reason('b')).toBe('Waits for a place of profile Gurobi: 1 of 1 taken; it is next');
    world.see('job-a', ended).see('job-c', queued({ profile: 'Gurobi', timeLimit: 300 }), started());
    expect(world.reason('b')).toBe(
      'Waits for a place of profile Gurobi: 1 of 1 taken, next expected in about 5 min; it is next',
    );
    world.see('job-c', { ...completed, type: 'JobCompleted' });
    world.see('job-d', queued({ profile: 'Gurobi' }), started());
    expect(world.reason('b')).toMatch(/next expected in less than a minute; it is next$/);
  });

  it('names the limit that is full', () => {
    const world = aQueue()
      .see('queue-policy', policy({ limits: [{ per: 'user', pattern: '*', running: 1 }] }))
      .see('node-n1', joined(9))
      .see('job-a', queued(), started())
      .see('job-b', queued())
      .see('job-c', queued());
    expect(world.reason('c')).toBe('Waits for the limit of user ada: 1 of 1 taken; 1 job is ahead of it');
    expect(world.decide().waiting.place('c')).toBe(2);
    expect(world.decide().waiting.place('a')).toBeUndefined();
  });
});

describe('how a wait was made up', () => {
  const full = () =>
    aQueue()
      .see('queue-policy', policy({ profiles: [GUROBI] }))
      .see('node-n1', joined(1))
      .see('job-a', queued(), started())
      .see('job-p', queued({ profile: 'Gurobi' }));

  it('is told with the start, by kind, for each since he came', () => {
    const world = aQueue()
      .see('queue-policy', policy({ profiles: [GUROBI] }))
      .see('node-n1', joined(2))
      .see('job-a', queued({ profile: 'Gurobi' }), started()) // 4 s
      .see('job-x', queued(), started()) // 6 s
      .see('job-p', queued({ profile: 'Gurobi' })); // 7 s
    world.decide();
    world.at(59).see('job-q', queued({ profile: 'Gurobi' })); // 60 s
    world.decide();
    world
      .at(99)
      .see('job-y', queued({ priority: 1 }), started())
      .see('job-a', ended); // 102 s: p would run, but no slot is free
    world.decide();
    world.at(129).see('job-x', ended); // 130 s
    const { placements } = world.decide();
    expect(placements).toMatchObject([{ job: 'p', waited: { profile: 95_000, server: 28_000 } }]);
    world
      .see('job-p', started())
      .at(139)
      .see('job-p', { ...ended, attempt: 1 }); // 140 s
    expect(world.decide().placements).toMatchObject([
      { job: 'q', waited: { profile: 42_000 + 10_000, server: 28_000 } },
    ]);
  });

  it('counts what nobody saw for what it waited for first, and tells no wait that nobody notices', () => {
    const world = full().at(100);
    world.decide();
    world.at(119).see('job-a', ended);
    expect(world.decide().placements).toMatchObject([{ job: 'p', waited: { server: 115_000 } }]);
    const quick = aQueue().see('node-n1', joined(1)).see('job-a', queued());
    expect(quick.decide().placements[0]).not.toHaveProperty('waited');
  });

  it('goes on over a change of the policy and of the priority', () => {
    const world = full();
    world.decide(); // 5 s
    world.at(19).see('job-p', { type: 'JobPrioritized', priority: 300 }); // 20 s
    world.at(29).see('queue-policy', policy({ profiles: [{ ...GUROBI, capacity: 0 }] })); // 30 s
    world.decide();
    world
      .at(49)
      .see('queue-policy', policy({ profiles: [GUROBI] }))
      .see('job-a', ended); // 50 and 51 s
    expect(world.decide().placements).toMatchObject([
      { job: 'p', waited: { server: 26_000, profile: 20_000 } },
    ]);
  });
});

describe('placement by seats', () => {
  const LICENCE = 'licence-ROOT:gurobi';
  const defined = (optimizationSeats: number, users: readonly string[] = []): LicenceEvent => ({
    type: 'LicenceDefined',
    ...{ environment: 'ROOT', name: 'gurobi', title: 'Gurobi', dataSeats: 9, optimizationSeats },
    ...{ holdS: 60, leaseS: 60, users, reason: '' },
  });
  const granted = (holder: string): LicenceEvent => ({
    ...{ type: 'SeatGranted', kind: 'optimization', leaseS: 60, holder, user: 'ada', device: null },
  });
  const back = (type: 'SeatReleased' | 'SeatExpired', holder: string): LicenceEvent => ({
    ...{ type, kind: 'optimization', holder },
  });
  const licensed = (more: Partial<QueuedJob> = {}) => queued({ licence: 'gurobi', ...more });
  const aPool = (seats: number) => aQueue().see('node-n1', joined(9)).see(LICENCE, defined(seats));

  it('starts no more than there are seats, each with its seat, and lets others pass', () => {
    const queue = aPool(1).see('job-a', licensed()).see('job-b', licensed()).see('job-c', queued());
    const { placements, waiting } = queue.decide();
    expect(placements).toMatchObject([
      { job: 'a', seat: { environment: 'ROOT', licence: 'gurobi', user: 'ada' } },
      { job: 'c' },
    ]);
    expect(placements[1]).not.toHaveProperty('seat');
    expect(waiting.get('b')).toBe('Waits for a seat of licence Gurobi: 1 of 1 taken; it is next');
  });

  it('waits for the seat to come back, not for the end of the attempt that had it', () => {
    const queue = aPool(1).see('job-a', licensed()).see('job-b', licensed());
    queue.decide();
    queue.see(LICENCE, granted('a:1')).see('job-a', started()).see('job-a', ended);
    expect(queue.placed()).toEqual([]);
    expect(queue.see(LICENCE, back('SeatReleased', 'a:1')).placed()).toEqual(['b']);
  });

  it('counts what another leader has granted, and a grant that is seen only once', () => {
    const queue = aPool(2).see(LICENCE, granted('x:1')).see('job-a', licensed());
    expect(queue.placed()).toEqual(['a']);
    queue.see(LICENCE, granted('a:1')).see(LICENCE, back('SeatExpired', 'x:1'));
    expect(queue.see('job-b', licensed()).placed()).toEqual(['b']);
    expect(queue.see('job-c', licensed()).placed()).toEqual([]);
  });

  it('lets a job wait again whose seat was given away, in its old turn, and forgets what it had taken', () => {
    const queue = aPool(1).see('job-a', licensed());
    queue.decide();
    queue.refused('a', 1).refused('a', 1).see('job-b', licensed());
    expect(queue.placed()).toEqual(['a']);
    queue.see('job-a', ended).refused('a', 1); // it was ended meanwhile
    expect(queue.placed()).toEqual(['b']);
    queue.see('job-b', started()).refused('b', 1); // it has started: that was another leader's
    expect(queue.placed()).toEqual([]);
  });

  it('starts what waits when there are more seats, and says to whom a licence is closed', () => {
    const queue = aPool(0)
      .see('job-a', licensed())
      .see('job-b', licensed({ owner: 'bob' }));
    expect(queue.reason('a')).toContain('0 of 0 taken');
    queue.see(LICENCE, defined(2, ['ada']));
    expect(queue.placed()).toEqual(['a']);
    expect(queue.reason('b')).toContain('bob may not use licence Gurobi any more');
    expect(queue.see(LICENCE, defined(2)).placed()).toEqual(['b']);
  });

  it('has no seats of a licence that nobody has defined, and pays no heed to those of sessions', () => {
    const queue = aQueue().see('node-n1', joined(9)).see('job-a', licensed());
    expect(queue.placed()).toEqual([]);
    queue.see(LICENCE, defined(1)).see(LICENCE, { ...granted('s'), kind: 'data' } as LicenceEvent);
    expect(queue.see(LICENCE, { type: 'SeatReleased', kind: 'data', holder: 's' }).placed()).toEqual(['a']);
  });
});
