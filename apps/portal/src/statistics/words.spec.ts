import { describe, expect, it } from '@jest/globals';
import type { StatisticsRowFieldsFragment as Row } from '../generated/graphql.js';
import { COLUMNS, periodOf } from './words.js';

const row: Row = {
  ...{ key: 'ada', label: 'Ada, "the" first', jobs: 3, completed: 2, failed: 1, cancelled: 0, attempts: 4 },
  queue: { min: 0, mean: 1, p50: 0.5, p95: 3, max: 4 },
  launch: null,
  run: { min: 1, mean: 2, p50: 2, p95: 75, max: 90 },
  ...{ coreHours: 0.25, gibHours: 1, cpuHours: 0.1, peakMiB: null, cost: 1.25 },
};

describe('statistics', () => {
  it('are of the days that were chosen, thirty where none were, and never more than may be asked for', () => {
    const now = Date.UTC(2026, 0, 31, 12, 0, 30);
    const days = (chosen: string | null, by: Parameters<typeof periodOf>[1]) => {
      const { from, to } = periodOf(chosen, by, now);
      expect(to).toBe(Date.UTC(2026, 0, 31, 12, 1));
      return (to - from) / 86_400_000;
    };
    expect([days('7', 'DAY'), days(null, 'DAY'), days('nonsense', 'APP'), days('365', 'HOUR')]).toEqual([
      ...[7, 30, 30, 31],
    ]);
  });

  it('are read in words', () =>
    expect(Object.fromEntries(COLUMNS.map(({ title, of }) => [title, of(row)]))).toMatchObject({
      Jobs: '3',
      Cancelled: '–',
      'Queue, median': '500 ms',
      'Launch, median': '–',
      'Run, longest': '1 min 30 s',
      'Peak MiB': '–',
    }));
});
