import type { NodeEvent } from '@openpro/cluster';
import {
  type Attempt,
  type AttemptOptions,
  type AttemptResult,
  type AttemptUse,
  type CaseData,
  type ChildOrder,
  EngineError,
  type InstalledApp,
  type InstalledEngine,
} from '@openpro/engine';
import {
  type EventStore,
  follow,
  type Following,
  type Position,
  type Recorded,
  type Report,
} from '@openpro/eventstore';
import { DiskFull, idOf, type Refusal } from '@openpro/kernel';
import { isOutage, patiently, type ThisNode, traced, tracedEffect } from '@openpro/platform';
import { EventEmitter } from 'node:events';
import type { AttemptRecord, AttemptStore, ProgressPoint } from './attempt-store.js';
import type { At, JobCommand, JobError, JobEvent, QueuedJob } from './job.js';

export interface AttemptsNeeds {
  readonly node: ThisNode;
  readonly store: EventStore;
  readonly records: AttemptStore;
  readonly limits: {
    readonly memoryMiB: number;
    readonly interruptGraceS: number;
    readonly logBytes: number;
  };
  /** Problems of following the log. */
  readonly log?: Report;
  /** So long a storage that is away or full may cost no job. */
  readonly storagePatienceMs?: number;
  run(options: AttemptOptions): Attempt;
  job(id: string): Promise<QueuedJob>;
  engine(ref: { name: string; version: string; digest: string }): Promise<InstalledEngine>;
  app(ref: { name: string; version: string; digest: string }): Promise<InstalledApp>;
  load(digest: string): Promise<CaseData>;
  save(job: QueuedJob, data: CaseData): Promise<string>;
  user(id: string): Promise<{ id: string; name: string; roles: readonly string[] }>;
  /** The variables of a worker profile as they are now, or why they are not to be had. */
  variables(profile: string): Promise<Environment | NoEnvironment>;
  /** Calls later, and returns how to call it off; on the machine's clock where nobody says another. */
  after?(ms: number, work: () => void): () => void;
  /** Submits what the job wants to be done beside it, its first, second … such job; resolves with its id. */
  submit(job: string, request: QueuedJob, child: number, order: ChildOrder): Promise<string>;
  /** Tells the job what became of the attempt; repeats until it is decided. Never rejects. */
  report(job: string, attempt: number, command: JobCommand): Promise<void>;
}

export interface Environment {
  readonly variables: { readonly [name: string]: string };
}

/** Unknown: it is gone by now. Unreadable: nobody can read what was sealed. */
export type NoEnvironment = Refusal<'ProfileUnknown' | 'ProfileUnreadable'>;

const STORAGE_PATIENCE_MS = 20_000;

/** The same job gives the same result, also when nobody names a seed. */
const DEFAULT_SEED = 0;

/** What listeners of a running attempt hear. */
export interface AttemptNews {
  readonly points: readonly ProgressPoint[];
  readonly log: string;
}

/** Of an attempt so much is kept for who comes to it a moment late; all of it stands in the attempt's files. */
const RECENT_POINTS = 100;
const RECENT_LOG = 65_536;

interface Running {
  readonly attempt: number;
  /** That it was promised; the usual where it asked for none. */
  readonly memoryMiB: number;
  run: Attempt | null;
  /** Asked for before the process was there. */
  stop: 'interrupt' | 'terminate' | null;
  soFar: AttemptNews;
  readonly done: Promise<void>;
}

/**
 * Runs the attempts that the log gives to this server, one engine process each, and reports what
 * became of them. What it writes lies under the attempt's own folder or in content-addressed
 * blobs, and becomes visible only by the digest in JobCompleted.
 */
export class Attempts {
  private readonly running = new Map<string, Running>();
  private readonly news = new EventEmitter().setMaxListeners(0);
  private follower: Following | null = null;
  private draining = false;
  /** Runs while the server drains: at its end what still runs is given back. */
  private callOffGrace = (): void => undefined;
  /** The grace is over, and nobody has resumed the server yet: it keeps nothing. */
  private emptied = false;

  constructor(private readonly needs: AttemptsNeeds) {}

  start(after: Position): void {
    const see = (events: readonly Recorded[]): void => {
      for (const recorded of events) this.see(recorded as Recorded<JobEvent | NodeEvent>);
    };
    this.follower = follow(this.needs.store, after, see, this.needs.log);
  }

  /** Ends what runs here and gives it back to the queue, uncharged. */
  async drain(): Promise<void> {
    this.draining = true;
    await this.follower?.stop();
    this.callOffGrace();
    await this.giveBack();
  }

  private async giveBack(): Promise<void> {
    const { node, report } = this.needs;
    await Promise.all(
      [...this.running].map(async ([job, { attempt, done }]) => {
        this.stop(job, 'terminate');
        await report(job, attempt, { type: 'DrainAttempt', attempt, node: node.id, nodeEpoch: node.epoch });
        await done;
      }),
    );
  }

  /**
   * Calls back with progress and log of a job that runs here; returns how to stop listening.
   * @param fromStart what the attempt has said already is told first
   */
  listen(job: string, fromStart: boolean, listener: (news: AttemptNews) => void): () => void {
    const soFar = this.running.get(job)?.soFar;
    if (fromStart && soFar && (soFar.points.length > 0 || soFar.log)) listener(soFar);
    this.news.on(job, listener);
    return () => this.news.off(job, listener);
  }

  get count(): number {
    return this.running.size;
  }

  private see(recorded: Recorded<JobEvent | NodeEvent>): void {
    const { stream, event } = recorded;
    const job = idOf(stream);
    const { node } = this.needs;
    switch (event.type) {
      case 'NodeDrainStarted':
        if (idOf(stream) === node.id && event.epoch === node.epoch) this.startGrace(event.graceS);
        return;
      case 'NodeResumed':
        if (idOf(stream) === node.id && event.epoch === node.epoch) this.endGrace();
        return;
      case 'JobStarted':
        if (event.node === node.id && event.nodeEpoch === node.epoch) this.begin(job, event, recorded);
        return;
      case 'JobInterruptRequested':
        return this.stop(job, 'interrupt');
      case 'JobCancelled':
      case 'JobRequeued':
      case 'JobAbandoned':
        // Taken away from this server: whatever still runs for it has no say any more.
        return this.stop(job, 'terminate');
      case 'JobQueued':
      case 'JobPrioritized':
      case 'JobDependentAdded':
      case 'JobChildAdded':
      case 'JobChildrenCancelled':
      case 'JobAttemptMeasured':
      case 'JobDependencyMet':
      case 'JobReleased':
      case 'JobCompleted':
      case 'JobFailed':
      case 'NodeInvited':
      case 'NodeAdmitted':
      case 'NodeJoined':
      case 'NodeDeclaredDead':
      case 'NodeLeft':
      case 'NodeRemoved':
        return;
    }
  }

  /** Counted from when it is seen, by this server's own clock: no clock of another is compared with it. */
  private startGrace(graceS: number): void {
    this.endGrace();
    const { after = onTheClock } = this.needs;
    this.callOffGrace = after(graceS * 1000, () => {
      this.emptied = true;
      void this.giveBack();
    });
  }

  private endGrace(): void {
    this.callOffGrace();
    this.emptied = false;
  }

  private begin(
    job: string,
    { attempt, memoryMiB = this.needs.limits.memoryMiB }: JobEvent & { type: 'JobStarted' },
    started: Recorded,
  ): void {
    if (this.running.get(job)?.attempt === attempt) return; // told twice
    const running: Running = {
      attempt,
      memoryMiB,
      run: null,
      stop: null,
      soFar: { points: [], log: '' },
      done: Promise.resolve().then(() =>
        tracedEffect('attempt', { 'openpro.job': job, 'openpro.attempt': attempt }, started, () =>
          this.attempt(job, running),
        ),
      ),
    };
    this.running.set(job, running);
    if (this.emptied) void this.giveBack(); // placed before the leader had heard of the drain
  }

  private stop(job: string, how: 'interrupt' | 'terminate'): void {
    const running = this.running.get(job);
    if (!running) return;
    running.stop = how;
    if (how === 'interrupt') running.run?.interrupt();
    else running.run?.terminate();
  }

  private async attempt(job: string, running: Running): Promise<void> {
    const { attempt } = running;
    const { node, report } = this.needs;
    const at = { attempt, node: node.id, nodeEpoch: node.epoch };
    try {
      const command = await this.solve(job, running).catch((error: unknown): JobCommand => {
        const why = explain(error);
        // What nobody foresaw may be this server's trouble alone: another try elsewhere, as after a crash.
        return why
          ? { type: 'FailJob', ...at, error: why }
          : { type: 'CrashAttempt', ...at, message: `The server could not run it: ${messageOf(error)}` };
      });
      const measures = command?.type === 'MeasureAttempt';
      if (command && (measures || !this.draining)) await report(job, attempt, command);
    } finally {
      if (this.running.get(job) === running) this.running.delete(job);
    }
  }

  private async solve(job: string, running: Running): Promise<JobCommand | null> {
    const { needs } = this;
    const { node } = needs;
    const { attempt } = running;
    const taken = (): boolean => running.stop === 'terminate';
    const [request, engine, app, input, user, environment, warmStart] = await traced(
      'load what it needs',
      {},
      () =>
        this.keptTrying(async () => {
          const request = await needs.job(job);
          return [
            request,
            ...(await Promise.all([
              needs.engine(request.engine),
              needs.app(request.app),
              request.input === null ? null : needs.load(request.input),
              needs.user(request.owner),
              request.profile === undefined ? null : needs.variables(request.profile),
              this.warmStart(job, attempt),
            ])),
          ] as const;
        }, taken),
    );
    if (taken()) return null;
    if (environment && 'refused' in environment)
      return notStarted({ attempt, node: node.id, nodeEpoch: node.epoch }, environment);
    const variables = environment?.variables ?? {};
    const record = await this.keptTrying(() => needs.records.open(job, attempt), taken);
    const incumbents = this.incumbents(request, record);
    let children = 0;
    try {
      if (taken()) return null;
      const run = needs.run({
        engine,
        app,
        job,
        attempt,
        user: { ...user, language: 'en', timeZone: 'UTC' },
        procedure: request.procedure,
        args: request.args as Readonly<Record<string, unknown>>,
        input,
        timeLimit: request.timeLimit,
        gap: request.gap,
        seed: request.seed ?? DEFAULT_SEED,
        limits: { ...needs.limits, memoryMiB: running.memoryMiB },
        ...(Object.keys(variables).length > 0 ? { environment: variables } : {}),
        reuseKey: `${app.digest}:${request.owner}`,
        ...(warmStart ? { warmStart } : {}),
        onSubmit: async (order) => {
          if (taken()) throw new EngineError('Terminated', 'The job does not run here any more');
          return needs.submit(job, request, ++children, order);
        },
        onStarted: () => undefined,
        onProgress: (point) => {
          const kept: ProgressPoint = { at: Date.now(), text: null, ...point };
          void record.point(kept);
          this.tell(job, running, { points: [kept], log: '' });
        },
        onIncumbent: (_info, data) => incumbents.offer(data),
        onLog: (text) => {
          record.log(text);
          this.tell(job, running, { points: [], log: text });
        },
      });
      running.run = run;
      if (running.stop === 'interrupt') run.interrupt();
      return await this.outcome(request, running, await run.result, run.use());
    } finally {
      await incumbents.kept();
      await record.close();
    }
  }

  private tell(job: string, running: Running, news: AttemptNews): void {
    const { points, log } = running.soFar;
    running.soFar = {
      points: news.points.length > 0 ? [...points, ...news.points].slice(-RECENT_POINTS) : points,
      log: (log + news.log).slice(-RECENT_LOG),
    };
    this.news.emit(job, news);
  }

  private async outcome(
    request: QueuedJob,
    running: Running,
    result: AttemptResult,
    use: AttemptUse,
  ): Promise<JobCommand | null> {
    const { node } = this.needs;
    const { attempt } = running;
    const at = { attempt, node: node.id, nodeEpoch: node.epoch };
    switch (result.is) {
      case 'ended': {
        const { outcome, forced, solverStatus, objective, bound, gap, statistics, output } = result;
        // The blob is durable before the event that names it.
        const digest =
          output && (await traced('keep the result', {}, () => this.kept(request, output, running)));
        return {
          type: 'CompleteJob',
          ...at,
          outcome,
          forced,
          solverStatus,
          objective,
          bound,
          gap,
          statistics,
          result: digest,
          use,
        };
      }
      case 'failed':
        return { type: 'FailJob', ...at, error: result.error, use };
      case 'crashed':
        return { type: 'CrashAttempt', ...at, message: result.message, use };
      case 'terminated': // whoever terminated it has recorded why
        return use.peakMiB > 0 ? { type: 'MeasureAttempt', ...at, use } : null;
    }
  }

  private kept(request: QueuedJob, output: CaseData, running: Running): Promise<string> {
    return this.keptTrying(
      () => this.needs.save(request, output),
      () => running.stop === 'terminate',
    );
  }

  /** A database or a storage that is away for a moment must not cost the job, nor a disk that is full for a moment. */
  private keptTrying<T>(work: () => Promise<T>, giveUp: () => boolean): Promise<T> {
    const until = performance.now() + (this.needs.storagePatienceMs ?? STORAGE_PATIENCE_MS);
    return patiently(
      work,
      () => this.draining || giveUp(),
      (error) => isOutage(error) || (isStorageAway(error) && performance.now() < until),
    );
  }

  /** Keeps incumbents one at a time; of those that come meanwhile only the newest. */
  private incumbents(request: QueuedJob, record: AttemptRecord) {
    let newest: CaseData | null = null;
    let keeping = Promise.resolve();
    const keep = async (): Promise<void> => {
      const data = newest;
      newest = null;
      // Only a head start for the next attempt: the solve goes on without it.
      if (data) await this.needs.save(request, data).then((digest) => record.incumbent(digest), ignore);
    };
    return {
      offer: (data: CaseData): void => {
        newest = data;
        keeping = keeping.then(keep).catch(ignore);
      },
      kept: () => keeping,
    };
  }

  private async warmStart(job: string, attempt: number): Promise<CaseData | null> {
    const digest = attempt > 1 ? await this.needs.records.incumbent(job, attempt - 1) : null;
    return digest === null ? null : this.needs.load(digest).catch(() => null);
  }
}

/** Somebody has removed the profile meanwhile: that is not the job's fault, and it waits again until there is one. */
const notStarted = (at: At, { refused, message }: NoEnvironment): JobCommand =>
  refused === 'ProfileUnknown'
    ? { type: 'DrainAttempt', ...at }
    : { type: 'FailJob', ...at, error: { code: refused, message } };

const ignore = (): void => undefined;

/** A share that went, a disk that filled up or was sealed: what a call of the system says, and no decision of ours. */
const isStorageAway = (error: unknown): boolean => {
  const { code = '', syscall } = error as NodeJS.ErrnoException;
  const said = /^(ENOENT|ENOSPC|EDQUOT|EROFS|EACCES|EPERM|EIO|ESTALE|ENOTCONN|EHOSTDOWN)$/.test(code);
  return error instanceof DiskFull || (said && syscall !== undefined);
};

const onTheClock = (ms: number, work: () => void): (() => void) => {
  const timer = setTimeout(work, ms);
  return () => clearTimeout(timer);
};

/** An error of the system by its code alone: its message may name paths of the server. */
const messageOf = (error: unknown): string => {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  return syscall === undefined ? (message ?? String(error)) : `${syscall}: ${code}`;
};

/**
 * What the owner is told when an attempt could not begin, or its result not be kept, and would not on another server
 * either; null for anything else. No paths of the server.
 */
const explain = (error: unknown): JobError | null => {
  const { name, code, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof DiskFull || code === 'ENOSPC')
    return { code: 'DiskFull', message: 'The disk of the server is full' };
  if (name === 'WrongDigest' || (code === 'ENOENT' && syscall !== undefined))
    return { code: 'DataLost', message: 'Stored data of this job is missing or was altered on the server' };
  if (name === 'PackageAltered')
    return {
      code: 'PackageAltered',
      message: 'The package of the app or its engine was altered on the server: publish it again',
    };
  return null;
};
