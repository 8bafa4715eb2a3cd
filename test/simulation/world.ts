import type { AttemptResult } from '@openpro/engine';
import { leadership } from '../../libs/cluster/src/leadership.js';
import { node } from '../../libs/cluster/src/node.js';
import type { Recorded } from '../../libs/eventstore/src/event-store.js';
import type { AnyProcess } from '../../libs/eventstore/src/reactions.js';
import type { Dependency } from '../../libs/jobs/src/dependencies.js';
import { cancelChildJobs } from '../../libs/jobs/src/cancel-child-jobs.process.js';
import { job, type JobEvent, type QueuedJob } from '../../libs/jobs/src/job.js';
import { releaseDependents } from '../../libs/jobs/src/release-dependents.process.js';
import { requeueLostJobs } from '../../libs/jobs/src/requeue-lost-jobs.process.js';
import { idOf } from '../../libs/kernel/src/index.js';
import { licence } from '../../libs/licensing/src/licence.js';
import { seatAttempts } from '../../libs/licensing/src/seat-attempts.process.js';
import { seatSessions } from '../../libs/licensing/src/seat-sessions.process.js';
import { endIdleSession } from '../../libs/sessions/src/end-idle-session.process.js';
import { endSessionsOfLostNode } from '../../libs/sessions/src/end-sessions-of-lost-node.process.js';
import { placeSession } from '../../libs/sessions/src/place-session.process.js';
import { session } from '../../libs/sessions/src/session.js';
import { type AnyAggregate, Bus } from './bus.js';
import { Checker, type Counts, Violation } from './checker.js';
import { ClusterRows, type LifeOf } from './lease.js';
import { SharedLog } from './log.js';
import type { Mutant } from './mutants.js';
import { ProcessRows } from './process-rows.js';
import { Random } from './random.js';
import { ReadModel } from './read-model.js';
import { ended, Server } from './server.js';
import { Timeline } from './timeline.js';

const AGGREGATES = [job, session, node, leadership, licence] as unknown as readonly AnyAggregate[];
const PROCESSES = [
  requeueLostJobs,
  releaseDependents,
  cancelChildJobs,
  placeSession,
  endSessionsOfLostNode,
  endIdleSession,
  seatAttempts,
  seatSessions,
] as unknown as AnyProcess[];

/** Faults come in this time; afterwards everything that is broken is mended and the world runs on to its end. */
const FAULTS_MS = 30_000;
/** So long after the last fault every job must have ended. */
const JOBS_END_MS = 90_000;
/** So long after the faults the last death is known: three times the silence, for one that had never beaten. */
const LAST_DEATH_MS = 20_000;
/** Nobody looks at a session for half an hour: then it ends by itself. */
const ALL_END_MS = 45 * 60_000;
/** Of every so many seeds one has no fault that may cost a server its life, and another one a log without a fence. */
const OTHERS_EVERY = 6;

const REQUEST = {
  environment: 'ROOT',
  owner: 'ada',
  app: { name: 'supply', version: '1', digest: 'a'.repeat(64) },
  engine: { name: 'model', version: '1', digest: 'b'.repeat(64) },
};

const LICENCE = {
  ...{ environment: 'ROOT', name: 'solver', title: 'Solver', users: [], reason: '' },
  ...{ holdS: 10, leaseS: 10 },
};

/** Endless: until somebody terminates it, or a job above it. */
type Kind = 'healthy' | 'crashes' | 'fails' | 'infeasible' | 'endless';

export interface Outcome {
  readonly seed: number;
  readonly violation: string | null;
  readonly counts: Counts;
  readonly trace: readonly string[];
}

/** Everything that one seed brings about. */
export class World {
  readonly timeline = new Timeline();
  readonly random: Random;
  readonly rows = new ClusterRows();
  readonly log: SharedLog;
  readonly bus: Bus;
  readonly readModel: ReadModel;
  readonly aggregates: ReadonlyMap<string, AnyAggregate>;
  readonly processes: readonly ProcessRows[];
  /** All jobs have ended and nothing breaks any more: only sessions wait for their end. */
  quiet = false;
  private readonly checker: Checker;
  private readonly servers = new Map<string, Server>();
  /** Those that never come back. */
  private readonly scrapped = new Set<string>();
  private readonly kinds = new Map<string, Kind>();
  /** Of those that a job has submitted. */
  private readonly parents = new Map<string, string>();
  private readonly ends = new Map<string, JobEvent['type']>();
  private readonly sessions: string[] = [];
  /** There is one whose seats jobs and sessions may need. */
  private licensed = false;
  /** Jobs that are known to be there: another one may wait for them. */
  private readonly known: string[] = [];
  private readonly trace: string[] = [];
  private readonly began: number;
  private readonly gentle: boolean;
  /** As KurrentDB, whose log knows nothing of the lease. */
  private readonly unfenced: boolean;
  private violation: string | null = null;
  private faulty = true;
  /** Commands of users that have no answer yet. */
  private pending = 0;

  constructor(
    private readonly seed: number,
    readonly mutant: Mutant = {},
    private readonly tracing = false,
  ) {
    const { timeline } = this;
    this.began = timeline.now;
    this.random = new Random(seed);
    this.gentle = seed % OTHERS_EVERY === 0;
    this.unfenced = seed % OTHERS_EVERY === 1;
    const aggregates = AGGREGATES.map((one) => mutant.aggregate?.(one) ?? one);
    this.aggregates = new Map(aggregates.map((one) => [one.name, one]));
    const deposed = (epoch: number) => !this.unfenced && this.rows.lease.epoch > epoch;
    this.log = new SharedLog(timeline, this.random, (events) => this.see(events), deposed, mutant);
    const receivers = () => [...this.servers.values()].filter(({ life }) => !life.over);
    this.bus = new Bus(
      this.random,
      timeline,
      this.aggregates,
      receivers,
      (what) => this.tracing && this.say(what()),
    );
    this.readModel = new ReadModel(this.log.events, this.random, mutant.believesNewest ?? false);
    this.processes = PROCESSES.map((one) => new ProcessRows(mutant.process?.(one) ?? one));
    const healthy = (id: string) => this.kinds.get(id) === 'healthy';
    this.checker = new Checker({ healthy, gentle: this.gentle, fenced: !this.unfenced });
  }

  async run(): Promise<Outcome> {
    const { random, timeline, bus, log } = this;
    bus.loss = 0.3;
    bus.duplicates = 0.3;
    log.ambiguous = 0.05;
    for (let n = random.between(2, 4); n > 0; n--)
      this.boot(`${n}`.repeat(8) + '-0000-7000-8000-000000000000');
    this.define();
    for (let n = random.between(3, 9); n > 0; n--)
      timeline.after(random.between(0, FAULTS_MS), () => this.submit());
    for (let n = random.between(0, 3); n > 0; n--)
      timeline.after(random.between(0, FAULTS_MS), () => this.open());
    timeline.after(random.between(1000, 4000), () => this.strike());
    timeline.after(FAULTS_MS, () => this.mend());
    this.guard();
    timeline.after(FAULTS_MS + JOBS_END_MS, () => (this.quiet = true));
    const end = this.began + FAULTS_MS + ALL_END_MS;
    await timeline.run(() => this.violation !== null || this.over() || timeline.now > end);
    this.check(() => this.checker.finish([...this.kinds.keys()], this.sessions));
    const { seed, violation, trace } = this;
    return { seed, violation, trace, counts: this.checker.counts };
  }

  isOver({ node: id, epoch }: LifeOf): boolean {
    return this.checker.isOver(id, epoch);
  }

  slotsOf(id: string): number {
    return 1 + (Number(id[0]) % 3);
  }

  /** How long an attempt takes, and what becomes of it. */
  workOf(id: string): { readonly ms: number; readonly outcome: AttemptResult; readonly submits: number } {
    const ms = this.random.between(100, 6000);
    const submits = this.submitsOf(id);
    switch (this.kinds.get(id)) {
      case 'crashes':
        return { ms, submits, outcome: { is: 'crashed', message: 'killed' } };
      case 'fails':
        return { ms, submits, outcome: { is: 'failed', error: { code: 'Model', message: 'wrong' } } };
      case 'infeasible':
        return { ms, submits, outcome: ended('infeasible') };
      case 'endless':
        return { ms: Infinity, submits, outcome: ended('completed') };
      case 'healthy':
      case undefined:
        return { ms, submits, outcome: ended('completed') };
    }
  }

  /** An endless job submits one or two that end soon, each of which submits an endless one. */
  private submitsOf(id: string): number {
    const parent = this.parents.get(id);
    if (parent === undefined) return this.kinds.get(id) === 'endless' ? this.random.between(1, 2) : 0;
    return this.parents.has(parent) ? 0 : 1;
  }

  private meet({ stream, event }: Recorded): void {
    const id = idOf(stream);
    const happened = event as JobEvent;
    if (happened.type === 'JobQueued' && happened.parent !== undefined) {
      this.parents.set(id, happened.parent);
      this.kinds.set(id, this.parents.has(happened.parent) ? 'endless' : 'healthy');
    } else if (/^Job(Completed|Failed|Cancelled|Abandoned)$/.test(event.type))
      this.ends.set(id, happened.type);
  }

  /**
   * Nobody will end it but we: the job at the top, the only one that people stop, has ended, and not because it was
   * terminated. Those between may wait: for a server of their own, which this one keeps busy.
   */
  private isLeftAlone(id: string): boolean {
    let end: string | undefined;
    for (let at = this.parents.get(id); at !== undefined; at = this.parents.get(at)) {
      end = this.ends.get(at);
      if (end === 'JobCancelled') return false;
    }
    return end !== undefined && this.kinds.get(id) === 'endless' && !this.ends.has(id);
  }

  private over(): boolean {
    if (this.faulty || this.pending > 0 || !this.checker.jobsEnded) return false;
    // A server that died last must have been missed before nobody beats any more: its sessions wait for that.
    if (!this.checker.ended && this.timeline.now < this.began + FAULTS_MS + LAST_DEATH_MS) return false;
    this.quiet = true;
    return this.checker.ended && this.processes.every((rows) => rows.doneWith(this.log.events));
  }

  private boot(id: string): void {
    this.say(`server ${id} starts`);
    const server = new Server(this, id);
    this.servers.set(id, server);
    server.join();
  }

  private see(events: readonly Recorded[]): void {
    if (this.tracing) for (const one of events) this.say(told(one));
    for (const one of events) this.meet(one);
    this.check(() => this.checker.see(events));
  }

  private check(look: () => void): void {
    try {
      if (this.violation === null) look();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.violation = error.message;
      this.say(`VIOLATION ${error.message}`);
    }
  }

  private say(what: string): void {
    if (this.tracing)
      this.trace.push(`${((this.timeline.now - this.began) / 1000).toFixed(3).padStart(9)} ${what}`);
  }

  private tell(to: string, id: string, command: object): Promise<unknown> {
    const meta = { commandId: this.random.uuid(), actor: 'ada', roles: ['user'] };
    this.pending++;
    return this.bus.insist(this.timeline, { to, id, command, meta }).then(() => this.pending--);
  }

  private submit(): void {
    const { random, timeline } = this;
    const id = random.uuid();
    const ends = random.chance(0.75) ? 'healthy' : random.pick(['crashes', 'fails', 'infeasible'] as const)!;
    const kind = random.chance(0.1) ? 'endless' : ends;
    this.kinds.set(id, kind);
    const queued: QueuedJob = {
      ...REQUEST,
      procedure: 'solve',
      args: {},
      input: null,
      description: '',
      priority: random.pick([100, 200])!,
      session: null,
      timeLimit: null,
      gap: null,
      seed: null,
      after: this.earlier(),
      ...(this.licensed && random.chance(0.5) ? { licence: LICENCE.name } : {}),
    };
    void this.tell('job', id, { type: 'SubmitJob', ...queued }).then(() => {
      this.known.push(id);
      if (random.chance(0.1))
        timeline.after(random.between(0, 8000), () => void this.tell('job', id, { type: 'InterruptJob' }));
      if (kind === 'endless' || random.chance(0.1))
        timeline.after(
          random.between(0, kind === 'endless' ? 24_000 : 12_000),
          () => void this.tell('job', id, { type: 'TerminateJob', reason: '' }),
        );
    });
  }

  /** Now and then one or two of them, whether they have ended or not. */
  private earlier(): Dependency[] {
    const { random, known } = this;
    const chosen = known.length > 0 && random.chance(0.4) ? [random.pick(known)!, random.pick(known)!] : [];
    const on = (): Dependency['on'] => (random.chance(0.5) ? 'success' : 'any');
    return [...new Set(chosen)].map((job) => ({ job, on: on() }));
  }

  private define(): void {
    const { random } = this;
    const seats = { dataSeats: random.between(1, 2), optimizationSeats: random.between(1, 2) };
    const command = { type: 'DefineLicence', basedOn: 0, ...LICENCE, ...seats };
    const id = `${LICENCE.environment}:${LICENCE.name}`;
    void this.tell('licence', id, command).then(() => (this.licensed = true));
  }

  /** Somebody opens an app, comes and goes, and closes it or forgets it. */
  private open(): void {
    const { random, timeline } = this;
    const id = random.uuid();
    this.sessions.push(id);
    const licensed = this.licensed && random.chance(0.7);
    const licence = licensed ? { licence: LICENCE.name, device: random.pick(['desk', 'phone'])! } : {};
    void this.tell('session', id, { type: 'RequestSession', ...REQUEST, ...licence }).then(() => {
      let ms = 0;
      const later = (command: object) =>
        timeline.after((ms += random.between(500, 5000)), () => void this.tell('session', id, command));
      if (random.chance(0.8)) later({ type: 'AttachSession' });
      if (random.chance(0.5)) {
        later({ type: 'DetachSession' });
        later({ type: 'AttachSession' });
      }
      if (random.chance(0.6)) later({ type: 'EndSession', reason: 'closed' });
      else timeline.after(ms + 30_000, () => void this.tell('session', id, { type: 'DetachSession' }));
    });
  }

  /** The next fault. */
  private strike(): void {
    const { random, timeline } = this;
    if (!this.faulty) return;
    const server = random.pick([...this.servers.values()].filter(({ life }) => life.up));
    if (server) this.break(server, random.pick(this.gentle ? GENTLE : HARSH)!);
    timeline.after(this.gentle ? random.between(7000, 12_000) : random.between(500, 4000), () =>
      this.strike(),
    );
  }

  private break(server: Server, fault: (typeof HARSH)[number]): void {
    const { random } = this;
    const { id } = server;
    this.say(`${fault} ${id}`);
    switch (fault) {
      case 'crash':
        if (random.chance(0.1) && this.servers.size - this.scrapped.size > 1) this.scrap(id);
        server.crash();
        if (random.chance(0.5) && !this.scrapped.has(id)) this.boot(id);
        return;
      case 'drain':
        void this.tell('node', id, { type: 'DrainNode', reason: '', graceS: random.between(0, 8) });
        return this.timeline.after(random.between(2000, 12_000), () => this.undrain(id));
      case 'leave':
        return server.leave();
      case 'pause':
        return this.pause([server], random.between(500, 2000));
      case 'long pause':
        return this.pause([server], random.between(4000, 12_000));
      case 'database away':
        return this.pause([...this.servers.values()], random.between(500, 4500));
    }
  }

  private undrain(id: string): void {
    void this.tell('node', id, { type: 'ResumeNode' });
  }

  /** It never comes back; sometimes somebody says so. */
  private scrap(id: string): void {
    this.scrapped.add(id);
    const command = { type: 'RemoveNode', reason: '', force: true, working: 0 };
    if (this.random.chance(0.5)) void this.tell('node', id, command);
  }

  private pause(servers: readonly Server[], ms: number): void {
    for (const { life } of servers) life.pause();
    this.timeline.after(ms, () => {
      for (const { life } of servers) life.resume(() => this.random.between(0, 300));
    });
  }

  private mend(): void {
    this.say('no more faults');
    this.faulty = false;
    this.bus.loss = 0;
    this.bus.duplicates = 0;
    this.log.ambiguous = 0;
    // Again a little later: a drain that was asked for before may still be on its way.
    for (const ms of [0, 10_000])
      this.timeline.after(ms, () => {
        for (const id of this.servers.keys()) this.undrain(id);
      });
  }

  /** Whoever is down is started again, sooner or later, unless it is scrap. */
  private guard(): void {
    const { random, timeline, scrapped } = this;
    for (const { id, life } of this.servers.values())
      if (life.over && !scrapped.has(id) && (!this.faulty || random.chance(0.25))) this.boot(id);
    for (const id of this.parents.keys())
      if (this.isLeftAlone(id)) void this.tell('job', id, { type: 'TerminateJob', reason: '' });
    if (!this.quiet) timeline.after(1000, () => this.guard());
  }
}

const GENTLE = ['pause', 'database away', 'drain'] as const;
const HARSH = [
  'crash',
  'leave',
  'drain',
  'pause',
  'long pause',
  'crash',
  'long pause',
  'database away',
] as const;

const told = ({ position, stream, actor, epoch, event: { type, ...fields } }: Recorded): string =>
  `${Number(position)} ${stream} ${type} ${shown(fields)} by ${actor}${epoch === undefined ? '' : ` of epoch ${epoch}`}`;

const shown = (fields: object): string =>
  Object.entries(fields)
    .filter(([, value]) => typeof value !== 'object' || value === null)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ');
