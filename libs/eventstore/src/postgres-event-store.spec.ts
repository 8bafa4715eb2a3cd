import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { freshDatabase, type FreshDatabase } from '../../../test/harness/database.js';
import { appPool, migrate } from '../../platform/src/database.js';
import { startEmbeddedPostgres } from '../../platform/src/embedded-postgres.js';
import { appendTo, eventsOf, eventStoreContract, noted, readToEnd } from './event-store.contract.js';
import { type AppendResult, LogGap, START, StoreUnavailable } from './event-store.js';
import { PostgresEventStore } from './postgres-event-store.js';
import { verifyLog } from './verify-log.js';

eventStoreContract('postgres', async () => {
  const database = await freshDatabase();
  const pools = [appPool(database.appUrl), appPool(database.appUrl)] as const;
  const [store, another] = [new PostgresEventStore(pools[0]), new PostgresEventStore(pools[1])];
  return {
    store,
    another,
    close: async () => {
      await Promise.all([store.close(), another.close()]);
      await Promise.all(pools.map((pool) => pool.end()));
      await database.drop();
    },
  };
});

describe('the log in PostgreSQL', () => {
  let database: FreshDatabase;
  let pool: pg.Pool;
  let owner: pg.Client;
  let store: PostgresEventStore;

  beforeEach(async () => {
    database = await freshDatabase();
    pool = appPool(database.appUrl);
    owner = new pg.Client({ connectionString: database.ownerUrl });
    await owner.connect();
    store = new PostgresEventStore(pool);
  });
  afterEach(async () => {
    await store.close();
    await Promise.all([pool.end(), owner.end()]);
    await database.drop();
  });

  const fill = (count: number, prefix = 'job'): Promise<AppendResult[]> =>
    Promise.all(Array.from({ length: count }, (_, n) => store.append(appendTo(`${prefix}-${n}`, 0))));

  /** Resolves when a connection other than the owner's waits for a lock. */
  const somebodyWaits = async (): Promise<void> => {
    for (;;) {
      await owner.query('SELECT pg_stat_clear_snapshot()'); // else a transaction sees the same activity for ever
      const { rowCount } = await owner.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      if (rowCount) return;
    }
  };

  it('takes nothing from a leader after the next one has taken the lease, and everything else of the same batch', async () => {
    const by = (epoch: number) => ({ meta: { ...appendTo('x', 0).meta, epoch } });
    await owner.query(`UPDATE lease SET holder = 'a', epoch = 7`);
    eventsOf(await store.append(appendTo('job-1', 0, by(7))));
    await owner.query('BEGIN');
    await owner.query(`SELECT append_events('late-1', '{0}', '{1}', '{"event":{"type":"Late"}}')`);
    const first = store.append(appendTo('file-1', 0)); // waits for the lock; the next ones make one batch behind it
    await somebodyWaits();
    const late = store.append(appendTo('job-1', 1, by(7)));
    const other = store.append(appendTo('file-2', 0));
    const wrong = store.append(appendTo('job-1', 0));
    await owner.query(`UPDATE lease SET holder = 'b', epoch = 8`);
    await owner.query('COMMIT');
    eventsOf(await first);
    expect(await late).toEqual({ is: 'deposed' });
    eventsOf(await other);
    expect(await wrong).toEqual({ is: 'conflict', version: 1 });
    eventsOf(await store.append(appendTo('job-1', 1, by(8))));
  });

  it('takes what the present leader has in one batch with what is left of its former term', async () => {
    const by = (epoch: number) => ({ meta: { ...appendTo('x', 0).meta, epoch } });
    await owner.query(`UPDATE lease SET holder = 'a', epoch = 9`);
    const appends = [7, 9, 8, undefined].map((epoch, n) =>
      store.append(appendTo(`job-${n}`, 0, epoch === undefined ? {} : by(epoch))),
    );
    const outcomes = await Promise.all(appends);
    expect(outcomes.map(({ is }) => is)).toEqual(['deposed', 'appended', 'deposed', 'appended']);
  });

  it('shows nothing beyond an event whose commit is late, and then both in order', async () => {
    await owner.query('BEGIN');
    await owner.query(`SELECT append_events('late-1', '{0}', '{1}', '{"event":{"type":"Late"}}')`);
    const second = store.append(appendTo('job-1', 0));
    await somebodyWaits();
    expect(await store.readAll(START, 10)).toEqual([]);
    await owner.query('COMMIT');
    await second;
    expect((await store.readAll(START, 10)).map(({ stream }) => stream)).toEqual(['late-1', 'job-1']);
  });

  it('gives the same to all who begin to read at once', async () => {
    await fill(3);
    const reader = new PostgresEventStore(pool);
    let calls = 0;
    // It listens, and has polled: nobody tells it anything any more.
    await new Promise<void>((resolve) => reader.onNews(() => ++calls === 2 && resolve()));
    const pages = await Promise.all(Array.from({ length: 5 }, () => reader.readAll(START, 1000)));
    expect(pages.map((page) => page.length)).toEqual([3, 3, 3, 3, 3]);
    await reader.close();
  });

  it('leaves no gap where a transaction was rolled back', async () => {
    await fill(3);
    await owner.query('BEGIN');
    await owner.query(`SELECT append_events('lost-1', '{0}', '{1}', '{}')`);
    await owner.query('ROLLBACK');
    await fill(3, 'file');
    expect((await readToEnd(store)).map(({ position }) => Number(position))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('stops a reader at a missing event', async () => {
    await fill(5);
    await owner.query('DELETE FROM event_log WHERE position = 3');
    await expect(new PostgresEventStore(pool).readAll(START, 10)).rejects.toThrow(LogGap);
  });

  it('lets one bad item of a batch fail alone', async () => {
    await owner.query(`
      CREATE FUNCTION reject() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'poison'; END $$;
      CREATE TRIGGER reject BEFORE INSERT ON event_log FOR EACH ROW WHEN (NEW.stream = 'job-7') EXECUTE FUNCTION reject()`);
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => store.append(appendTo(`job-${n}`, 0))),
    );
    expect(results.map(({ status }) => status === 'fulfilled')).toEqual(results.map((_, n) => n !== 7));
    expect(results[7]).toMatchObject({ reason: { message: 'poison' } });
    expect(await readToEnd(store)).toHaveLength(19);
  });

  it('writes appends that are larger together than a batch', async () => {
    const large = { events: [noted('x'.repeat(100_000))] };
    const results = await Promise.all(
      Array.from({ length: 7 }, (_, n) => store.append(appendTo(`job-${n}`, 0, large))),
    );
    expect(results.flatMap(eventsOf)).toHaveLength(7);
  });

  it.each([
    ['INSERT', `INSERT INTO event_log VALUES (1, 'a', 1, 1, '{}', '')`],
    ['UPDATE', `UPDATE event_log SET body = '{}'`],
    ['DELETE', 'DELETE FROM event_log'],
    ['TRUNCATE', 'TRUNCATE event_log'],
    ['LOCK', 'DO $$ BEGIN LOCK TABLE event_log IN ACCESS EXCLUSIVE MODE; END $$'],
    ['UPDATE of the head', 'UPDATE event_log_head SET position = 0'],
    ['SELECT … FOR UPDATE of the head', 'SELECT FROM event_log_head FOR UPDATE'],
    ['DROP', 'DROP TABLE event_log'],
    ['another function in its place', 'DROP FUNCTION append_events'],
    [
      'a trigger',
      'CREATE TRIGGER t AFTER INSERT ON event_log EXECUTE FUNCTION suppress_redundant_updates_trigger()',
    ],
  ])('does not permit the running program: %s', async (_, sql) => {
    await fill(1);
    await expect(pool.query(sql)).rejects.toMatchObject({ code: '42501' });
  });

  it('has a hash chain that holds, over batches and servers', async () => {
    const other = new PostgresEventStore(pool);
    await Promise.all([
      fill(40),
      other.append(appendTo('other-1', 0, { events: [noted('ß'), noted('漢\n')] })),
    ]);
    await other.append(appendTo('other-1', 2));
    expect(await verifyLog(pool)).toMatchObject({ is: 'intact', events: 43 });
    await other.close();
  });

  it.each([
    [
      'a byte',
      `UPDATE event_log SET body = replace(body, 'job-4 after', 'job-4 aftfr') WHERE position = 5`,
      5,
    ],
    ['a time', 'UPDATE event_log SET at = at + 1 WHERE position = 2', 2],
    ['a version', 'UPDATE event_log SET version = 2 WHERE position = 6', 6],
    ['a stream', `UPDATE event_log SET stream = 'job-x' WHERE position = 1`, 1],
    ['a hash', `UPDATE event_log SET hash = sha256(hash) WHERE position = 9`, 9],
    ['a missing row', 'DELETE FROM event_log WHERE position = 4', 4],
    ['a missing last row', 'DELETE FROM event_log WHERE position = 10', 10],
    [
      'a missing row, all after it renumbered',
      'DELETE FROM event_log WHERE position = 4; UPDATE event_log SET position = position - 1 WHERE position > 4',
      4,
    ],
    [
      'two rows that changed places',
      `UPDATE event_log SET position = -position WHERE position IN (3, 4);
       UPDATE event_log SET position = 7 + position WHERE position < 0`,
      3,
    ],
    ['another head', 'UPDATE event_log_head SET hash = sha256(hash)', 10],
  ])('shows %s in the hash chain', async (_, sql, position) => {
    await fill(10);
    expect(await verifyLog(pool)).toMatchObject({ is: 'intact' });
    await owner.query(sql);
    expect(await verifyLog(pool)).toMatchObject({
      is: 'broken',
      position: String(position).padStart(16, '0'),
    });
  });

  it('tells that an outcome is unknown when the connection breaks, and works again on the next', async () => {
    await fill(1);
    await owner.query('BEGIN');
    await owner.query('SELECT FROM event_log_head FOR UPDATE');
    const cut = store.append(appendTo('job-1', 0));
    await somebodyWaits();
    const { rowCount } = await owner.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    expect(rowCount).toBeGreaterThan(0);
    await expect(cut).rejects.toThrow(StoreUnavailable);
    await owner.query('ROLLBACK');
    expect(eventsOf(await store.append(appendTo('job-1', 0)))).toHaveLength(1);
    expect(await readToEnd(store)).toHaveLength(2);
  });

  it('finishes what was begun before it closes, and takes nothing after that', async () => {
    let written = 0;
    const begun = fill(50).then((results) => (written = results.flatMap(eventsOf).length));
    await store.close();
    await new Promise(setImmediate); // the turn of those that were set free
    expect(written).toBe(50);
    await begun;
    await expect(store.append(appendTo('late-1', 0))).rejects.toThrow(StoreUnavailable);
  });
});

describe('a PostgreSQL that goes away and comes back', () => {
  let dir: string;
  afterAll(() => rm(dir, { recursive: true, force: true }));

  it('is reported while it is away; appends, reads and news go on afterwards', async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'openpro-'));
    const settings = { fsync: 'off' };
    const first = await startEmbeddedPostgres({ dir, settings });
    await migrate(first.ownerUrl);
    const pools = [appPool(first.ownerUrl), appPool(first.ownerUrl)] as const;
    const [store, another] = [new PostgresEventStore(pools[0]), new PostgresEventStore(pools[1])];
    let heard = (): void => undefined;
    const stop = store.onNews(() => heard());
    await store.append(appendTo('job-1', 0));
    await first.stop();
    await expect(store.append(appendTo('job-1', 1))).rejects.toThrow(StoreUnavailable);
    await expect(store.readStream('job-1')).rejects.toThrow(StoreUnavailable);
    const second = await startEmbeddedPostgres({ dir, settings });
    const [event] = eventsOf(await another.append(appendTo('job-1', 1)));
    for (;;) {
      const news = new Promise<void>((resolve) => (heard = resolve));
      if ((await store.readAll(START, 10)).at(-1)?.position === event?.position) break;
      await news;
    }
    expect(eventsOf(await store.append(appendTo('job-1', 2)))).toHaveLength(1);
    stop();
    await Promise.all([store.close(), another.close()]);
    await Promise.all(pools.map((pool) => pool.end()));
    await second.stop();
  });
});
