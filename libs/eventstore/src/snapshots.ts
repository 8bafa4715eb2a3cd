import type pg from 'pg';
import type { StreamName } from './event-store.js';
import type { FoldedStream } from './stream-cache.js';

type Snapshot<State> = Pick<FoldedStream<State>, 'state' | 'version' | 'commands'>;

interface Row<State> {
  state: State;
  version: number;
  commands: [string, { version: number; fingerprint: string }][];
}

/** So long a command waits for what is only a shortcut. */
const QUERY_TIMEOUT_MS = 10_000;

/**
 * What streams that never end have come to, so that nobody has to read all of one again. A shortcut, never the truth: it
 * counts only where the log has the command that it ends with, and may be emptied at any time.
 */
export class Snapshots {
  constructor(private readonly pool: pg.Pool) {}

  async load<State>(stream: StreamName, shape: number): Promise<Snapshot<State> | undefined> {
    const { rows } = await this.pool.query<Row<State>>({
      text: 'SELECT state, version, commands FROM stream_snapshot WHERE stream = $1 AND shape = $2',
      values: [stream, shape],
      query_timeout: QUERY_TIMEOUT_MS,
    } as pg.QueryConfig);
    return rows[0] && { ...rows[0], commands: new Map(rows[0].commands) };
  }

  async save(
    stream: StreamName,
    shape: number,
    { state, version, commands }: Snapshot<unknown>,
  ): Promise<void> {
    await this.pool.query(
      `INSERT INTO stream_snapshot (stream, shape, version, state, commands) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (stream, shape) DO UPDATE
         SET version = excluded.version, state = excluded.state, commands = excluded.commands`,
      [stream, shape, version, JSON.stringify(state), JSON.stringify([...commands])],
    );
  }
}
