import type {
  AttemptResult,
  CaseData,
  EnginePool,
  InstalledApp,
  InstalledEngine,
  Attempt,
} from '@openpro/engine';
import { runAttempt } from '@openpro/engine';
import { type EventStore, follow, type Following, type Position, type Recorded } from '@openpro/eventstore';
import type { ThisNode } from '@openpro/platform';
import { EventEmitter } from 'node:events';
import type { AttemptRecord, AttemptStore, ProgressPoint } from './attempt-store.js';
import type { JobCommand, JobEvent, QueuedJob } from './job.js';

export interface AttemptsNeeds {
  readonly node: ThisNode;
  readonly store: EventStore;
  readonly pool: EnginePool;
  readonly records: AttemptStore;
  readonly limits: {
    readonly memoryMiB: number;
    readonly interruptGraceS: number;
    readonly logBytes: number;
  };
  job(id: string): Promise<QueuedJob>;
  engine(ref: { name: string; version: string; digest: string }): Promise<InstalledEngine>;
  app(ref: { name: string; version: string; digest: string }): Promise<InstalledApp>;
  load(digest: string): Promise<CaseData>;
  save(job: QueuedJob, data: CaseData): Promise<string>;
  user(id: string): Promise<{ id: string; name: string; roles: readonly string[] }>;
  /** Tells the job what became of the attempt; repeats until it is decided. */
  report(job: string, attempt: number, command: JobCommand): Promise<void>;
}

/** The same job gives the same result, also when nobody names a seed. */
const DEFAULT_SEED = 0;

/** What listeners of a running attempt hear. */
export interface AttemptNews {
  readonly point?: ProgressPoint;
  readonly log?: string;
}

interface Running {
  readonly attempt: number;
  run: Attempt | null;
  /** Asked for before the process was there. */
  stop: 'interrupt' | 'terminate' | null;
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

  constructor(private readonly needs: AttemptsNeeds) {}

  start(after: Position): void {
    this.follower = follow(this.needs.store, after, (events) => {
      for (const recorded of events) this.see(recorded as Recorded<JobEvent>);
    });
  }

  /** Ends what runs here and gives it back to the queue, uncharged. */
  async drain(): Promise<void> {
    this.draining = true;
    await this.follower?.stop();
    const all = [...this.running.entries()];
    for (const [job, running] of all) {
      this.stop(job, 'terminate');
      const { node, report } = this.needs;
      await report(job, running.attempt, {
        type: 'DrainAttempt',
        attempt: running.attempt,
        node: node.id,
        nodeEpoch: node.epoch,
      });
    }
    await Promise.all(all.map(([, { done }]) => done));
  }

  /** Calls back with progress and log of a job that runs here; returns how to stop listening. */
  listen(job: string, listener: (news: AttemptNews) => void): () => void {
    this.news.on(job, listener);
    return () => this.news.off(job, listener);
  }

  get count(): number {
    return this.running.size;
  }

  private see({ stream, event }: Recorded<JobEvent>): void {
    const job = stream.slice(stream.indexOf('-') + 1);
    const { node } = this.needs;
    switch (event.type) {
      case 'JobStarted':
        if (event.node === node.id && event.nodeEpoch === node.epoch) this.begin(job, event.attempt);
        return;
      case 'JobInterruptRequested':
        return this.stop(job, 'interrupt');
      case 'JobCancelled':
      case 'JobRequeued':
      case 'JobAbandoned':
        // Taken away from this server: whatever still runs for it has no say any more.
        return this.stop(job, 'terminate');
      default:
        return;
    }
  }

  private begin(job: string, attempt: number): void {
    const running: Running = {
      attempt,
      run: null,
      stop: null,
      done: Promise.resolve().then(() => this.attempt(job, running)),
    };
    this.running.set(job, running);
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
      const command = await this.solve(job, running).catch((error: unknown): JobCommand => ({
        type: 'FailJob',
        ...at,
        error: { code: 'AttemptNotStarted', message: error instanceof Error ? error.message : String(error) },
      }));
      if (command && !this.draining) await report(job, attempt, command);
    } finally {
      if (this.running.get(job) === running) this.running.delete(job);
    }
  }

  private async solve(job: string, running: Running): Promise<JobCommand | null> {
    const { needs } = this;
    const { attempt } = running;
    const request = await needs.job(job);
    const [engine, app, input, user, record, warmStart] = await Promise.all([
      needs.engine(request.engine),
      needs.app(request.app),
      request.input === null ? null : needs.load(request.input),
      needs.user(request.owner),
      needs.records.open(job, attempt),
      this.warmStart(job, attempt),
    ]);
    try {
      if (running.stop === 'terminate') return null;
      const run = runAttempt(needs.pool, {
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
        limits: needs.limits,
        reuseKey: `${app.digest}:${request.owner}`,
        ...(warmStart ? { warmStart } : {}),
        onStarted: () => undefined,
        onProgress: (point) => {
          const kept: ProgressPoint = { at: Date.now(), text: null, ...point };
          void record.point(kept);
          this.news.emit(job, { point: kept } satisfies AttemptNews);
        },
        onIncumbent: (_info, data) => void this.keepIncumbent(request, record, data),
        onLog: (text) => {
          record.log(text);
          this.news.emit(job, { log: text } satisfies AttemptNews);
        },
      });
      running.run = run;
      if (running.stop === 'interrupt') run.interrupt();
      return await this.outcome(request, running, await run.result);
    } finally {
      await record.close();
    }
  }

  private async outcome(
    request: QueuedJob,
    { attempt }: Running,
    result: AttemptResult,
  ): Promise<JobCommand | null> {
    const { node } = this.needs;
    const at = { attempt, node: node.id, nodeEpoch: node.epoch };
    switch (result.is) {
      case 'ended': {
        const { outcome, forced, solverStatus, objective, bound, gap, statistics, output } = result;
        // The blob is durable before the event that names it.
        const digest = output && (await this.needs.save(request, output));
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
        };
      }
      case 'failed':
        return { type: 'FailJob', ...at, error: result.error };
      case 'crashed':
        return { type: 'CrashAttempt', ...at, message: result.message };
      case 'terminated':
        return null; // whoever terminated it has recorded why
    }
  }

  private async keepIncumbent(request: QueuedJob, record: AttemptRecord, data: CaseData): Promise<void> {
    try {
      await record.incumbent(await this.needs.save(request, data));
    } catch {
      // Only a head start for the next attempt: the solve goes on without it.
    }
  }

  private async warmStart(job: string, attempt: number): Promise<CaseData | null> {
    const digest = attempt > 1 ? await this.needs.records.incumbent(job, attempt - 1) : null;
    return digest === null ? null : this.needs.load(digest).catch(() => null);
  }
}
