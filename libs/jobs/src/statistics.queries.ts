import { Injectable } from '@nestjs/common';
import { ClusterQueries } from '@openpro/cluster';
import { IdentityQueries } from '@openpro/identity';
import { csvLine } from '@openpro/kernel';
import {
  type Actor,
  badInput,
  connection,
  has,
  type Lazy,
  type PageRequest,
  type QueryJobStatisticsArgs,
  readPage,
  type Statistics,
  type StatisticsBy,
  type StatisticsRow,
  type Tariff,
  Where,
} from '@openpro/platform';
import { DataSource } from 'typeorm';
import { tariffList, type TariffRow } from './tariff.projection.js';

const DAY_MS = 24 * 3600 * 1000;
const MAX_DAYS = 366;
const MAX_DAYS_BY_HOUR = 31;
const MAX_ROWS = 1000;

const TARIFF = ['version', 'tariff', 'reason', 'set_at', 'set_by'] as const;
const FREE: TariffRow = {
  id: '0',
  version: 0,
  tariff: { currency: '', job: 0, coreHour: 0, gibHour: 0, cpuHour: 0 },
  reason: '',
  set_at: 0,
  set_by: '',
};

/** `j` = the job, `a` = its attempt, `$1` = the time zone. */
const timeAs = (form: string): string =>
  `to_char(to_timestamp(j.ended_at / 1000.0) AT TIME ZONE $1, '${form}')`;
const KEYS: { readonly [By in StatisticsBy]: string } = {
  HOUR: timeAs('YYYY-MM-DD HH24:00'),
  DAY: timeAs('YYYY-MM-DD'),
  MONTH: timeAs('YYYY-MM'),
  USER: 'j.owner',
  GROUP: `coalesce((SELECT string_agg(g, ', ' ORDER BY g) FROM jsonb_array_elements_text(j.groups) g), '')`,
  APP: 'j.app',
  VERSION: `j.app || ':' || j.version`,
  SERVER: `coalesce(a.node, '')`,
};
const BY_TIME: ReadonlySet<StatisticsBy> = new Set(['HOUR', 'DAY', 'MONTH']);

const SPREADS = ['queue', 'launch', 'run'] as const;

const FIGURES = ['min', 'mean', 'p50', 'p95', 'max'] as const;

/** The figures in seconds, in this order; null without values. */
const spreadOf = (name: (typeof SPREADS)[number]): string =>
  `CASE WHEN count(${name}) > 0 THEN array[min(${name}), avg(${name})] ||
     percentile_cont(array[0.5, 0.95]) WITHIN GROUP (ORDER BY ${name}) || max(${name}) END AS ${name}`;

const HOUR_MS = 3_600_000;

const sqlOf = (by: StatisticsBy, where: Where): string => `
  WITH prices AS (
    SELECT tariff, set_at AS since, lead(set_at, 1, ${Number.MAX_SAFE_INTEGER}::int8) OVER (ORDER BY version) AS until
    FROM tariff
  ), runs AS (
    SELECT ${KEYS[by]} AS key, j.state, a.number IS NULL OR a.number = j.attempt AS last,
           a.number, a."waitedMs" / 1000 AS queue, (a.use ->> 'launchMs')::float8 / 1000 AS launch,
           (a."endedAt" - a."startedAt") / 1000.0 AS run,
           coalesce(a.cores, 1) * (a."endedAt" - a."startedAt") / ${HOUR_MS}.0 AS core_hours,
           coalesce(a."memoryMiB", 0) / 1024 * (a."endedAt" - a."startedAt") / ${HOUR_MS}.0 AS gib_hours,
           (a.use ->> 'cpuMs')::float8 / ${HOUR_MS} AS cpu_hours, (a.use ->> 'peakMiB')::float8 AS peak,
           a.outcome NOT IN ('node-lost', 'drained') AS charged, p.tariff
    FROM job_list j
    LEFT JOIN LATERAL jsonb_to_recordset(j.attempts) AS a (
      number int, node text, "startedAt" int8, "endedAt" int8, outcome text, "waitedMs" float8, use jsonb,
      cores float8, "memoryMiB" float8
    ) ON true
    LEFT JOIN prices p ON a."endedAt" >= p.since AND a."endedAt" < p.until
    WHERE ${where.sql}
  ), costs AS (
    SELECT *, CASE WHEN charged THEN round(
      CASE WHEN last THEN (tariff ->> 'job')::numeric ELSE 0 END
      + (tariff ->> 'coreHour')::numeric * core_hours::numeric
      + (tariff ->> 'gibHour')::numeric * gib_hours::numeric
      + (tariff ->> 'cpuHour')::numeric * coalesce(cpu_hours, 0)::numeric, 4) END AS cost
    FROM runs
  )
  SELECT key, grouping(key) = 1 AS total, count(*) FILTER (WHERE last)::int AS jobs,
    count(*) FILTER (WHERE last AND state NOT IN ('failed', 'abandoned', 'cancelled'))::int AS completed,
    count(*) FILTER (WHERE last AND state IN ('failed', 'abandoned'))::int AS failed,
    count(*) FILTER (WHERE last AND state = 'cancelled')::int AS cancelled,
    count(number)::int AS attempts, ${SPREADS.map(spreadOf).join(', ')},
    coalesce(sum(core_hours), 0)::float8 AS "coreHours", coalesce(sum(gib_hours), 0)::float8 AS "gibHours",
    coalesce(sum(cpu_hours), 0) AS "cpuHours", max(peak) AS "peakMiB", coalesce(sum(cost), 0)::float8 AS cost
  FROM costs GROUP BY GROUPING SETS ((key), ())
  ORDER BY total DESC, ${BY_TIME.has(by) ? 'key' : '"coreHours" DESC, key'} LIMIT ${MAX_ROWS + 2}`;

type Five = readonly [number, number, number, number, number];
type SqlRow = Omit<StatisticsRow, 'key' | 'label' | (typeof SPREADS)[number]> & {
  readonly key: string | null;
  readonly total: boolean;
} & { readonly [Name in (typeof SPREADS)[number]]: Five | null };

const spread = (five: Five | null) => {
  if (!five) return null;
  const [min, mean, p50, p95, max] = five;
  return { min, mean, p50, p95, max };
};

@Injectable()
export class StatisticsQueries {
  constructor(
    private readonly db: DataSource,
    private readonly people: IdentityQueries,
    private readonly cluster: ClusterQueries,
  ) {}

  async statistics(actor: Actor, args: QueryJobStatisticsArgs): Promise<Lazy<Statistics>> {
    const { from, to, by, app, group } = args;
    const timeZone = checkedZone(args.timeZone ?? 'UTC');
    checkPeriod(from, to, by);
    const where = new Where();
    where.values.push(timeZone); // $1
    where.and`j.environment = ${actor.environment}`.and`j.ended_at >= ${from} AND j.ended_at < ${to}`;
    const owner = has(actor, 'auditor') ? args.owner : actor.id;
    if (owner) where.and`j.owner = ${owner}`;
    if (app) where.and`j.app = ${app}`;
    if (group) where.and`j.groups ? ${group}`;
    // Every value is a parameter that the statement uses, also where no time is shown.
    const [first, ...rows] = await this.db.query<SqlRow[]>(
      sqlOf(by, where.and`$1::text IS NOT NULL`),
      where.values,
    );
    const any = first !== undefined && first.jobs > 0;
    const shown = any ? rows.slice(0, MAX_ROWS) : [];
    return {
      rows: shown.map((row) => this.row(by, row)),
      total: any ? this.row(by, { ...first, key: null }) : null,
      more: rows.length > MAX_ROWS,
      currency: async () => (await this.newest()).tariff.currency,
      csv: () => this.csv(by, shown),
    };
  }

  private async csv(by: StatisticsBy, rows: readonly SqlRow[]): Promise<string> {
    const { tariff } = await this.newest();
    const heads = [
      ...[by.toLowerCase(), 'jobs', 'completed', 'failed', 'cancelled', 'attempts'],
      ...SPREADS.flatMap((name) => FIGURES.map((figure) => `${name} ${figure} s`)),
      ...['core hours', 'GiB hours', 'CPU hours', 'peak MiB', `cost ${tariff.currency}`.trim()],
    ];
    const lines = await Promise.all(
      rows.map(async (row) =>
        csvLine([
          ...[await this.label(by, row.key ?? ''), row.jobs, row.completed, row.failed, row.cancelled],
          row.attempts,
          ...SPREADS.flatMap((name) => row[name] ?? FIGURES.map(() => null)),
          ...[row.coreHours, row.gibHours, row.cpuHours, row.peakMiB ?? null, row.cost],
        ]),
      ),
    );
    return csvLine(heads) + lines.join('');
  }

  async tariff(): Promise<Lazy<Tariff>> {
    return this.view(await this.newest());
  }

  async history(page: PageRequest) {
    const list = { columns: TARIFF, order: ['version'], direction: 'DESC', page } as const;
    const rows = await readPage(this.db, tariffList, { ...list, where: new Where().and`true` });
    return connection(
      rows,
      page.first,
      (row) => this.view(row),
      ({ version }) => [version],
    );
  }

  private row(by: StatisticsBy, { key, total, queue, launch, run, ...row }: SqlRow): Lazy<StatisticsRow> {
    return {
      ...row,
      key: key ?? '',
      label: () => (total ? 'all' : this.label(by, key ?? '')),
      queue: spread(queue),
      launch: spread(launch),
      run: spread(run),
    };
  }

  private async label(by: StatisticsBy, key: string): Promise<string> {
    switch (by) {
      case 'USER':
        return (await this.people.user(key)).name;
      case 'SERVER':
        return key === '' ? 'never started' : this.cluster.nameOf(key);
      case 'GROUP':
        return key === '' ? 'none' : key;
      case 'HOUR':
      case 'DAY':
      case 'MONTH':
      case 'APP':
      case 'VERSION':
        return key;
    }
  }

  private view({ version, tariff, reason, set_at, set_by }: Omit<TariffRow, 'id'>): Lazy<Tariff> {
    return {
      ...tariff,
      version,
      reason,
      setAt: version === 0 ? null : set_at,
      setBy: () => (version === 0 ? null : this.people.user(set_by)),
    };
  }

  private async newest(): Promise<Omit<TariffRow, 'id'>> {
    const sql = `SELECT ${TARIFF.join(', ')} FROM tariff ORDER BY version DESC LIMIT 1`;
    const [row] = await this.db.query<TariffRow[]>(sql);
    return row ?? FREE;
  }
}

const checkedZone = (timeZone: string): string => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone;
  } catch {
    throw badInput(
      'timeZone',
      `There is no time zone "${timeZone.slice(0, 60)}"`,
      'a name such as Europe/Amsterdam',
    );
  }
};

const checkPeriod = (from: number, to: number, by: StatisticsBy): void => {
  if (!(from < to)) throw badInput('to', 'The period ends before it begins', 'later than from');
  const days = by === 'HOUR' ? MAX_DAYS_BY_HOUR : MAX_DAYS;
  if (to - from > days * DAY_MS)
    throw badInput(
      'from',
      `The period has ${Math.ceil((to - from) / DAY_MS)} days`,
      `${days} days${by === 'HOUR' ? ' by the hour' : ''}`,
    );
};
