import type { LoggedEvent } from './log-event.js';

/** An invariant of reliability.md that does not hold, and where it shows. */
export interface Violation {
  readonly invariant: string;
  readonly message: string;
}

/** Looks at one invariant while the log passes by, and keeps no more of it than it needs. */
export interface Watch {
  see(event: LoggedEvent): void;
  /** After the last event. */
  end(): readonly Violation[];
}

/** One bug may show a hundred thousand times: so many times it is told. */
const MOST = 20;

/** Collects what is wrong with one invariant. */
export class Complaints {
  private readonly said: Violation[] = [];
  private more = 0;

  constructor(private readonly invariant: string) {}

  say(message: string): void {
    if (this.said.length < MOST) this.said.push({ invariant: this.invariant, message });
    else this.more++;
  }

  all(): readonly Violation[] {
    if (this.more === 0) return this.said;
    return [...this.said, { invariant: this.invariant, message: `… and ${this.more} more` }];
  }
}

/**
 * Time while the log was alive: what lies between two events counts up to a quarter of a second. So neither an
 * outage nor a clock that is set makes anything look late.
 */
export const activeTime = (): ((event: LoggedEvent) => number) => {
  let before: number | undefined;
  let active = 0;
  return ({ at }) => {
    if (before !== undefined) active += Math.min(Math.max(0, at - before), 250);
    before = at;
    return active;
  };
};
