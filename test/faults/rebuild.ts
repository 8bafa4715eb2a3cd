import 'reflect-metadata';
import pg from 'pg';
import { readModel } from '../../apps/server/src/app.module.js';
import { PostgresEventStore, ReadSide } from '@openpro/eventstore';
import { appPool, withDatabase } from '../../libs/platform/src/database.js';

/*
 * Copies a database and builds its read model there anew, from the first event: what the live one is compared with
 * (I9, I10). `node rebuild.mjs <owner's url> <name of the copy>` prints the copy's URL. The servers must have ended.
 */

const PATIENCE_MS = 300_000;

const [, , url = '', name = 'rebuilt'] = process.argv;

const inDatabase = async <T>(at: string, work: (db: pg.Client) => Promise<T>): Promise<T> => {
  const db = new pg.Client({ connectionString: at });
  await db.connect();
  try {
    return await work(db);
  } finally {
    await db.end();
  }
};

const original = new URL(url).pathname.slice(1);
await inDatabase(withDatabase(url, 'postgres'), async (db) => {
  await db.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [original]);
  await db.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);
  await db.query(`CREATE DATABASE ${pg.escapeIdentifier(name)} TEMPLATE ${pg.escapeIdentifier(original)}`);
});
const copy = withDatabase(url, name);
const { projections, processes } = readModel;
await inDatabase(copy, (db) =>
  db.query(
    `TRUNCATE checkpoint, process_state, process_timer, outbox,
      ${projections.map((projection) => pg.escapeIdentifier(projection.name)).join(', ')}`,
  ),
);

const pool = appPool(copy, { max: 8 });
const store = new PostgresEventStore(pool);
const readSide = new ReadSide({
  store,
  pool,
  projections,
  processes,
  // What its processes want done has been done: only what they remember is compared.
  dispatch: () => Promise.resolve({ is: 'done' }),
  report: ({ level, source, message }) => {
    if (level !== 'info') console.error(`${source}: ${message}`);
  },
});
readSide.start();
const head = await store.head();
const behind: string[] = [];
await Promise.all(
  [...projections, ...processes].map(async (one) => {
    if (!(await readSide.waitFor(one.name, head, PATIENCE_MS))) behind.push(one.name);
  }),
);
await readSide.stop();
await store.close();
await pool.end();
if (behind.length > 0) {
  console.error(`Not rebuilt: ${behind.join(', ')}`);
  process.exit(1);
}
console.log(copy);
