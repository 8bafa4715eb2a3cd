import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { ClusterQueries } from '@openpro/cluster';
import type { IdentityQueries } from '@openpro/identity';
import { recorder } from '@openpro/kernel/testing';
import type { Actor, QueryJobStatisticsArgs, StatisticsBy } from '@openpro/platform';
import fc from 'fast-check';
import { DataSource } from 'typeorm';
import { freshDatabase, type FreshDatabase } from '../../../test/harness/database.js';
import type { At, AttemptUse, JobEvent, QueuedJob } from './job.js';
import { jobList, type JobRow } from './job-list.projection.js';
import { aRequest } from './request.fixture.js';
import { StatisticsQueries } from './statistics.queries.js';

jest.setTimeout(60_000);

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** 2026-03-28, the day before summer time begins in Europe. */
const MARCH = Date.UTC(2026, 2, 28);
const ALL: readonly StatisticsBy[] = ['HOUR', 'DAY', 'MONTH', 'USER', 'GROUP', 'APP', 'VERSION', 'SERVER'];

let database: FreshDatabase;
let db: DataSource;
let statistics: StatisticsQueries;
beforeAll(async () => {
  database = await freshDatabase();
  db = await new DataSource({ type: 'postgres', url: database.appUrl }).initialize();
  statistics = new StatisticsQueries(
    db,
    {
      user: (id: string) => Promise.resolve({ id, name: `${id}'s name`, environment: 'ROOT', roles: [] }),
    } as unknown as IdentityQueries,
    { nameOf: (id: string) => `server ${id}` } as unknown as ClusterQueries,
  );
});
afterEach(() => db.query('DELETE FROM job_list; DELETE FROM tariff'));
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

const record = recorder();
let count = 0;

interface Run {
  readonly waits?: number;
  readonly ms: number;
  readonly node?: string;
  readonly ends: 'completed' | 'failed' | 'crashed' | 'node-lost' | 'drained' | 'cancelled';
  readonly use?: AttemptUse;
}

/** The row of a job whose attempts ran so, one after the other, from `at` on. */
const rowOf = (at: number, job: Partial<QueuedJob>, runs: readonly Run[]): JobRow => {
  const stream = `job-${++count}`;
  let row: JobRow | undefined;
  let now = at;
  const add = (event: JobEvent): void => {
    row = jobList.evolve(row, record(stream, event, { at: now }));
  };
  add({ type: 'JobQueued', ...aRequest, ...job });
  const of = { environment: 'ROOT', owner: 'ada', app: 'a', version: '1', title: '' };
  runs.forEach(({ waits = 0, ms, node = 'n1', ends, use }, index) => {
    const where: At = { attempt: index + 1, node, nodeEpoch: 1 };
    const used = use ? { use } : {};
    now += waits;
    add({ type: 'JobStarted', ...where });
    now += ms;
    switch (ends) {
      case 'completed':
        return add({
          ...{ type: 'JobCompleted', ...where, of, outcome: 'completed', solverStatus: '', objective: 1 },
          ...{ bound: 1, gap: 0, result: null, forced: false, statistics: {}, ...used },
        });
      case 'failed':
        return add({ type: 'JobFailed', ...where, of, error: { code: 'X', message: '' }, ...used });
      case 'cancelled':
        return add({ type: 'JobCancelled', ...where, of, reason: '' });
      default:
        return add({ type: 'JobRequeued', ...where, reason: ends, nodeLost: 0, ownCrash: 0, ...used });
    }
  });
  if (runs.length === 0) {
    now += 1000;
    add({ type: 'JobCancelled', attempt: null, node: null, nodeEpoch: null, of, reason: '' });
  }
  return row!;
};

const keep = (rows: readonly JobRow[]) =>
  db.query('INSERT INTO job_list SELECT * FROM jsonb_populate_recordset(null::job_list, $1)', [
    JSON.stringify(rows),
  ]);

const priced = (version: number, setAt: number, prices: object) =>
  db.query(`INSERT INTO tariff VALUES ($1, $2, $3, 'because', $4, 'ada')`, [
    String(version),
    version,
    { currency: 'EUR', job: 0, coreHour: 0, gibHour: 0, cpuHour: 0, ...prices },
    setAt,
  ]);

const ada: Actor = {
  ...{ id: 'ada', name: 'Ada', environment: 'ROOT', roles: ['administrator'], groups: [] },
  ...{ tokenHash: null, expiresAt: 0 },
};
const ask = async (by: StatisticsBy, more: Partial<QueryJobStatisticsArgs> = {}, actor = ada) => {
  const args = { from: MARCH, to: MARCH + 10 * DAY, by, ...more } as QueryJobStatisticsArgs;
  const { rows, total } = await statistics.statistics(actor, args);
  type Rows = readonly {
    key: string;
    label: () => unknown;
    jobs: number;
    cost: number;
    coreHours: number;
    run: { p50: number; max: number } | null;
  }[];
  return { rows: rows as unknown as Rows, total: total as unknown as Rows[number] | null };
};

describe('statistics', () => {
  it('count jobs, and measure the attempts of each', async () => {
    await keep([
      rowOf(MARCH, { owner: 'ada' }, [
        { waits: 2000, ms: 10_000, ends: 'crashed', use: { launchMs: 50, cpuMs: 9000, peakMiB: 300 } },
        {
          waits: 4000,
          ms: 30_000,
          node: 'n2',
          ends: 'completed',
          use: { launchMs: 150, cpuMs: 27_000, peakMiB: 200 },
        },
      ]),
      rowOf(MARCH + 1000, { owner: 'ben' }, [{ ms: 20_000, ends: 'failed' }]),
      rowOf(MARCH + 2000, { owner: 'ben' }, []),
    ]);
    const { rows, total } = await ask('USER');
    expect(total).toMatchObject({
      ...{ jobs: 3, completed: 1, failed: 1, cancelled: 1, attempts: 3 },
      queue: { min: 0, mean: 2, p50: 2, max: 4 },
      launch: { min: 0.05, mean: 0.1, p50: 0.1, max: 0.15 },
      run: { min: 10, mean: 20, p50: 20, p95: 29, max: 30 },
      coreHours: expect.closeTo(60 / 3600),
      cpuHours: expect.closeTo(36 / 3600),
      peakMiB: 300,
    });
    expect(rows).toMatchObject([
      { key: 'ada', jobs: 1, attempts: 2 },
      { key: 'ben', jobs: 2, attempts: 1, launch: null, peakMiB: null },
    ]);
    const servers = (await ask('SERVER')).rows;
    expect(servers).toMatchObject([
      { key: 'n1', jobs: 1, attempts: 2 },
      { key: 'n2', jobs: 1, attempts: 1 },
      { key: '', jobs: 1, attempts: 0, queue: null, run: null },
    ]);
    expect(await Promise.all(servers.map(({ label }) => label()))).toEqual([
      ...['server n1', 'server n2', 'never started'],
    ]);
  });

  it('charge each attempt by the tariff that held when it ended, and none that a server lost or gave back', async () => {
    await priced(1, MARCH + HOUR, { coreHour: 1, job: 0.5 });
    await priced(2, MARCH + 5 * HOUR, { coreHour: 2, cpuHour: 10 });
    const use = { launchMs: 1, cpuMs: HOUR / 2, peakMiB: 1 };
    await keep([
      rowOf(MARCH, { app: { ...aRequest.app, name: 'before' } }, [{ ms: HOUR - 1, ends: 'completed' }]),
      rowOf(MARCH, { app: { ...aRequest.app, name: 'first' } }, [{ ms: 3 * HOUR, ends: 'completed' }]),
      rowOf(MARCH + 4 * HOUR, { app: { ...aRequest.app, name: 'second' } }, [
        { ms: 2 * HOUR, ends: 'node-lost' },
        { ms: HOUR, ends: 'drained' },
        { ms: HOUR, ends: 'completed', use },
      ]),
    ]);
    const { rows, total } = await ask('APP');
    expect(Object.fromEntries(rows.map(({ key, cost }) => [key, cost]))).toEqual({
      ...{ before: 0, first: 3.5, second: 7 },
    });
    expect(total?.cost).toBe(10.5);
  });

  it('are saved with all their figures, and no name runs as a formula', async () => {
    await keep([
      rowOf(MARCH, { owner: '=1+1' }, [{ waits: 2000, ms: 10_000, ends: 'completed' }]),
      rowOf(MARCH, { owner: 'ben' }, []),
    ]);
    const args = { from: MARCH, to: MARCH + DAY, by: 'USER' } as QueryJobStatisticsArgs;
    const { csv } = await statistics.statistics(ada, args);
    const [heads, ada1, ben, end] = (await (csv as unknown as () => Promise<string>)()).split('\r\n');
    expect(heads).toMatch(/^user,jobs,completed,.*,queue min s,.*,run max s,core hours,.*,peak MiB,cost$/);
    expect(ada1).toMatch(/^"'=1\+1's name",1,1,0,0,1,2,2,2,2,2,,,,,,10,10,10,10,10,0\.0027\d*,0,0,,0$/);
    expect([ben, end]).toEqual([`"ben's name",1,0,0,1,0${','.repeat(15)},0,0,0,,0`, '']);
  });

  it('begin days where the reader is, also when summer time begins', async () => {
    const completed = (at: number) => rowOf(at, {}, [{ ms: 0, ends: 'completed' }]);
    // 23:30 and 00:30 in Amsterdam, then 23:30 on the day of 23 hours, and 00:30 after it.
    await keep([22.5, 23.5, 45.5, 46.5].map((hour) => completed(MARCH + hour * HOUR)));
    const days = async (timeZone: string) =>
      (await ask('DAY', { timeZone })).rows.map(({ key, jobs }) => [key, jobs]);
    expect(await days('Europe/Amsterdam')).toEqual([
      ['2026-03-28', 1],
      ['2026-03-29', 2],
      ['2026-03-30', 1],
    ]);
    expect(await days('UTC')).toEqual([
      ['2026-03-28', 2],
      ['2026-03-29', 2],
    ]);
  });

  it('show a planner his own jobs only, whomever he asks for', async () => {
    const jobs = ['ada', 'ben'].map((owner) => rowOf(MARCH, { owner }, [{ ms: 1, ends: 'completed' }]));
    await keep(jobs);
    const ben = { ...ada, id: 'ben', roles: ['user'] };
    for (const owner of [undefined, 'ada', 'ben'])
      expect((await ask('USER', owner ? { owner } : {}, ben)).rows.map(({ key }) => key)).toEqual(['ben']);
    expect((await ask('USER', { owner: 'ben' })).total?.jobs).toBe(1);
    expect((await ask('USER', {}, { ...ada, environment: 'OTHER' })).total).toBeNull();
  });

  it('count a job of several groups once, and tell what one of them has used', async () => {
    const of = (groups: readonly string[]) =>
      rowOf(MARCH, { owner: 'ada', groups }, [{ ms: HOUR, ends: 'completed' }]);
    await keep([of(['user', 'night']), of(['user', 'planners', 'night']), of(['user']), of([])]);
    const { rows, total } = await ask('GROUP');
    expect(rows.map(({ key, jobs }) => [key, jobs]).sort()).toEqual([
      ['', 1],
      ['night, planners, user', 1],
      ['night, user', 1],
      ['user', 1],
    ]);
    expect(total?.jobs).toBe(4);
    const night = await ask('USER', { group: 'night' });
    expect([night.total?.jobs, night.total?.coreHours]).toEqual([2, 2]);
    expect((await ask('USER', { group: 'nigh' })).total).toBeNull();
  });

  it.each([
    [{ to: MARCH }, 'to', 'later than from'],
    [{ to: MARCH + 367 * DAY }, 'from', '366 days'],
    [{ by: 'HOUR' as const, to: MARCH + 32 * DAY }, 'from', '31 days by the hour'],
    [{ timeZone: "Mars' OR 1=1" }, 'timeZone', 'a name such as Europe/Amsterdam'],
  ])('refuse %j', async (more, field, limit) => {
    await expect(ask('DAY', more)).rejects.toMatchObject({ extensions: { field, limit } });
  });

  const run = fc.record({
    waits: fc.nat(5000),
    ms: fc.nat(2 * HOUR),
    node: fc.constantFrom('n1', 'n2'),
    ends: fc.constantFrom<Run['ends']>('crashed', 'node-lost', 'drained'),
    use: fc.record({ launchMs: fc.nat(100), cpuMs: fc.nat(HOUR), peakMiB: fc.nat(1000) }),
  });
  const last = fc.record({
    ms: fc.nat(2 * HOUR),
    ends: fc.constantFrom<Run['ends']>('completed', 'failed', 'cancelled'),
  });
  const job = fc.record({
    at: fc.nat(5 * DAY),
    owner: fc.constantFrom('ada', 'ben', 'cleo'),
    groups: fc.subarray(['user', 'night', 'planners']),
    app: fc.constantFrom('a', 'b'),
    runs: fc.tuple(fc.array(run, { maxLength: 3 }), fc.option(last)),
  });

  it('add up to their total, whatever they are about', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(job, { maxLength: 12 }),
        fc.double({ min: 0, max: 9, noNaN: true }),
        async (jobs, price) => {
          await db.query('DELETE FROM job_list; DELETE FROM tariff');
          await priced(1, MARCH, { job: price / 3, coreHour: price, cpuHour: price / 7 });
          await priced(2, MARCH + 2 * DAY, { coreHour: price / 11 });
          await keep(
            jobs.map(({ at, owner, groups, app, runs: [lost, end] }) =>
              rowOf(
                MARCH + at,
                { owner, groups, app: { ...aRequest.app, name: app } },
                end ? [...lost, end] : [],
              ),
            ),
          );
          for (const by of ALL) {
            const { rows, total } = await ask(by);
            const sum = (of: 'jobs' | 'cost' | 'coreHours'): number =>
              rows.reduce((all, row) => all + row[of], 0);
            expect(sum('jobs')).toBe(jobs.length);
            expect(sum('cost')).toBeCloseTo(total?.cost ?? 0, 9);
            expect(sum('coreHours')).toBeCloseTo(total?.coreHours ?? 0, 9);
          }
        },
      ),
      { numRuns: 25 },
    ));
});
