import { type Position, type Recorded, START } from './event-store.js';

/**
 * The newest events of the log, bounded and without a gap, so that many readers at its end do not each
 * ask the store.
 */
export class RecentEvents {
  private events: Recorded[] = [];
  /** These are all the events after this position, up to the end. */
  private start: Position = START;

  constructor(private readonly limit = 4096) {}

  /** The position of the last one. */
  get end(): Position {
    return this.events.at(-1)?.position ?? this.start;
  }

  /** Takes events that stand directly after `after` in the log; false when something between is missing. */
  extend(after: Position, events: readonly Recorded[]): boolean {
    const { end } = this;
    if (after > end) return false;
    for (const event of events) if (event.position > end) this.events.push(event);
    // Cut at twice the limit, not with every event: to shift a large array is to copy it.
    if (this.events.length > 2 * this.limit) this.cut();
    return true;
  }

  /** Begins anew with what stands directly after `after` and was the end of the log a moment ago. */
  restart(after: Position, events: readonly Recorded[] = []): void {
    this.start = after;
    this.events = [...events];
    this.cut();
  }

  /** Those after `after`, none if `after` is the end; `undefined` when they do not reach back that far. */
  read(after: Position, limit: number): readonly Recorded[] | undefined {
    if (after < this.start || after > this.end) return undefined;
    let [low, high] = [0, this.events.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.events[middle]!.position > after) high = middle;
      else low = middle + 1;
    }
    return this.events.slice(low, low + limit);
  }

  private cut(): void {
    this.start = this.events.at(-this.limit - 1)?.position ?? this.start;
    this.events = this.events.slice(-this.limit);
  }
}
