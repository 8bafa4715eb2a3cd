import { Inject, Injectable } from '@nestjs/common';
import { CatalogueQueries } from '@openpro/catalogue';
import type { EventStore, Recorded } from '@openpro/eventstore';
import { IdentityQueries } from '@openpro/identity';
import {
  type Actor,
  badInput,
  type Batch,
  connection,
  EVENT_STORE,
  FieldLoader,
  has,
  type Lazy,
  MAX_PAGE,
  maySee,
  type PageRequest,
  readPage,
  readRows,
  rowsOfEach,
  type ScenarioOrder,
  Where,
} from '@openpro/platform';
import DataLoader from 'dataloader';
import { DataSource } from 'typeorm';
import { type FailedScenario, MAX_SCENARIOS, recipeOf } from './batch.js';
import { batchList, type BatchRow } from './batch-list.projection.js';
import type { JobRow } from './job-list.projection.js';
import { fromState, toState } from './job-state.js';

const COLUMNS = Object.keys(batchList.columns) as (keyof BatchRow)[];

/** A state of `job_list` as one letter. */
const LETTERS = {
  queued: 'q',
  running: 'r',
  completed: 'c',
  interrupted: 'i',
  timeLimit: 't',
  infeasible: 'n',
  unbounded: 'u',
  failed: 'f',
  cancelled: 'x',
  abandoned: 'a',
};
const LETTER = `CASE state ${Object.entries(LETTERS)
  .map(([state, letter]) => `WHEN '${state}' THEN '${letter}'`)
  .join(' ')} END`;

/** What a retry is for: nothing came of these. */
const FAILED = ['failed', 'abandoned'];

/** The job that stands for each scenario is the one of its last retry. */
const current = (columns: string, batch = '$1'): string =>
  `SELECT DISTINCT ON (scenario) ${columns} FROM job_list WHERE batch = ${batch} ORDER BY scenario, round DESC`;

/** One value of all scenarios of each of these batches, in their order. */
const ofAll = (value: string, all: string): string =>
  `SELECT b.id, (SELECT ${all} FROM generate_series(0, b.count - 1) n
     LEFT JOIN (${current(`scenario, ${value} AS value`, 'b.id')}) c ON scenario = n) AS all
     FROM batch_list b WHERE b.id = ANY($1)`;

const RUN_TIME = '(ended_at - started_at) / 1000.0';
const RESULT = `scenario, id, args, state, objective, bound, gap, error, (${RUN_TIME})::float8 AS run_time`;

type ResultRow = Pick<JobRow, 'id' | 'args' | 'state' | 'objective' | 'bound' | 'gap' | 'error'> & {
  readonly scenario: number;
  readonly run_time: number | null;
};

const ORDERS: { readonly [Order in ScenarioOrder]: string } = {
  SCENARIO: 'scenario',
  STATE: 'state',
  OBJECTIVE: 'objective',
  GAP: 'gap',
  RUN_TIME: 'run_time',
};

interface ResultsArgs {
  readonly states?: readonly Parameters<typeof fromState>[0][] | null;
  readonly order: ScenarioOrder;
  readonly descending: boolean;
  readonly first: number;
  readonly offset: number;
}

const toScenario = ({ scenario, id, args, state, objective, bound, gap, run_time, error }: ResultRow) => ({
  index: scenario,
  job: id,
  args,
  state: toState(state),
  objective,
  bound,
  gap,
  runTime: run_time,
  error: error?.message ?? null,
});

const checked = (args: ResultsArgs): ResultsArgs => {
  const { first, offset } = args;
  if (!(first >= 1 && first <= MAX_PAGE)) throw badInput('first', `first is ${first}`, `1 to ${MAX_PAGE}`);
  if (!(offset >= 0 && offset <= MAX_SCENARIOS))
    throw badInput('offset', `offset is ${offset}`, `0 to ${MAX_SCENARIOS}`);
  return args;
};

const axesOf = (submitted: Recorded | undefined) => {
  const { scenarios } = recipeOf(submitted ? [submitted] : []);
  return 'grid' in scenarios
    ? scenarios.grid.map(({ argument, values }) => ({ argument, values: [...values] as never[] }))
    : null;
};

/** Scenarios whose job has ended. */
export const overIn = ({ ended }: BatchRow): number =>
  Object.values(ended).reduce((sum, count) => sum + count, 0);

@Injectable()
export class BatchQueries {
  /** What became of each scenario, as letters, and what each found: as one value a batch. */
  readonly cells = new DataLoader<string, string | null>(
    (batches) => this.ofAll(LETTER, `string_agg(coalesce(value, '.'), '' ORDER BY n)`, batches),
    { cache: false },
  );
  private readonly objectives = new DataLoader<string, (number | null)[] | null>(
    (batches) => this.ofAll('objective', 'array_agg(value ORDER BY n)', batches),
    { cache: false },
  );
  /** Their values stand in the log alone. */
  private readonly axes = new DataLoader(
    async (batches: readonly string[]) =>
      (await this.store.readFirst(batches.map((id) => `batch-${id}`))).map(axesOf),
    { cache: false },
  );
  private readonly resultPages = new FieldLoader((batches, args: ResultsArgs) => this.results(batches, args));

  constructor(
    private readonly db: DataSource,
    private readonly catalogue: CatalogueQueries,
    private readonly people: IdentityQueries,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /** The row, if the actor may see it. */
  async row(actor: Actor, id: string): Promise<BatchRow | null> {
    const [row = null] = await readRows(this.db, batchList, COLUMNS, [id]);
    return row && maySee(actor, row) ? row : null;
  }

  async one(actor: Actor, id: string): Promise<Lazy<Batch> | null> {
    const row = await this.row(actor, id);
    return row && this.view(row);
  }

  async page(actor: Actor, page: PageRequest) {
    const where = new Where().and`environment = ${actor.environment}`;
    if (!has(actor, 'auditor')) where.and`owner = ${actor.id}`;
    const list = { columns: COLUMNS, where, order: ['submitted_at', 'id'], direction: 'DESC', page } as const;
    return connection(
      await readPage(this.db, batchList, list),
      page.first,
      (row) => this.view(row),
      ({ submitted_at, id }) => [submitted_at, id],
    );
  }

  /** What was asked for. */
  async recipe(id: string) {
    return recipeOf(await this.store.readStream(`batch-${id}`, 0, 1));
  }

  failed(id: string): Promise<FailedScenario[]> {
    return this.db.query(`SELECT * FROM (${current('scenario, round, state')}) c WHERE state = ANY($2)`, [
      id,
      FAILED,
    ]);
  }

  /** Its scenarios that have a job, from this one on, a page at a time. */
  async *rows(id: string): AsyncGenerator<readonly ResultRow[]> {
    const sql = `SELECT * FROM (${current(RESULT)}) c WHERE scenario >= $2 ORDER BY scenario LIMIT 1000`;
    for (let from = 0; ;) {
      const rows = await this.db.query<ResultRow[]>(sql, [id, from]);
      const last = rows.at(-1);
      if (!last) return;
      yield rows;
      from = last.scenario + 1;
    }
  }

  view(row: BatchRow): Lazy<Batch> {
    const over = overIn(row);
    return {
      id: row.id,
      app: () => this.catalogue.versionOf(row),
      procedure: row.procedure,
      description: row.description,
      owner: () => this.people.user(row.owner),
      priority: row.priority,
      state:
        row.cancelled_at !== null
          ? 'CANCELLED'
          : row.created < row.count
            ? 'CREATING'
            : over < row.count
              ? 'RUNNING'
              : 'ENDED',
      submittedAt: row.submitted_at,
      scenarios: row.count,
      axes: () => (row.axes ? this.axes.load(row.id) : null),
      created: row.created,
      ended: Object.entries(row.ended)
        .filter(([, count]) => count > 0)
        .map(([state, count]) => ({ state: toState(state), count })),
      retries: row.retries,
      cancelledAt: row.cancelled_at,
      cancelledBy: async () => (row.cancelled_by ? (await this.people.user(row.cancelled_by)).name : null),
      cancelReason: row.cancel_reason,
      cells: async () => (await this.cells.load(row.id)) ?? '',
      objectives: async () => (await this.objectives.load(row.id)) ?? [],
      scenario: async ({ index }: { index: number }) => {
        const sql = `SELECT ${RESULT} FROM job_list WHERE batch = $1 AND scenario = $2 ORDER BY round DESC LIMIT 1`;
        const [found] = await this.db.query<ResultRow[]>(sql, [row.id, index]);
        return found ? toScenario(found) : null;
      },
      results: (args: ResultsArgs) => this.resultPages.load(row.id, checked(args)),
    };
  }

  /** Of the same for each batch: one query, however many batches there are. */
  private async results(
    batches: readonly string[],
    { states, order, descending, first, offset }: ResultsArgs,
  ) {
    const wanted = states?.length ? states.map(fromState) : null;
    const ordered = `ORDER BY ${ORDERS[order]} ${descending ? 'DESC' : 'ASC'} NULLS LAST, scenario`;
    const sql = `SELECT b.id AS batch, r.* FROM unnest($1::text[]) AS b (id) CROSS JOIN LATERAL (
        WITH c AS (SELECT * FROM (${current(RESULT, 'b.id')}) c WHERE $2::text[] IS NULL OR state = ANY($2))
        SELECT c.*, (SELECT count(*)::int FROM c) AS total FROM c ${ordered} LIMIT $3 OFFSET $4) r ${ordered}`;
    const rows = await this.db.query<(ResultRow & { batch: string; total: number })[]>(sql, [
      [...new Set(batches)],
      wanted,
      first,
      offset,
    ]);
    return rowsOfEach(batches, rows, ({ batch }) => batch).map((those) => ({
      total: those[0]?.total ?? 0,
      rows: those.map(toScenario),
    }));
  }

  private async ofAll<Value>(
    value: string,
    all: string,
    batches: readonly string[],
  ): Promise<(Value | null)[]> {
    const rows = await this.db.query<{ id: string; all: Value }[]>(ofAll(value, all), [batches]);
    const by = new Map(rows.map((row) => [row.id, row.all]));
    return batches.map((batch) => by.get(batch) ?? null);
  }
}
