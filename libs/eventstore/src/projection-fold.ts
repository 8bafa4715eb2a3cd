import { PoisonEvent, type Shared } from './catch-up.js';
import { type Checkpoint, commit } from './checkpoint.js';
import type { Position, Recorded } from './event-store.js';
import { type AnyProjection, RowTable } from './rows.js';
import { Recent } from './waiting.js';

/** Rows kept in memory per projection, so that what changes often is not read again each time. */
const REMEMBERED = 5000;

/** One row on its way through a batch; `null` = there is none. */
interface Slot {
  readonly key: string;
  readonly isKnown: boolean;
  before: object | null;
  after: object | null;
}

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
    const slots = new Map<string, Slot>();
    const slotOf = events.map((recorded) => {
      const key = this.attempt(recorded, () => this.projection.keyOf(recorded));
      return key === undefined ? undefined : this.slot(slots, key);
    });
    await this.load(slots);
    events.forEach((recorded, index) => {
      const slot = slotOf[index];
      if (slot) slot.after = this.attempt(recorded, () => this.evolve(slot, recorded));
    });
    const written: object[] = [];
    const removed: string[] = [];
    for (const { key, before, after } of slots.values())
      if (after !== before)
        if (after) written.push(after);
        else removed.push(key);
    const next = await commit(this.shared.pool, from, { position: upTo }, this.rows.writes(written, removed));
    if (next) for (const { key, after } of slots.values()) this.known.set(key, after);
    return next;
  }

  private slot(slots: Map<string, Slot>, key: string): Slot {
    const existing = slots.get(key);
    if (existing) return existing;
    const row = this.known.get(key);
    const slot: Slot = { key, isKnown: row !== undefined, before: row ?? null, after: row ?? null };
    slots.set(key, slot);
    return slot;
  }

  private async load(slots: ReadonlyMap<string, Slot>): Promise<void> {
    const missing: string[] = [];
    for (const { key, isKnown } of slots.values()) if (!isKnown) missing.push(key);
    if (missing.length === 0) return;
    for (const [key, row] of await this.rows.load(this.shared.pool, missing)) {
      const slot = slots.get(key);
      if (slot) slot.before = slot.after = row;
    }
  }

  private evolve({ key, after }: Slot, recorded: Recorded): object | null {
    const next = this.projection.evolve(after ?? undefined, recorded) ?? null;
    if (next !== null && next !== after) this.rows.check(next, key);
    return next;
  }

  private attempt<T>(recorded: Recorded, pure: () => T): T {
    try {
      return pure();
    } catch (error) {
      throw new PoisonEvent(recorded, error);
    }
  }
}
