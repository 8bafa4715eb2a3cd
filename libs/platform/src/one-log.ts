import { type EventStore, START } from '@openpro/eventstore';
import { writeOnce } from '@openpro/kernel';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigError, type ServerConfig } from './config.js';

/** Rows of a question to the database, as TypeORM gives them. */
interface Database {
  query<Rows>(text: string, values?: unknown[]): Promise<Rows>;
}

/**
 * Log, storage and read model of one cluster belong together: both know the log by the id of its first event, written
 * down by the first server, and the read model its store as well, because its checkpoints are positions of that one.
 * Nothing is appended to a log, and nothing folded from one, that is another than theirs. To be asked before the first
 * append, and after it: an empty log has no name yet.
 * @throws ConfigError
 */
export const mustBeOneLog = async (
  store: EventStore,
  db: Database,
  { eventStore: { is }, storageDir }: Pick<ServerConfig, 'eventStore' | 'storageDir'>,
): Promise<void> => {
  const log = (await store.readAll(START, 1))[0]?.id;
  const file = path.join(storageDir, 'keys', 'log');
  const compare = async (): Promise<void> => {
    const [made] = await db.query<{ store: string; log: string }[]>('SELECT store, log FROM read_model_log');
    if (made ? made.store !== is || made.log !== log : !log && (await hasBegun(db))) throw otherReadModel(is);
    const known = existsSync(file) ? readFileSync(file, 'utf8') : log;
    if (known !== log) throw otherStorage(storageDir, known, log);
  };
  await compare();
  if (!log) return;
  await db.query('INSERT INTO read_model_log (store, log) VALUES ($1, $2) ON CONFLICT DO NOTHING', [is, log]);
  if (!existsSync(file)) writeOnce(file, log);
  await compare(); // of several that start together for the first time one was first
};

const hasBegun = async (db: Database): Promise<boolean> =>
  (await db.query<unknown[]>(`SELECT FROM checkpoint WHERE position <> '' LIMIT 1`)).length > 0;

const otherStorage = (storageDir: string, known: string | undefined, log = 'none, because it is empty') =>
  new ConfigError(
    `The storage (${storageDir}) belongs to the log whose first event is ${known}; that of the log here is ${log}. ` +
      'Give the database and the storage of one cluster: DATABASE_URL and --storage.',
  );

const otherReadModel = (is: string) =>
  new ConfigError(
    `EVENT_STORE is "${is}", but the read model in this database was made from another log. ` +
      'Give an empty database (DATABASE_URL): the read model is made anew from the log. See docs/kurrentdb.md.',
  );
