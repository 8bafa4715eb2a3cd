import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Decider, type Refusal, uuidv7 } from '@openpro/kernel';
import pg from 'pg';
import { type FreshDatabase, freshDatabase } from '../../../test/harness/database.js';
import { appPool } from '../../platform/src/database.js';
import type { Aggregate } from './aggregate.js';
import { CommandHandler } from './handler.js';
import { MemoryEventStore } from './memory-event-store.js';
import { Snapshots } from './snapshots.js';

type Rung = { readonly type: 'Rung' };

const decider: Decider<{ readonly rings: number }, { readonly type: 'Ring' }, Rung, Refusal> = {
  initial: { rings: 0 },
  decide: () => [{ type: 'Rung' }],
  evolve: ({ rings }) => ({ rings: rings + 1 }),
};
const bell: Aggregate<{ readonly rings: number }, { readonly type: 'Ring' }, Rung> = {
  ...{ name: 'bell', context: 'test', decider, remembers: 5, snapshot: 1 },
};

let database: FreshDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await freshDatabase();
  pool = appPool(database.appUrl, { max: 2 });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const saved: Promise<void>[] = [];
class Watched extends Snapshots {
  override save(...asked: Parameters<Snapshots['save']>): Promise<void> {
    const done = super.save(...asked);
    saved.push(done);
    return done;
  }
}

/** Counts the events that are read. */
class CountedStore extends MemoryEventStore {
  read = 0;
  override async readStream(...asked: Parameters<MemoryEventStore['readStream']>) {
    const events = await super.readStream(...asked);
    this.read += events.length;
    return events;
  }
}

const given = () => {
  const id = uuidv7();
  let store = new CountedStore();
  /** Rings the bell; how often it has rung by then, and how many events were read for that. */
  const server = (aggregate = bell) => {
    const handler = new CommandHandler(store, { snapshots: new Watched(pool), snapshotEvery: 10 });
    return async (times = 1, commandId?: string) => {
      store.read = 0;
      let outcome;
      for (let n = 0; n < times; n++) {
        const meta = { commandId: commandId ?? uuidv7(), actor: 'ada', roles: [] };
        outcome = await handler.execute(aggregate, id, { type: 'Ring' }, meta);
      }
      await Promise.all(saved.splice(0));
      return [outcome?.is === 'done' && outcome.state.rings, store.read];
    };
  };
  return { server, restored: () => (store = new CountedStore()) };
};

it('a server goes on from the last snapshot, and reads no more than what came after it', async () => {
  const { server } = given();
  const first = server();
  for (const times of [10, 10]) await first(times); // two at once may be kept in any order
  expect(await first(4)).toEqual([24, 0]);
  expect(await server()()).toEqual([25, 5]); // the last one that is kept, and four
});

it('knows a command again that came before the snapshot', async () => {
  const { server } = given();
  const known = uuidv7();
  const first = server();
  await first(18);
  await first(1, known);
  await first(1);
  expect(await server()(1, known)).toEqual([20, 3]); // the last event, and what the command did
});

it('reads all where the snapshot is of another shape, or of a log that was put back', async () => {
  const { server, restored } = given();
  await server()(24);
  expect(await server({ ...bell, snapshot: 2 })()).toEqual([25, 24]);
  const { snapshot: _, ...plain } = bell;
  restored();
  await server(plain)(9);
  expect(await server()()).toEqual([10, 9]);
  restored();
  await server(plain)(24);
  expect(await server()()).toEqual([25, 25]); // and what stands there where the snapshot ends
});

it('does without them where they cannot be had', async () => {
  const gone = new pg.Pool({ connectionString: 'postgres://nobody@127.0.0.1:1/none' });
  const handler = new CommandHandler(new MemoryEventStore(), {
    snapshots: new Snapshots(gone),
    snapshotEvery: 1,
  });
  const meta = { commandId: uuidv7(), actor: 'ada', roles: [] };
  expect(await handler.execute(bell, uuidv7(), { type: 'Ring' }, meta)).toMatchObject({ is: 'done' });
  await gone.end();
});
