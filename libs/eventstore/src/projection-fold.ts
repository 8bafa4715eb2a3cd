import { PoisonEvent, type Shared } from './catch-up.js';
import { type Checkpoint, commit } from './checkpoint.js';
import type { Position, Recorded } from './event-store.js';
import { type AnyProjection, RowTable } from './rows.js';
import { Recent } from './waiting.js';

/** Rows kept in memory per projection, so that what changes often is not read again each time. */
const REMEMBERED = 5000;

/** Folds events into rows of one table; where the table is and which checkpoint counts, the caller says. */
export class ProjectionFold {
  readonly rows: RowTable;
  /** `null` = known to have no row. */
  private readonly known = new Recent<object | null>(REMEMBERED);
  private readonly on: ReadonlySet<string>;

  constructor(
    readonly projection: AnyProjection,
    schema: string,
    private readonly shared: Shared,
  ) {
    this.rows = new RowTable(projection, schema);
    this.on = new Set(projection.on);
  }

  concerns({ event }: Recorded): boolean {
    return this.on.has(event.type);
  }

  forget(): void {
    this.known.clear();
  }

  keysOf(events: readonly Recorded[]): string[] {
    const keys = events.map((recorded) => this.projection.keyOf(recorded));
    return [...new Set(keys.filter((key) => key !== undefined))];
  }

  async apply(
    events: readonly Recorded[],
    upTo: Position,
    from: Checkpoint,
  ): Promise<Checkpoint | undefined> {
    const keyed = events.map((recorded) => ({
      recorded,
      key: this.attempt(recorded, () => this.projection.keyOf(recorded)),
    }));
    const before = await this.load(keyed.map(({ key }) => key));
    const after = new Map(before);
    for (const { recorded, key } of keyed) {
      if (key === undefined) continue;
      const row = this.attempt(recorded, () => this.evolve(after.get(key) ?? undefined, key, recorded));
      after.set(key, row ?? null);
    }
    const written: object[] = [];
    const removed: string[] = [];
    for (const [key, row] of after)
      if (row !== before.get(key))
        if (row) written.push(row);
        else removed.push(key);
    const next = await commit(this.shared.pool, from, { position: upTo }, this.rows.writes(written, removed));
    if (next) for (const [key, row] of after) this.known.set(key, row);
    return next;
  }

  private evolve(row: object | undefined, key: string, recorded: Recorded): object | undefined {
    const next = this.projection.evolve(row, recorded);
    if (next !== undefined && next !== row) this.rows.check(next, key);
    return next;
  }

  private async load(keys: readonly (string | undefined)[]): Promise<Map<string, object | null>> {
    const found = new Map<string, object | null>();
    const missing = new Set<string>();
    for (const key of keys) {
      if (key === undefined || found.has(key)) continue;
      const row = this.known.get(key);
      if (row === undefined) missing.add(key);
      else found.set(key, row);
    }
    if (missing.size === 0) return found;
    const loaded = await this.rows.load(this.shared.pool, [...missing]);
    for (const key of missing) found.set(key, loaded.get(key) ?? null);
    return found;
  }

  private attempt<T>(recorded: Recorded, pure: () => T): T {
    try {
      return pure();
    } catch (error) {
      throw new PoisonEvent(recorded, error);
    }
  }
}
