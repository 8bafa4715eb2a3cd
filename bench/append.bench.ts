import type { CommandMeta, EventStore } from '../libs/eventstore/src/event-store.js';
import { CommandHandler } from '../libs/eventstore/src/handler.js';
import { PostgresEventStore } from '../libs/eventstore/src/postgres-event-store.js';
import { type Decider, uuidv7 } from '../libs/kernel/src/index.js';
import { appPool } from '../libs/platform/src/database.js';
import { type Contestant, load, report, withPostgres } from './frame.js';
import { castore, emmett, messageDb } from './peer-stores.mjs';

const CALLERS = [1, 8, 32, 200];
const SECONDS = 1.5;

interface JobQueued {
  readonly type: 'JobQueued';
  readonly app: { readonly name: string; readonly version: string };
  readonly priority: number;
  readonly attemptsLeft: number;
  readonly at: number;
}
const queued = (): JobQueued => ({
  type: 'JobQueued',
  app: { name: 'supply-network', version: '1.0.0' },
  priority: 5,
  attemptsLeft: 3,
  at: Date.now(),
});
const decider: Decider<boolean, object, JobQueued> = {
  initial: false,
  decide: () => [queued()],
  evolve: () => true,
};
const meta = (): CommandMeta => ({
  commandId: uuidv7(),
  actor: '0198c0de-0000-7000-8000-000000000001',
  roles: ['user'],
});

const appendQueued = (store: EventStore): Promise<unknown> =>
  store.append({
    stream: `job-${uuidv7()}`,
    expected: 0,
    context: 'jobs',
    events: [queued()],
    meta: meta(),
    fingerprint: 'Uq3yDyb8Yc2dB8J9eXk1bZ7m4VwQ0sRt6uHnLpAoC5E',
  });

await withPostgres(async ({ database, migrated }) => {
  const pool = appPool((await migrated('ours')).ownerUrl);
  const store = new PostgresEventStore(pool);
  const handler = new CommandHandler(store);
  const peers = [
    await castore(await database('castore')),
    await messageDb(await database('message_db')),
    await emmett(await database('emmett')),
  ];
  const { type, ...data } = queued();
  const ways: readonly (readonly [name: string, once: () => Promise<unknown>])[] = [
    ['**OpenPRO log**', () => appendQueued(store)],
    [
      '**OpenPRO command** (decide, append)',
      () => handler.execute({ name: 'job', context: 'jobs', decider }, uuidv7(), {}, meta()),
    ],
    ...peers.map((peer) => [peer.name, () => peer.append({ type, data })] as const),
  ];
  for (const [, once] of ways) await load(32, 0.5, once); // compiled, connected, planned
  await report({
    name: 'append',
    title: 'Append: one event per command, every command durable',
    about:
      'So many callers, each sending its next command when the last is acknowledged; every command makes a new stream with one event. ' +
      'All stores on one PostgreSQL with fsync, over the same socket, each with the pool of its own choice (10 connections).',
    rounds: 5,
    contestants: CALLERS.flatMap((callers) =>
      ways.map(([name, once]): Contestant => ({
        name: `${name}, ${callers} ${callers === 1 ? 'caller' : 'callers'}`,
        measure: () => load(callers, SECONDS, once),
      })),
    ),
  });
  await store.close();
  await Promise.all([pool.end(), ...peers.map((peer) => peer.close())]);
});
process.exit(); // a peer keeps connections that cannot be closed
