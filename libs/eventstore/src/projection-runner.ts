import { CatchUp, type Health, type Shared, type Work } from './catch-up.js';
import { type Checkpoint, createCheckpoint, loadCheckpoints, versionOf } from './checkpoint.js';
import type { Position, Recorded } from './event-store.js';
import { ProjectionFold } from './projection-fold.js';
import { Rebuild } from './rebuild.js';
import type { AnyProjection } from './rows.js';

/** These rows are committed, up to `position`. */
export interface Change {
  readonly projection: string;
  readonly keys: readonly string[];
  readonly position: Position;
}

/** Keeps one projection's table up to date, and builds it anew beside the old one when its version is new. */
export class ProjectionRunner implements Work {
  readonly name: string;
  private readonly fold: ProjectionFold;
  private readonly live: CatchUp;
  private readonly checkpointName: string;
  private rebuilding: Rebuild | undefined;
  private started = false;

  constructor(
    private readonly projection: AnyProjection,
    private readonly shared: Shared,
    private readonly onCommitted: (change: Change) => void,
  ) {
    this.name = projection.name;
    this.checkpointName = `${projection.name}@${projection.version}`;
    this.fold = new ProjectionFold(projection, 'public', shared);
    this.live = new CatchUp(this.checkpointName, this, shared);
  }

  start(): void {
    this.live.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.live.stop(), this.rebuilding?.stop()]);
  }

  resume(): void {
    this.live.resume();
    this.rebuilding?.resume();
  }

  reached(position: Position, timeoutMs: number): Promise<boolean> {
    return this.live.reached(position, timeoutMs);
  }

  health(): readonly Health[] {
    return [this.live.health(), ...(this.rebuilding ? [this.rebuilding.health()] : [])];
  }

  /** Builds the table from the first event on, beside the one that is read meanwhile; resolves when it is in place. */
  rebuild(): Promise<void> {
    return this.startRebuild('asked');
  }

  concerns(recorded: Recorded): boolean {
    return this.fold.concerns(recorded);
  }

  async open(): Promise<Checkpoint | string> {
    this.fold.forget();
    const { name, version } = this.projection;
    const [existing, unfinished] = await Promise.all([
      loadCheckpoints(this.shared.pool, name),
      this.started ? [] : loadCheckpoints(this.shared.pool, Rebuild.baseOf(name)),
    ]);
    this.started = true;
    if (unfinished.some((shadow) => versionOf(shadow) === version)) void this.startRebuild('asked');
    const own = existing.find((checkpoint) => checkpoint.name === this.checkpointName);
    if (own) return own;
    const newest = Math.max(...existing.map(versionOf));
    if (newest > version) return `the read model is of version ${newest}: this program is older`;
    if (existing.length === 0) return createCheckpoint(this.shared.pool, this.checkpointName);
    void this.startRebuild('new version');
    return `version ${version} is being built`;
  }

  apply(events: readonly Recorded[], upTo: Position, from: Checkpoint): Promise<Checkpoint | undefined> {
    return this.fold.apply(events, upTo, from);
  }

  applied(events: readonly Recorded[], position: Position): void {
    if (events.length > 0)
      this.onCommitted({ projection: this.name, keys: this.fold.keysOf(events), position });
  }

  private startRebuild(why: 'asked' | 'new version'): Promise<void> {
    this.rebuilding ??= new Rebuild(this.projection, why, this.shared, () => {
      this.rebuilding = undefined;
      this.live.reopen();
    });
    return this.rebuilding.finished;
  }
}
