import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

const CHANNEL = 'openpro_log';
/** A NOTIFY costs a commit as much as the append itself: at most one per so many milliseconds, never the last one omitted. */
const THROTTLE_MS = 5;
/** All readers of a server look when there is news; of what other servers append they are told at most once in so long. */
const FOREIGN_MS = 10;
/** Finds what no NOTIFY told, because its sender died after the commit or the line was cut. */
const POLL_MS = 1000;
const RECONNECT_MS = 250;

/** Tells every server that something was appended: at once within this process, by NOTIFY to the others. */
export class News {
  private readonly self = randomUUID();
  private readonly listeners = new Set<() => void>();
  private readonly closing = new AbortController();
  private running: Promise<unknown> | undefined;
  private connected = false;
  /** How often there was news of others, and how much of it a look at the log has found. */
  private told = 0;
  private found = 0;
  private newest = '';
  private lastSent = 0;
  private due: NodeJS.Timeout | undefined;
  private lastTold = 0;
  private toTell: NodeJS.Timeout | undefined;

  /** @param known the last position up to which this server has all events */
  constructor(
    private readonly pool: pg.Pool,
    private readonly head: () => Promise<string>,
    private readonly known: () => string,
  ) {}

  listen(listener: () => void): () => void {
    const own = () => listener(); // the same function may listen twice
    this.listeners.add(own);
    this.running ??= Promise.all([this.keepListening(), this.keepPolling()]);
    return () => void this.listeners.delete(own);
  }

  /** May there be events of other servers that no look at the log has found? */
  get mayHaveMissed(): boolean {
    return this.found < this.told || !this.connected;
  }

  /** Called before a look at the log; what it returns, once that has reached the end: what comes meanwhile is news. */
  look(): () => void {
    const { told } = this;
    return () => (this.found = told);
  }

  /** After an append of this process, whose last event stands at `position`. */
  announce(position: string): void {
    if (position > this.newest) this.newest = position;
    this.heard(position); // those of others may stand before it
    this.tell();
    const wait = this.lastSent + THROTTLE_MS - performance.now();
    if (wait <= 0) this.send();
    else this.due ??= setTimeout(() => this.send(), wait);
  }

  async close(): Promise<void> {
    this.closing.abort();
    this.listeners.clear();
    clearTimeout(this.due);
    clearTimeout(this.toTell);
    await this.running;
  }

  private tell(): void {
    clearTimeout(this.toTell);
    this.toTell = undefined;
    this.lastTold = performance.now();
    for (const listener of this.listeners) queueMicrotask(listener); // what it throws is not the append's failure
  }

  /** There are events up to `position`: the readers of this server may have got them with earlier ones. */
  heard(position: string): void {
    if (position > this.known()) this.told++;
  }

  private tellSoon(): void {
    const wait = this.lastTold + FOREIGN_MS - performance.now();
    if (wait <= 0) this.tell();
    else this.toTell ??= setTimeout(() => this.tell(), wait);
  }

  private tellForeign(): void {
    this.told++;
    this.tell();
  }

  private send(): void {
    this.due = undefined;
    this.lastSent = performance.now();
    // In a transaction of its own: within the append's it would make each commit take turns with all others.
    // News need not outlast a crash, so it does not hold up the disk either.
    const notify = `SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)`;
    this.pool.query(notify, [CHANNEL, `${this.self} ${this.newest}`]).catch(() => undefined); // the others poll
  }

  private async keepListening(): Promise<void> {
    while (!this.closing.signal.aborted) {
      const client = new pg.Client({ ...this.pool.options, application_name: 'openpro news' });
      const ended = new Promise<void>((resolve) => {
        client.on('error', () => resolve());
        client.on('end', () => resolve());
        this.closing.signal.addEventListener('abort', () => resolve());
      });
      client.on('notification', ({ payload = '' }) => {
        const [sender, position = ''] = payload.split(' ');
        if (sender === this.self) return;
        this.heard(position);
        this.tellSoon();
      });
      try {
        await client.connect();
        await client.query(`LISTEN ${CHANNEL}`);
        this.connected = true;
        this.tellForeign(); // of what came while nobody listened
        await ended;
      } catch {
        // The database is away: the next round connects again.
      }
      this.connected = false;
      await client.end().catch(() => undefined);
      await this.pause(RECONNECT_MS);
    }
  }

  private async keepPolling(): Promise<void> {
    let seen = '';
    while (!this.closing.signal.aborted) {
      const head = await this.head().catch(() => seen);
      this.heard(head);
      if (head !== seen) this.tell();
      seen = head;
      await this.pause(POLL_MS);
    }
  }

  private pause(ms: number): Promise<unknown> {
    return delay(ms, undefined, { signal: this.closing.signal, ref: false }).catch(() => undefined);
  }
}
