import { createHash } from 'node:crypto';
import type pg from 'pg';

/** What of an event's content the checker looks at; other events and fields pass it by. */
export interface Content {
  readonly type: string;
  readonly attempt?: number | null;
  readonly node?: string | null;
  readonly nodeEpoch?: number | null;
  readonly nodeLost?: number;
  readonly ownCrash?: number;
  readonly reason?: string;
  readonly result?: string | null;
  readonly error?: { readonly code: string };
  readonly priority?: number;
  readonly epoch?: number;
  readonly slots?: number;
  readonly labels?: readonly string[];
  readonly owner?: string;
  readonly profile?: string;
  readonly licence?: string;
  readonly policy?: {
    readonly limits: readonly { readonly per: string; readonly pattern: string; readonly running: number }[];
    readonly profiles: readonly { readonly name: string; readonly capacity: number }[];
  };
  readonly kind?: string;
  readonly holder?: string;
  readonly user?: string;
  readonly device?: string | null;
  readonly dataSeats?: number;
  readonly optimizationSeats?: number;
  readonly job?: string | object;
  readonly due?: number;
}

/** One row of `event_log`, as PostgreSQL has it (migrations/0001-event-log.ts). */
export interface LoggedEvent {
  readonly position: number;
  readonly stream: string;
  readonly version: number;
  /** Milliseconds since 1970 by the database's clock. */
  readonly at: number;
  readonly body: string;
  readonly hash: Buffer;
  readonly commandId: string;
  readonly actor: string;
  readonly causation?: string;
  /** Of the leader who proposed it. */
  readonly epoch?: number;
  readonly event: Content;
}

/** The part of a stream's name behind its kind: `0198…` of `job-0198…`. */
export const idOf = (stream: string): string => stream.slice(stream.indexOf('-') + 1);

export const isOf = (kind: string, { stream }: LoggedEvent): boolean => stream.startsWith(`${kind}-`);

export const chained = (
  before: Buffer,
  { position, stream, version, at, body }: Omit<LoggedEvent, 'hash' | 'event' | 'commandId' | 'actor'>,
): Buffer =>
  createHash('sha256').update(before).update([position, stream, version, at, body].join('\n')).digest();

type Row = [position: string, stream: string, version: number, at: string, body: string, hash: Buffer];

export const fromRow = ([position, stream, version, at, body, hash]: Row): LoggedEvent => {
  const { commandId, actor, causation, epoch, event } = JSON.parse(body) as LoggedEvent;
  return {
    position: Number(position),
    stream,
    version,
    at: Number(at),
    body,
    hash,
    commandId,
    actor,
    ...(causation === undefined ? {} : { causation }),
    ...(epoch === undefined ? {} : { epoch }),
    event,
  };
};

const PAGE = 5000;

/** The whole log in its order, a page at a time: a log may be larger than the memory. */
export async function* readLog(db: pg.Client): AsyncGenerator<LoggedEvent> {
  for (let last = '0', rows: Row[] = []; ;) {
    ({ rows } = await db.query<Row>({
      text: `SELECT position, stream, version, at, body, hash FROM event_log
             WHERE position > $1 ORDER BY position LIMIT ${PAGE}`,
      values: [last],
      rowMode: 'array',
    }));
    for (const row of rows) yield fromRow(row);
    last = rows.at(-1)?.[0] ?? last;
    if (rows.length < PAGE) return;
  }
}
