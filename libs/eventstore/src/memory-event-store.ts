import {
  type Append,
  type AppendResult,
  type EventStore,
  type Position,
  type Recorded,
  START,
  type StreamName,
} from './event-store.js';
import { countOf, decode, encode } from './record.js';

/** The log of a test: the same rules, nothing kept. */
export class MemoryEventStore implements EventStore {
  private readonly log: Recorded[] = [];
  private readonly streams = new Map<StreamName, Recorded[]>();
  private readonly listeners = new Set<() => void>();

  /** @param now the store's clock, milliseconds since 1970 */
  constructor(private readonly now: () => number = Date.now) {}

  append(append: Append): Promise<AppendResult> {
    return this.soon((): AppendResult => {
      const { stream, expected, bodies } = encode(append);
      const recorded = this.streams.get(stream) ?? [];
      if (recorded.length !== expected) return { is: 'conflict', version: recorded.length };
      const at = Math.max(this.now(), this.log.at(-1)?.at ?? 0);
      const events = bodies.map((body, index) =>
        decode(this.log.length + 1 + index, stream, expected + 1 + index, at, body),
      );
      this.log.push(...events);
      this.streams.set(stream, [...recorded, ...events]);
      for (const listener of this.listeners) listener();
      return { is: 'appended', events };
    });
  }

  readStream(stream: StreamName, after = 0, limit = Infinity): Promise<readonly Recorded[]> {
    return this.soon(() => (this.streams.get(stream) ?? []).slice(after, after + limit));
  }

  readFirst(streams: readonly StreamName[]): Promise<readonly (Recorded | undefined)[]> {
    return this.soon(() => streams.map((stream) => this.streams.get(stream)?.[0]));
  }

  readStreamBack(stream: StreamName, limit: number): Promise<readonly Recorded[]> {
    return this.soon(() => (this.streams.get(stream) ?? []).slice(-limit).reverse());
  }

  readLast(streams: readonly StreamName[], limit: number): Promise<readonly (readonly Recorded[])[]> {
    return this.soon(() => streams.map((stream) => (this.streams.get(stream) ?? []).slice(-limit).reverse()));
  }

  readAll(after: Position, limit: number): Promise<readonly Recorded[]> {
    return this.soon(() => this.log.slice(countOf(after), countOf(after) + limit));
  }

  readBack(limit: number, before?: Position): Promise<readonly Recorded[]> {
    const end = before === undefined ? this.log.length : Math.max(0, countOf(before) - 1);
    return this.soon(() => this.log.slice(Math.max(0, end - limit), end).reverse());
  }

  head(): Promise<Position> {
    return this.soon(() => this.log.at(-1)?.position ?? START);
  }

  onNews(listener: () => void): () => void {
    const own = () => listener();
    this.listeners.add(own);
    return () => void this.listeners.delete(own);
  }

  close(): Promise<void> {
    this.listeners.clear();
    return Promise.resolve();
  }

  /** Like a store far away: never within the caller's own turn. */
  private async soon<T>(work: () => T): Promise<T> {
    await Promise.resolve();
    return work();
  }
}
