import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { createDatabase, migrate, withDatabase } from '../../libs/platform/src/database.js';
import { startEmbeddedPostgres } from '../../libs/platform/src/embedded-postgres.js';

/** Durability costs time and protects nothing here: the server lives as long as the tests. */
const FAST = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };

const dropAll = async (serverUrl: string, prefix: string): Promise<void> => {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  const { rows } = await client.query<{ datname: string }>(
    'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
    [prefix],
  );
  for (const { datname } of rows)
    await client.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(datname)} WITH (FORCE)`);
  await client.end();
};

/** PostgreSQL for one run of jest (TEST_DATABASE_URL, else an embedded one) with a migrated template database. */
export const startTestServer = async (dir: string) => {
  const given = process.env['TEST_DATABASE_URL'];
  const embedded = given ? undefined : await startEmbeddedPostgres({ dir: `${dir}/pg`, settings: FAST });
  const serverUrl = given ?? embedded?.ownerUrl ?? '';
  const prefix = `openpro_test_${randomBytes(4).toString('hex')}`;
  await createDatabase(serverUrl, prefix);
  const template = withDatabase(serverUrl, prefix);
  await migrate(template);
  return {
    template,
    pid: embedded?.pid,
    stop: () => embedded?.stop() ?? dropAll(serverUrl, prefix),
  };
};
