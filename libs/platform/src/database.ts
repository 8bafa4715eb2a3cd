import pg from 'pg';
import { DataSource } from 'typeorm';
import { migrations } from '../../../migrations/index.js';
import { isOutage, patiently } from './outage.js';

const ANSWER_MS = 5000;

/** The role that the running program uses: it may read the log and append to it, never change it. */
export const APP_ROLE = 'openpro_app';

/** The same server and login, another database. */
export const withDatabase = (url: string, database: string): string => {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(database)}`;
  return changed.href;
};

/** The same database with the rights of the running program; for `pg` and TypeORM alike. */
export const asApp = (url: string): string => {
  const changed = new URL(url);
  if (changed.username === APP_ROLE) return url;
  const options = changed.searchParams.get('options');
  changed.searchParams.set('options', [options, `-c role=${APP_ROLE}`].filter(Boolean).join(' '));
  return changed.href;
};

/** Creates the database when it is missing; true if it did. */
export const createDatabase = async (serverUrl: string, database: string): Promise<boolean> => {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${pg.escapeIdentifier(database)}`);
    return true;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === '42P04' || code === '23505') return false; // it exists, or another server creates it just now
    throw error;
  } finally {
    await client.end();
  }
};

/** Waits until the database answers, and says each time why it does not. @throws what will not pass by itself */
export const untilItAnswers = (url: string, waiting: (error: unknown) => void): Promise<void> =>
  patiently(
    async () => {
      const client = new pg.Client({ connectionString: asApp(url), connectionTimeoutMillis: ANSWER_MS });
      client.on('error', () => undefined); // the question fails
      await client.connect(); // one that fails leaves nothing to end
      await client.query('SELECT').finally(() => client.end().catch(() => undefined));
    },
    () => false,
    (error) => {
      const { code = '' } = error as { code?: string };
      const passes = isOutage(error) && !/^(28|3D)/.test(code); // a wrong password or name stays wrong
      if (passes) waiting(error);
      return passes;
    },
  );

/**
 * Brings the database up to date; needs the owner's rights. Servers that start together take turns.
 * Returns the names of the migrations that ran.
 */
export const migrate = async (ownerUrl: string): Promise<readonly string[]> => {
  const turn = new pg.Client({ connectionString: ownerUrl });
  await turn.connect();
  const database = new DataSource({
    type: 'postgres',
    url: ownerUrl,
    migrations: [...migrations],
    poolSize: 1,
  });
  try {
    await turn.query(`SELECT pg_advisory_lock(hashtext('openpro migrations'))`);
    await database.initialize();
    return (await database.runMigrations({ transaction: 'each' })).map(({ name }) => name);
  } finally {
    if (database.isInitialized) await database.destroy();
    await turn.end(); // gives the lock back as well
  }
};

/**
 * A connection that may be lost at any moment: between its being handed out and the first query nobody else listens, and
 * an error that nobody hears would end the server. Whoever uses it is told by his query. One on which a query had no
 * answer in time ends: TypeORM would give it back as good, and all after that query would wait behind it.
 */
export class PooledClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }

  override query(...args: unknown[]): never {
    const answer = (super.query as (...args: unknown[]) => unknown).apply(this, args);
    if (answer instanceof Promise)
      answer.catch(({ message }: Error) => {
        if (message === 'Query read timeout') void this.end();
      });
    return answer as never;
  }
}

/**
 * Connections with the rights of the running program. With `patienceMs`, one that does not answer for so long is given
 * up: behind a network that swallows everything it would otherwise be waited for until the kernel loses patience.
 */
export const appPool = (
  url: string,
  { max = 10, patienceMs = 0 }: { max?: number; patienceMs?: number } = {},
): pg.Pool => {
  const pool = new pg.Pool({
    connectionString: asApp(url),
    max,
    Client: PooledClient,
    application_name: 'openpro',
    connectionTimeoutMillis: patienceMs,
    query_timeout: patienceMs,
  });
  pool.on('error', () => undefined); // an idle connection was lost: the pool has dropped it and makes a new one
  return pool;
};
