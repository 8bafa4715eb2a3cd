import { copyLog, KurrentEventStore } from '@openpro/eventstore';
import { appPool, readConfig, startEmbeddedPostgres } from '@openpro/platform/postgres';
import path from 'node:path';

/*
 * Moves the log from PostgreSQL to KurrentDB, while no server runs: docs/kurrentdb.md.
 *
 *   KURRENTDB_URL=esdb://… [DATABASE_URL=postgres://…] [OPENPRO_DATA=…] node dist/server/copy-log.mjs
 */
const move = async (): Promise<number> => {
  const given = process.env['DATABASE_URL'];
  const settings = { EVENT_STORE: 'kurrent', OPENPRO_ROLES: 'pro', DATABASE_URL: given || 'embedded' };
  const { eventStore, dataDir } = readConfig({ ...process.env, ...settings }, process.cwd(), '');
  if (eventStore.is !== 'kurrent') throw new Error(`EVENT_STORE is "${eventStore.is}"`);
  const embedded = given ? null : await startEmbeddedPostgres({ dir: path.join(dataDir, 'postgres') });
  const pool = appPool(given || (embedded?.ownerUrl ?? ''));
  const store = await KurrentEventStore.open(eventStore);
  try {
    return await copyLog(pool, store, (what, count) => {
      if (count % 10_000 === 0) console.log(`  ${what} ${count} events`);
    });
  } finally {
    await store.close();
    await pool.end();
    await embedded?.stop();
  }
};

try {
  console.log(`✓ ${await move()} events are in KurrentDB as they were here. Start with EVENT_STORE=kurrent.`);
} catch (error) {
  console.error(`✗ ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
