import { isDeepStrictEqual } from 'node:util';
import type pg from 'pg';
import { type Append, type EventStore, type Position, type Recorded, START } from './event-store.js';
import type { KurrentEventStore } from './kurrent-event-store.js';
import { countOf } from './record.js';
import { PostgresEventStore } from './postgres-event-store.js';

const PAGE = 1000;

export type Progress = (what: 'copied' | 'compared', events: number) => void;

async function* pagesOf(store: EventStore): AsyncGenerator<readonly Recorded[]> {
  for (let last = START; ;) {
    const events = await store.readAll(last, PAGE);
    yield events;
    if (events.length < PAGE) return;
    last = events.at(-1)?.position ?? last;
  }
}

/** The appends that made these events: each one's stand next to each other. */
const appendsOf = (events: readonly Recorded[]): (Append & { readonly at: number })[] => {
  const appends: (Append & { events: Recorded['event'][]; at: number })[] = [];
  for (const recorded of events) {
    const { stream, commandId, version, context, event, fingerprint, at } = recorded;
    const last = appends.at(-1);
    if (last?.stream === stream && last.meta.commandId === commandId) last.events.push(event);
    else
      appends.push({
        stream,
        expected: version - 1,
        context,
        events: [event],
        meta: recorded,
        fingerprint,
        at,
      });
  }
  return appends;
};

const withoutPosition = ({ position: _, ...rest }: Recorded): Omit<Recorded, 'position'> => rest;

/**
 * Copies the log in PostgreSQL to an empty KurrentDB, event by event in its order, with the same ids and times;
 * compares the two; and moves the read model's checkpoints to where their events stand now, so that nothing is made
 * anew. No server may run meanwhile. Repeated after an interruption it goes through: what is there counts once.
 *
 * @returns how many events the log has
 */
export const copyLog = async (
  database: pg.Pool,
  target: KurrentEventStore,
  onProgress: Progress = () => undefined,
): Promise<number> => {
  const source = new PostgresEventStore(database);
  const copied = await copy(source, target, onProgress);
  await compare(source, target, onProgress);
  await moveCheckpoints(database, target);
  await source.close();
  return copied;
};

const copy = async (source: EventStore, target: KurrentEventStore, onProgress: Progress): Promise<number> => {
  let count = 0;
  let held: readonly Recorded[] = []; // of an append that may go on in the next page
  for await (const page of pagesOf(source)) {
    const events = [...held, ...page];
    const last = events.at(-1);
    const whole =
      page.length < PAGE ? events.length : events.findLastIndex((e) => e.commandId !== last?.commandId) + 1;
    held = events.slice(whole);
    await target.copy(appendsOf(events.slice(0, whole)));
    onProgress('copied', (count += whole));
  }
  return count;
};

const compare = async (source: EventStore, target: EventStore, onProgress: Progress): Promise<void> => {
  const copies = pagesOf(target);
  let count = 0;
  for await (const page of pagesOf(source)) {
    const { value = [] } = (await copies.next()) as { value?: readonly Recorded[] };
    page.forEach((recorded, index) => {
      const there = value[index];
      if (!there || !isDeepStrictEqual(withoutPosition(there), withoutPosition(recorded)))
        throw new Error(
          `Event ${countOf(recorded.position)}, ${recorded.version}@${recorded.stream}, is not in its place in KurrentDB. ` +
            'Start again with another KURRENTDB_PREFIX.',
        );
    });
    if (value.length > page.length)
      throw new Error(
        'KurrentDB has events that are not in this log. Start again with another KURRENTDB_PREFIX.',
      );
    onProgress('compared', (count += page.length));
  }
};

const moveCheckpoints = async (database: pg.Pool, target: EventStore): Promise<void> => {
  const { rows } = await database.query<{ position: Position; stream: string; version: number }>(
    `SELECT DISTINCT p.position, l.stream, l.version
     FROM checkpoint c, unnest(ARRAY[c.position, c.silent_until, c.paused_position]) AS p (position)
     JOIN event_log l ON l.position = CASE WHEN length(p.position) = 16 THEN p.position::bigint END`,
  );
  const places = await Promise.all(
    rows.map(async ({ position, stream, version }) => {
      const [recorded] = await target.readStream(stream, version - 1);
      return [position, recorded!.position] as const;
    }),
  );
  await database.query(
    `WITH moved (old, new) AS (SELECT * FROM unnest($1::text[], $2::text[]))
     UPDATE checkpoint c SET
       revision = gen_random_uuid(),
       position = coalesce((SELECT new FROM moved WHERE old = c.position), c.position),
       silent_until = coalesce((SELECT new FROM moved WHERE old = c.silent_until), c.silent_until),
       paused_position = coalesce((SELECT new FROM moved WHERE old = c.paused_position), c.paused_position)`,
    [places.map(([old]) => old), places.map(([, place]) => place)],
  );
  await database.query(`UPDATE read_model_log SET store = 'kurrent'`);
};
