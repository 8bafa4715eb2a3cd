import type { Command } from 'commander';
import { action, type Context } from '../context.js';
import { badInput } from '../failure.js';
import { duration, fields, number, table, time } from '../format.js';
import {
  JobStatisticsDocument,
  type JobStatisticsQuery,
  SetTariffDocument,
  type StatisticsBy,
  TariffDocument,
  type TariffFieldsFragment,
  TariffHistoryDocument,
} from '../generated/graphql.js';
import { addLimit, allPages, type PageOptions } from '../pages.js';
import { parseOneOf, parseSeconds } from '../values.js';

const BY = ['hour', 'day', 'month', 'user', 'group', 'app', 'version', 'server'] as const;
const DAY_S = 24 * 3600;
const USUAL_DAYS = 30;

interface Options {
  readonly by: (typeof BY)[number];
  readonly from?: number;
  readonly to?: number;
  readonly zone: string;
  readonly app?: string;
  readonly group?: string;
  readonly owner?: string;
  readonly csv?: boolean;
}

/** A date, a date with a time, or a length of time ago: milliseconds. */
const parseMoment = (text: string): number => {
  const ago = /^\d+d$/.test(text) ? Number(text.slice(0, -1)) * DAY_S : undefined;
  if (ago !== undefined || /[hms]$/.test(text)) return Date.now() - (ago ?? parseSeconds(text)) * 1000;
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text.length === 10 ? `${text}T00:00` : text) : NaN;
  if (Number.isNaN(at))
    throw badInput('time', `"${text}" is no time`, '2026-01-31, 2026-01-31T18:00, or 7d, 12h, 30m ago');
  return at;
};

type Row = JobStatisticsQuery['jobStatistics']['rows'][number];

const seconds = (spread: Row['queue'], part: 'p50' | 'p95' | 'max'): string =>
  spread ? duration(spread[part]) : '';

const shown = (by: string, rows: readonly Row[], currency: string): string =>
  table(
    [
      ...[by, 'jobs', 'failed', 'cancelled', 'queue p50', 'queue p95', 'run p50', 'run p95', 'run max'],
      ...['core hours', 'CPU hours', 'peak MiB', `cost ${currency}`.trim()],
    ],
    rows.map((row) => [
      ...[row.label, row.jobs, row.failed, row.cancelled],
      ...[seconds(row.queue, 'p50'), seconds(row.queue, 'p95')],
      ...[seconds(row.run, 'p50'), seconds(row.run, 'p95'), seconds(row.run, 'max')],
      ...[hours(row.coreHours), hours(row.cpuHours), row.peakMiB, row.cost],
    ]),
  );

const hours = (value: number): number => Number(value.toFixed(4));

const statistics = async (context: Context, { by, zone, app, group, owner, csv, ...period }: Options) => {
  const to = period.to ?? Date.now();
  const from = period.from ?? to - USUAL_DAYS * DAY_S * 1000;
  const { screen } = context;
  const api = await context.api();
  const { jobStatistics: found } = await api.query(JobStatisticsDocument, {
    from,
    to,
    by: by.toUpperCase() as StatisticsBy,
    timeZone: zone,
    app,
    group,
    owner,
    csv: csv ?? false,
  });
  if (csv) return screen.raw(found.csv ?? '');
  screen.result(found, () =>
    found.total
      ? [
          shown(by, [...found.rows, found.total], found.currency),
          ...(found.more ? ['… the first 1,000 rows; the total is of all'] : []),
        ].join('\n')
      : `No job has ended from ${time(from)} to ${time(to)}.`,
  );
};

const tariffFields = (tariff: TariffFieldsFragment): string =>
  tariff.version === 0
    ? 'There is no tariff: all is free. Set one with: openpro tariff set'
    : fields([
        ['tariff', tariff.version],
        ['currency', tariff.currency],
        ['job', number(tariff.job)],
        ['core hour', number(tariff.coreHour)],
        ['GiB hour', number(tariff.gibHour)],
        ['CPU hour', number(tariff.cpuHour)],
        ['reason', tariff.reason],
        ['set', tariff.setAt && `${time(tariff.setAt)} by ${tariff.setBy?.name ?? ''}`],
      ]);

const PRICES = ['job', 'coreHour', 'gibHour', 'cpuHour'] as const;
const parsePrice = (text: string): number => {
  const price = Number(text);
  if (text.trim() === '' || !Number.isFinite(price) || price < 0)
    throw badInput('price', `"${text}" is not a price`, 'a number of 0 or more, for example 0.25');
  return price;
};

type Prices = { readonly [Price in (typeof PRICES)[number]]?: number };

export const addStatistics = (program: Command): void => {
  action(
    program
      .command('statistics')
      .description('what has run: counts, waiting and run times, hours, memory and cost')
      .option('--by <part>', BY.join(', '), (text) => parseOneOf(text, 'by', BY), 'day')
      .option('--from <time>', 'a date, or a time ago such as 7d; 30 days before the end', parseMoment)
      .option('--to <time>', 'now, where none is given', parseMoment)
      .option('--zone <name>', 'where days begin', Intl.DateTimeFormat().resolvedOptions().timeZone)
      .option('--app <name>', 'only this app')
      .option('--group <name>', 'only jobs whose owner was in this group, or had this role')
      .option('--owner <id>', 'only jobs of this user (for administrators and auditors)')
      .option('--csv', 'all columns, as CSV'),
    statistics,
  );

  const tariff = program.command('tariff').description('what running costs');

  action(tariff.command('show').description('show what running costs'), async (context) => {
    const { tariff: found } = await (await context.api()).query(TariffDocument, {});
    context.screen.result(found, () => tariffFields(found));
  });

  action(
    addLimit(tariff.command('history').description('every version of the tariff, newest first, and why')),
    async (context, { limit }: PageOptions) => {
      const api = await context.api();
      const versions = await allPages(
        limit,
        async (page) => (await api.query(TariffHistoryDocument, page)).tariffHistory,
      );
      context.screen.result(versions, () =>
        table(
          ['version', 'set', 'by', 'currency', 'job', 'core hour', 'GiB hour', 'CPU hour', 'reason'],
          versions.map((each) => [
            each.version,
            each.setAt === null ? '' : time(each.setAt),
            each.setBy?.name ?? '',
            each.currency,
            ...PRICES.map((price) => each[price]),
            each.reason,
          ]),
        ),
      );
    },
  );

  action(
    tariff
      .command('set')
      .description('set prices for what ends from now on; those not given stay (for administrators)')
      .requiredOption('--reason <text>', 'for the record')
      .option('--currency <word>', 'such as EUR')
      .option('--job <price>', 'each job that ran', parsePrice)
      .option('--core-hour <price>', 'each core kept for an hour', parsePrice)
      .option('--gib-hour <price>', 'each GiB of memory kept for an hour', parsePrice)
      .option('--cpu-hour <price>', 'each hour of CPU time', parsePrice),
    async (context, given: Prices & { reason: string; currency?: string }) => {
      const client = await context.api();
      const { tariff: now } = await client.query(TariffDocument, {});
      const changed = await client.mutate(SetTariffDocument, {
        tariff: {
          currency: given.currency ?? now.currency,
          ...Object.fromEntries(PRICES.map((price) => [price, given[price] ?? now[price]])),
        },
        reason: given.reason,
        basedOn: now.version,
      });
      context.screen.result(changed, () => tariffFields(changed));
    },
  );
};
