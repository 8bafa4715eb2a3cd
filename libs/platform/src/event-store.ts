import { AccessRefused, type EventStore, KurrentEventStore, PostgresEventStore } from '@openpro/eventstore';
import type pg from 'pg';
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigError, type ServerConfig } from './config.js';

/** A KurrentDB that is starting as well has so long. */
const PATIENCE_MS = 10_000;

/** The log that the configuration names, once it answers. */
export const openEventStore = async (
  { eventStore }: Pick<ServerConfig, 'eventStore'>,
  database: pg.Pool,
  /** Told how many appends shared a commit, by the store where they can. */
  onBatch?: (appends: number) => void,
): Promise<EventStore> => {
  await madeFromThisLog(eventStore.is, database);
  if (eventStore.is === 'postgres') return new PostgresEventStore(database, onBatch);
  const store = await KurrentEventStore.open(eventStore);
  for (const began = performance.now(); ;) {
    try {
      await store.head();
      return store;
    } catch (error) {
      const refused = error instanceof Error && error.cause instanceof AccessRefused;
      if (!refused && performance.now() - began < PATIENCE_MS) await delay(250);
      else {
        await store.close();
        const reason = error instanceof Error ? error.message : String(error);
        throw new ConfigError(`EVENT_STORE is "kurrent". ${reason}`);
      }
    }
  }
};

/**
 * A read model knows how far it has come by a position of its own log, which in another log is anywhere. The two
 * stores' positions differ in length.
 */
const madeFromThisLog = async (store: 'postgres' | 'kurrent', database: pg.Pool): Promise<void> => {
  const { rowCount } = await database.query(
    `SELECT FROM checkpoint WHERE position <> '' AND (length(position) > 16) <> $1 LIMIT 1`,
    [store === 'kurrent'],
  );
  if (rowCount)
    throw new ConfigError(
      `EVENT_STORE is "${store}", but the read model in this database was made from another log. ` +
        'Give an empty database (DATABASE_URL): the read model is made anew from the log. See docs/kurrentdb.md.',
    );
};
