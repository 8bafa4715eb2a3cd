import type pg from 'pg';
import { DatabaseError } from 'pg';
import type { Position } from './event-store.js';

/** Why a consumer stands still at an event that it cannot digest. */
export interface Pause {
  /** The event's position. */
  readonly position: Position;
  readonly reason: string;
  /** Under this id the error stands in the server's log. */
  readonly errorId: string;
}

/** How far a consumer has come, as its row says. */
export interface Checkpoint {
  /** `name@version`. */
  readonly name: string;
  readonly position: Position;
  /** Another one after every write: what makes two runners at once harmless. */
  readonly revision: string;
  /** A process issues no commands for events up to here: its former version has done so. */
  readonly silentUntil: Position;
  readonly pause: Pause | null;
}

/** Further parts of the one statement that writes: CTEs over parameters from `$7` on, each guarded by `moved`. */
export interface Writes {
  /** Names the prepared statement; the same name, the same text. */
  readonly name: string;
  readonly ctes: string;
  readonly values: readonly unknown[];
}

interface Row {
  name: string;
  position: Position;
  revision: string;
  silent_until: Position;
  paused_position: Position | null;
  paused_reason: string | null;
  paused_error: string | null;
}

const COLUMNS = 'name, position, revision, silent_until, paused_position, paused_reason, paused_error';

export const versionOf = ({ name }: Checkpoint): number => Number(name.slice(name.lastIndexOf('@') + 1));

const toCheckpoint = (row: Row): Checkpoint => ({
  name: row.name,
  position: row.position,
  revision: row.revision,
  silentUntil: row.silent_until,
  pause:
    row.paused_position === null
      ? null
      : { position: row.paused_position, reason: row.paused_reason ?? '', errorId: row.paused_error ?? '' },
});

/** The checkpoints of all versions of `base`. */
export const loadCheckpoints = async (db: pg.Pool | pg.ClientBase, base: string): Promise<Checkpoint[]> => {
  const { rows } = await db.query<Row>({
    name: 'load_checkpoints',
    text: `SELECT ${COLUMNS} FROM checkpoint WHERE split_part(name, '@', 1) = $1`,
    values: [base],
  });
  return rows.map(toCheckpoint);
};

/** Of all consumers, by name. */
export const allCheckpoints = async (db: pg.Pool): Promise<ReadonlyMap<string, Checkpoint>> => {
  const { rows } = await db.query<Row>({
    name: 'all_checkpoints',
    text: `SELECT ${COLUMNS} FROM checkpoint`,
  });
  return new Map(rows.map((row) => [row.name, toCheckpoint(row)]));
};

/** A new checkpoint at the start of the log, or the one that is already there. */
export const createCheckpoint = async (db: pg.Pool, name: string): Promise<Checkpoint> => {
  const { rows } = await db.query<Row>(
    `INSERT INTO checkpoint (name) VALUES ($1)
     ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING ${COLUMNS}`,
    [name],
  );
  return toCheckpoint(rows[0]!);
};

/**
 * Moves the checkpoint and writes what belongs to it, in one statement: all of it or nothing.
 * `undefined` = another runner was here since `from` was read, nothing was written.
 *
 * It does not wait for the disk: what a crash of the database takes away, it takes away together with
 * the checkpoint, and the log gives it back.
 */
export const commit = async (
  db: pg.Pool,
  from: Checkpoint,
  to: { readonly position: Position; readonly pause?: Pause },
  writes?: Writes,
): Promise<Checkpoint | undefined> => {
  const pause = to.pause ?? null;
  const { rows } = await db.query<{ revision: string | null }>({
    name: writes ? `commit_${writes.name}` : 'commit_checkpoint',
    text: `
      WITH moved AS (
        UPDATE checkpoint SET position = $1, revision = gen_random_uuid(),
          paused_position = $4, paused_reason = $5, paused_error = $6,
          paused_at = CASE WHEN $4::text IS NULL THEN NULL ELSE (extract(epoch FROM clock_timestamp()) * 1000)::bigint END
        WHERE name = $2 AND revision = $3 RETURNING revision
      )${writes ? `, ${writes.ctes}` : ''}
      SELECT (SELECT revision FROM moved) AS revision, set_config('synchronous_commit', 'off', true)`,
    values: [
      to.position,
      from.name,
      from.revision,
      pause?.position ?? null,
      pause?.reason ?? null,
      pause?.errorId ?? null,
      ...(writes?.values ?? []),
    ],
  });
  const revision = rows[0]?.revision;
  return revision ? { ...from, position: to.position, revision, pause } : undefined;
};

/** True when the database understood but does not accept a value: the same event would fail again and again. */
export const isDataError = (error: unknown): boolean =>
  error instanceof DatabaseError && /^(2[123]|54)/.test(error.code ?? '');
