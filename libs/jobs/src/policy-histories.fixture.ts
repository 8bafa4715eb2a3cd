import type { NodeEvent } from '@openpro/cluster';
import type { Recorded } from '@openpro/eventstore';
import type { LicenceEvent } from '@openpro/licensing';
import { idOf, isRefusal } from '@openpro/kernel';
import { Chance, hold } from './history-chance.fixture.js';
import { job as jobs, type Job, type JobCommand, type JobEvent, type QueuedJob } from './job.js';
import { emptyQueue, type Entry, fullFor, type Queue, standing, turnAmong } from './lines.js';
import { matches } from '@openpro/kernel';
import { decidePlacements, type Placement } from './placement.js';
import { NO_POLICY, type Policy, type QueuePolicyEvent } from './queue-policy.js';
import { evolveQueue, queueFromRows, refusedSeat, turnOf } from './queue.js';
import { aRequest } from './request.fixture.js';
import { LICENCES, licenceId, type Planted, Pools } from './seat-histories.fixture.js';
import { holderOf, licenceKey, seated } from './seats.js';
import { get, values } from './sorted-map.js';

export { Violation } from './history-chance.fixture.js';

const OWNERS = [
  { owner: 'o1', ownerName: 'ada', groups: ['user'] },
  { owner: 'o2', ownerName: 'bob', groups: ['user', 'auditor'] },
  { owner: 'o3', ownerName: 'eve', groups: ['administrator'] },
];
const APPS = ['cutting', 'supply', 'lp'];
const PROFILES = ['A', 'B'];
const NODES = ['n1', 'n2', 'n3'];
const LABELS = ['big', 'gpu'];
const LEADERS = 4;

type Happened = JobEvent | NodeEvent | QueuePolicyEvent | LicenceEvent;

/** As much of a recorded event as the queue looks at. */
const happened = (stream: string, event: Happened, at: number): Recorded =>
  ({ stream, event, at }) as unknown as Recorded;

/** A server that may lead: what it knows of the log, and what it has proposed. */
interface Leader {
  epoch: number;
  queue: Queue;
  seen: number;
}

interface Proposal extends Placement {
  readonly leader: Leader;
  /** Counts all proposals: which of two came later. */
  readonly order: number;
  readonly epoch: number;
  readonly policy: Policy;
}

/** A job as the log alone tells it. */
interface Fact {
  readonly asked: QueuedJob;
  state: Job;
  /** Of what it was started with last. */
  takes: { readonly memoryMiB: number; readonly cores: number };
  by?: Pick<Proposal, 'order' | 'policy'>;
}

interface ServerFact {
  epoch: number;
  slots: number;
  memoryMiB: number;
  cores: number;
  up: boolean;
  draining: boolean;
}

export interface Told {
  readonly starts: number;
  readonly policies: number;
  readonly elections: number;
  readonly late: number;
  readonly seats: number;
  readonly conflicts: number;
}

/**
 * A cluster of four servers that want to lead, one after the other or at once, as far as the queue sees it: the rules
 * of jobs, the scheduler and the queue are the real ones; the log refuses what comes from a former leader. What runs
 * is counted here from the log alone, and compared with every limit after every event.
 */
export class PolicyHistory {
  private readonly chance: Chance;
  private readonly log: Recorded[] = [];
  private readonly folded: Queue[] = [emptyQueue];
  private readonly facts = new Map<string, Fact>();
  private readonly servers = new Map<string, ServerFact>();
  private readonly leaders: Leader[] = [];
  private proposals: Proposal[] = [];
  private proposed = 0;
  private epoch = 0;
  private policies = 0;
  private starts = 0;
  private late = 0;
  private readonly pools: Pools;

  constructor(seed: number, planted: Planted = {}) {
    this.chance = new Chance(seed);
    this.pools = new Pools({
      ...{ chance: this.chance, log: this.log, planted, epoch: () => this.epoch },
      append: (stream, event) => this.see(stream, event),
      tellJob: (id, command) => this.tell(id, command),
    });
    for (let n = 0; n < LEADERS; n++) this.leaders.push({ epoch: 0, queue: emptyQueue, seen: 0 });
  }

  /** @throws Violation */
  run(steps: number): Told {
    for (const node of NODES) this.join(node);
    this.elect();
    for (let n = 0; n < steps; n++) this.step();
    this.finish();
    const { starts, policies, epoch: elections, late } = this;
    return { starts, policies, elections, late, seats: this.pools.grants, conflicts: this.pools.conflicts };
  }

  private step(): void {
    const { chance } = this;
    if (chance.of(40)) return this.pools.step();
    const dice = chance.below(100);
    if (dice < 22) this.submit();
    else if (dice < 40) this.hear(chance.pick(this.leaders), chance.below(6));
    else if (dice < 56) this.decide(chance.pick(this.leaders));
    else if (dice < 74) this.deliver();
    else if (dice < 86) this.endOne();
    else if (dice < 90) this.elect();
    else if (dice < 93) this.set(this.somePolicy());
    else if (dice < 96) this.strike(chance.pick(NODES));
    else this.tell(chance.pick([...this.facts.keys(), '']), this.someCommand());
  }

  private see(stream: string, event: Happened): void {
    const recorded = happened(stream, event, (this.log.length + 1) * 1000);
    this.log.push(recorded);
    const id = idOf(stream);
    const fact = this.facts.get(id);
    switch (event.type) {
      case 'JobQueued':
        this.facts.set(id, {
          asked: event,
          state: jobs.decider.evolve({ is: 'new' }, event),
          takes: NOTHING,
        });
        break;
      case 'NodeJoined': {
        const { epoch, slots, memoryMiB = Infinity, cores = Infinity } = event;
        this.servers.set(id, { epoch, slots, memoryMiB, cores, up: true, draining: false });
        break;
      }
      default:
        if (fact) fact.state = jobs.decider.evolve(fact.state, event as JobEvent);
        if (fact && event.type === 'JobStarted')
          fact.takes = { memoryMiB: event.memoryMiB ?? 0, cores: event.cores ?? 0 };
    }
  }

  private tell(id: string, command: JobCommand, proposal?: Proposal): void {
    const fact = this.facts.get(id);
    if (!fact && command.type !== 'SubmitJob') return;
    const events = jobs.decider.decide(command, fact?.state ?? { is: 'new' });
    if (isRefusal(events)) return;
    for (const event of events) {
      this.see(`job-${id}`, event);
      if (event.type === 'JobStarted') this.started(id, event.node, proposal);
    }
  }

  private submit(): void {
    const { chance } = this;
    const { owner, ...who } = chance.pick(OWNERS);
    const amounts = {
      ...(chance.of(30) ? { memoryMiB: chance.pick([1, 2, 4]) } : {}),
      ...(chance.of(20) ? { cores: chance.pick([0.1, 0.2, 1, 2.5]) } : {}),
    };
    const profile = chance.of(40) ? { profile: chance.pick([...PROFILES, 'gone']) } : {};
    this.tell(`j${String(this.facts.size).padStart(3, '0')}`, {
      type: 'SubmitJob',
      ...aRequest,
      owner,
      ...who,
      app: { ...aRequest.app, name: chance.pick(APPS) },
      priority: chance.pick([100, 200]),
      labels: chance.some(LABELS, 15),
      ...(chance.of(40) ? { licence: chance.pick(LICENCES) } : {}),
      ...amounts,
      ...profile,
    });
  }

  private someCommand(): JobCommand {
    const { chance } = this;
    return chance.of(50)
      ? { type: 'PrioritizeJob', priority: chance.pick([1, 100, 200]), best: 1 }
      : { type: 'TerminateJob', reason: '' };
  }

  private somePolicy(): Policy {
    const { chance } = this;
    const limits = [
      { per: 'user', pattern: chance.pick(['*', 'ada']), running: 1 + chance.below(2) },
      { per: 'group', pattern: chance.pick(['user', '*']), running: 1 + chance.below(3) },
      { per: 'app', pattern: chance.pick(['*', 'c*', 'lp']), running: 1 + chance.below(3) },
      { per: 'server', pattern: chance.pick(['*', 'n1']), running: 1 + chance.below(2) },
    ] as const;
    const profiles = PROFILES.map((name) => ({
      name,
      capacity: chance.below(4),
      ...(chance.of(50) ? { memoryMiB: chance.pick([1, 3]) } : {}),
      ...(chance.of(30) ? { cores: chance.pick([0.3, 1]) } : {}),
      ...(chance.of(20) ? { labels: ['big'] } : {}),
    }));
    return {
      ...NO_POLICY,
      limits: chance.some(limits, 50),
      profiles: chance.some(profiles, 80),
      fair: chance.of(50),
    };
  }

  private set(policy: Policy): void {
    this.policies++;
    this.see('queue-policy', { type: 'QueuePolicySet', policy, reason: 'because' });
  }

  private join(node: string): void {
    const { chance } = this;
    this.die(node);
    this.see(`node-${node}`, {
      type: 'NodeJoined',
      epoch: (this.servers.get(node)?.epoch ?? 0) + 1,
      name: node,
      roles: ['pro'],
      slots: chance.below(4),
      version: '1',
      isolation: '',
      labels: chance.some(LABELS, 60),
      memoryMiB: chance.pick([2, 4, 6]),
      cores: chance.pick([1, 3]),
    });
  }

  private die(node: string): void {
    const server = this.servers.get(node);
    if (!server?.up) return;
    server.up = false;
    const { epoch } = server;
    this.see(`node-${node}`, { type: 'NodeDeclaredDead', epoch, reason: 'silent' });
    for (const id of this.facts.keys()) this.tell(id, { type: 'LoseNode', node, nodeEpoch: epoch });
  }

  private strike(node: string): void {
    const { epoch = 0, up } = this.servers.get(node) ?? {};
    if (!up || this.chance.of(40)) return this.join(node);
    const event = this.chance.of(50)
      ? ({ type: 'NodeDrainStarted', epoch, reason: '', graceS: 60 } as const)
      : ({ type: 'NodeResumed', epoch } as const);
    this.see(`node-${node}`, event);
  }

  private endOne(): void {
    const running = [...this.facts].filter(([, { state }]) => state.is === 'running');
    if (running.length === 0) return;
    const [id, { state }] = this.chance.pick(running);
    if (state.is !== 'running') return;
    const { attempt, node, nodeEpoch } = state;
    const at = { attempt, node, nodeEpoch };
    this.tell(
      id,
      this.chance.of(80)
        ? { type: 'FailJob', ...at, error: { code: 'x', message: '' } }
        : { type: 'DrainAttempt', ...at },
    );
  }

  /** From rows that are behind, and then up to the end of the log, which takes nothing more from the one before. */
  private elect(): void {
    const { chance, log } = this;
    const leader = chance.pick(this.leaders);
    leader.epoch = ++this.epoch;
    const until = log.length - Math.min(log.length, chance.below(8));
    const rows = this.queueAt(until);
    const from = until - Math.min(until, chance.below(8));
    const queue = this.fromRows(rows, this.queueAt(from));
    leader.queue = log.slice(from).reduce(evolveQueue, queue);
    leader.seen = log.length;
    this.check(leader.queue);
    const whole = this.queueAt(log.length);
    const known = ({ jobs, servers, policy, seats, seated }: Queue): string =>
      JSON.stringify([
        [...values(jobs)].map(({ job, place, alone, priority, attempts }) => [
          job,
          place,
          alone,
          priority,
          attempts,
        ]),
        [...values(servers)],
        policy.policy,
        [...values(seats)],
        [...values(seated)],
      ]);
    hold(known(leader.queue) === known(whole), () => 'a new leader sees another queue');
  }

  /** Folded once: queues share what is the same in them. */
  private queueAt(position: number): Queue {
    const { log, folded } = this;
    while (folded.length <= position) folded.push(evolveQueue(folded.at(-1)!, log[folded.length - 1]!));
    return folded[position]!;
  }

  private fromRows(jobs: Queue, nodes: Queue): Queue {
    return queueFromRows(
      [...values(jobs.jobs)].map((entry) => ({
        ...{ id: entry.job, environment: entry.environment, owner: entry.owner, owner_name: entry.ownerName },
        ...{ groups: entry.groups, app: entry.app, procedure: entry.procedure, time_limit: entry.timeLimit },
        ...{
          licence: entry.licence?.slice(licenceId('').length) ?? null,
          profile: entry.profile,
          memory_mib: entry.memoryMiB,
          cores: entry.cores,
          labels: entry.labels,
        },
        ...{ priority: entry.priority, queued_at: entry.queuedAt, attempt: entry.attempts },
        ...{ node_lost: entry.alone ? 2 : 0, node: entry.place?.node ?? null },
        ...{ node_epoch: entry.place?.nodeEpoch ?? null, started_at: entry.place?.since ?? null },
        ...{ waits_since: entry.wait.from, takes: entry.place ?? {}, held: false },
      })),
      [...values(nodes.servers)].map(({ node, name, epoch, slots, memoryMiB, cores, labels, draining }) => ({
        ...{ id: node, name, epoch, slots, memory_mib: memoryMiB, cores, labels, draining },
        ...{ roles: ['pro'], state: 'joined' as const },
      })),
      jobs.policy.policy,
      this.pools.rowsOf(jobs),
    );
  }

  private hear(leader: Leader, count: number): void {
    const until = Math.min(this.log.length, leader.seen + count);
    for (; leader.seen < until; leader.seen++)
      leader.queue = evolveQueue(leader.queue, this.log[leader.seen]!);
  }

  private decide(leader: Leader): void {
    if (leader.epoch === 0) return;
    const before = leader.queue;
    const decision = decidePlacements(before, this.log.length * 1000);
    this.check(decision.queue);
    this.inOrder(before, decision.placements, decision.queue);
    if (this.chance.of(10)) this.sameAgain(before, decision.placements);
    leader.queue = decision.queue;
    const { epoch } = leader;
    const { policy } = before.policy;
    for (const placement of decision.placements)
      this.proposals.push({ ...placement, leader, order: ++this.proposed, epoch, policy });
  }

  /** One proposal arrives, in any order, and sometimes comes again; the log takes none of a former leader. */
  private deliver(): void {
    if (this.proposals.length === 0) return;
    const proposal = this.chance.pick(this.proposals);
    // A seat is asked for under one command id: asked for again, it is the same answer.
    if (proposal.seat ?? this.chance.of(90))
      this.proposals = this.proposals.filter((other) => other !== proposal);
    if (proposal.epoch !== this.epoch) {
      this.late++;
      return;
    }
    this.start(proposal);
  }

  /** First its seat, where it needs one; the start itself comes some time after that. */
  private start(proposal: Proposal): void {
    const { job: id, seat, leader, epoch, order: _order, policy: _policy, ...start } = proposal;
    if (!seat) return this.tell(id, { type: 'StartJob', ...start }, proposal);
    const { licence, user } = seat;
    const { attempt } = proposal;
    const server = this.leaders.indexOf(leader);
    this.pools.request(server, licence, holderOf(id, attempt), user, epoch, (done) => {
      const { seat: _seat, ...seated } = proposal;
      if (done) this.proposals.push({ ...seated, licence } as Proposal);
      else if (leader.epoch === epoch) leader.queue = refusedSeat(leader.queue, id, attempt);
    });
  }

  /**
   * Counted from the log alone: what runs now, with the one that has just started. Of those that are counted together
   * the one that was proposed last was proposed with all others in mind, by the policy that its leader knew then.
   */
  private started(id: string, node: string, proposal: Proposal | undefined): void {
    this.starts++;
    const fact = this.facts.get(id)!;
    if (proposal) fact.by = proposal;
    const running = [...this.facts.values()].filter(({ state }) => state.is === 'running');
    const most = (policy: Policy, per: string, name: string): number =>
      Math.min(
        Infinity,
        ...policy.limits
          .filter((limit) => limit.per === per && matches(limit.pattern, name))
          .map((limit) => limit.running),
      );
    const counted = (
      per: string,
      name: string,
      of: (fact: Fact) => boolean,
      limitBy = (policy: Policy): number => most(policy, per, name),
    ): void => {
      const together = running.filter(of);
      const limit = limitBy(together.reduce(later).by?.policy ?? NO_POLICY);
      const count = together.length;
      hold(count <= limit, () => `${per} ${name} has ${count} running, at most ${limit}`);
    };
    const { asked } = fact;
    const { owner, ownerName = '', groups = [], app, profile } = asked;
    counted('user', ownerName, (one) => one.asked.owner === owner);
    for (const group of groups) counted('group', group, (one) => one.asked.groups?.includes(group) === true);
    counted('app', app.name, (one) => one.asked.app.name === app.name);
    if (profile !== undefined)
      counted(
        'profile',
        profile,
        (one) => one.asked.profile === profile,
        ({ profiles }) => profiles.find(({ name }) => name === profile)?.capacity ?? 0,
      );
    const server = this.servers.get(node)!;
    const isHere = ({ state }: Fact): boolean =>
      state.is === 'running' && state.node === node && state.nodeEpoch === server.epoch;
    const here = running.filter(isHere);
    if (here.length === 0) return; // on a life of the server that is over
    counted('server', node, isHere);
    const took = (of: 'memoryMiB' | 'cores') => here.reduce((sum, { takes }) => sum + takes[of], 0);
    hold(here.length <= server.slots, () => `${node} has ${here.length} jobs on ${server.slots} slots`);
    hold(took('memoryMiB') <= server.memoryMiB, () => `${node} gives more memory than it has`);
    hold(took('cores') <= server.cores + 1e-6, () => `${node} gives more cores than it has`);
  }

  /** What a queue has counted is what is in it. */
  private check(queue: Queue): void {
    const held = new Map<string, number>();
    const count = (key: string): void => void held.set(key, (held.get(key) ?? 0) + 1);
    for (const { place, owner, environment, app, groups, profile } of values(queue.jobs)) {
      if (!place) continue;
      count(`user ${owner}`);
      count(`app ${environment} ${app}`);
      for (const group of groups) count(`group ${environment} ${group}`);
      if (profile !== null) count(`profile ${profile}`);
    }
    for (const licence of values(queue.seated)) count(licenceKey(licence));
    for (const [key, number] of held)
      hold(get(queue.held, key) === number, () => `${key} is ${number}, counted as ${get(queue.held, key)}`);
    hold([...values(queue.held)].length === held.size, () => 'something is counted that does not run');
    for (const server of values(queue.servers)) {
      const here = [...values(queue.jobs)].filter(
        ({ place }) => place?.node === server.node && place.nodeEpoch === server.epoch,
      );
      const sum = here.reduce((all, { place }) => all + (place?.memoryMiB ?? 0), 0);
      hold(server.taken === here.length, () => `${server.node} counts ${server.taken} of ${here.length}`);
      hold(server.memoryTaken === sum, () => `${server.node} counts ${server.memoryTaken} of ${sum} MiB`);
    }
    const inLines = [...values(queue.lines)].flatMap(({ waiting }) => [...values(waiting)].map(turnOf));
    const waiting = [...values(queue.waiting)].map(turnOf);
    hold(inLines.sort().join() === waiting.join(), () => 'lines and waiting differ');
  }

  /** Nobody got what somebody could have had then who was before him, and who got nothing. */
  private inOrder(before: Queue, placements: readonly Placement[], after: Queue): void {
    const left: Entry[] = [];
    for (const entry of values(after.waiting)) {
      // Servers are kept for these: what others are kept from was not theirs to have.
      if (entry.alone || entry.memoryMiB > 0 || entry.cores > 0 || entry.profile !== null) break;
      left.push(entry);
    }
    let then = before;
    for (const { job, waited: _waited, seat, ...start } of placements) {
      const got = get(before.jobs, job)!;
      const turn = (entry: Entry): string =>
        turnAmong(entry, before.policy.policy.fair ? (get(then.held, `user ${entry.owner}`) ?? 0) : 0);
      for (const entry of left)
        if (turn(entry) < turn(got))
          hold(!this.couldRun(then, entry, start.node), () => `${job} got what ${entry.job} could have had`);
      const event: JobEvent = { type: 'JobStarted', ...start };
      then = evolveQueue(then, happened(`job-${job}`, event, 0));
      if (seat) then = seated(then, licenceId(seat.licence), holderOf(job, start.attempt));
    }
  }

  private couldRun(queue: Queue, entry: Entry, node: string): boolean {
    const server = get(queue.servers, node)!;
    const slots = Math.min(server.slots, queue.policy.most('server', server.name) ?? Infinity);
    return (
      !fullFor(queue, standing(queue, entry)) &&
      server.taken < slots &&
      server.alone === 0 &&
      entry.labels.every((label) => server.labels.includes(label))
    );
  }

  private sameAgain(queue: Queue, placements: readonly Placement[]): void {
    const again = decidePlacements(queue, this.log.length * 1000).placements;
    hold(JSON.stringify(again) === JSON.stringify(placements), () => 'the same queue was decided otherwise');
  }

  /** Nothing new comes: everybody gets his turn for whom there is a server and a place at all. */
  private finish(): void {
    for (const node of NODES) this.join(node);
    this.pools.finish();
    this.elect();
    const leader = this.leaders.find(({ epoch }) => epoch === this.epoch)!;
    for (let idle = 0; idle < 2; idle++) {
      this.hear(leader, Infinity);
      const before = this.starts;
      this.decide(leader);
      for (let next = this.proposals.shift(); next; next = this.proposals.shift()) {
        if (next.epoch === this.epoch) this.start(next);
        this.pools.arriveAll();
      }
      for (const [id, { state }] of this.facts)
        if (state.is === 'running') {
          const { attempt, node, nodeEpoch } = state;
          this.tell(id, { type: 'FailJob', attempt, node, nodeEpoch, error: { code: 'x', message: '' } });
        }
      this.pools.settle();
      if (this.starts > before) idle = -1;
    }
    this.pools.end();
    for (const entry of values(leader.queue.waiting)) {
      const { needs, holds } = standing(leader.queue, entry);
      const possible =
        holds.every(({ most }) => most > 0) &&
        [...values(leader.queue.servers)].some(
          ({ slots, labels, memoryMiB, cores }) =>
            slots > 0 &&
            needs.labels.every((label) => labels.includes(label)) &&
            needs.memoryMiB <= (memoryMiB ?? Infinity) &&
            needs.cores <= (cores ?? Infinity),
        );
      hold(!possible, () => `${entry.job} waits for ever`);
    }
  }
}

const later = (one: Fact, other: Fact): Fact => ((other.by?.order ?? 0) > (one.by?.order ?? 0) ? other : one);

const NOTHING = { memoryMiB: 0, cores: 0 };
