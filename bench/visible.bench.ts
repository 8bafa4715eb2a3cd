import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { PostgresEventStore } from '../libs/eventstore/src/postgres-event-store.js';
import type { Projection } from '../libs/eventstore/src/read-side.js';
import { ReadSide } from '../libs/eventstore/src/read-side-runner.js';
import { uuidv7 } from '../libs/kernel/src/index.js';
import { appPool } from '../libs/platform/src/database.js';
import { type BenchDatabase, load, type Measured, report, withPostgres } from './frame.js';
import { emmettConsumer } from './peer-consumer.mjs';

const PROJECTIONS = 15; // as many as a server runs

interface JobRow {
  readonly id: string;
  readonly app: string;
  readonly queued_at: number;
}

interface JobQueued {
  readonly type: 'JobQueued';
  readonly app: string;
}

const projection = (n: number): Projection<JobRow, JobQueued> => ({
  name: `bench_jobs_${n}`,
  version: 1,
  columns: { id: 'text', app: 'text', queued_at: 'int8' },
  key: 'id',
  on: n === 0 ? ['JobQueued'] : ([`Other${n}`] as never),
  keyOf: ({ stream }) => stream,
  evolve: (_row, { stream, event, at }) => ({ id: stream, app: event.app, queued_at: at }),
});

/** Who waits for a thing to be told of, by its id. */
class Arrivals {
  private readonly waiting = new Map<string, () => void>();

  readonly arrived = (id: string): void => this.waiting.get(id)?.();

  of(id: string): Promise<void> {
    return new Promise((resolve) =>
      this.waiting.set(id, () => {
        this.waiting.delete(id);
        resolve();
      }),
    );
  }
}

/** So long nothing happens before each append; not a multiple of anybody's polling interval. */
const idle = (): Promise<unknown> => pause(5 + Math.random() * 20);

const measuring = (seconds: number, appendAndSee: () => Promise<number>) => async (): Promise<Measured> => {
  const times: number[] = [];
  await load(1, seconds, async () => {
    await idle();
    times.push(await appendAndSee());
  });
  times.sort((a, b) => a - b);
  const at = (q: number): number =>
    times[Math.min(times.length - 1, Math.floor(times.length * q))] ?? Number.NaN;
  return { 'p50 ms': at(0.5), 'p99 ms': at(0.99), appends: times.length };
};

const ours = async ({ ownerUrl }: BenchDatabase, where: 'here' | 'elsewhere') => {
  const owner = new pg.Pool({ connectionString: ownerUrl, max: 1 });
  const projections = Array.from({ length: PROJECTIONS }, (_, n) => projection(n));
  for (const { name } of projections)
    await owner.query(
      `CREATE TABLE ${name} (id text COLLATE "C" PRIMARY KEY, app text NOT NULL, queued_at int8 NOT NULL);
       GRANT SELECT, INSERT, UPDATE, DELETE ON ${name} TO openpro_app`,
    );
  const pools = [appPool(ownerUrl), appPool(ownerUrl, { max: 4 }), appPool(ownerUrl)] as const;
  const writer = new PostgresEventStore(pools[0]);
  const reader = where === 'here' ? writer : new PostgresEventStore(pools[2]);
  const readSide = new ReadSide({ store: reader, pool: pools[1], projections, report: () => undefined });
  const arrivals = new Arrivals();
  readSide.onCommitted(({ keys }) => keys.forEach(arrivals.arrived));
  readSide.start();
  const append = async (): Promise<number> => {
    const stream = `job-${uuidv7()}`;
    const arrival = arrivals.of(stream);
    const started = performance.now();
    const appended = writer.append({
      stream,
      expected: 0,
      context: 'jobs',
      events: [{ type: 'JobQueued', app: 'supply-network' } as JobQueued],
      meta: { commandId: uuidv7(), actor: 'bench', roles: ['user'] },
      fingerprint: 'Uq3yDyb8Yc2dB8J9eXk1bZ7m4VwQ0sRt6uHnLpAoC5E',
    });
    await Promise.all([appended, arrival]);
    const took = performance.now() - started;
    const { rowCount } = await owner.query('SELECT FROM bench_jobs_0 WHERE id = $1', [stream]);
    if (rowCount !== 1) throw new Error(`${stream} was told of but cannot be read`);
    return took;
  };
  const close = async () => {
    await readSide.stop();
    await Promise.all([writer.close(), reader.close()]);
    await Promise.all([...pools, owner].map((pool) => pool.end()));
  };
  return { append, close };
};

await withPostgres(async ({ database, migrated }) => {
  const here = await ours(await migrated('here'), 'here');
  const elsewhere = await ours(await migrated('elsewhere'), 'elsewhere');
  const arrivals = new Arrivals();
  const peer = await emmettConsumer(await database('emmett'), ({ id }) => arrivals.arrived(id));
  const emmett = async (): Promise<number> => {
    const id = uuidv7();
    const arrival = arrivals.of(id);
    const started = performance.now();
    await Promise.all([peer.append({ id }), arrival]);
    return performance.now() - started;
  };
  for (const append of [here.append, elsewhere.append]) for (let n = 0; n < 50; n++) await append();
  await emmett();
  await report({
    name: 'visible',
    title: 'From append to the row in the read model, idle server',
    about:
      `One append at a time with a pause before each; from the call of append (so with its fsync) to the commit of the row, ` +
      `which is then read back over another connection. ${PROJECTIONS} projections run, one of them changes. ` +
      `"Another server" hears of it through NOTIFY. Emmett's consumer writes no row here: it has only to see the event.`,
    rounds: 5,
    contestants: [
      { name: '**OpenPRO**, same server', measure: measuring(4, here.append) },
      { name: '**OpenPRO**, another server', measure: measuring(4, elsewhere.append) },
      { name: 'Emmett, consumer with its defaults', measure: measuring(4, emmett) },
    ],
  });
  await Promise.all([here.close(), elsewhere.close(), peer.close()]);
});
process.exit(); // a peer keeps connections that cannot be closed
