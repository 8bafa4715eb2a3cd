import { setTimeout as sleep } from 'node:timers/promises';

/** Tells whoever runs the server; `error` is for a person to act on. */
export type Report = (problem: {
  readonly level: 'info' | 'warn' | 'error';
  /** Who reports: a checkpoint's name, `outbox of <process>`. */
  readonly source: string;
  readonly message: string;
  /** Shown to users instead of the error. */
  readonly errorId?: string;
  readonly error?: unknown;
}) => void;

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Waits between attempts: doubling, spread by chance so that servers do not come back in step. */
export class Backoff {
  private failures = 0;

  constructor(
    private readonly firstMs = 20,
    private readonly longestMs = 2000,
  ) {}

  reset(): void {
    this.failures = 0;
  }

  next(): number {
    return Math.min(this.longestMs, this.firstMs * 2 ** this.failures++) * (0.5 + Math.random() / 2);
  }

  /** Ends early, without error, when the signal says stop. */
  async wait(signal: AbortSignal): Promise<void> {
    await sleep(this.next(), undefined, { signal }).catch(() => undefined);
  }
}

/** A bell that remembers: rung while nobody waits, it ends the next wait at once, so no news is missed. */
export class Bell {
  private rung = false;
  private waiting: (() => void) | undefined;

  readonly ring = (): void => {
    this.rung = true;
    this.waiting?.();
  };

  async wait(): Promise<void> {
    if (!this.rung) await new Promise<void>((resolve) => (this.waiting = resolve));
    this.waiting = undefined;
    this.rung = false;
  }
}

/** Lets only so many in at a time, in the order of asking. */
export class Permits {
  private readonly queue: (() => void)[] = [];

  constructor(private free: number) {}

  async take(): Promise<() => void> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.queue.push(resolve));
    let given = false;
    return () => {
      if (given) return;
      given = true;
      const next = this.queue.shift();
      if (next) next();
      else this.free++;
    };
  }
}

/** Remembers the last `limit` values that were used. */
export class Recent<Value> {
  private readonly entries = new Map<string, Value>();

  constructor(private readonly limit: number) {}

  get(key: string): Value | undefined {
    const value = this.entries.get(key);
    if (value === undefined) return undefined;
    this.set(key, value);
    return value;
  }

  set(key: string, value: Value): void {
    this.entries.delete(key);
    this.entries.set(key, value);
    if (this.entries.size <= this.limit) return;
    for (const oldest of this.entries.keys()) return void this.entries.delete(oldest);
  }

  clear(): void {
    this.entries.clear();
  }
}
