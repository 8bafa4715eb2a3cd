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

  /** Takes what continues them; false when something between is missing. */
  extend(events: readonly Recorded[]): boolean {
    const { end } = this;
    const fresh = events.filter(({ position }) => position > end);
    if (fresh[0] && countOf(fresh[0].position) !== countOf(end) + 1) return false;
    for (const event of fresh) this.events.push(event);
    // Cut at twice the limit, not with every event: to shift a large array is to copy it.
    if (this.events.length > 2 * this.limit) this.events = this.events.slice(-this.limit);
    return true;
  }

  /** Begins anew with events that were the end of the log a moment ago. */
  restart(events: readonly Recorded[]): void {
    this.events = events.slice(-this.limit);
  }

  /** Those after `after`, none if `after` is the end; `undefined` when they do not reach back that far. */
  read(after: Position, limit: number): readonly Recorded[] | undefined {
    const from = countOf(after) - (countOf(this.end) - this.events.length);
    return from < 0 || after > this.end ? undefined : this.events.slice(from, from + limit);
  }
}
