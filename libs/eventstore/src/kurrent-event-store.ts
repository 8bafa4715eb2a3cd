import { randomBytes } from 'node:crypto';
import { coalesce } from './coalesce.js';
import {
  type Append,
  type AppendResult,
  type EventStore,
  type Position,
  type Recorded,
  START,
  StoreUnavailable,
  type StreamName,
} from './event-store.js';
import { type Answer, KurrentConnection } from './kurrent-connection.js';
import { KurrentLive } from './kurrent-live.js';
import {
  type Arrival,
  decodeFromKurrent,
  encodeForKurrent,
  type KurrentAppend,
  type KurrentEvent,
  type Stamp,
} from './kurrent-record.js';
import { RecentEvents } from './recent-events.js';

/** Readers at the end of the log with a limit up to this share one read. */
const SHARED_PAGE = 1000;
/** So long an append waits for the subscription to bring what it has written, before it reads it. */
const ARRIVAL_MS = 200;

export interface KurrentSettings {
  /** `esdb://…` or `esdb+discover://…`, with user, password and certificates where they are needed. */
  readonly url: string;
  /** Streams are named `prefix.stream`; whatever else lies in the same KurrentDB is not read. */
  readonly prefix?: string;
  /** So long an answer may take before it counts as lost. */
  readonly answerMs?: number;
}

/** An append on its way, and which of its events the subscription has brought. */
interface Awaited {
  readonly events: Recorded[];
  readonly wanted: number;
  complete: () => void;
}

/**
 * The log in a KurrentDB or EventStoreDB cluster.
 *
 * An answer to an append says neither where all its events stand nor when they were written, and it is the same
 * whether this call wrote them or an earlier one with the same ids. All that stands in the events themselves, which
 * the subscription brings at the same time as the answer: so an append costs one round trip, and one more only when
 * the subscription is late or does not bring them.
 */
export class KurrentEventStore implements EventStore {
  private readonly recent = new RecentEvents();
  private readonly live: KurrentLive;
  private readonly self = randomBytes(6).toString('base64url');
  private readonly awaited = new Map<string, Awaited>();
  private readonly begun = new Set<Promise<unknown>>();
  private calls = 0;
  /** The time of the newest event seen. */
  private newest = 0;
  private closed = false;
  /** Brings the recent events up to date, for all readers at the end of the log at once. */
  private readonly refresh = coalesce(async () => {
    const { end } = this.recent;
    await this.fetch(end, SHARED_PAGE, this.live.from(end));
    return this.recent.end;
  });

  static async open({
    url,
    prefix = 'openpro',
    answerMs = 10_000,
  }: KurrentSettings): Promise<KurrentEventStore> {
    return new KurrentEventStore(await KurrentConnection.open(url, `${prefix}.`, answerMs));
  }

  private constructor(private readonly connection: KurrentConnection) {
    this.live = new KurrentLive(connection, {
      head: () => this.head(),
      begin: (at) => {
        if (this.recent.end < at) this.recent.restart(at);
      },
      arrived: (after, arrival) => this.arrived(after, arrival),
      look: () => this.refresh(),
    });
  }

  append(append: Append): Promise<AppendResult> {
    const call = `${this.self}.${(this.calls++).toString(36)}`;
    return this.write(append, { call, ...(this.newest === 0 ? {} : { notBefore: this.newest }) });
  }

  /** Appends what stood in another store, in the order given and with its times; what is here already counts once. */
  async copy(appends: readonly (Append & { readonly at: number })[]): Promise<void> {
    const answers = await Promise.all(
      appends.map((append) =>
        this.connection.append(encodeForKurrent(append, { call: 'copied', at: append.at })),
      ),
    );
    answers.forEach((answer, index) => {
      if (answer.is === 'written') return;
      const why = answer.is === 'conflict' ? 'others stand there' : answer.why;
      throw new Error(`KurrentDB does not take the events of ${appends[index]?.stream}: ${why}`);
    });
  }

  async readStream(stream: StreamName, after = 0, limit?: number): Promise<readonly Recorded[]> {
    const events = await this.connection.readStream(stream, after + 1, limit);
    return this.decode(events);
  }

  readFirst(streams: readonly StreamName[]): Promise<readonly (Recorded | undefined)[]> {
    return Promise.all(streams.map(async (stream) => (await this.readStream(stream, 0, 1))[0]));
  }

  async readStreamBack(stream: StreamName, limit: number): Promise<readonly Recorded[]> {
    return this.decode(await this.connection.readStreamBack(stream, limit));
  }

  readLast(streams: readonly StreamName[], limit: number): Promise<readonly (readonly Recorded[])[]> {
    return Promise.all(streams.map((stream) => this.readStreamBack(stream, limit)));
  }

  async readAll(after: Position, limit: number): Promise<readonly Recorded[]> {
    const known = this.recent.read(after, limit);
    if (known?.length === limit) return known;
    if (!known || limit > SHARED_PAGE) return this.fetch(after, limit);
    await this.refresh();
    return this.recent.read(after, limit) ?? this.fetch(after, limit);
  }

  async readBack(limit: number, before?: Position): Promise<readonly Recorded[]> {
    const page = await this.connection.readAll({ from: before, backwards: true, limit: limit + 1 });
    const events = this.decode(page);
    return events.filter(({ position }) => before === undefined || position < before).slice(0, limit);
  }

  async head(): Promise<Position> {
    return (await this.readBack(1))[0]?.position ?? START;
  }

  onNews(listener: () => void): () => void {
    return this.live.listen(listener);
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.allSettled(this.begun);
    await this.live.close();
    await this.connection.close();
  }

  /** `from` may be later than `after` where nothing of ours stands between them. */
  private async fetch(after: Position, limit: number, from = after): Promise<readonly Recorded[]> {
    const page = await this.connection.readAll({
      from: from === START ? undefined : from,
      backwards: false,
      limit: limit + 1, // the server begins with the event at `from`
    });
    const following = this.decode(page)
      .filter(({ position }) => position > after)
      .slice(0, limit);
    this.recent.extend(after, following);
    return following;
  }

  private decode(page: readonly KurrentEvent[]): readonly Recorded[] {
    return page.map((event) => {
      const { recorded } = decodeFromKurrent(event);
      this.newest = Math.max(this.newest, recorded.at);
      return recorded;
    });
  }

  private async write(append: Append, stamp: Stamp): Promise<AppendResult> {
    if (this.closed) throw new StoreUnavailable(new Error('this server is stopping'));
    const sent = encodeForKurrent(append, stamp);
    this.live.start();
    const own: Awaited = { events: [], wanted: sent.events.length, complete: () => undefined };
    this.awaited.set(sent.call, own);
    const written = this.writeAndSee(sent, own).finally(() => {
      this.awaited.delete(sent.call);
      this.begun.delete(written);
    });
    this.begun.add(written);
    return written;
  }

  private async writeAndSee(sent: KurrentAppend, own: Awaited): Promise<AppendResult> {
    const answer = await this.connection.append(sent);
    if (answer.is === 'conflict') return answer;
    if (answer.is === 'written' && (await this.arrival(own, answer.last)))
      return { is: 'appended', events: own.events };
    return this.lookUp(sent, answer);
  }

  private arrived(after: Position, { recorded, call }: Arrival): void {
    this.recent.extend(after, [recorded]);
    this.newest = Math.max(this.newest, recorded.at);
    const own = this.awaited.get(call);
    if (!own || own.events.push(recorded) < own.wanted) return;
    own.complete();
  }

  /** True once the subscription has brought all of it; false when it will not, or not soon. */
  private arrival(own: Awaited, last: Position | undefined): Promise<boolean> {
    if (own.events.length === own.wanted) return Promise.resolve(true);
    if (!this.live.mayBring(last)) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ARRIVAL_MS);
      own.complete = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  /** What stands where this append was to stand, and did this call write it? */
  private async lookUp(
    { stream, expected, call, events }: KurrentAppend,
    answer: Answer,
  ): Promise<AppendResult> {
    const standing = (await this.connection.readStream(stream, expected + 1, events.length)).map((event) =>
      decodeFromKurrent(event),
    );
    if (standing.length === events.length && standing.every((arrival) => arrival.call === call))
      return { is: 'appended', events: standing.map(({ recorded }) => recorded) };
    const version = await this.connection.versionOf(stream);
    if (version !== expected) return { is: 'conflict', version };
    throw new StoreUnavailable(
      new Error(answer.is === 'unclear' ? answer.why : 'what was written is not there'),
    );
  }
}
