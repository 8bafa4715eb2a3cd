import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CommandHandler, MemoryEventStore, type Projection } from '@openpro/eventstore';
import { type DomainEvent, uuidv7 } from '@openpro/kernel';
import { project, recorder } from '@openpro/kernel/testing';
import { LicenceQueries, licenceUse } from '@openpro/licensing';
import type { LicenceEvent } from '@openpro/licensing';
import type { Actor } from '@openpro/platform';
import { DataSource } from 'typeorm';
import { freshDatabase, type FreshDatabase } from '../../../test/harness/database.js';
import { batch as batchAggregate, type BatchEvent } from './batch.js';
import { batchList, type BatchRow } from './batch-list.projection.js';
import { BatchQueries } from './batches.queries.js';
import type { JobEvent, QueuedJob } from './job.js';
import { jobList } from './job-list.projection.js';
import { JobQueries } from './jobs.queries.js';
import { aRequest } from './request.fixture.js';
import type { ScheduleEvent } from './schedule.js';
import { scheduleList } from './schedule-list.projection.js';
import { ScheduleQueries } from './schedules.queries.js';

jest.setTimeout(60_000);

const ada: Actor = {
  ...{ id: 'ada', name: 'Ada', environment: 'ROOT', roles: ['user'], groups: [] },
  ...{ tokenHash: null, expiresAt: 0 },
};
const bob: Actor = { ...ada, id: 'bob' };
const auditor: Actor = { ...ada, id: 'eve', roles: ['auditor'] };
const page = { first: 50, after: null };

/** A read side on which nothing happens. */
const quiet = { onCommitted: () => () => undefined } as never;

let database: FreshDatabase;
let db: DataSource;
let asked = 0;
/** Counts what it asks. */
const counting = async <Value>(work: () => Promise<Value>): Promise<{ value: Value; queries: number }> => {
  asked = 0;
  const value = await work();
  return { value, queries: asked };
};

const record = recorder();
const kept = async <Row extends object, E extends DomainEvent>(
  projection: Projection<Row, E>,
  ...logs: readonly (readonly [stream: string, ...events: DomainEvent[]])[]
): Promise<void> => {
  const log = logs.flatMap(([stream, ...events]) => events.map((event) => record(stream, event as E)));
  const rows = [...project(projection, log).values()];
  await db.query(
    `INSERT INTO ${projection.name} SELECT * FROM jsonb_populate_recordset(null::${projection.name}, $1)`,
    [JSON.stringify(rows)],
  );
};

const queued = (change: Partial<QueuedJob> = {}): JobEvent => ({ type: 'JobQueued', ...aRequest, ...change });
const place = { attempt: 1, node: 'n1', nodeEpoch: 1 };
const completed = (objective: number): JobEvent[] => {
  const of = { environment: 'ROOT', owner: 'ada', app: 'a', version: '1', title: '' };
  return [
    { type: 'JobStarted', ...place },
    {
      ...{ type: 'JobCompleted', ...place, of, outcome: 'completed', solverStatus: '', objective },
      ...{ bound: 1, gap: 0, result: null, forced: false, statistics: {} },
    },
  ];
};
const batch = (id: string, count: number): readonly [string, BatchEvent] => [
  `batch-${id}`,
  {
    type: 'BatchSubmitted',
    job: aRequest,
    scenarios: { list: Array.from({ length: count }, (_, n) => ({ args: { n } })) },
  },
];
const scenario = (id: string, of: string, index: number, ...then: JobEvent[]) =>
  [`job-${id}`, queued({ batch: of, scenario: index, round: 0 }), ...then] as const;

beforeAll(async () => {
  database = await freshDatabase();
  db = await new DataSource({ type: 'postgres', url: database.appUrl }).initialize();
  const query = db.query.bind(db);
  db.query = ((...args: Parameters<typeof query>) => {
    asked++;
    return query(...args);
  }) as typeof db.query;
  await kept(batchList, batch('one', 3), batch('two', 2));
  await kept(
    jobList,
    scenario('a', 'one', 0, ...completed(7)),
    scenario('b', 'one', 2),
    scenario('c', 'two', 1, ...completed(5)),
    scenario('d', 'two', 0, ...completed(9)),
    ['job-e', queued({ after: [{ job: 'a', on: 'any' }] })],
    [
      'job-f',
      queued({
        after: [
          { job: 'a', on: 'any' },
          { job: 'b', on: 'success' },
        ],
        owner: 'bob',
      }),
    ],
    ['job-g', queued({ after: [{ job: 'b', on: 'any' }], environment: 'OTHER' })],
  );
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

describe('one query reads of all rows of a page', () => {
  const views = async () => {
    const batches = new BatchQueries(db, {} as never, {} as never, {} as never);
    return (await batches.page(ada, page)).nodes.sort((a, b) => (a.id < b.id ? -1 : 1));
  };
  const call = (value: unknown, ...args: unknown[]): unknown =>
    (value as (...given: unknown[]) => unknown)(...args);

  it('the states and the objectives of the scenarios of batches', async () => {
    const found = await views();
    expect(await counting(() => Promise.all(found.map(({ cells }) => call(cells))))).toEqual({
      value: ['c.q', 'cc'],
      queries: 1,
    });
    expect(await counting(() => Promise.all(found.map(({ objectives }) => call(objectives))))).toEqual({
      value: [
        [7, null, null],
        [9, 5],
      ],
      queries: 1,
    });
  });

  it('the values of the grids of batches', async () => {
    const store = new MemoryEventStore();
    const handler = new CommandHandler(store);
    const grids = { one: [1, 2], two: ['x'] };
    for (const [id, values] of Object.entries(grids)) {
      const scenarios = { grid: [{ argument: 'n', values }] };
      const command = { type: 'SubmitBatch', job: aRequest, scenarios } as const;
      await handler.execute(batchAggregate, id, command, { commandId: uuidv7(), actor: 'ada', roles: [] });
    }
    const readFirst = store.readFirst.bind(store);
    let reads = 0;
    store.readFirst = (streams) => {
      reads++;
      return readFirst(streams);
    };
    const batches = new BatchQueries(db, {} as never, {} as never, store);
    const axes = [{ argument: 'n', size: 1 }];
    const rows = (await db.query<BatchRow[]>('SELECT * FROM batch_list ORDER BY id')).map((row) => ({
      ...row,
      axes,
    }));
    expect(await Promise.all(rows.map((row) => call(batches.view(row).axes)))).toEqual(
      Object.values(grids).map((values) => [{ argument: 'n', values }]),
    );
    expect(reads).toBe(1);
  });

  it('the data and results of jobs, and twice where some were removed', async () => {
    const digest = 'd'.repeat(64);
    const given = (id: string) => [`job-${id}`, queued({ input: digest })] as const;
    await kept(jobList, given('with data'), given('with more'), given('without'));
    const looks: string[][] = [];
    const there = new Map<string, object>();
    const cases = {
      ofJobs: (ids: readonly string[]) => {
        looks.push([...ids]);
        return Promise.resolve(new Map([...there].filter(([id]) => ids.includes(id))));
      },
    } as never;
    const waits: string[] = [];
    const readSide = {
      onCommitted: () => () => undefined,
      waitFor: (name: string) => Promise.resolve(waits.push(name) > 0),
    } as never;
    const none = {} as never;
    const store = new MemoryEventStore();
    const jobs = new JobQueries(db, none, none, cases, none, none, none, readSide, store);
    const inputsOf = async (...ids: string[]) => {
      const nodes = await Promise.all(ids.map((id) => jobs.seen(id)));
      return Promise.all(nodes.map((node) => call(node?.input)));
    };
    const [one, two] = [{ id: 'with data:input' }, { id: 'with more:input' }];
    for (const each of [one, two]) there.set(each.id, each);
    expect(await inputsOf('with data', 'with more')).toEqual([one, two]);
    expect([looks.splice(0).length, waits.length]).toEqual([1, 0]);
    expect(await inputsOf('with data', 'without', 'with more')).toEqual([one, null, two]);
    expect([looks.length, waits]).toEqual([2, ['case_list']]);
  });

  it('what happened to jobs, and to schedules', async () => {
    const store = new MemoryEventStore();
    const note = (stream: string, ...types: string[]) =>
      store.append({
        ...{
          stream,
          expected: 0,
          context: 'test',
          fingerprint: 'f',
          events: types.map((type) => ({ type })),
        },
        meta: { commandId: uuidv7(), actor: 'ada', roles: [] },
      });
    const ids = ['a', 'b', 'c'];
    for (const kind of ['job', 'schedule']) {
      await note(`${kind}-a`, 'One', 'Two', 'Three');
      await note(`${kind}-b`, 'Four');
    }
    const made: ScheduleEvent = {
      ...{ type: 'ScheduleMade', name: 'x', when: { cron: '* * * * *', zone: 'UTC' }, overlap: 'skip' },
      ...{ missed: 'skip', atMost: 1, job: aRequest, made: 0, next: 60_000 },
    };
    await kept(scheduleList, ...ids.map((id) => [`schedule-${id}`, made] as const));
    const none = {} as never;
    const jobs = new JobQueries(db, none, none, none, none, none, none, quiet, store);
    const schedules = new ScheduleQueries(db, none, none, none, store);
    const reads = (['readStream', 'readStreamBack', 'readLast'] as const).map((name) =>
      jest.spyOn(store, name),
    );
    const timelines = async (nodes: readonly ({ readonly timeline: unknown } | null)[], last: number) => {
      const lists = await Promise.all(nodes.map((node) => call(node?.timeline, { last })));
      return (lists as { type: string }[][]).map((list) => list.map(({ type }) => type));
    };
    for (const nodes of [
      await Promise.all(ids.map((id) => jobs.seen(id))),
      await Promise.all(ids.map((id) => schedules.one(ada, id))),
    ]) {
      for (const read of reads) read.mockClear();
      expect(await timelines(nodes, 2)).toEqual([['Two', 'Three'], ['Four'], []]);
      expect(reads.flatMap(({ mock }) => mock.calls as unknown[])).toHaveLength(1);
      await expect(timelines(nodes, 0)).rejects.toThrow('last is 0');
    }
  });

  it('what became of the scenarios, in the order that is asked for', async () => {
    const found = await views();
    const args = { order: 'OBJECTIVE', descending: true, first: 10, offset: 0 };
    const both = await counting(() => Promise.all(found.map(({ results }) => call(results, args))));
    expect(both).toMatchObject({
      value: [
        {
          total: 2,
          rows: [
            { job: 'a', objective: 7 },
            { job: 'b', objective: null },
          ],
        },
        {
          total: 2,
          rows: [
            { job: 'd', index: 0 },
            { job: 'c', index: 1 },
          ],
        },
      ],
      queries: 1,
    });
    const one = { ...args, states: ['COMPLETED'], first: 1 };
    expect(await Promise.all(found.map(({ results }) => call(results, one)))).toMatchObject([
      { total: 1, rows: [{ job: 'a' }] },
      { total: 2, rows: [{ job: 'd' }] },
    ]);
    expect(() => call(found[0]?.results, { ...args, first: 0 })).toThrow('first is 0');
  });

  it('who needs jobs, of those whose jobs one may see', async () => {
    const none = {} as never;
    const jobs = new JobQueries(db, none, none, none, none, none, none, quiet, none);
    const needing = async (actor: Actor, first = 50) => {
      const nodes = await Promise.all(['a', 'b', 'c'].map((id) => jobs.seen(id)));
      return counting(async () => {
        const lists = nodes.map((job) => call(job?.neededBy, { first }, { actor }));
        return ((await Promise.all(lists)) as { id: string }[][]).map((list) => list.map(({ id }) => id));
      });
    };
    expect(await needing(ada)).toEqual({ value: [['e'], [], []], queries: 1 });
    expect(await needing(bob)).toEqual({ value: [['f'], ['f'], []], queries: 1 });
    expect(await needing(auditor)).toEqual({ value: [['f', 'e'], ['f'], []], queries: 1 });
    expect(await needing(auditor, 1)).toEqual({ value: [['f'], ['f'], []], queries: 1 });
  });

  it('who holds the seats of licences, and who waits at which place', async () => {
    const granted = (holder: string, user: string): LicenceEvent => ({
      ...{ type: 'SeatGranted', kind: 'data', leaseS: 60, holder, user, device: 'desk' },
    });
    const waits = (holder: string, user: string): LicenceEvent => ({
      ...{ type: 'SeatQueued', kind: 'data', holdS: 60, holder, user, device: 'desk' },
    });
    await kept(
      licenceUse,
      ['licence-ROOT:x', granted('s1', 'ada'), waits('s2', 'bob'), waits('s3', 'cid')],
      ['licence-ROOT:y', granted('s4', 'bob')],
    );
    const defined = {
      environment: 'ROOT',
      title: '',
      data_seats: 1,
      optimization_seats: 1,
      hold_s: 1,
      lease_s: 1,
    };
    const rows = ['x', 'y'].map((name) => ({
      ...{ id: `ROOT:${name}`, name, users: [], reason: '', version: 1, defined_at: 0, defined_by: 'ada' },
      ...defined,
    }));
    await db.query(
      'INSERT INTO licence_list SELECT * FROM jsonb_populate_recordset(null::licence_list, $1)',
      [JSON.stringify(rows)],
    );
    const licences = new LicenceQueries(db, {} as never, quiet);
    const { nodes } = await licences.page(auditor, page);
    const seats = (waiting: boolean) =>
      counting(async () => {
        const pages = nodes.map((one) => call(one.seats, { waiting, first: 1 }));
        return ((await Promise.all(pages)) as { nodes: { id: string; place: number | null }[] }[]).map(
          (each) => each.nodes.map(({ id, place: turn }) => [id, turn]),
        );
      });
    expect(await seats(false)).toEqual({ value: [[['s1', null]], [['s4', null]]], queries: 1 });
    expect(await seats(true)).toEqual({ value: [[['s2', 1]], []], queries: 1 });
  });
});
