import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { CommandHandler, type Dispatch, PostgresEventStore, ReadSide, START } from '@openpro/eventstore';
import { uuidv7 } from '@openpro/kernel';
import { appPool } from '@openpro/platform/postgres';
import type pg from 'pg';
import { type FreshDatabase, freshDatabase } from '../../../test/harness/database.js';
import { fireSchedules } from './fire-schedules.process.js';
import { job, type JobCommand } from './job.js';
import { aRequest } from './request.fixture.js';
import { runOf, schedule, type ScheduleCommand } from './schedule.js';

const SCHEDULES = 12;

let database: FreshDatabase;
const pools: pg.Pool[] = [];
const stores: PostgresEventStore[] = [];
const readSides: ReadSide[] = [];
let die: (error: Error) => void = () => undefined;
/** A server that was killed after its process had decided: what it was to do never comes back to it. */
const killed = new Promise<never>((_resolve, reject) => (die = reject));
killed.catch(() => undefined);

beforeAll(async () => {
  database = await freshDatabase();
});

afterAll(async () => {
  const stopped = Promise.all(readSides.map((readSide) => readSide.stop()));
  die(new Error('it is dead'));
  await stopped;
  await Promise.all(stores.map((store) => store.close()));
  await Promise.all(pools.map((pool) => pool.end()));
  await database.drop();
});

const server = (dispatchBy: (handler: CommandHandler) => Dispatch) => {
  const pool = appPool(database.appUrl, { max: 4 });
  const store = new PostgresEventStore(pool);
  const handler = new CommandHandler(store);
  const processes = [fireSchedules] as never;
  const readSide = new ReadSide({
    store,
    pool,
    processes,
    dispatch: dispatchBy(handler),
    report: () => undefined,
  });
  pools.push(pool);
  stores.push(store);
  readSides.push(readSide);
  readSide.start();
  return { store, handler };
};

it('runs each schedule once, though three servers watch it and one of them dies with what it had to do', async () => {
  const alive =
    (handler: CommandHandler): Dispatch =>
    ({ to, id, command }, meta) =>
      to === 'job'
        ? handler.execute(job, id, command as JobCommand, meta)
        : handler.execute(schedule, id, command as ScheduleCommand, meta);
  const { store, handler } = server(alive);
  server(alive);
  server(() => () => killed);

  /** The log, when so many events of this type are in it. */
  const until = async (type: string, count: number) => {
    for (;;) {
      let listening: (() => void) | undefined;
      const news = new Promise<void>((resolve) => (listening = store.onNews(resolve)));
      const log = await store.readAll(START, 1000);
      const enough = log.filter(({ event }) => event.type === type).length >= count;
      if (!enough) await news;
      listening?.();
      if (enough) return log;
    }
  };

  const meta = () => ({ commandId: uuidv7(), actor: 'ada', roles: ['user'] });
  const ids = Array.from({ length: SCHEDULES }, () => uuidv7());
  for (const id of ids)
    await handler.execute(
      schedule,
      id,
      {
        type: 'MakeSchedule',
        name: 'once',
        when: { in: 1 },
        overlap: 'skip',
        missed: 'once',
        atMost: 1,
        job: aRequest,
        now: Date.now(),
      },
      meta(),
    );
  const submitted = (await until('JobQueued', SCHEDULES)).filter(({ event }) => event.type === 'JobQueued');
  for (const { stream } of submitted)
    await handler.execute(job, stream.slice(4), { type: 'TerminateJob', reason: 'seen' }, meta());
  const log = await until('RunEnded', SCHEDULES);

  const all = (type: string) => log.filter(({ event }) => event.type === type);
  expect(
    all('ScheduleFired')
      .map(({ stream }) => stream)
      .sort(),
  ).toStrictEqual(ids.map((id) => `schedule-${id}`).sort());
  expect(
    all('JobQueued')
      .map(({ stream }) => stream)
      .sort(),
  ).toStrictEqual(
    all('ScheduleFired')
      .map(({ stream, event }) => `job-${runOf(stream.slice(9), (event as unknown as { due: number }).due)}`)
      .sort(),
  );
  expect(all('RunEnded')).toHaveLength(SCHEDULES);
}, 60_000);
