import { type Position, type Recorded, START } from './event-store.js';
import { countOf } from './record.js';

/**
 * The newest events of the log, bounded and without a gap, so that many readers at its end do not each
 * ask the database.
 */
export class RecentEvents {
  private events: Recorded[] = [];

  constructor(private readonly limit = 4096) {}

  /** The position of the last one. */
  get end(): Position {
    return this.events.at(-1)?.position ?? START;
  }

  /** Takes what continues them; what begins later is left to a reader, who fetches it with what came between. */
  extend(events: readonly Recorded[]): void {
    const { end } = this;
    const fresh = events.filter(({ position }) => position > end);
    const first = fresh[0];
    if (!first || (end !== START && countOf(first.position) !== countOf(end) + 1)) return;
    for (const event of fresh) this.events.push(event);
    // Cut at twice the limit, not with every event: to shift a large array is to copy it.
    if (this.events.length > 2 * this.limit) this.events = this.events.slice(-this.limit);
  }

  /** Begins anew with events that were the end of the log a moment ago. */
  restart(events: readonly Recorded[]): void {
    this.events = events.slice(-this.limit);
  }

  /** Those after `after`; nothing when they do not reach back that far, or no further than that. */
  read(after: Position, limit: number): readonly Recorded[] | undefined {
    const first = this.events[0];
    if (!first || after >= this.end) return undefined;
    const from = countOf(after) + 1 - countOf(first.position);
    return from < 0 ? undefined : this.events.slice(from, from + limit);
  }
}
