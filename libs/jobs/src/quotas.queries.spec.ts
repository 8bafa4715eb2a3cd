import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CommandHandler, type Outcome, PostgresEventStore, ReadSide, TooBusy } from '@openpro/eventstore';
import { isRefusal, refuse, uuidv7 } from '@openpro/kernel';
import { appPool } from '@openpro/platform/postgres';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { type FreshDatabase, freshDatabase } from '../../../test/harness/database.js';
import { batch, jobOf } from './batch.js';
import { batchList } from './batch-list.projection.js';
import { job, type QueuedJob } from './job.js';
import { jobList } from './job-list.projection.js';
import { ForJob } from './jobs.commands.js';
import { NO_POLICY, type Quota } from './queue-policy.js';
import { type Holder, Quotas } from './quotas.queries.js';
import type { Granted } from './quotas.js';
import { aRequest } from './request.fixture.js';
import { schedule } from './schedule.js';
import { scheduleList } from './schedule-list.projection.js';
import type { ForSchedule } from './schedules.commands.js';
import { ScheduleQueries } from './schedules.queries.js';
import { SchedulesResolver } from './schedules.resolver.js';

jest.setTimeout(60_000);

const SERVERS = 4;

/** Four servers on one database, each with its own connections, log and lists. */
class Servers {
  readonly all: Server[] = [];
  quotas: readonly Quota[] = [];
  /** Who keeps too much in the storage. */
  readonly keepTooMuch = new Set<string>();
  readonly storage = {
    over: ({ id }: Holder) =>
      Promise.resolve(this.keepTooMuch.has(id) ? refuse('QuotaExceeded', 'keeps too much') : undefined),
  };

  constructor(readonly database: FreshDatabase) {}

  async start(): Promise<void> {
    for (let n = 0; n < SERVERS; n++) this.all.push(await Server.start(this));
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((server) => server.stop()));
  }
}

class Server {
  readonly handler: CommandHandler;
  readonly quotas: Quotas;

  private constructor(
    private readonly servers: Servers,
    private readonly pool: pg.Pool,
    readonly locks: pg.Pool,
    private readonly db: DataSource,
    readonly store: PostgresEventStore,
    readonly readSide: ReadSide,
  ) {
    this.handler = new CommandHandler(store);
    const policies = { policy: () => Promise.resolve({ ...NO_POLICY, quotas: this.servers.quotas }) };
    this.quotas = new Quotas(policies as never, db, readSide, store, locks, this.servers.storage as never);
    readSide.start();
  }

  static async start(servers: Servers): Promise<Server> {
    const url = servers.database.appUrl;
    const pool = appPool(url, { max: 6 });
    const db = await new DataSource({ type: 'postgres', url }).initialize();
    const store = new PostgresEventStore(pool);
    const readSide = new ReadSide({
      store,
      pool,
      projections: [jobList, batchList, scheduleList] as never,
      dispatch: () => Promise.reject(new Error('there are no processes')),
      report: () => undefined,
    });
    return new Server(servers, pool, appPool(url, { max: 1 }), db, store, readSide);
  }

  async stop(): Promise<void> {
    await this.readSide.stop();
    await this.store.close();
    await this.db.destroy();
    await Promise.all([this.pool.end(), this.locks.end()]);
  }

  async do(work: Promise<Outcome>): Promise<void> {
    const outcome = await work;
    if (outcome.is === 'refused') throw new Error(JSON.stringify(outcome));
    await this.sees();
  }

  async sees(): Promise<void> {
    const head = await this.store.head();
    for (const { name } of [jobList, batchList, scheduleList])
      expect(await this.readSide.waitFor(name, head, 10_000)).toBe(true);
  }

  submit(of: Holder, more: Partial<QueuedJob> = {}, id = uuidv7()): Promise<string | object> {
    const { environment, id: owner, name: ownerName, groups } = of;
    const meta = { commandId: id, actor: owner, roles: ['user'] };
    const asked = { ...aRequest, environment, owner, ownerName, groups, ...more };
    const command = new ForJob(id, { ...asked, type: 'SubmitJob' }, meta);
    return this.quotas.within<string | object>(of, command, 1, async () => {
      const done = await this.handler.execute(job, id, { ...asked, type: 'SubmitJob' }, meta);
      return done.is === 'done' ? id : done.refusal;
    }) as Promise<string | object>;
  }

  end(id: string): Promise<void> {
    return this.do(this.handler.execute(job, id, { type: 'TerminateJob', reason: 'seen' }, by()));
  }
}

const by = (commandId = uuidv7()) => ({ commandId, actor: 'ada', roles: ['user'] });
let people = 0;
/** Somebody whom no other test knows, in a group that none knows either. */
const somebody = (groups = [`group ${++people}`]): Holder => {
  const name = `user ${++people}`;
  return { id: `id of ${name}`, name, environment: 'ROOT', roles: ['user'], groups };
};

describe('quotas on four servers', () => {
  let servers: Servers;
  const server = (n: number): Server => servers.all[n % SERVERS]!;
  const quotas = (...all: readonly Quota[]) => void (servers.quotas = all);

  beforeAll(async () => {
    servers = new Servers(await freshDatabase());
    await servers.start();
  });
  afterAll(async () => {
    await servers.stop();
    await servers.database.drop();
  });

  /** Asked at once, each on another server: what has become of it. */
  const race = (n: number, who: (n: number) => Holder) =>
    Promise.all(Array.from({ length: n }, (_, i) => server(i).submit(who(i))));

  it('let nobody have more than his quota, and everybody that much, however many ask at once', async () => {
    const ada = somebody();
    quotas({ per: 'user', pattern: ada.name, jobs: 5 });
    const asked = await race(16, () => ada);
    expect(asked.filter(isRefusal)).toHaveLength(11);
    expect(asked.find(isRefusal)).toMatchObject({ refused: 'QuotaExceeded', limit: '5 jobs' });
    const ids = asked.filter((one) => typeof one === 'string');
    await server(1).end(ids[0]!);
    expect(isRefusal(await server(0).submit(ada, {}, ids[1]))).toBe(false); // the same once more
    const again = await race(8, () => ada);
    expect(again.filter(isRefusal)).toHaveLength(7);
  });

  it('let nobody run anything more who keeps too much in the storage, but answer what was submitted', async () => {
    const ada = somebody();
    quotas({ per: 'user', pattern: ada.name, storageGiB: 1 });
    const first = (await server(0).submit(ada)) as string;
    servers.keepTooMuch.add(ada.id);
    expect(await server(1).submit(ada, {}, first)).toBe(first);
    const why = { refused: 'QuotaExceeded', message: 'keeps too much' };
    expect(await server(0).submit(ada)).toMatchObject(why);
    expect(await server(0).quotas.refusal({ ...ada, tokenHash: null, expiresAt: 0 })).toMatchObject(why);
    const room = await server(0).quotas.admitted(ada, 10, (granted) => Promise.resolve(granted));
    expect(room).toMatchObject({ jobs: 0, why }); // as a schedule asks, and the retry of a batch
    quotas({ per: 'user', pattern: ada.name, jobs: 10 });
    expect(isRefusal(await server(0).submit(ada))).toBe(false); // nothing says how much he may keep
  });

  it('hold a group together to its quota, and leave others alone', async () => {
    const [ada, bob] = [somebody(['planners']), somebody(['planners', 'others'])];
    quotas({ per: 'group', pattern: 'planners', jobs: 6 }, { per: 'user', pattern: bob.name, jobs: 2 });
    const asked = await race(16, (n) => (n % 2 === 0 ? ada : bob));
    const taken = (who: 0 | 1) => asked.filter((one, n) => n % 2 === who && !isRefusal(one)).length;
    expect(taken(0) + taken(1)).toBe(6);
    expect(taken(1)).toBeLessThanOrEqual(2);
    expect(isRefusal(await server(0).submit({ ...ada, id: 'other', environment: 'OTHER' }))).toBe(false);
    expect(isRefusal(await server(0).submit(somebody()))).toBe(false);
  });

  it('count what a batch has not made yet for its owner and for his groups, each job once', async () => {
    const ada = somebody();
    const [group = ''] = ada.groups;
    const asked = { ...aRequest, owner: ada.id, ownerName: ada.name, groups: ada.groups };
    const scenarios = { grid: [{ argument: 'x', values: [1, 2, 3, 4] }] };
    const recipe = { job: asked, scenarios };
    const id = uuidv7();
    await server(0).do(server(0).handler.execute(batch, id, { type: 'SubmitBatch', ...recipe }, by(id)));
    const room = async (most: number) => {
      const found: number[] = [];
      for (const quota of [
        { per: 'user', pattern: ada.name, jobs: most },
        { per: 'group', pattern: group, jobs: most },
      ] as const) {
        quotas(quota);
        found.push((await server(1).quotas.admitted(ada, 100, (granted) => Promise.resolve(granted))).jobs);
      }
      return found;
    };
    expect(await room(5)).toEqual([1, 1]);
    const made = [0, 1].map(() => uuidv7());
    for (const [n, one] of made.entries())
      await server(0).do(
        server(0).handler.execute(job, one, { ...jobOf(id, recipe, n, 0), type: 'SubmitJob' }, by()),
      );
    expect(await room(5)).toEqual([1, 1]);
    await server(0).end(made[0]!);
    expect(await room(5)).toEqual([2, 2]);
    await server(0).do(server(0).handler.execute(batch, id, { type: 'CancelBatch', reason: 'seen' }, by()));
    expect(await room(5)).toEqual([4, 4]); // one of its jobs is still alive
  });

  it('count a run that a schedule has decided before its job is there, and only once then', async () => {
    const ada = somebody();
    quotas({ per: 'user', pattern: ada.name, jobs: 3 });
    const asked = { ...aRequest, owner: ada.id, ownerName: ada.name, groups: ada.groups };
    const id = uuidv7();
    const now = Date.now();
    const terms = { name: 'x', overlap: 'allow', missed: 'all', atMost: 10 } as const;
    const tell = (command: object) =>
      server(0).do(server(0).handler.execute(schedule, id, command as never, by()));
    await tell({ type: 'MakeSchedule', ...terms, when: { cron: '* * * * *', zone: 'UTC' }, job: asked, now });
    const of = { owner: ada.id, environment: 'ROOT', app: 'a', version: '1', profile: null };
    let grants: Granted | undefined;
    await server(2).quotas.admitted(ada, 5, async (granted) => {
      grants = granted;
      const room = { runs: granted.jobs, why: 'full' };
      await tell({ type: 'FireSchedule', id, of, now: now + 5 * 60_000, room });
    });
    expect(grants).toMatchObject({ jobs: 3 });
    expect(await server(1).submit(ada)).toMatchObject({ refused: 'QuotaExceeded' });
    const log = await server(0).store.readStream(`schedule-${id}`);
    const runs = log.flatMap(({ event }) =>
      event.type === 'ScheduleFired' ? [event as { job?: string }] : [],
    );
    for (const { job: run = '' } of runs) {
      const command = { ...asked, schedule: id, type: 'SubmitJob' } as const;
      await server(0).do(server(0).handler.execute(job, run, command, by()));
    }
    expect(await server(1).submit(ada)).toMatchObject({ refused: 'QuotaExceeded' });
    await server(0).end(runs[0]!.job!);
    await server(1).sees(); // until a list changes, it remembers for a moment that the quota was full
    expect(isRefusal(await server(1).submit(ada))).toBe(false);
    expect(await server(3).submit(ada)).toMatchObject({ refused: 'QuotaExceeded' });
  });

  it('let nobody make more than 200 schedules, however many he asks for at once', async () => {
    const ada = { ...somebody(), tokenHash: null, expiresAt: 0 };
    const asked = { ...aRequest, owner: ada.id, ownerName: ada.name, groups: ada.groups };
    const terms = { name: 'x', overlap: 'skip', missed: 'skip', atMost: 1 } as const;
    const when = { cron: '0 0 1 1 *', zone: 'UTC' };
    const now = Date.now();
    const make = { type: 'MakeSchedule', ...terms, when, job: asked, now } as const;
    await Promise.all(
      Array.from({ length: 198 }, () => server(0).handler.execute(schedule, uuidv7(), make, by())),
    );
    await Promise.all(servers.all.map((each) => each.sees()));
    const ask = async (n: number, id = uuidv7()) => {
      const { handler, store, quotas: counts } = server(n);
      const { db } = counts as unknown as { db: DataSource };
      const none = {} as never;
      const commands = {
        change: async (command: ForSchedule) => {
          const done = await handler.execute(
            schedule,
            id,
            command.command,
            command.meta,
            command.fingerprint,
          );
          return done.is === 'refused' ? done.refusal : { id };
        },
      };
      const resolver = new SchedulesResolver(
        new ScheduleQueries(db, none, none, none, store),
        { request: () => Promise.resolve(asked) } as never,
        commands as never,
        store,
        counts,
      );
      const input = { job: {}, terms: { name: 'x', when }, commandId: id };
      return (await resolver.makeSchedule(ada, input as never)) as { id?: string; limit?: string };
    };
    const made = await Promise.all(Array.from({ length: 8 }, (_, n) => ask(n)));
    expect(made.filter(({ id }) => id)).toHaveLength(2);
    expect(made.filter(({ limit }) => limit === '200 schedules')).toHaveLength(6);
    const { id } = made.find((one) => one.id)!;
    expect(await ask(3, id)).toMatchObject({ id }); // the same once more
  });

  it('lock and count once for all groups of somebody, and let none wait for another one for ever', async () => {
    const many = Array.from({ length: 50 }, (_, n) => `many ${n}`);
    const [ada, bob] = [somebody(many), somebody([...many].reverse())];
    const each = (pattern: string, n: number): Quota =>
      ({ per: 'group', pattern, jobs: n === 7 ? 9 : 10, coreHours: 5 }) as const;
    quotas({ per: 'user', pattern: 'user *', jobs: 100 }, ...many.map(each));
    const asked = jest.spyOn(pg.Client.prototype, 'query');
    await server(0).quotas.admitted(ada, 1, () => Promise.resolve(null));
    const texts = asked.mock.calls.map(([sql]) => String(sql));
    asked.mockRestore();
    for (const once of ['pg_advisory_xact_lock', 'schedule_list l', 'endedAt'])
      expect(texts.filter((sql) => sql.includes(once))).toHaveLength(1);
    const all = await race(12, (n) => (n % 2 === 0 ? ada : bob));
    expect(all.filter(isRefusal)).toHaveLength(3);
    expect(all.find(isRefusal)).toMatchObject({
      message: expect.stringContaining('Group many 7 has 9 jobs'),
    });
  });

  it('count the core-hours of each of his groups by what ran in it', async () => {
    const [ada, bob] = [somebody(['busy']), somebody(['busy', 'idle'])];
    quotas();
    const id = (await server(0).submit(ada)) as string;
    const start = { type: 'StartJob', node: 'n', nodeEpoch: 1, cores: 4 } as const;
    await server(0).do(server(0).handler.execute(job, id, start, by()));
    await server(0).end(id);
    const some = { jobs: 9, coreHours: 1e-9 };
    quotas({ per: 'user', pattern: bob.name, ...some }, { per: 'group', pattern: 'idle', ...some });
    expect(isRefusal(await server(0).submit(bob))).toBe(false);
    quotas({ per: 'user', pattern: bob.name, ...some }, { per: 'group', pattern: '*', ...some });
    expect(await server(1).submit(bob)).toMatchObject({
      message: expect.stringMatching(/^Group busy has used \S+ core-hours/),
    });
  });

  it('keep their connection and submit once, whatever goes wrong with what is submitted', async () => {
    const ada = somebody();
    quotas({ per: 'user', pattern: ada.name, jobs: 5 });
    const backend = async () => {
      const { rows } = await server(0).locks.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      return rows[0]?.pid;
    };
    const before = await backend();
    for (const error of [new TooBusy('job-1'), Object.assign(new Error('locked'), { code: '55P03' })]) {
      let times = 0;
      const submit = () => {
        times++;
        return Promise.reject(error);
      };
      await expect(server(0).quotas.admitted(ada, 1, submit)).rejects.toBe(error);
      expect(times).toBe(1);
    }
    expect(await backend()).toBe(before);
    expect(isRefusal(await server(1).submit(ada))).toBe(false); // its lock is free
  });

  it('count nothing again for each submit where there are none, and refuse a loop in the end', async () => {
    const ada = somebody();
    quotas();
    const db = (server(0).quotas as unknown as { db: DataSource }).db;
    const counted = jest.spyOn(db, 'query');
    for (let n = 0; n < 20; n++) expect(isRefusal(await server(0).submit(ada))).toBe(false);
    expect(counted).toHaveBeenCalledTimes(1);
    await server(0).sees();
    expect(await server(0).quotas.refusal(ada as never, 19_981)).toMatchObject({ limit: '20000 jobs' });
    counted.mockRestore();
  });

  it('do not count again for each of those that they refuse, until something has changed', async () => {
    const ada = somebody();
    quotas({ per: 'user', pattern: ada.name, jobs: 1 });
    const id = (await server(0).submit(ada)) as string;
    await server(0).submit(ada);
    const db = (server(0).quotas as unknown as { db: DataSource }).db;
    const counted = jest.spyOn(db, 'query');
    for (let n = 0; n < 50; n++) expect(isRefusal(await server(0).submit(ada))).toBe(true);
    expect(counted.mock.calls.length).toBeLessThan(25);
    counted.mockRestore();
    await server(0).end(id);
    expect(isRefusal(await server(0).submit(ada))).toBe(false);
  });
});
