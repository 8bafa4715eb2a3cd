import { expect, it } from '@jest/globals';
import type { NodeEvent } from '@openpro/cluster';
import type { Recorded } from '@openpro/eventstore';
import { isRefusal } from '@openpro/kernel';
import { processUnderTest, recorder } from '@openpro/kernel/testing';
import { licence, type LicenceCommand, type LicenceEvent, seatAttempts } from '@openpro/licensing';
import fc from 'fast-check';
import { job, type Job, type JobCommand, type JobEvent } from './job.js';
import { emptyQueue } from './lines.js';
import { decidePlacements, type Placement } from './placement.js';
import { evolveQueue, type Queue, refusedSeat } from './queue.js';
import { aRequest } from './request.fixture.js';
import { holderOf } from './seats.js';

const LICENCE = 'licence-ROOT:gurobi';
const LEASE_S = 60;
const JOBS = ['a', 'b', 'c', 'd', 'e'];

type Happened = JobEvent | NodeEvent | LicenceEvent;

/** What one leader has decided: first the grant is on its way, then the start. */
interface Proposal {
  readonly placement: Placement;
  readonly granted: boolean;
}

/**
 * A log, two leaders that hear of it late and may fall asleep between any two steps, and the process that brings seats
 * back, whose commands may come late as well.
 */
class World {
  readonly log: Recorded[] = [];
  private readonly record = recorder();
  private readonly process = processUnderTest<unknown, { to: string; id: string; command: object }>(
    seatAttempts,
  );
  private readonly outbox: { to: string; id: string; command: object }[] = [];
  private readonly jobs = new Map<string, Job>();
  private readonly leaders = [0, 1].map(() => ({
    queue: emptyQueue as Queue,
    seen: 0,
    proposals: [] as Proposal[],
  }));
  private pool = licence.decider.initial;
  private processSeen = 0;
  private now = 0;

  constructor() {
    this.append('node-n', {
      ...{ type: 'NodeJoined', epoch: 1, name: 'n', roles: ['pro'], slots: 9, version: '1', isolation: '' },
    });
    this.define(2);
  }

  private append(stream: string, ...events: readonly Happened[]): void {
    for (const event of events) {
      this.now += 1;
      this.log.push(this.record(stream, event, { at: this.now }) as unknown as Recorded);
    }
  }

  /** Decided on the truth, as the handler does after a conflict; false = refused. */
  private toLicence(command: LicenceCommand): boolean {
    const decided = licence.decider.decide(command, this.pool);
    if (isRefusal(decided)) return false;
    for (const event of decided) {
      const before = this.held.length;
      this.pool = licence.decider.evolve(this.pool, event);
      const most = this.pool.is === 'defined' ? this.pool.terms.optimizationSeats : 0;
      expect(this.held.length <= most || this.held.length <= before).toBe(true);
      this.append(LICENCE, event);
    }
    return true;
  }

  private toJob(id: string, command: JobCommand): void {
    const before = this.jobs.get(id) ?? job.decider.initial;
    const decided = job.decider.decide(command, before);
    if (isRefusal(decided)) return;
    this.jobs.set(id, decided.reduce(job.decider.evolve, before));
    this.append(`job-${id}`, ...decided);
  }

  get held(): readonly string[] {
    return this.pool.is === 'defined' ? this.pool.optimization.held.map(({ holder }) => holder) : [];
  }

  define(optimizationSeats: number): void {
    const basedOn = this.pool.is === 'defined' ? this.pool.version : 0;
    this.toLicence({
      ...{
        type: 'DefineLicence',
        basedOn,
        environment: 'ROOT',
        name: 'gurobi',
        title: 'Gurobi',
        dataSeats: 0,
      },
      ...{ optimizationSeats, holdS: 60, leaseS: LEASE_S, users: [], reason: '' },
    });
  }

  submit(id: string, priority: number): void {
    this.toJob(id, { type: 'SubmitJob', ...aRequest, priority, licence: 'gurobi' });
  }

  hear(which: number, count: number): void {
    const leader = this.leaders[which]!;
    const fresh = this.log.slice(leader.seen, leader.seen + count);
    leader.queue = fresh.reduce(evolveQueue, leader.queue);
    leader.seen += fresh.length;
  }

  decide(which: number): void {
    const leader = this.leaders[which]!;
    const { queue, placements } = decidePlacements(leader.queue, this.now);
    leader.queue = queue;
    leader.proposals.push(...placements.map((placement) => ({ placement, granted: false })));
  }

  /** The next step of one proposal. */
  go(which: number, index: number): void {
    const leader = this.leaders[which]!;
    const [proposal] = leader.proposals.splice(index % Math.max(1, leader.proposals.length), 1);
    if (!proposal) return;
    const { job: id, attempt, node, nodeEpoch } = proposal.placement;
    const holder = holderOf(id, attempt);
    if (proposal.granted) {
      this.toJob(id, { type: 'StartJob', attempt, node, nodeEpoch, licence: 'gurobi' });
      return;
    }
    const had = this.toLicence({
      ...{ type: 'RequestSeat', kind: 'optimization', holder, user: 'ada', device: null },
    });
    if (had) leader.proposals.push({ ...proposal, granted: true });
    else leader.queue = refusedSeat(leader.queue, id, attempt);
  }

  /** It forgets what it had on its way; its queue is made anew from the log. */
  crash(which: number): void {
    Object.assign(this.leaders[which]!, { queue: emptyQueue, seen: 0, proposals: [] });
  }

  giveBack(id: string): void {
    const running = this.jobs.get(id);
    if (running?.is !== 'running') return;
    const { attempt, node, nodeEpoch } = running;
    this.toJob(id, { type: 'DrainAttempt', attempt, node, nodeEpoch });
  }

  end(id: string): void {
    this.toJob(id, { type: 'TerminateJob', reason: '' });
  }

  /** The administrator's. */
  free(index: number): void {
    const holder = this.held[index];
    if (holder !== undefined) this.toLicence({ type: 'FreeSeat', holder, reason: '' });
  }

  react(count: number): void {
    for (const recorded of this.log.slice(this.processSeen, this.processSeen + count)) {
      this.outbox.push(...this.process.see(recorded as never));
      this.processSeen++;
    }
  }

  deliver(): void {
    const next = this.outbox.shift();
    if (next?.to === 'licence') this.toLicence(next.command as LicenceCommand);
    else if (next) this.toJob(next.id, next.command as JobCommand);
  }

  wait(ms: number): void {
    this.now += ms;
    this.outbox.push(...this.process.advance(this.now));
  }

  /** Everybody hears everything, until nothing happens any more. */
  settle(): void {
    for (let before = -1; before < this.log.length;) {
      before = this.log.length;
      this.react(this.log.length);
      while (this.outbox.length > 0) this.deliver();
      for (const which of [0, 1]) {
        this.hear(which, this.log.length);
        this.decide(which);
        while (this.leaders[which]!.proposals.length > 0) this.go(which, 0);
      }
      this.react(this.log.length);
      if (before === this.log.length) this.wait(LEASE_S * 1000);
      while (this.outbox.length > 0) this.deliver();
    }
  }

  get running(): readonly string[] {
    return [...this.jobs].flatMap(([id, { is, ...rest }]) =>
      is === 'running' ? [holderOf(id, (rest as { attempt: number }).attempt)] : [],
    );
  }

  get waiting(): number {
    return [...this.jobs.values()].filter(({ is }) => is === 'queued').length;
  }
}

const which = fc.nat(1);
const id = fc.constantFrom(...JOBS);
const times = (weight: number, arbitrary: fc.Arbitrary<(world: World) => void>) => ({ weight, arbitrary });
const step = fc.oneof(
  times(
    4,
    fc.tuple(id, fc.integer({ min: 100, max: 103 })).map(
      ([one, n]) =>
        (world) =>
          world.submit(one, n),
    ),
  ),
  times(
    6,
    fc.tuple(which, fc.nat(6)).map(
      ([w, n]) =>
        (world) =>
          world.hear(w, n),
    ),
  ),
  times(
    4,
    which.map((w) => (world) => world.decide(w)),
  ),
  times(
    8,
    fc.tuple(which, fc.nat(3)).map(
      ([w, n]) =>
        (world) =>
          world.go(w, n),
    ),
  ),
  times(
    1,
    which.map((w) => (world) => world.crash(w)),
  ),
  times(
    2,
    id.map((one) => (world) => world.giveBack(one)),
  ),
  times(
    1,
    id.map((one) => (world) => world.end(one)),
  ),
  times(
    1,
    fc.nat(2).map((n) => (world) => world.free(n)),
  ),
  times(
    4,
    fc.nat(6).map((n) => (world) => world.react(n)),
  ),
  times(
    4,
    fc.constant((world) => world.deliver()),
  ),
  // Everybody sleeps but the process.
  times(
    1,
    fc.constant((world) => {
      world.react(world.log.length);
      world.wait(LEASE_S * 1000);
    }),
  ),
  times(
    1,
    fc.nat(3).map((seats) => (world) => world.define(seats)),
  ),
);

it('seats are never exceeded, every attempt that goes on has one, and all come back, whoever crashes when (I12)', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
      const world = new World();
      for (const one of steps) one(world); // each append is checked
      world.define(2);
      world.settle();
      expect([...world.held].sort()).toStrictEqual([...world.running].sort());
      if (world.waiting > 0) expect(world.held.length).toBeGreaterThanOrEqual(2); // nobody waits beside a free seat
      for (const one of JOBS) world.end(one);
      world.settle();
      expect([world.held, world.waiting]).toStrictEqual([[], 0]);
    }),
    { numRuns: 1000 },
  );
});
