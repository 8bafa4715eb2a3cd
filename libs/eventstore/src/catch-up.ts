import { uuidv7 } from '@openpro/kernel';
import type pg from 'pg';
import { type Checkpoint, commit, isDataError, type Pause } from './checkpoint.js';
import { type EventStore, LogGap, type Position, type Recorded, START } from './event-store.js';
import type { Rivals } from './rivals.js';
import { Backoff, Bell, messageOf, type Permits, type Report } from './waiting.js';

/** Readers near the end of the log: the store keeps so much in memory for all of them. */
const PAGE = 1000;
/** After so many full pages a consumer counts as far behind. */
const FULL_PAGES = 3;
/** Readers far behind. */
const BULK = 10_000;
/** After so many events that do not concern a consumer its checkpoint moves nevertheless: they need not be read again. */
const MAX_SKIPPED = 10_000;

/** Who is second so often, one time after the other, leaves the work to the runner that was first. */
const LOSSES = 3;

/** What all consumers of one process share. */
export interface Shared {
  readonly store: EventStore;
  readonly pool: pg.Pool;
  readonly rivals: Rivals;
  /** Only so many consumers read far behind the end at once: each holds two batches in memory. */
  readonly bulk: Permits;
  readonly report: Report;
}

/** What a consumer does with its events: a projection writes rows, a process states, timers and commands. */
export interface Work {
  concerns(recorded: Recorded): boolean;
  /** The checkpoint to start from; a text = why it must wait, asked again at the next news. Forgets all it remembers. */
  open(ring: () => void): Promise<Checkpoint | string>;
  /** Writes the outcome of the events together with the checkpoint; `undefined` = another runner was first. */
  apply(events: readonly Recorded[], upTo: Position, from: Checkpoint): Promise<Checkpoint | undefined>;
  /** The outcome of these events stands in the database, no matter who wrote it. */
  applied(events: readonly Recorded[], position: Position): void;
  /** Between two batches; `at` is the time of the newest event seen. Returns `from` when there was nothing to do. */
  between?(
    from: Checkpoint,
    now: { position: Position; at: number; atEnd: boolean },
  ): Promise<Checkpoint | undefined>;
  close?(): void;
}

/** The pure function of a projection or process threw at this event. */
export class PoisonEvent extends Error {
  override readonly name = 'PoisonEvent';

  constructor(
    readonly recorded: Recorded,
    override readonly cause: unknown,
  ) {
    super(messageOf(cause));
  }
}

export interface Health {
  /** `job_list@2`; `rebuild.job_list@2` while it is built anew. */
  readonly name: string;
  /** `waiting`: for another version or another server; `stopped`: for good, until a person acts. */
  readonly state: 'running' | 'paused' | 'waiting' | 'stopped';
  readonly position: Position;
  /** 0 at the end of the log; else the age of the event at which it stands in milliseconds, by this server's clock. */
  readonly lagMs: number;
  /** Why it does not run, or what it is retrying. */
  readonly reason: string | null;
  readonly errorId: string | null;
}

/**
 * The loop of every durable consumer: read what follows the checkpoint, apply it, look again at the next news.
 *
 * ```
 * opening ──► running ──► paused    at an event that it cannot digest; by resume() or a restart back to opening
 *    ▲  │        │  └───► stopped   at a gap in the log
 *    │  └► waiting        for a rebuild, or for a program that is not older than what stands in the database
 *    └───────────┘        another runner was first, or the database was away
 * ```
 */
export class CatchUp {
  private checkpoint: Checkpoint | undefined;
  /** Everything up to here is applied, or is no concern; the checkpoint may be a little behind. */
  private position: Position = START;
  /** The time of the last event seen. */
  private at = 0;
  private atEnd = false;
  private fullPages = 0;
  private skipped = 0;
  /** How often in succession another runner was first. */
  private losses = 0;
  private opened = false;
  private forgivePause = true;
  private trouble: { state: Health['state']; reason: string; errorId?: string } | undefined;
  private ahead: { after: Position; events: Promise<readonly Recorded[]> } | undefined;
  private leaveBulk: (() => void) | undefined;
  private running: Promise<void> | undefined;
  private readonly stopping = new AbortController();
  private readonly bell = new Bell();
  private readonly backoff = new Backoff();
  private readonly waiters = new Set<{ position: Position; settle: (reached: boolean) => void }>();

  constructor(
    readonly name: string,
    private readonly work: Work,
    private readonly shared: Shared,
  ) {}

  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.finish();
    await this.running;
  }

  /** Ends after the current batch, without waiting for it. */
  finish(): void {
    this.stopping.abort();
    this.bell.ring();
  }

  /** Tries the event again at which it paused. */
  resume(): void {
    if (this.trouble?.state !== 'paused') return;
    this.trouble = undefined;
    this.forgivePause = true;
    this.reopen();
  }

  /** Reads its checkpoint again. */
  reopen(): void {
    this.checkpoint = undefined;
    this.bell.ring();
  }

  /** True once everything up to `position` is visible; false after `timeoutMs`, or when it stops. */
  reached(position: Position, timeoutMs: number): Promise<boolean> {
    if (this.position >= position) return Promise.resolve(true);
    if (this.ended || this.trouble?.state === 'paused') return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (reached: boolean): void => {
        clearTimeout(timer);
        this.waiters.delete(waiter);
        resolve(reached);
      };
      const timer = setTimeout(settle, timeoutMs, false);
      const waiter = { position, settle };
      this.waiters.add(waiter);
    });
  }

  health(): Health {
    const { name, position, trouble } = this;
    return {
      name,
      position,
      state: trouble?.state ?? 'running',
      lagMs: (this.atEnd && !trouble) || this.at === 0 ? 0 : Math.max(0, Date.now() - this.at),
      reason: trouble?.reason ?? null,
      errorId: trouble?.errorId ?? null,
    };
  }

  private get ended(): boolean {
    return this.stopping.signal.aborted || this.trouble?.state === 'stopped';
  }

  private async run(): Promise<void> {
    const unlisten = this.shared.store.onNews(this.bell.ring);
    while (!this.ended)
      try {
        const again = await this.step();
        if (this.checkpoint) {
          this.trouble = undefined;
          this.backoff.reset();
        }
        if (again) continue;
        this.endBulk();
        await this.bell.wait();
      } catch (error) {
        await this.failed(error);
      }
    unlisten();
    this.endBulk();
    this.work.close?.();
    await this.flush().catch(() => undefined); // then the next start reads a little more
    this.giveUpWaiting();
  }

  /** Does what can be done now; false = nothing. */
  private async step(): Promise<boolean> {
    const from = this.checkpoint ?? (await this.open());
    if (!from) return false;
    const events = await this.next();
    if (events.length > 0) await this.take(events, from);
    if (this.checkpoint) await this.between(this.checkpoint);
    const behind = (events.at(-1)?.position ?? START) > this.position;
    return behind || !this.atEnd || !this.checkpoint;
  }

  private async open(): Promise<Checkpoint | undefined> {
    const found = await this.work.open(this.bell.ring);
    if (typeof found === 'string') {
      if (this.trouble?.reason !== found) this.inTrouble({ state: 'waiting', reason: found }, 'info');
      return undefined;
    }
    if (found.pause && !this.forgivePause) {
      if (this.trouble?.state !== 'paused') this.inTrouble({ state: 'paused', ...found.pause }, 'warn');
      return undefined;
    }
    this.forgivePause = false;
    this.checkpoint = found;
    // Behind us only after a crash of the database took our last writes back: then they are made again.
    if (!this.opened || found.position < this.position) this.position = found.position;
    this.opened = true;
    this.settleReached();
    return found;
  }

  private async next(): Promise<readonly Recorded[]> {
    const { store, bulk } = this.shared;
    if (this.fullPages < FULL_PAGES) {
      const events = await store.readAll(this.position, PAGE);
      this.atEnd = events.length < PAGE;
      this.fullPages = this.atEnd ? 0 : this.fullPages + 1;
      return events;
    }
    this.leaveBulk ??= await bulk.take();
    const ahead = this.ahead?.after === this.position ? this.ahead.events : undefined;
    const events = await (ahead ?? store.readAll(this.position, BULK));
    const last = events.at(-1);
    if (last && events.length === BULK) {
      // The log is read while the database writes.
      this.ahead = { after: last.position, events: store.readAll(last.position, BULK) };
      this.ahead.events.catch(() => undefined); // seen when it is awaited
    } else this.endBulk();
    return events;
  }

  private async take(events: readonly Recorded[], from: Checkpoint): Promise<void> {
    const last = events.at(-1)!;
    // Another runner, or an attempt of ours whose answer was lost, has done the first ones.
    const known = events.findIndex(({ position }) => position > from.position);
    const done = known < 0 ? events : events.slice(0, known);
    const concerns = (recorded: Recorded): boolean => this.work.concerns(recorded);
    if (done.length > 0) this.moveTo(done.at(-1)!.position, done.filter(concerns));
    const concerned = events.slice(done.length).filter(concerns);
    if (concerned.length > 0) {
      if (this.losses >= LOSSES) return this.follow(from, last.position);
      if (!(await this.apply(concerned, last.position))) return;
    } else if (known >= 0) {
      this.moveTo(last.position, []);
      this.skipped += events.length;
      if (this.skipped >= MAX_SKIPPED) await this.flush();
    }
    this.at = last.at;
  }

  /** Lets the other runner apply the events; goes on itself, from the checkpoint as it then is, when that one does not. */
  private async follow(from: Checkpoint, upTo: Position): Promise<void> {
    const found = await this.shared.rivals.past(from, upTo, this.stopping.signal);
    if (!found) this.losses = 0;
    if (this.checkpoint === from) this.checkpoint = found?.pause ? undefined : found;
  }

  /** False = it could not go on to the end: paused, or another runner was first. */
  private async apply(events: readonly Recorded[], upTo: Position): Promise<boolean> {
    const from = this.checkpoint;
    if (!from) return false;
    try {
      this.checkpoint = await this.work.apply(events, upTo, from);
      this.losses = this.checkpoint ? 0 : this.losses + 1;
      if (!this.checkpoint) return false;
      this.skipped = 0;
      this.moveTo(upTo, events);
      return true;
    } catch (error) {
      if (error instanceof PoisonEvent) {
        const before = events.slice(0, events.indexOf(error.recorded));
        const last = before.at(-1);
        return (
          (!last || (await this.apply(before, last.position))) && this.pauseAt(error.recorded, error.cause)
        );
      }
      if (!isDataError(error)) throw error;
      if (events.length === 1) return this.pauseAt(events[0]!, error);
      const half = events.length >>> 1;
      return (
        (await this.apply(events.slice(0, half), events[half - 1]!.position)) &&
        (await this.apply(events.slice(half), upTo))
      );
    }
  }

  private async between(from: Checkpoint): Promise<void> {
    const { position, at, atEnd } = this;
    // Another runner has applied what this one has not even read: it knows neither the time nor the end of the log.
    if (position < from.position) return;
    try {
      if (this.work.between) this.checkpoint = await this.work.between(from, { position, at, atEnd });
    } catch (error) {
      if (!(error instanceof PoisonEvent)) throw error;
      await this.pauseAt(error.recorded, error.cause);
    }
  }

  private async pauseAt({ position, event, at }: Recorded, error: unknown): Promise<false> {
    this.at = at;
    const errorId = uuidv7();
    const pause: Pause = { position, errorId, reason: `${event.type} at ${position}: ${messageOf(error)}` };
    const from = this.checkpoint;
    this.checkpoint = undefined;
    const paused = from && (await commit(this.shared.pool, from, { position: from.position, pause }));
    if (paused) this.inTrouble({ state: 'paused', ...pause }, 'error', error);
    return false;
  }

  private async flush(): Promise<void> {
    if (this.skipped === 0 || !this.checkpoint) return;
    this.skipped = 0;
    // Who follows another runner may know its checkpoint before he has read so far himself. Moved back to where he
    // stands, it would make everybody apply twice what lies between.
    if (this.position <= this.checkpoint.position) return;
    this.checkpoint = await commit(this.shared.pool, this.checkpoint, { position: this.position });
  }

  private moveTo(position: Position, events: readonly Recorded[]): void {
    if (position > this.position) this.position = position;
    if (events.length > 0) this.work.applied(events, position);
    this.settleReached();
  }

  private settleReached(): void {
    for (const waiter of this.waiters) if (waiter.position <= this.position) waiter.settle(true);
  }

  private async failed(error: unknown): Promise<void> {
    this.endBulk();
    this.checkpoint = undefined; // what we know may be old
    const reason = messageOf(error);
    if (error instanceof LogGap) return this.inTrouble({ state: 'stopped', reason }, 'error', error);
    this.inTrouble({ state: 'waiting', reason }, 'warn', error);
    await this.backoff.wait(this.stopping.signal);
  }

  private inTrouble(
    trouble: NonNullable<typeof this.trouble>,
    level: 'info' | 'warn' | 'error',
    error?: unknown,
  ): void {
    const { state, reason, errorId } = trouble;
    this.trouble = trouble;
    if (state !== 'waiting') this.giveUpWaiting();
    this.shared.report({
      level,
      source: this.name,
      message: `${state}: ${reason}`,
      ...(errorId === undefined ? {} : { errorId }),
      ...(error === undefined ? {} : { error }),
    });
  }

  private giveUpWaiting(): void {
    for (const { settle } of this.waiters) settle(false);
  }

  private endBulk(): void {
    this.leaveBulk?.();
    this.leaveBulk = undefined;
    this.ahead = undefined;
    this.fullPages = 0;
  }
}
