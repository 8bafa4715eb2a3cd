/** What the page of statistics says. Pure: the clock comes in. */
import { formatDuration, formatKpi, formatNumber, NONE } from '../format.js';
import type { StatisticsBy, StatisticsRowFieldsFragment as Row } from '../generated/graphql.js';

export const PARTS: readonly { readonly value: StatisticsBy; readonly label: string }[] = [
  { value: 'HOUR', label: 'Hour' },
  { value: 'DAY', label: 'Day' },
  { value: 'MONTH', label: 'Month' },
  { value: 'USER', label: 'User' },
  { value: 'GROUP', label: 'Group' },
  { value: 'APP', label: 'App' },
  { value: 'VERSION', label: 'Version' },
  { value: 'SERVER', label: 'Server' },
];
export const isTime = (by: StatisticsBy): boolean => by === 'HOUR' || by === 'DAY' || by === 'MONTH';

const DAY_MS = 24 * 3_600_000;
export const PERIODS = [
  { value: '1', label: '24 hours' },
  { value: '7', label: '7 days' },
  { value: '30', label: '30 days' },
  { value: '365', label: '1 year' },
] as const;

/** By the hour a period has 31 days at most. */
export const periodOf = (
  days: string | null,
  by: StatisticsBy,
  now: number,
): { from: number; to: number } => {
  const wanted = PERIODS.find(({ value }) => value === days) ?? PERIODS[2];
  const length = Math.min(Number(wanted.value), by === 'HOUR' ? 31 : 366);
  // To the minute, so that the same question is not another one each time the page is drawn.
  const to = Math.ceil(now / 60_000) * 60_000;
  return { from: to - length * DAY_MS, to };
};

const spread = (of: Row['queue'], part: 'mean' | 'p50' | 'p95' | 'max'): string =>
  of ? formatDuration(of[part]) : NONE;

/** The columns of the table, in words. */
export const COLUMNS: readonly { readonly title: string; readonly of: (row: Row) => string }[] = [
  { title: 'Jobs', of: ({ jobs }) => formatNumber(jobs) },
  { title: 'Failed', of: ({ failed }) => (failed === 0 ? NONE : formatNumber(failed)) },
  { title: 'Cancelled', of: ({ cancelled }) => (cancelled === 0 ? NONE : formatNumber(cancelled)) },
  { title: 'Attempts', of: ({ attempts }) => formatNumber(attempts) },
  { title: 'Queue, median', of: ({ queue }) => spread(queue, 'p50') },
  { title: 'Queue, 95 %', of: ({ queue }) => spread(queue, 'p95') },
  { title: 'Launch, median', of: ({ launch }) => spread(launch, 'p50') },
  { title: 'Run, median', of: ({ run }) => spread(run, 'p50') },
  { title: 'Run, 95 %', of: ({ run }) => spread(run, 'p95') },
  { title: 'Run, longest', of: ({ run }) => spread(run, 'max') },
  { title: 'Core-hours', of: ({ coreHours }) => formatKpi(coreHours) },
  { title: 'GiB-hours', of: ({ gibHours }) => formatKpi(gibHours) },
  { title: 'CPU-hours', of: ({ cpuHours }) => formatKpi(cpuHours) },
  { title: 'Peak MiB', of: ({ peakMiB }) => formatNumber(peakMiB) },
];
