import { setTimeout as delay } from 'node:timers/promises';
import { type Position, START } from './event-store.js';
import type { KurrentConnection, Subscription } from './kurrent-connection.js';
import { type Arrival, decodeFromKurrent } from './kurrent-record.js';
import { Backoff } from './waiting.js';

/** So often a look at the log finds what the subscription did not tell. */
const POLL_MS = 1000;

/** The store's side of it. */
export interface Log {
  head(): Promise<Position>;
  /** Nothing was heard before this position. */
  begin(at: Position): void;
  /** An event that stands directly after `after`. */
  arrived(after: Position, arrival: Arrival): void;
  /** Looks at the log itself; resolves with its end. */
  look(): Promise<Position>;
}

/**
 * The one catch-up subscription of this process. The client tells that it broke, if it notices, and never subscribes
 * again; so a broken one is made anew from the last event that it brought, and one that says nothing while the log
 * grows is broken off.
 */
export class KurrentLive {
  private readonly listeners = new Set<() => void>();
  private readonly closing = new AbortController();
  private readonly backoff = new Backoff();
  private running: Promise<unknown> | undefined;
  private subscription: Subscription | undefined;
  private confirmed = false;
  private ringing = false;
  /** Of the last event that the subscription brought. */
  private position: Position | undefined;
  /** Up to here the server has looked for our events; everything of ours before it has arrived. */
  private looked = START;

  constructor(
    private readonly connection: KurrentConnection,
    private readonly log: Log,
  ) {}

  /** Subscribes at the first call. */
  start(): void {
    this.running ??= Promise.all([this.keepSubscribed(), this.keepLooking()]);
  }

  listen(listener: () => void): () => void {
    const own = () => listener(); // the same function may listen twice
    this.listeners.add(own);
    this.start();
    return () => void this.listeners.delete(own);
  }

  /** May an event at this position still arrive? Undefined = its position is not known. */
  mayBring(position: Position | undefined): boolean {
    return (
      this.confirmed && !(position !== undefined && this.position !== undefined && position <= this.position)
    );
  }

  /** Where to look for events after `end`. */
  from(end: Position): Position {
    return this.looked > end ? this.looked : end;
  }

  async close(): Promise<void> {
    this.closing.abort();
    this.listeners.clear();
    this.subscription?.cancel();
    await this.running;
  }

  /** All listeners once for all that arrives in this turn. */
  private tell(): void {
    if (this.ringing) return;
    this.ringing = true;
    setImmediate(() => {
      this.ringing = false;
      for (const listener of this.listeners) queueMicrotask(listener); // what it throws is not the subscription's failure
    });
  }

  private async keepSubscribed(): Promise<void> {
    const { signal } = this.closing;
    while (!signal.aborted) {
      try {
        this.subscription = await this.subscribe();
        if (signal.aborted) this.subscription.cancel();
        await this.subscription.ended;
      } catch {
        // Whatever it was: the next one goes on where this one ended. Until then the look at the log tells of news.
      }
      this.confirmed = false;
      this.subscription = undefined;
      await this.backoff.wait(signal);
    }
  }

  private async subscribe(): Promise<Subscription> {
    if (this.position === undefined) {
      const head = await this.log.head();
      this.log.begin(head);
      this.position = head;
    }
    return this.connection.subscribe(this.from(this.position), {
      event: (event) => {
        const arrival = decodeFromKurrent(event);
        const { position } = arrival.recorded;
        if (this.position !== undefined && position <= this.position) return;
        this.log.arrived(this.position ?? position, arrival);
        this.position = position;
        this.tell();
      },
      checkpoint: (position) => {
        if (position > this.looked) this.looked = position;
      },
      confirmed: () => {
        this.confirmed = true;
        this.backoff.reset();
        this.tell();
      },
    });
  }

  private async keepLooking(): Promise<void> {
    const { signal } = this.closing;
    let told = START;
    let stuckAt: Position | undefined;
    while (!signal.aborted) {
      const end = await this.log.look().catch(() => told); // it is away: the next look
      if (end > told) this.tell();
      told = end;
      const behind = this.confirmed && this.position !== undefined && this.position < end;
      if (behind && stuckAt === this.position) this.subscription?.cancel();
      stuckAt = behind ? this.position : undefined;
      await delay(POLL_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}
