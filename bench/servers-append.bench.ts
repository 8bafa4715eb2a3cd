import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { type Recorded, START } from '../libs/eventstore/src/event-store.js';
import { follow } from '../libs/eventstore/src/follower.js';
import { PostgresEventStore } from '../libs/eventstore/src/postgres-event-store.js';
import { countOf } from '../libs/eventstore/src/record.js';
import { uuidv7 } from '../libs/kernel/src/index.js';
import { appPool } from '../libs/platform/src/database.js';
import { type BenchDatabase, type Measured, quantile, report, withPostgres } from './frame.js';

const SERVERS = 3;
const WRITERS = 64;
const SAMPLES = 50_000;
/** So long a reader may take to see what was written last. */
const LAST_MS = 60_000;

type Kind = 'log' | 'sequence';

/** What a server of this bench is told, and what it says. */
interface Task {
  readonly kind: Kind;
  readonly url: string;
  /** Of this server, and of all. */
  readonly own: number;
  readonly total: number;
}
type FromServer =
  | { readonly is: 'ready' }
  | { readonly is: 'written'; readonly times: readonly number[] }
  | { readonly is: 'read'; readonly seen: number; readonly gaps: number };

interface Side {
  write(): Promise<unknown>;
  /** Resolves when all events are seen, or when no more will come. */
  read(written: Promise<unknown>): Promise<{ seen: number; gaps: number }>;
}

const event = {
  type: 'JobQueued',
  app: { name: 'supply-network', version: '1.0.0' },
  priority: 5,
  attemptsLeft: 3,
};

const onTheLog = (url: string, total: number): Side => {
  const store = new PostgresEventStore(appPool(url));
  return {
    write: async () => {
      const { is } = await store.append({
        stream: `job-${uuidv7()}`,
        expected: 0,
        context: 'jobs',
        events: [event],
        meta: { commandId: uuidv7(), actor: '0198c0de-0000-7000-8000-000000000001', roles: ['user'] },
        fingerprint: 'Uq3yDyb8Yc2dB8J9eXk1bZ7m4VwQ0sRt6uHnLpAoC5E',
      });
      if (is !== 'appended') throw new Error(`A new stream gave a ${is}`);
    },
    read: async (written) => {
      let [seen, gaps] = [0, 0];
      let done = (): void => undefined;
      const all = new Promise<void>((resolve) => (done = resolve));
      const following = follow(store, START, (events: readonly Recorded[]) => {
        for (const { position } of events) if (countOf(position) !== ++seen) gaps++;
        if (seen >= total) done();
      });
      await Promise.race([
        all,
        following.ended,
        written.then(() => pause(LAST_MS, undefined, { ref: false })),
      ]);
      return { seen, gaps };
    },
  };
};

/** What most do first: a sequence numbers the events, and a reader asks for those behind the last one that it saw. */
const onASequence = (url: string): Side => {
  const pool = appPool(url);
  return {
    write: () => pool.query('INSERT INTO naive_log (body) VALUES ($1)', [JSON.stringify(event)]),
    read: async (written) => {
      let [seen, last, over] = [0, '0', false];
      void written.then(() => (over = true));
      for (;;) {
        const wasOver = over;
        const { rows } = await pool.query<{ seq: string }>(
          'SELECT seq, body FROM naive_log WHERE seq > $1 ORDER BY seq LIMIT 1000',
          [last],
        );
        seen += rows.length;
        last = rows.at(-1)?.seq ?? last;
        if (rows.length === 0 && wasOver) return { seen, gaps: 0 };
        if (rows.length < 1000) await pause(5);
      }
    },
  };
};

/** One server: 64 writers and one reader. */
const serve = async ({ kind, url, own, total }: Task): Promise<void> => {
  const tell = (message: FromServer) => process.send?.(message);
  const side = kind === 'log' ? onTheLog(url, total) : onASequence(url);
  let allWritten = (): void => undefined;
  const written = new Promise<void>((resolve) => (allWritten = resolve));
  const read = side.read(written);
  tell({ is: 'ready' });
  await once(process, 'message');
  process.once('message', () => allWritten());
  const times: number[] = [];
  let left = own;
  const writer = async (): Promise<void> => {
    while (left-- > 0) {
      const began = performance.now();
      await side.write();
      times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  times.sort((a, b) => a - b);
  const step = Math.max(1, Math.floor(times.length / SAMPLES));
  tell({ is: 'written', times: times.filter((_, n) => n % step === 0) });
  tell({ is: 'read', ...(await read) });
};

/** A child process and what it says, one message after the other. */
const start = (task: Task) => {
  const child = fork(process.argv[1] ?? '', ['--serve', JSON.stringify(task)]);
  const said: FromServer[] = [];
  let hear = (): void => undefined;
  child.on('message', (message) => (said.push(message as FromServer), hear()));
  const next = async <Is extends FromServer['is']>(is: Is): Promise<FromServer & { is: Is }> => {
    for (;;) {
      const found = said.find((message) => message.is === is);
      if (found) return found as FromServer & { is: Is };
      const ended = once(child, 'exit').then(() =>
        Promise.reject(new Error('A server of the bench has ended')),
      );
      await Promise.race([new Promise<void>((resolve) => (hear = resolve)), ended]);
    }
  };
  return { next, say: () => child.send('go'), end: () => child.kill() };
};

const measure = async (kind: Kind, { ownerUrl: url }: BenchDatabase, events: number): Promise<Measured> => {
  const own = Math.ceil(events / SERVERS);
  const total = own * SERVERS;
  const owner = new pg.Client({ connectionString: url });
  await owner.connect();
  if (kind === 'sequence')
    await owner.query(
      `CREATE TABLE naive_log (seq bigserial PRIMARY KEY, body text NOT NULL);
       GRANT SELECT, INSERT ON naive_log TO openpro_app; GRANT USAGE ON SEQUENCE naive_log_seq_seq TO openpro_app`,
    );
  const servers = Array.from({ length: SERVERS }, () => start({ kind, url, own, total }));
  await Promise.all(servers.map(({ next }) => next('ready')));
  const began = performance.now();
  for (const { say } of servers) say();
  const written = await Promise.all(servers.map(({ next }) => next('written')));
  const seconds = (performance.now() - began) / 1000;
  for (const { say } of servers) say();
  const read = await Promise.all(servers.map(({ next }) => next('read')));
  const table = kind === 'log' ? 'event_log' : 'naive_log';
  const { rows } = await owner.query<{ count: string }>(`SELECT count(*) FROM ${table}`);
  if (Number(rows[0]?.count) !== total) throw new Error(`${total} appends gave ${rows[0]?.count} events`);
  for (const { end } of servers) end();
  await owner.end();
  const times = written.flatMap((one) => one.times).sort((a, b) => a - b);
  const skipped = Math.max(...read.map(({ seen }) => total - seen));
  return {
    events: total,
    'events/s': total / seconds,
    'append p50 ms': quantile(times, 0.5),
    'append p99 ms': quantile(times, 0.99),
    'skipped by a reader': skipped,
    'skipped %': (100 * skipped) / total,
    'gaps or repeats': read.reduce((sum, { gaps }) => sum + gaps, 0),
  };
};

const { values } = parseArgs({
  options: { events: { type: 'string', default: '1000000' }, serve: { type: 'string' } },
});
if (values.serve) await serve(JSON.parse(values.serve) as Task);
else {
  const events = Number(values.events);
  await withPostgres(async ({ database, migrated }) => {
    const log = await migrated('log');
    const sequence = await database('sequence');
    await report({
      name: 'servers-append',
      title: `Append from ${SERVERS} servers at once: ${WRITERS} writers and one reader on each`,
      about:
        `${SERVERS} processes on one machine and one PostgreSQL with fsync; each writer sends its next event when the last is ` +
        'acknowledged, every event makes a new stream. Each server follows the whole log meanwhile and checks that every ' +
        'position comes once and in order. "Naive reader": one INSERT per event into a table with a sequence, and readers ' +
        'that ask for what stands behind the last number they saw; it gets a tenth of the events. "Skipped" is that of the ' +
        'reader that saw least.',
      rounds: 1,
      contestants: [
        { name: '**OpenPRO log**', measure: () => measure('log', log, events) },
        { name: 'Naive reader on a sequence', measure: () => measure('sequence', sequence, events / 10) },
      ],
    });
  });
  process.exit();
}
