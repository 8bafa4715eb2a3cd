import { Inject, Injectable } from '@nestjs/common';
import { CatalogueQueries } from '@openpro/catalogue';
import { ClusterQueries } from '@openpro/cluster';
import { entityOf, type EventStore, ReadSide } from '@openpro/eventstore';
import { IdentityQueries } from '@openpro/identity';
import { waitedWords } from '@openpro/kernel';
import {
  type Actor,
  badInput,
  type Case,
  connection,
  EVENT_STORE,
  FieldLoader,
  has,
  type Job,
  type JobFilter,
  type JobOrder,
  type Lazy,
  maySee,
  type PageRequest,
  pageRequest,
  readPage,
  readRows,
  rowsOfEach,
  Where,
} from '@openpro/platform';
import { caseList, CaseQueries } from '@openpro/storage';
import DataLoader from 'dataloader';
import { DataSource } from 'typeorm';
import { AttemptStore } from './attempt-store.js';
import { ChangedJobs } from './changed-jobs.js';
import { compareRuns } from './compare-runs.js';
import { differences } from './differences.js';
import { jobList, type JobRow } from './job-list.projection.js';
import { fromState, toState } from './job-state.js';
import { LiveJobs } from './live-jobs.js';
import { Timelines } from './timelines.js';

/** What is shown of a job: all but what only its attempts need, which may be large. */
const LISTED = [
  'id',
  'environment',
  'owner',
  'app',
  'version',
  'procedure',
  'description',
  'input',
  'session',
  'priority',
  'time_limit',
  'state',
  'queued_at',
  'started_at',
  'ended_at',
  'node',
  'node_epoch',
  'attempt',
  'attempts',
  'solver_status',
  'objective',
  'bound',
  'gap',
  'error',
  'result',
  'repeats',
  'clones',
  'gap_limit',
  'seed',
  'stopped_by',
  'stop_reason',
  'parent',
  'depth',
  'batch',
  'scenario',
  'schedule',
  'profile',
  'waited',
  'waits_for',
  'held',
] as const satisfies readonly (keyof JobRow)[];
const GIVEN = [
  'id',
  'environment',
  'owner',
  'args',
  'priority',
  'profile',
  'time_limit',
  'gap_limit',
  'seed',
] as const;
type GivenRow = Pick<JobRow, (typeof GIVEN)[number]>;

export type ListedJob = Pick<JobRow, (typeof LISTED)[number]>;

/** Whose jobs are shown; null = everybody's. */
interface NeededBy {
  readonly environment: string;
  readonly owner: string | null;
  readonly first: number;
}

const ORDERS = {
  NEWEST: { order: ['queued_at', 'id'], direction: 'DESC' },
  OLDEST: { order: ['queued_at', 'id'], direction: 'ASC' },
  PRIORITY: { order: ['priority', 'queued_at', 'id'], direction: 'ASC' },
} as const satisfies { [Order in JobOrder]: object };

const MAX_LOG_BYTES = 1_048_576;
const MAX_POINTS = 2000;
const MAX_TIMELINE = 1000;
const CASE_WAIT_MS = 2000;

const HELD_BY_SHOWN = 3;

const titleOf = ({ description, procedure }: ListedJob): string => description || procedure;

@Injectable()
export class JobQueries {
  private readonly rows = new DataLoader<string, ListedJob | null>(
    (ids) => readRows(this.db, jobList, LISTED, ids),
    { cache: false },
  );

  /** For all who follow jobs: each row is shown to those only who may see it. */
  readonly changed = new ChangedJobs<ListedJob>((ids) => readRows(this.db, jobList, LISTED, ids));

  /**
   * Cases are a list of their own, which may be a moment behind: a job that shows its end shows its result. One that is
   * missing then was removed.
   */
  private readonly data = new DataLoader<string, Lazy<Case> | null>(
    async (ids) => {
      let found = await this.cases.ofJobs(ids);
      if (!ids.every((id) => found.has(id))) {
        await this.readSide.waitFor(caseList.name, await this.store.head(), CASE_WAIT_MS);
        found = await this.cases.ofJobs(ids);
      }
      return ids.map((id) => found.get(id) ?? null);
    },
    { cache: false },
  );

  /** What a job was given, which may be large: read when it is asked for. */
  private readonly given = new DataLoader<string, GivenRow | null>(
    (ids) => readRows(this.db, jobList, GIVEN, ids),
    { cache: false },
  );

  private readonly dependents = new FieldLoader((jobs, args: NeededBy) => this.neededBy(jobs, args));
  private readonly timelines: Timelines;

  constructor(
    private readonly db: DataSource,
    private readonly catalogue: CatalogueQueries,
    private readonly people: IdentityQueries,
    private readonly cases: CaseQueries,
    private readonly cluster: ClusterQueries,
    private readonly attempts: AttemptStore,
    private readonly live: LiveJobs,
    private readonly readSide: ReadSide,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {
    this.timelines = new Timelines(store, 'job', MAX_TIMELINE);
    readSide.onCommitted(({ projection, keys }) => {
      if (projection === jobList.name) this.changed.changes(keys);
    });
  }

  /** The row, if the actor may see it. */
  async row(actor: Actor, id: string): Promise<ListedJob | null> {
    const row = await this.rows.load(id);
    return row && maySee(actor, row) ? row : null;
  }

  /** Without asking who wants it: for what belongs to something that he may see. */
  async seen(id: string): Promise<Lazy<Job> | null> {
    const row = await this.rows.load(id);
    return row && this.view(row);
  }

  async one(actor: Actor, id: string): Promise<Lazy<Job> | null> {
    const row = await this.row(actor, id);
    return row && this.view(row);
  }

  async page(actor: Actor, page: PageRequest, filter: JobFilter, order: JobOrder) {
    const where = new Where().and`environment = ${actor.environment}`;
    const owner = has(actor, 'auditor') ? filter.owner : actor.id;
    if (owner) where.and`owner = ${owner}`;
    if (filter.states?.length) where.and`state = ANY(${filter.states.map(fromState)})`;
    if (filter.app) where.and`app = ${filter.app}`;
    if (filter.session) where.and`session = ${filter.session}`;
    if (filter.parent) where.and`parent = ${filter.parent}`;
    if (filter.batch) where.and`batch = ${filter.batch}`;
    if (filter.schedule) where.and`schedule = ${filter.schedule}`;
    if (filter.node) where.and`node = ${filter.node}`;
    if (filter.search) {
      if (filter.search.length > 100) throw badInput('filter.search', 'search is too long', '100 characters');
      const pattern = `%${filter.search.replaceAll(/[\\%_]/g, '\\$&')}%`;
      where.and`(description || ' ' || app || ' ' || procedure) ILIKE ${pattern}`;
    }
    const list = { columns: LISTED, where, ...ORDERS[order], page };
    const rows = await readPage(this.db, jobList, list);
    return connection(
      rows,
      page.first,
      (row) => this.view(row),
      (row) => list.order.map((column) => row[column]),
    );
  }

  view(row: ListedJob): Lazy<Job> {
    return {
      id: row.id,
      app: () => this.catalogue.versionOf(row),
      procedure: row.procedure,
      description: row.description,
      owner: () => this.people.user(row.owner),
      state: toState(row.state),
      priority: row.priority,
      waitingFor:
        row.state === 'queued'
          ? async (_args: never, { actor }: { actor: Actor }) =>
              row.held
                ? this.heldBy(actor, row)
                : ((await this.live.waitingFor(row.id)) ?? 'waits for the scheduler')
          : null,
      place: row.state === 'queued' ? () => this.live.placeOf(row.id) : null,
      waited: waitedWords(row.waited),
      profile: row.profile,
      queuedAt: row.queued_at,
      startedAt: row.started_at,
      endedAt: row.ended_at,
      timeLimit: row.time_limit,
      session: row.session,
      attempts: row.attempts.map(({ number, node, startedAt, endedAt, outcome, waitedMs, use }) => ({
        number,
        node,
        nodeName: () => this.cluster.nameOf(node),
        startedAt,
        endedAt: endedAt ?? null,
        outcome: outcome ?? null,
        waitedMs: waitedMs ?? null,
        use: use ?? null,
      })),
      solverStatus: row.solver_status,
      objective: row.objective,
      bound: row.bound,
      gap: row.gap,
      error: row.error && { ...row.error, where: row.error.where ?? null },
      input: (_args: never) => this.caseOf(row, 'input', row.input),
      result: (_args: never) => this.caseOf(row, 'result', row.result),
      args: async () => (await this.given.load(row.id))?.args ?? {},
      gapLimit: row.gap_limit,
      seed: row.seed,
      clones: row.clones,
      differs: () => this.differs(row),
      stoppedBy: async () => (row.stopped_by === null ? null : this.nameOf(row.stopped_by)),
      stopReason: row.stop_reason,
      repeats: row.repeats,
      parent: row.parent,
      depth: row.depth ?? 0,
      batch: row.batch,
      scenario: row.scenario,
      schedule: row.schedule,
      dependsOn: (_args: never, { actor }: { actor: Actor }) =>
        Promise.all(row.waits_for.map((one) => this.dependency(actor, one))),
      neededBy: ({ first }: { first: number }, { actor }: { actor: Actor }) =>
        this.dependents.load(row.id, {
          environment: actor.environment,
          owner: has(actor, 'auditor') ? null : actor.id,
          first: pageRequest(first, null).first,
        }),
      compared: () => this.compared(row),
      progress: ({ attempt, last }: { attempt?: number | null; last: number }) => {
        if (!(last >= 1 && last <= MAX_POINTS))
          throw badInput('last', `last is ${last}`, `1 to ${MAX_POINTS}`);
        return this.attempts.progress(row.id, attempt ?? row.attempt, last);
      },
      log: async ({ attempt, offset, limit }: { attempt?: number | null; offset: number; limit: number }) => {
        if (!(limit >= 1 && limit <= MAX_LOG_BYTES))
          throw badInput('limit', `limit is ${limit}`, `1 to ${MAX_LOG_BYTES}`);
        if (!(offset >= 0)) throw badInput('offset', `offset is ${offset}`, '0 or more');
        const number = attempt ?? row.attempt;
        const page = await this.attempts.log(row.id, number, offset, limit);
        return { ...page, open: row.ended_at === null && number === row.attempt };
      },
      timeline: ({ last }: { last: number }) => this.timelines.of(row.id, last),
    };
  }

  /** Why a job is held, in words; of jobs that the actor may see by now, by name. */
  private async heldBy(actor: Actor, { waits_for }: ListedJob): Promise<string> {
    const open = waits_for.filter(({ outcome }) => outcome === null);
    const rows = await this.rows.loadMany(open.slice(0, HELD_BY_SHOWN).map(({ job }) => job));
    const shown = rows.map((row) =>
      row && !(row instanceof Error) && maySee(actor, row)
        ? `${titleOf(row)} (${row.state})`
        : 'one that is not yours',
    );
    const more = open.length > HELD_BY_SHOWN ? ` and ${open.length - HELD_BY_SHOWN} more` : '';
    return `waits for ${open.length === 1 ? 'job' : `${open.length} jobs:`} ${shown.join(', ')}${more}`;
  }

  private async dependency(actor: Actor, { job, on, outcome }: JobRow['waits_for'][number]) {
    const row = await this.row(actor, job);
    return {
      job,
      on: on === 'any' ? ('ANY' as const) : ('SUCCESS' as const),
      met: outcome !== null,
      title: row && titleOf(row),
      state: row && toState(row.state),
    };
  }

  /** For many jobs one query: what each of them has waiting for it. */
  private async neededBy(jobs: readonly string[], { environment, owner, first }: NeededBy) {
    const rows = await this.db.query<(ListedJob & { needed: string })[]>(
      `SELECT needed.id AS needed, j.* FROM unnest($1::text[]) AS needed (id) CROSS JOIN LATERAL (
         SELECT ${LISTED.join(', ')} FROM job_list WHERE environment = $2 AND ($3::text IS NULL OR owner = $3)
            AND waits_for @> jsonb_build_array(jsonb_build_object('job', needed.id)) AND waits_for <> '[]'
          ORDER BY queued_at DESC, id DESC LIMIT $4) j ORDER BY queued_at DESC, j.id DESC`,
      [[...new Set(jobs)], environment, owner, first],
    );
    return rowsOfEach(jobs, rows, ({ needed }) => needed).map((those) => those.map((row) => this.view(row)));
  }

  private async differs({ id, clones }: ListedJob): Promise<string | null> {
    if (clones === null) return null;
    const [before, after] = await Promise.all([this.given.load(clones), this.given.load(id)]);
    return before && after && differences(clones, before, after);
  }

  /** A person's name, or that it was the platform itself. */
  private async nameOf(actor: string): Promise<string> {
    return /^(system$|process:|node:)/.test(actor) ? 'the platform' : (await this.people.user(actor)).name;
  }

  private async compared(row: ListedJob): Promise<string | null> {
    const before = row.repeats === null ? null : await this.rows.load(row.repeats);
    return before && compareRuns(before, row);
  }

  private caseOf(row: ListedJob, kind: 'input' | 'result', digest: string | null) {
    return digest === null ? null : this.data.load(`${row.id}:${kind}`);
  }
}
