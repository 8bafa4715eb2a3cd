import { START } from '../libs/eventstore/src/event-store.js';
import { PostgresEventStore } from '../libs/eventstore/src/postgres-event-store.js';
import { uuidv7 } from '../libs/kernel/src/index.js';
import { appPool } from '../libs/platform/src/database.js';
import { type Measured, report, withPostgres } from './frame.js';
import { emmett, messageDb } from './peer-stores.mjs';

const EVENTS = 200_000;
const PAGES = [1000, 5000];

const data = {
  app: { name: 'supply-network', version: '1.0.0' },
  priority: 5,
  attemptsLeft: 3,
  at: 1_790_000_000_000,
};
const event = { type: 'JobQueued', ...data };

const timed = async (read: () => Promise<number>): Promise<Measured> => {
  const started = performance.now();
  const events = await read();
  if (events !== EVENTS) throw new Error(`Read ${events} events, expected ${EVENTS}`);
  return { 'events/s': events / ((performance.now() - started) / 1000) };
};

await withPostgres(async ({ database, migrated }) => {
  const pool = appPool((await migrated('ours')).ownerUrl);
  const writer = new PostgresEventStore(pool);
  for (let done = 0; done < EVENTS; done += 10_000)
    await Promise.all(
      Array.from({ length: 1000 }, () =>
        writer.append({
          stream: `job-${uuidv7()}`,
          expected: 0,
          context: 'jobs',
          events: Array.from({ length: 10 }, () => event),
          meta: { commandId: uuidv7(), actor: '0198c0de-0000-7000-8000-000000000001', roles: ['user'] },
          fingerprint: 'Uq3yDyb8Yc2dB8J9eXk1bZ7m4VwQ0sRt6uHnLpAoC5E',
        }),
      ),
    );
  await writer.close();
  const readOurs = async (page: number): Promise<number> => {
    const store = new PostgresEventStore(pool); // remembers nothing
    for (let seen = 0, last = START; ;) {
      const events = await store.readAll(last, page);
      seen += events.length;
      if (events.length < page) return seen;
      last = events.at(-1)?.position ?? last;
    }
  };
  const peers = [await messageDb(await database('message_db')), await emmett(await database('emmett'))];
  for (const peer of peers) await peer.fill?.(EVENTS, { type: event.type, data });
  await report({
    name: 'read',
    title: `Read all forward: ${EVENTS.toLocaleString('en')} events, decoded`,
    about:
      'One reader from the first event to the last, page after page; every event becomes an object. ' +
      'castore has no log of all streams to read.',
    rounds: 5,
    contestants: PAGES.flatMap((page) => [
      { name: `**OpenPRO**, pages of ${page}`, measure: () => timed(() => readOurs(page)) },
      ...peers.map((peer) => ({
        name: `${peer.name}, pages of ${page}`,
        measure: () => timed(() => peer.readAll?.(page) ?? Promise.resolve(0)),
      })),
    ]),
  });
  await Promise.all([pool.end(), ...peers.map((peer) => peer.close())]);
});
process.exit(); // a peer keeps connections that cannot be closed
