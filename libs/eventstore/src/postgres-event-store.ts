import pg from 'pg';
import { coalesce } from './coalesce.js';
import {
  type Append,
  type AppendResult,
  type EventStore,
  LogGap,
  type Position,
  type Recorded,
  START,
  StoreUnavailable,
  type StreamName,
} from './event-store.js';
import { GroupCommit, type Waiting } from './group-commit.js';
import { News } from './news.js';
import { countOf, decode, encode, positionOf } from './record.js';
import { RecentEvents } from './recent-events.js';

/** So long a query may take before the connection counts as lost. */
const QUERY_TIMEOUT_MS = 10_000;
/** Readers at the end of the log with a limit up to this share one query. */
const SHARED_PAGE = 1000;

type Row = [position: string, stream: string, version: number, at: string, body: string];

const recordedOf = ([position, stream, version, at, body]: Row): Recorded =>
  decode(Number(position), stream, version, Number(at), body);

/**
 * No answer of the server at all, or one of the classes "connection", "resources" (disk full, too many connections),
 * "operator intervention" (shutdown), "system error", and a server that is read-only or not ours after a failover.
 */
const isOutage = (error: unknown): boolean =>
  !(error instanceof pg.DatabaseError) || /^(08|28|3D|53|57|58|25006)/.test(error.code ?? '');

/** The log in PostgreSQL (15 or later): all appends of this process share commits, see `GroupCommit`. */
export class PostgresEventStore implements EventStore {
  private readonly commits = new GroupCommit<AppendResult>((batch) => this.write(batch));
  private readonly recent = new RecentEvents();
  private readonly news: News;
  /** Brings the recent events up to date, for all readers at the end of the log at once. */
  private readonly refresh = coalesce(async () => {
    const reachedTheEnd = this.news.look();
    const events = await this.fetch(this.recent.end, SHARED_PAGE);
    if (events.length < SHARED_PAGE) reachedTheEnd();
  });
  private closed = false;

  /**
   * The pool stays the caller's: `close` does not end it.
   * @param onBatch told how many appends shared a commit
   */
  constructor(
    private readonly pool: pg.Pool,
    private readonly onBatch: (appends: number) => void = () => undefined,
  ) {
    this.news = new News(
      pool,
      () => this.head(),
      () => this.recent.end,
    );
  }

  async append(append: Append): Promise<AppendResult> {
    if (this.closed) throw new StoreUnavailable(new Error('this server is stopping'));
    return this.commits.add(encode(append));
  }

  async readStream(stream: StreamName, after = 0, limit?: number): Promise<readonly Recorded[]> {
    return this.rows(
      'read-stream',
      'SELECT position, stream, version, at, body FROM event_log WHERE stream = $1 AND version > $2 ORDER BY version LIMIT $3',
      [stream, after, limit ?? null],
    );
  }

  async readFirst(streams: readonly StreamName[]): Promise<readonly (Recorded | undefined)[]> {
    const found = await this.rows(
      'read-first',
      'SELECT position, stream, version, at, body FROM event_log WHERE stream = ANY($1) AND version = 1',
      [streams],
    );
    const byStream = new Map(found.map((recorded) => [recorded.stream, recorded]));
    return streams.map((stream) => byStream.get(stream));
  }

  readStreamBack(stream: StreamName, limit: number): Promise<readonly Recorded[]> {
    return this.rows(
      'read-stream-back',
      'SELECT position, stream, version, at, body FROM event_log WHERE stream = $1 ORDER BY version DESC LIMIT $2',
      [stream, limit],
    );
  }

  async readLast(streams: readonly StreamName[], limit: number): Promise<readonly (readonly Recorded[])[]> {
    const found = await this.rows(
      'read-last',
      `SELECT last.* FROM (SELECT DISTINCT unnest($1::text[]) AS stream) one CROSS JOIN LATERAL (
         SELECT position, stream, version, at, body FROM event_log
          WHERE stream = one.stream ORDER BY version DESC LIMIT $2) last ORDER BY last.version DESC`,
      [streams, limit],
    );
    const byStream = new Map<StreamName, Recorded[]>(streams.map((stream) => [stream, []]));
    for (const recorded of found) byStream.get(recorded.stream)?.push(recorded);
    return streams.map((stream) => byStream.get(stream) ?? []);
  }

  async readAll(after: Position, limit: number): Promise<readonly Recorded[]> {
    const known = this.recent.read(after, limit);
    if (known && (known.length === limit || !this.news.mayHaveMissed)) return known;
    if (!known || limit > SHARED_PAGE) return this.fetch(after, limit);
    await this.refresh();
    return this.recent.read(after, limit) ?? this.fetch(after, limit);
  }

  readBack(limit: number, before?: Position): Promise<readonly Recorded[]> {
    return this.rows(
      'read-back',
      'SELECT position, stream, version, at, body FROM event_log WHERE position < $1 ORDER BY position DESC LIMIT $2',
      [before === undefined ? Number.MAX_SAFE_INTEGER : countOf(before), limit],
    );
  }

  async head(): Promise<Position> {
    const { rows } = await this.query<[string]>('head', 'SELECT position FROM event_log_head', []);
    const count = Number(rows[0]?.[0] ?? 0);
    const head = count === 0 ? START : positionOf(count);
    this.news.heard(head); // who reads now finds it
    return head;
  }

  onNews(listener: () => void): () => void {
    return this.news.listen(listener);
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.commits.idle();
    await this.news.close();
  }

  private async fetch(after: Position, limit: number): Promise<readonly Recorded[]> {
    const events = await this.rows(
      'read-all',
      'SELECT position, stream, version, at, body FROM event_log WHERE position > $1 ORDER BY position LIMIT $2',
      [countOf(after), limit],
    );
    let previous = after;
    for (const { position } of events) {
      if (countOf(position) !== countOf(previous) + 1) throw new LogGap(previous, position);
      previous = position;
    }
    const reachedTheEnd = events.length < limit && previous > this.recent.end;
    if (!this.recent.extend(after, events) && reachedTheEnd) this.recent.restart(after, events);
    return events;
  }

  private async write(batch: readonly Waiting<AppendResult>[]): Promise<void> {
    const epochs = batch.flatMap(({ append: { epoch } }) => epoch ?? []);
    const oldest = epochs.length > 0 ? Math.min(...epochs) : undefined;
    try {
      const results = await this.appendBatch(
        batch.map(({ append }) => append),
        oldest,
      );
      if (!results) {
        // The longest deposed leader's only: this server may have been elected again since.
        for (const { append, resolve } of batch) if (append.epoch === oldest) resolve({ is: 'deposed' });
        const others = batch.filter(({ append }) => append.epoch !== oldest);
        if (others.length > 0) await this.write(others);
        return;
      }
      batch.forEach(({ resolve }, index) => resolve(results[index] as AppendResult));
    } catch (error) {
      // A definite no was rolled back as a whole: one item is to blame, the others go on without it.
      if (batch.length > 1 && !(error instanceof StoreUnavailable))
        for (const item of batch) await this.write([item]);
      else for (const { reject } of batch) reject(error);
    }
  }

  /** Nothing is written, and there is no result, when the term of the oldest leader with a share in it is over. */
  private async appendBatch(
    batch: readonly Waiting<AppendResult>['append'][],
    oldest: number | undefined,
  ): Promise<readonly AppendResult[] | undefined> {
    type Answer = [firstPosition: string | null, at: string, conflicts: readonly number[] | null];
    const values: unknown[] = [
      batch.map(({ stream }) => stream).join('\n'),
      batch.map(({ expected }) => expected),
      batch.map(({ bodies }) => bodies.length),
      batch.map(({ bodies }) => bodies.join('\n')).join('\n'),
    ];
    const { rows } = await (oldest === undefined
      ? this.query<Answer>(
          'append',
          'SELECT first_position, at, conflicts FROM append_events($1, $2, $3, $4)',
          values,
        )
      : this.query<Answer>(
          'append-as-leader',
          'SELECT first_position, at, conflicts FROM append_as_leader($1, $2, $3, $4, $5)',
          [...values, oldest],
        ));
    if (rows[0]?.[0] === null) return undefined;
    this.onBatch(batch.length);
    const [firstPosition, atText, conflicts] = rows[0] ?? ['', '', null];
    const at = Number(atText);
    let count = Number(firstPosition);
    const before = count === 1 ? START : positionOf(count - 1);
    const written: Recorded[] = [];
    const results = batch.map(({ stream, expected, bodies }, index): AppendResult => {
      const version = conflicts?.[index] ?? -1;
      if (version >= 0) return { is: 'conflict', version };
      const events = bodies.map((body, n) => decode(count++, stream, expected + 1 + n, at, body));
      written.push(...events);
      return { is: 'appended', events };
    });
    if (written.length > 0) {
      if (!this.recent.extend(before, written) && this.recent.end === START)
        this.recent.restart(before, written);
      this.news.announce(written.at(-1)!.position);
    }
    return results;
  }

  private async rows(name: string, text: string, values: unknown[]): Promise<readonly Recorded[]> {
    return (await this.query<Row>(name, text, values)).rows.map(recordedOf);
  }

  private async query<R extends unknown[]>(
    name: string,
    text: string,
    values: unknown[],
  ): Promise<pg.QueryArrayResult<R>> {
    const config = { name, text, values, rowMode: 'array' as const, query_timeout: QUERY_TIMEOUT_MS };
    try {
      return await this.pool.query<R>(config);
    } catch (error) {
      throw isOutage(error) ? new StoreUnavailable(error) : error;
    }
  }
}
