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
