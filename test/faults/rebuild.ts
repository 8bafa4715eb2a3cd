import 'reflect-metadata';
import pg from 'pg';
import { readModel } from '../../apps/server/src/app.module.js';
import { PostgresEventStore, ReadSide } from '@openpro/eventstore';
import { appPool, withDatabase } from '../../libs/platform/src/database.js';

/*
 * Brings the read model of a database to the end of its log, as the next start of a server would, then copies the
 * database and builds the read model there anew, from the first event: what the live one is compared with (I9, I10).
 * `node rebuild.mjs <owner's url> <name of the copy>` prints the copy's URL. The servers must have ended.
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

const { projections } = readModel;

/** Runs the projections until they have seen the whole log. */
const catchUp = async (at: string): Promise<void> => {
  const pool = appPool(at, { max: 8 });
  const store = new PostgresEventStore(pool);
  const readSide = new ReadSide({
    store,
    pool,
    projections,
    report: ({ level, source, message }) => {
      if (level !== 'info') console.error(`${source}: ${message}`);
    },
  });
  readSide.start();
  const head = await store.head();
  const behind: string[] = [];
  for (const one of projections)
    if (!(await readSide.waitFor(one.name, head, PATIENCE_MS))) behind.push(one.name);
  await readSide.stop();
  await store.close();
  await pool.end();
  if (behind.length > 0) throw new Error(`Not at the end of the log: ${behind.join(', ')}`);
};

const original = new URL(url).pathname.slice(1);
const copy = withDatabase(url, name);
await catchUp(url);
await inDatabase(withDatabase(url, 'postgres'), async (db) => {
  await db.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [original]);
  await db.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);
  await db.query(`CREATE DATABASE ${pg.escapeIdentifier(name)} TEMPLATE ${pg.escapeIdentifier(original)}`);
});
const tables = projections.map((projection) => pg.escapeIdentifier(projection.name)).join(', ');
await inDatabase(copy, (db) => db.query(`TRUNCATE checkpoint, ${tables}`));
await catchUp(copy);
console.log(copy);
