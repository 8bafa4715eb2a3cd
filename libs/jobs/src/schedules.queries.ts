import { Inject, Injectable } from '@nestjs/common';
import { CatalogueQueries } from '@openpro/catalogue';
import type { EventStore } from '@openpro/eventstore';
import { IdentityQueries } from '@openpro/identity';
import {
  type Actor,
  badInput,
  connection,
  EVENT_STORE,
  has,
  type Lazy,
  maySee,
  type MissedRuns,
  type Overlap,
  type PageRequest,
  readPage,
  readRows,
  type Schedule,
  Where,
} from '@openpro/platform';
import { DataSource } from 'typeorm';
import { JobQueries } from './jobs.queries.js';
import { dueTimes } from './recurrence.js';
import { scheduleList, type ScheduleRow } from './schedule-list.projection.js';
import { Timelines } from './timelines.js';

const COLUMNS = Object.keys(scheduleList.columns) as (keyof ScheduleRow)[];
const NEWEST = { order: ['made_at', 'id'], direction: 'DESC' } as const;
const MAX_TIMES = 100;
const MAX_TIMELINE = 200;

/** How many times somebody may ask for. */
export const timesAsked = (count: number): number => {
  if (!(count >= 1 && count <= MAX_TIMES)) throw badInput('count', `count is ${count}`, `1 to ${MAX_TIMES}`);
  return count;
};

/** One piece of work after the other, and between them whatever else the server has to do. */
const takingTurns = () => {
  let before: Promise<unknown> = Promise.resolve();
  return <T>(work: () => T): Promise<T> => {
    const turn = before.then(() => new Promise((resolve) => setImmediate(resolve))).then(work);
    before = turn.catch(() => undefined);
    return turn;
  };
};

@Injectable()
export class ScheduleQueries {
  private readonly timelines: Timelines;

  constructor(
    private readonly db: DataSource,
    private readonly catalogue: CatalogueQueries,
    private readonly people: IdentityQueries,
    private readonly jobs: JobQueries,
    @Inject(EVENT_STORE) store: EventStore,
  ) {
    this.timelines = new Timelines(store, 'schedule', MAX_TIMELINE);
  }

  /** The row, if the actor may see it. */
  async row(actor: Actor, id: string): Promise<ScheduleRow | null> {
    const [row] = await readRows(this.db, scheduleList, COLUMNS, [id]);
    return row && maySee(actor, row) ? row : null;
  }

  async one(actor: Actor, id: string): Promise<Lazy<Schedule> | null> {
    const row = await this.row(actor, id);
    return row && this.view(row);
  }

  async page(actor: Actor, page: PageRequest) {
    const where = new Where().and`environment = ${actor.environment}`;
    if (!has(actor, 'auditor')) where.and`owner = ${actor.id}`;
    const rows = await readPage(this.db, scheduleList, { columns: COLUMNS, where, ...NEWEST, page });
    const inTurn = takingTurns();
    return connection(
      rows,
      page.first,
      (row) => this.view(row, inTurn),
      (row) => NEWEST.order.map((column) => row[column]),
    );
  }

  async countOf({ environment, id }: Actor): Promise<number> {
    const sql = 'SELECT count(*)::int FROM schedule_list WHERE environment = $1 AND owner = $2';
    const [row] = await this.db.query<{ count: number }[]>(sql, [environment, id]);
    return row?.count ?? 0;
  }

  private view(row: ScheduleRow, inTurn = takingTurns()): Lazy<Schedule> {
    const { runs_when: when } = row;
    return {
      id: row.id,
      name: row.name,
      owner: () => this.people.user(row.owner),
      app: () => this.catalogue.versionOf(row),
      procedure: row.procedure,
      description: row.description,
      priority: row.priority,
      timeLimit: row.time_limit,
      at: 'at' in when ? when.at : null,
      in: 'in' in when ? when.in : null,
      cron: 'cron' in when ? when.cron : null,
      zone: 'zone' in when ? when.zone : null,
      overlap: row.overlap.toUpperCase() as Overlap,
      missed: row.missed.toUpperCase() as MissedRuns,
      atMost: row.at_most,
      state: row.paused !== null ? 'PAUSED' : row.next === null ? 'FINISHED' : 'ACTIVE',
      pausedBecause: row.paused,
      nextAt: row.next,
      next: async ({ count }: { count: number }) => {
        const { next, asked_at: asked } = row;
        const times = timesAsked(count);
        return next === null ? [] : inTurn(() => [...dueTimes(when, asked, next - 1, times)]);
      },
      lastRun: (_args: never) => (row.last_job === null ? null : this.jobs.seen(row.last_job)),
      lastSkipped: row.skipped,
      madeAt: row.made_at,
      timeline: ({ last }: { last: number }) => this.timelines.of(row.id, last),
    };
  }
}
