import pg from 'pg';
import { PostgresEventStore } from '../libs/eventstore/src/postgres-event-store.js';
import type { Projection } from '../libs/eventstore/src/read-side.js';
import { ReadSide } from '../libs/eventstore/src/read-side-runner.js';
import { appPool } from '../libs/platform/src/database.js';
import { type Measured, report, withPostgres } from './frame.js';

const EVENTS = 1_000_000;
const ROWS = 100_000;
const SAMPLE_MS = 50;
const MIB = 1024 * 1024;

type JobEvent =
  | {
      readonly type: 'JobQueued';
      readonly app: string;
      readonly owner: string;
      readonly priority: number;
      readonly at: number;
    }
  | {
      readonly type: 'JobNoted';
      readonly attempt: number;
      readonly node: string;
      readonly state: string;
      readonly at: number;
    };

interface JobRow {
  readonly id: string;
  readonly app: string;
  readonly owner: string;
  readonly priority: number;
  readonly state: string;
  readonly node: string | null;
  readonly attempt: number;
  readonly queued_at: number;
  readonly changed_at: number;
}

const jobs: Projection<JobRow, JobEvent> = {
  name: 'bench_jobs',
  version: 1,
  columns: {
    id: 'text',
    app: 'text',
    owner: 'text',
    priority: 'int4',
    state: 'text',
    node: 'text',
    attempt: 'int4',
    queued_at: 'int8',
    changed_at: 'int8',
  },
  key: 'id',
  on: ['JobQueued', 'JobNoted'],
  keyOf: ({ stream }) => stream,
  evolve(row, { stream, event }) {
    if (event.type === 'JobQueued') {
      const { app, owner, priority, at } = event;
      return {
        id: stream,
        app,
        owner,
        priority,
        state: 'queued',
        node: null,
        attempt: 0,
        queued_at: at,
        changed_at: at,
      };
    }
    return (
      row && { ...row, state: event.state, node: event.node, attempt: event.attempt, changed_at: event.at }
    );
  },
};

/**
 * Ten events a job, at `alive` jobs at once: the first round of them is queued, then each event belongs to the next job.
 * Written past `append_events`, because here nobody looks at the hash chain.
 */
const fill = (owner: pg.Pool, alive: number): Promise<unknown> =>
  owner.query(
    `INSERT INTO event_log (position, stream, version, at, body, hash)
     SELECT n + 1, 'job-' || lpad((n / (10 * $1) * $1 + n % $1)::text, 32, '0'), n / $1 % 10 + 1, 1790000000000 + n,
       json_build_object('id', gen_random_uuid(), 'context', 'jobs', 'commandId', gen_random_uuid(),
         'actor', gen_random_uuid(), 'roles', '["user"]'::json, 'correlation', gen_random_uuid(),
         'fingerprint', 'Uq3yDyb8Yc2dB8J9eXk1bZ7m4VwQ0sRt6uHnLpAoC5E',
         'event', CASE WHEN n / $1 % 10 = 0
           THEN json_build_object('type', 'JobQueued', 'app', 'supply-network', 'owner', gen_random_uuid(),
             'priority', 5, 'at', 1790000000000 + n)
           ELSE json_build_object('type', 'JobNoted', 'attempt', n / $1 % 10, 'node', 'server-1',
             'state', 'running', 'at', 1790000000000 + n) END)::text,
       ''
     FROM generate_series(0, ${EVENTS - 1}) AS n`,
    [alive],
  );

const megabytes = (): number => process.memoryUsage().rss / MIB;

await withPostgres(async ({ migrated }) => {
  const contestant = async (name: string, alive: number) => {
    const { ownerUrl } = await migrated(`rebuild_${alive}`);
    const owner = new pg.Pool({ connectionString: ownerUrl, max: 1 });
    await owner.query(
      `CREATE TABLE bench_jobs (id text COLLATE "C" PRIMARY KEY, app text NOT NULL, owner text NOT NULL, priority int4 NOT NULL,
         state text NOT NULL, node text, attempt int4 NOT NULL, queued_at int8 NOT NULL, changed_at int8 NOT NULL)`,
    );
    await owner.query('GRANT SELECT, INSERT, UPDATE, DELETE ON bench_jobs TO openpro_app');
    await fill(owner, alive);
    await owner.query(`UPDATE event_log_head SET position = ${EVENTS}`);
    await owner.query('VACUUM ANALYZE event_log');
    const pool = appPool(ownerUrl, { max: 4 });
    const measure = async (): Promise<Measured> => {
      const store = new PostgresEventStore(pool);
      const readSide = new ReadSide({ store, pool, projections: [jobs], report: () => undefined });
      readSide.start();
      await readSide.waitFor(jobs.name, await store.head(), 600_000);
      const samples: number[] = [];
      const sampling = setInterval(() => samples.push(megabytes()), SAMPLE_MS);
      const started = performance.now();
      await readSide.rebuild(jobs.name);
      const seconds = (performance.now() - started) / 1000;
      clearInterval(sampling);
      const { rows } = await owner.query<{ rows: number; done: number }>(
        'SELECT count(*)::int AS rows, count(*) FILTER (WHERE attempt = 9)::int AS done FROM bench_jobs',
      );
      if (rows[0]?.rows !== ROWS || rows[0].done !== ROWS)
        throw new Error(`Wrong rows: ${JSON.stringify(rows)}`);
      await readSide.stop();
      await store.close();
      const half = samples.length >> 1;
      return {
        'events/s': EVENTS / seconds,
        'memory MiB, first half': Math.max(...samples.slice(0, half)),
        'memory MiB, second half': Math.max(...samples.slice(half)),
      };
    };
    return { name, measure, close: () => Promise.all([pool.end(), owner.end()]) };
  };
  const contestants = [
    await contestant('**OpenPRO**, 500 jobs alive at once', 500),
    await contestant('**OpenPRO**, all 100,000 jobs alive at once', ROWS),
  ];
  await report({
    name: 'rebuild',
    title: `Rebuild a read model of ${ROWS.toLocaleString('en')} rows from ${EVENTS.toLocaleString('en')} events`,
    about:
      'From the first event into a table beside the living one, then put in place; decoded, folded, written, compared. ' +
      'Memory is the highest resident size of the whole process in the first and in the second half of the run. ' +
      'With all jobs alive at once every event of a batch changes another row: the worst case.',
    rounds: 3,
    contestants,
  });
  await Promise.all(contestants.map(({ close }) => close()));
});
