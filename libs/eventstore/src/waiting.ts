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

/**
 * Remembers at least the last `limit` values that were used, and at most twice as many. Two generations, because
 * moving each used entry to the end of one map costs more than the queries that it saves.
 */
export class Recent<Value> {
  private young = new Map<string, Value>();
  private old = new Map<string, Value>();

  constructor(private readonly limit: number) {}

  get(key: string): Value | undefined {
    const value = this.young.get(key);
    if (value !== undefined) return value;
    const older = this.old.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  set(key: string, value: Value): void {
    this.young.set(key, value);
    if (this.young.size < this.limit) return;
    this.old = this.young;
    this.young = new Map();
  }

  clear(): void {
    this.young = new Map();
    this.old = new Map();
  }
}
