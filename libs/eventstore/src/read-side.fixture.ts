import { uuidv7 } from '@openpro/kernel';
import pg from 'pg';
import { type FreshDatabase, freshDatabase } from '../../../test/harness/database.js';
import { appPool } from '../../platform/src/database.js';
import type { EventStore, Position, Recorded } from './event-store.js';
import { MemoryEventStore } from './memory-event-store.js';
import type { Projection } from './read-side.js';
import { ReadSide, type ReadSideOptions } from './read-side-runner.js';
import type { Report } from './waiting.js';

/** A tiny domain: things on which notes are put. */
export type NoteEvent =
  | { readonly type: 'Noted'; readonly text: string; readonly weight?: number }
  | { readonly type: 'Erased' }
  | { readonly type: 'Unrelated' };

export interface NoteRow {
  readonly id: string;
  readonly text: string | null;
  readonly weight: number | null;
  /** The versions of the events that were applied, in order: shows any that is missing or was applied twice. */
  readonly applied: readonly number[];
  readonly last_at: number;
  readonly heavy: boolean;
  readonly share: number | null;
}

export const NOTES_TABLE = `
  CREATE TABLE notes (
    id text COLLATE "C" PRIMARY KEY, text text COLLATE "C", weight int4, applied jsonb NOT NULL,
    last_at int8 NOT NULL, heavy bool NOT NULL, share float8
  );
  CREATE INDEX ON notes (last_at);
  GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO openpro_app`;

export const notes: Projection<NoteRow, NoteEvent> = {
  name: 'notes',
  version: 1,
  columns: {
    id: 'text',
    text: 'text',
    weight: 'int4',
    applied: 'jsonb',
    last_at: 'int8',
    heavy: 'bool',
    share: 'float8',
  },
  key: 'id',
  on: ['Noted', 'Erased'],
  keyOf: ({ stream }) => stream,
  evolve: (row, { stream, event, version, at }) => {
    if (event.type === 'Erased') return undefined;
    if (event.type === 'Unrelated') throw new Error('never asked for');
    const weight = event.weight ?? row?.weight ?? null;
    return {
      id: stream,
      text: event.text,
      weight,
      applied: [...(row?.applied ?? []), version],
      last_at: at,
      heavy: (weight ?? 0) > 10,
      share: weight === null ? null : weight / 3,
    };
  },
};

/** What the rows must be, computed apart from everything under test but `evolve`. */
export const expectedRows = (
  events: readonly Recorded[],
  projection: Projection<NoteRow, NoteEvent> = notes,
): NoteRow[] => {
  const rows = new Map<string, NoteRow>();
  for (const recorded of events as readonly Recorded<NoteEvent>[]) {
    if (!projection.on.includes(recorded.event.type)) continue;
    const row = projection.evolve(rows.get(recorded.stream), recorded);
    if (row) rows.set(recorded.stream, row);
    else rows.delete(recorded.stream);
  }
  return [...rows.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
};

export const appendTo = async (
  store: EventStore,
  stream: string,
  ...events: readonly { readonly type: string }[]
): Promise<Position> => {
  for (;;) {
    const expected = (await store.readStream(stream)).length;
    const meta = { commandId: uuidv7(), actor: 'tester', roles: [] };
    const result = await store.append({ stream, expected, context: 'test', events, meta, fingerprint: 'f' });
    if (result.is === 'appended') return result.events.at(-1)!.position;
  }
};

export const noted = (text: string, weight?: number): NoteEvent =>
  weight === undefined ? { type: 'Noted', text } : { type: 'Noted', text, weight };

type Problem = Parameters<Report>[0];

/** A store in memory, a database of its own, and servers that run on them; `close` ends all. */
export class Servers {
  readonly store = new MemoryEventStore();
  readonly problems: Problem[] = [];
  private readonly running: { readSide: ReadSide; pool: pg.Pool }[] = [];
  private readonly watchers = new Set<() => void>();

  private constructor(
    readonly database: FreshDatabase,
    readonly admin: pg.Pool,
  ) {}

  static async open(): Promise<Servers> {
    const database = await freshDatabase();
    const admin = new pg.Pool({ connectionString: database.ownerUrl, max: 3 });
    admin.on('error', () => undefined);
    await admin.query(NOTES_TABLE);
    return new Servers(database, admin);
  }

  pool(): pg.Pool {
    return appPool(this.database.appUrl, { max: 5 });
  }

  /** One more server. */
  start(options: Partial<ReadSideOptions>): ReadSide {
    const pool = options.pool ?? this.pool();
    const readSide = new ReadSide({ store: this.store, report: this.report, ...options, pool });
    this.running.push({ readSide, pool });
    readSide.onCommitted(() => this.look());
    readSide.start();
    return readSide;
  }

  async stop(readSide: ReadSide): Promise<void> {
    const index = this.running.findIndex((running) => running.readSide === readSide);
    const [found] = this.running.splice(index, 1);
    await readSide.stop();
    await found?.pool.end();
  }

  readonly report: Report = (problem) => {
    this.problems.push(problem);
    this.look();
  };

  /** Something that a condition waits for may have happened. */
  readonly look = (): void => {
    for (const watcher of this.watchers) watcher();
  };

  /** Waits until the condition holds; asked after each report and change, and again and again for what the database knows. */
  async until(condition: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await condition()))
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(again);
          this.watchers.delete(wake);
          resolve();
        };
        const again = setTimeout(wake, 10);
        this.watchers.add(wake);
      });
  }

  async rows(): Promise<NoteRow[]> {
    const { rows } = await this.admin.query<NoteRow & { last_at: string }>('SELECT * FROM notes ORDER BY id');
    return rows.map((row) => ({ ...row, last_at: Number(row.last_at) }));
  }

  /** Waits until the log has so many events; returns the last one's position. */
  async settled(count: number): Promise<Position> {
    await this.until(async () => (await this.events()).length === count);
    return this.store.head();
  }

  /** As a restart of the database or a cut line does to the program. */
  async killConnections(): Promise<void> {
    await this.admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid() AND query NOT LIKE '%pg_terminate_backend%'`,
    );
  }

  async events(): Promise<readonly Recorded[]> {
    return this.store.readAll('' as Position, 1_000_000);
  }

  async close(): Promise<void> {
    for (const { readSide } of [...this.running]) await this.stop(readSide);
    await this.admin.end();
    await this.database.drop();
  }
}
