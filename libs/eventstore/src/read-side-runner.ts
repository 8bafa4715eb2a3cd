import type pg from 'pg';
import type { Health, Shared } from './catch-up.js';
import type { EventStore, Position } from './event-store.js';
import type { Dispatch } from './outbox.js';
import { ProcessRunner } from './process-runner.js';
import { type Change, ProjectionRunner } from './projection-runner.js';
import type { AnyProcess } from './reactions.js';
import { Rivals } from './rivals.js';
import type { AnyProjection } from './rows.js';
import { messageOf, Permits, type Report } from './waiting.js';

const BULK_READERS = 2;

export interface ReadSideOptions {
  readonly store: EventStore;
  /** At least two connections, with the rights of the running program; stays the caller's. */
  readonly pool: pg.Pool;
  readonly projections?: readonly AnyProjection[];
  readonly processes?: readonly AnyProcess[];
  /** Needed when there are processes. */
  readonly dispatch?: Dispatch;
  readonly report: Report;
}

/** One consumer of the log; of a process also the commands that it has issued and that are not yet done. */
export type ConsumerHealth = Health & { readonly commandsWaiting?: number };

/** Runs all projections and processes of one server; safe beside the same ones on other servers. */
export class ReadSide {
  private readonly projections = new Map<string, ProjectionRunner>();
  private readonly processes = new Map<string, ProcessRunner>();
  private readonly listeners = new Set<(change: Change) => void>();
  private readonly shared: Shared;
  private started = false;

  constructor({ store, pool, projections = [], processes = [], dispatch, report }: ReadSideOptions) {
    this.shared = { store, pool, report, bulk: new Permits(BULK_READERS), rivals: new Rivals(pool) };
    for (const projection of projections)
      this.projections.set(
        projection.name,
        new ProjectionRunner(projection, this.shared, (change) => this.tell(change)),
      );
    for (const process of processes) {
      if (!dispatch) throw new Error(`Process ${process.name} needs a dispatch function for its commands`);
      this.processes.set(process.name, new ProcessRunner(process, this.shared, dispatch));
    }
    if (this.projections.size < projections.length || this.processes.size < processes.length)
      throw new Error('Two projections or two processes have the same name');
  }

  /** Returns at once; a database that is away is waited for. */
  start(): void {
    if (this.started) return;
    this.started = true;
    for (const runner of this.all()) runner.start();
  }

  /** Ends after the batches and commands that are on their way. */
  async stop(): Promise<void> {
    await Promise.all([...this.all()].map((runner) => runner.stop()));
  }

  /**
   * Read your writes: true once the projection's (or process's) outcome of everything up to `position` is in the
   * database; false after `timeoutMs`, or as soon as it is known that it will not come by itself.
   */
  waitFor(name: string, position: Position, timeoutMs: number): Promise<boolean> {
    return this.runner(name).reached(position, timeoutMs);
  }

  /**
   * Told after each commit which rows have changed, also when another server wrote them; the same change may be told
   * twice. Returns how to stop listening.
   */
  onCommitted(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  health(): readonly ConsumerHealth[] {
    return [...this.all()].flatMap((runner) => runner.health());
  }

  /** Builds the projection's rows anew from the whole log while the old ones are read; resolves when they are in place. */
  rebuild(projection: string): Promise<void> {
    const runner = this.projections.get(projection);
    if (!runner) throw new Error(`There is no projection ${projection}; processes cannot be rebuilt`);
    return runner.rebuild();
  }

  /** Lets a paused projection or process try its event again. */
  resume(name: string): void {
    this.runner(name).resume();
  }

  private runner(name: string): ProjectionRunner | ProcessRunner {
    const runner = this.projections.get(name) ?? this.processes.get(name);
    if (!runner) throw new Error(`There is no projection or process ${name}`);
    return runner;
  }

  private *all(): Generator<ProjectionRunner | ProcessRunner> {
    yield* this.projections.values();
    yield* this.processes.values();
  }

  private tell(change: Change): void {
    for (const listener of this.listeners)
      try {
        listener(change);
      } catch (error) {
        const { report } = this.shared;
        report({
          level: 'error',
          source: `listener to ${change.projection}`,
          message: messageOf(error),
          error,
        });
      }
  }
}
