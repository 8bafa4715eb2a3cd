import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { Position } from './event-store.js';
import { positionOf } from './record.js';

const PAGE = 5000;

type Row = [position: string, stream: string, version: number, at: string, body: string, hash: Buffer];

export type Verdict =
  | { readonly is: 'intact'; readonly events: number; readonly hash: string }
  /** The first event that is not what was appended, or that is missing. */
  | { readonly is: 'broken'; readonly position: Position; readonly problem: string };

/**
 * Walks the whole log and computes the hash chain again (its definition: migrations/0001-event-log.ts). Events
 * appended meanwhile are left to the next walk.
 *
 * @param onProgress is told how many events of how many have been read
 */
export const verifyLog = async (
  pool: pg.Pool,
  onProgress: (events: number, of: number) => void = () => undefined,
): Promise<Verdict> => {
  const read = async <R extends unknown[]>(text: string, values: unknown[]): Promise<R[]> =>
    (await pool.query<R>({ text, values, rowMode: 'array' })).rows;
  const [head] = await read<[string, Buffer]>('SELECT position, hash FROM event_log_head', []);
  if (!head) return { is: 'broken', position: positionOf(0), problem: 'the head of the log is missing' };
  const end = Number(head[0]);
  let hash: Buffer = Buffer.alloc(32);
  let last = 0;
  while (last < end) {
    const rows = await read<Row>(
      `SELECT position, stream, version, at, body, hash FROM event_log
       WHERE position > $1 AND position <= $2 ORDER BY position LIMIT ${PAGE}`,
      [last, end],
    );
    if (rows.length === 0) return { is: 'broken', position: positionOf(last + 1), problem: 'it is missing' };
    for (const [position, stream, version, at, body, stored] of rows) {
      last += 1;
      if (Number(position) !== last)
        return { is: 'broken', position: positionOf(last), problem: 'it is missing' };
      hash = createHash('sha256')
        .update(hash)
        .update([position, stream, version, at, body].join('\n'))
        .digest();
      if (!hash.equals(stored))
        return { is: 'broken', position: positionOf(last), problem: 'it differs from what was appended' };
    }
    onProgress(last, end);
  }
  if (!hash.equals(head[1]))
    return { is: 'broken', position: positionOf(end), problem: 'it is not the event that the head names' };
  return { is: 'intact', events: end, hash: hash.toString('hex') };
};
