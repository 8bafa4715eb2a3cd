/**
 * The invariants of docs and design (I1 …), looked at after every event of the log. It knows the rules by itself:
 * nothing of the product is imported.
 */
export interface Logged {
  readonly position: string;
  readonly stream: string;
  readonly version: number;
  readonly commandId: string;
  readonly actor: string;
  /** Of the leader who proposed it. */
  readonly epoch?: number;
  readonly event: { readonly type: string };
}

/** The fields of all events that are looked at. */
interface Fields {
  readonly type: string;
  readonly epoch: number;
  readonly slots: number;
  readonly node: string | null;
  readonly nodeEpoch: number | null;
  readonly attempt: number;
  readonly reason: string;
  readonly nodeLost: number;
  readonly ownCrash: number;
  readonly draining?: boolean;
  readonly outcome?: string;
  readonly after?: Job['after'];
  readonly licence?: string;
  readonly holder: string;
  readonly kind: 'data' | 'optimization';
  readonly user: string;
  readonly device: string | null;
  readonly dataSeats: number;
  readonly optimizationSeats: number;
}

interface Job {
  is: 'queued' | 'running' | 'ended';
  attempt: number;
  node: string | null;
  nodeEpoch: number | null;
  interrupting: boolean;
  lost: number;
  crashed: number;
  drained: number;
  readonly after: readonly { readonly job: string; readonly on: 'success' | 'any' }[];
  /** Completed, or as far as its time limit. */
  succeeded: boolean;
}

interface Session {
  readonly licensed: boolean;
  is: 'requested' | 'starting' | 'ready' | 'ended';
  attached: boolean;
  node: string | null;
  nodeEpoch: number | null;
}

interface Node {
  epoch: number;
  is: 'joined' | 'over' | 'removed';
  draining: boolean;
  slots: number;
}

export interface CheckerNeeds {
  /** Neither crashes nor fails by itself. */
  readonly healthy: (job: string) => boolean;
  /** No server was away for longer than a server may be. */
  readonly gentle: boolean;
  /** The log refuses what a former leader still has on its way; otherwise it may fill a slot that the next one fills, too. */
  readonly fenced: boolean;
}

const FOLLOWS: ReadonlySet<string> = new Set([
  'JobDependentAdded',
  'JobChildAdded',
  'JobChildrenCancelled',
  'JobAttemptMeasured',
]);

export class Violation extends Error {
  override readonly name = 'Violation';
}

export interface Counts {
  events: number;
  jobs: number;
  sessions: number;
  requeued: number;
  abandoned: number;
  deaths: number;
  leaders: number;
  /** Outcomes of attempts whose server was dead, but whose job had not been told yet: they count. */
  lateOutcomes: number;
}

export class Checker {
  readonly counts: Counts = {
    events: 0,
    jobs: 0,
    sessions: 0,
    requeued: 0,
    abandoned: 0,
    deaths: 0,
    leaders: 0,
    lateOutcomes: 0,
  };
  private readonly versions = new Map<string, number>();
  private readonly commands = new Map<string, number>();
  private readonly jobs = new Map<string, Job>();
  private readonly sessions = new Map<string, Session>();
  private readonly nodes = new Map<string, Node>();
  private leaderEpoch = 0;
  private seats = { data: 0, optimization: 0 };
  /** Of the one licence: which seat each holder has. */
  private readonly held = {
    data: new Map<string, string>(),
    optimization: new Map<string, string>(),
  };
  private readonly line: string[] = [];

  constructor(private readonly needs: CheckerNeeds) {}

  /** The events of one append. */
  see(events: readonly Logged[]): void {
    const append = this.counts.events;
    for (const logged of events) {
      this.counts.events++;
      hold('I5', Number(logged.position) === this.counts.events, 'positions are contiguous');
      const version = (this.versions.get(logged.stream) ?? 0) + 1;
      hold('I5', logged.version === version, 'the versions of a stream are contiguous');
      this.versions.set(logged.stream, version);
      const first = this.commands.get(logged.commandId) ?? append;
      hold('I6', first === append, `command ${logged.commandId} has one effect`);
      this.commands.set(logged.commandId, append);
      this.meet(logged);
    }
  }

  isOver(node: string | null, epoch: number | null): boolean {
    const known = this.nodes.get(node ?? '');
    return known !== undefined && (known.epoch > (epoch ?? 0) || known.is !== 'joined');
  }

  get ended(): boolean {
    return (
      this.jobsEnded && this.seatsAreBack && [...this.sessions.values()].every(({ is }) => is === 'ended')
    );
  }

  private get seatsAreBack(): boolean {
    const { data, optimization } = this.held;
    return data.size + optimization.size + this.line.length === 0;
  }

  get jobsEnded(): boolean {
    return [...this.jobs.values()].every(({ is }) => is === 'ended');
  }

  /** After the end of the world: nothing was lost. */
  finish(submitted: readonly string[], requested: readonly string[]): void {
    for (const id of submitted)
      hold(
        'I1',
        this.jobs.get(id)?.is === 'ended',
        `job ${id} ends: it is ${this.jobs.get(id)?.is ?? 'unknown'}`,
      );
    for (const id of requested)
      hold(
        'I20',
        this.sessions.get(id)?.is === 'ended',
        `session ${id} ends: it is ${this.sessions.get(id)?.is ?? 'unknown'}`,
      );
    hold('I12', this.seatsAreBack, 'all seats have come back');
    hold('I6', this.jobs.size === submitted.length, 'every submission is one job');
    hold('I6', this.sessions.size === requested.length, 'every request is one session');
  }

  private meet(logged: Logged): void {
    const [aggregate = ''] = logged.stream.split('-');
    const id = logged.stream.slice(aggregate.length + 1);
    const event = logged.event as Fields;
    switch (aggregate) {
      case 'job':
        return this.meetJob(id, event, logged);
      case 'session':
        return this.meetSession(id, event, logged);
      case 'node':
        return this.meetNode(id, event);
      case 'licence':
        return this.meetLicence(event);
      case 'leadership':
        hold('I8', event.epoch > this.leaderEpoch, `epoch ${event.epoch} comes after ${this.leaderEpoch}`);
        this.leaderEpoch = event.epoch;
        this.counts.leaders++;
    }
  }

  private meetJob(id: string, event: Fields, logged: Logged): void {
    const { type } = event;
    const known = this.jobs.get(id);
    if (type === 'JobQueued') {
      hold('I4', known === undefined, `job ${id} is queued once`);
      this.counts.jobs++;
      const counters = {
        attempt: 0,
        lost: 0,
        crashed: 0,
        drained: 0,
        after: event.after ?? [],
        succeeded: false,
      };
      this.jobs.set(id, { is: 'queued', node: null, nodeEpoch: null, interrupting: false, ...counters });
      return;
    }
    hold('I4', known !== undefined, `job ${id} is queued before ${type}`);
    if (FOLLOWS.has(type)) return; // also after the end: what others must know of it
    hold('I2', known.is !== 'ended', `nothing follows the end of job ${id}, not ${type}`);
    if (type === 'JobStarted') return this.startJob(id, known, event, logged);
    if (type === 'JobDependencyMet' || type === 'JobReleased') {
      hold('I4', known.is === 'queued' && known.attempt === 0, `job ${id} is released before it starts`);
      return;
    }
    if (type === 'JobCancelled' && event.node === null) {
      hold('I4', known.is === 'queued', `job ${id} is cancelled without a server only while it waits`);
      known.is = 'ended';
      return;
    }
    hold(
      'I4',
      known.is === 'running' && known.attempt === event.attempt,
      `${type} is of the attempt that runs`,
    );
    if (type === 'JobInterruptRequested') {
      hold('I4', !known.interrupting, `job ${id} is interrupted once`);
      known.interrupting = true;
      return;
    }
    hold('I4', sameLife(known, event), `${type} of job ${id} is of the life of the server that it runs on`);
    const over = this.isOver(known.node, known.nodeEpoch);
    switch (type) {
      case 'JobRequeued':
        return this.requeueJob(id, known, event, over);
      case 'JobCompleted':
      case 'JobFailed':
        hold('I7', logged.actor === `node:${known.node}`, `job ${id} is ended by the server that ran it`);
        hold(
          'I22',
          type === 'JobCompleted' || !this.needs.healthy(id),
          `job ${id} is healthy and does not fail`,
        );
        if (over) this.counts.lateOutcomes++;
        break;
      case 'JobAbandoned':
        hold('I22', over, `job ${id} is abandoned because its server is lost`);
        hold(
          'I22',
          known.lost + known.crashed === 3,
          `job ${id} is abandoned after four attempts, not ${known.attempt}`,
        );
        this.counts.abandoned++;
        break;
      case 'JobCancelled':
        break;
      default:
        hold('I4', false, `${type} is unknown to the checker`);
    }
    known.is = 'ended';
    known.succeeded = type === 'JobCompleted' && event.outcome === 'completed';
  }

  private startJob(id: string, job: Job, event: Fields, { epoch = 0 }: Logged): void {
    hold('I4', job.is === 'queued', `job ${id} waits before it starts`);
    for (const { job: other, on } of job.after) {
      const before = this.jobs.get(other);
      hold('I4', before?.is === 'ended', `job ${id} starts after the end of job ${other}`);
      hold('I4', on === 'any' || before.succeeded, `job ${id} starts after the success of job ${other}`);
    }
    hold('I4', event.attempt === job.attempt + 1, `the attempts of job ${id} are counted one by one`);
    hold('I3', event.attempt - job.drained <= 4, `job ${id} has at most four attempts`);
    const { fenced } = this.needs;
    const elected = fenced ? epoch === this.leaderEpoch : epoch > 0 && epoch <= this.leaderEpoch;
    hold('I8', elected, `only who leads starts a job, not epoch ${epoch} in the time of ${this.leaderEpoch}`);
    const { attempt, node, nodeEpoch } = event;
    Object.assign(job, {
      is: 'running',
      interrupting: false,
      attempt,
      node,
      nodeEpoch,
    } satisfies Partial<Job>);
    if (!fenced || this.isOver(node, nodeEpoch)) return;
    const slots = this.nodes.get(node ?? '')?.slots ?? 0;
    const here = [...this.jobs.values()].filter((other) => other.is === 'running' && sameLife(other, event));
    hold('I12', here.length <= slots, `${node} has no more jobs than its ${slots} slots`);
  }

  private requeueJob(id: string, job: Job, { reason, nodeLost, ownCrash }: Fields, over: boolean): void {
    job.is = 'queued';
    this.counts.requeued++;
    if (reason === 'node-lost') {
      hold('I7', over, `job ${id} is taken only from a server that is lost`);
      job.lost++;
    } else if (reason === 'crashed') job.crashed++;
    else job.drained++;
    hold('I3', job.lost === nodeLost && job.crashed === ownCrash, `job ${id} is charged with what it lost`);
    hold('I3', job.lost <= 3 && job.crashed <= 1, `job ${id} is requeued at most three times`);
  }

  private meetSession(id: string, event: Fields, { actor }: Logged): void {
    const { type, node = null, nodeEpoch = null } = event;
    const known = this.sessions.get(id);
    if (type === 'SessionRequested') {
      hold('I4', known === undefined, `session ${id} is requested once`);
      this.counts.sessions++;
      const licensed = event.licence !== undefined;
      this.sessions.set(id, { licensed, is: 'requested', attached: false, node: null, nodeEpoch: null });
      return;
    }
    hold('I4', known !== undefined, `session ${id} is requested before ${type}`);
    hold('I2', known.is !== 'ended', `nothing follows the end of session ${id}, not ${type}`);
    switch (type) {
      case 'SessionPlaced':
        hold('I4', known.is === 'requested', `session ${id} is placed once`);
        hold('I12', !known.licensed || this.held.data.has(id), `session ${id} has its seat first`);
        // Its place counts anew who looks at it.
        Object.assign(known, { is: 'starting', node, nodeEpoch, attached: false } satisfies Partial<Session>);
        return;
      case 'SessionReady':
        hold(
          'I4',
          known.is === 'starting' && sameLife(known, { node, nodeEpoch }),
          `session ${id} is ready where it was placed`,
        );
        hold('I7', actor === `node:${node}`, `session ${id} is reported by its own server`);
        known.is = 'ready';
        return;
      case 'SessionAttached':
      case 'SessionDetached':
        hold('I4', known.attached === (type === 'SessionDetached'), `session ${id} comes and goes in turn`);
        known.attached = !known.attached;
        return;
      case 'SessionSaved':
        hold('I4', sameLife(known, { node, nodeEpoch }), `session ${id} is saved where it is`);
        return;
      case 'SessionEnded':
        hold('I4', sameLife(known, { node, nodeEpoch }), `session ${id} ends where it was`);
        if (event.reason === 'node-lost')
          hold('I7', this.isOver(node, nodeEpoch), `session ${id} loses only a server that is lost`);
        known.is = 'ended';
        return;
      default:
        hold('I4', false, `${type} is unknown to the checker`);
    }
  }

  private meetLicence(event: Fields): void {
    const { type, kind, holder } = event;
    switch (type) {
      case 'LicenceDefined':
        this.seats = { data: event.dataSeats, optimization: event.optimizationSeats };
        return;
      case 'SeatQueued':
        hold(
          'I12',
          new Set(this.held.data.values()).size >= this.seats.data,
          'nobody waits beside a free seat',
        );
        this.line.push(holder);
        return;
      case 'SeatGranted': {
        const held = this.held[kind];
        const seat = event.device === null ? holder : `${event.user} ${event.device}`;
        const [next] = this.line;
        const shares = [...held.values()].includes(seat);
        hold('I12', !held.has(holder), `${holder} gets one seat`);
        hold(
          'I12',
          kind !== 'data' || shares || next === undefined || next === holder,
          'who came first is first',
        );
        held.set(holder, seat);
        if (this.line.includes(holder)) this.line.splice(this.line.indexOf(holder), 1);
        hold(
          'I12',
          new Set(held.values()).size <= this.seats[kind],
          `no more ${kind} seats are taken than there are`,
        );
        return;
      }
      case 'SeatReleased':
      case 'SeatExpired':
        hold('I12', this.held[kind].delete(holder), `${holder} gives back a seat that it has`);
        return;
      case 'LineLeft':
        hold('I12', this.line.includes(holder), `${holder} leaves the line in which it stands`);
        this.line.splice(this.line.indexOf(holder), 1);
        return;
      default:
        hold('I4', false, `${type} is unknown to the checker`);
    }
  }

  private meetNode(id: string, { type, epoch, slots, draining = false }: Fields): void {
    const known = this.nodes.get(id);
    switch (type) {
      case 'NodeJoined':
        hold(
          'I7',
          known === undefined || known.is === 'over',
          `${id} joins again only when its life is over`,
        );
        hold('I4', draining === (known?.draining ?? false), `${id} drains on after a restart`);
        hold('I7', epoch === (known?.epoch ?? 0) + 1, `${id} joins with the next epoch`);
        this.nodes.set(id, { epoch, is: 'joined', slots, draining });
        return;
      case 'NodeDeclaredDead':
      case 'NodeLeft':
        hold('I7', known?.is === 'joined' && known.epoch === epoch, `${id} ends once, in the life it has`);
        if (type === 'NodeDeclaredDead') this.counts.deaths++;
        hold(
          'I18',
          type === 'NodeLeft' || !this.needs.gentle,
          `${id} was never away for long, and is not dead`,
        );
        known.is = 'over';
        return;
      case 'NodeDrainStarted':
      case 'NodeResumed':
        hold(
          'I4',
          known?.epoch === epoch && known.is !== 'removed',
          `${type} is of the epoch that ${id} has`,
        );
        known.draining = type === 'NodeDrainStarted';
        return;
      case 'NodeRemoved':
        hold('I4', known?.is === 'over', `${id} is removed once, when its life is over`);
        known.is = 'removed';
        return;
      default:
        hold('I4', false, `${type} is unknown to the checker`);
    }
  }
}

const sameLife = (
  one: { readonly node: string | null; readonly nodeEpoch: number | null },
  other: { readonly node: string | null; readonly nodeEpoch: number | null },
): boolean => one.node === other.node && one.nodeEpoch === other.nodeEpoch;

function hold(invariant: string, holds: boolean, what: string): asserts holds {
  if (!holds) throw new Violation(`${invariant}: ${what}`);
}
