import type { BatchPageQuery, BatchRowFragment, JobState } from '../generated/graphql.js';

export type Axes = NonNullable<NonNullable<BatchPageQuery['batch']>['axes']>;

/** What the letters of `Batch.cells` stand for, what has ended first; null = no job yet. */
export const CELLS: Readonly<Record<string, JobState | null>> = {
  c: 'COMPLETED',
  i: 'INTERRUPTED',
  t: 'TIME_LIMIT',
  n: 'INFEASIBLE',
  u: 'UNBOUNDED',
  f: 'FAILED',
  a: 'ABANDONED',
  x: 'CANCELLED',
  r: 'RUNNING',
  q: 'QUEUED',
  '.': null,
};

/** How many scenarios are in each state, what has ended first; states without any are left out. */
export const countsOf = (cells: string): readonly (readonly [state: JobState | null, count: number])[] => {
  const counts = new Map<string, number>();
  for (const cell of cells) counts.set(cell, (counts.get(cell) ?? 0) + 1);
  return Object.entries(CELLS).flatMap(([letter, state]) => {
    const count = counts.get(letter);
    return count === undefined ? [] : [[state, count] as const];
  });
};

/** Scenarios that a retry is for. */
export const failedIn = ({ ended }: BatchRowFragment): number =>
  ended.reduce((sum, { state, count }) => sum + (state === 'FAILED' || state === 'ABANDONED' ? count : 0), 0);

export const endedIn = ({ ended }: BatchRowFragment): number =>
  ended.reduce((sum, { count }) => sum + count, 0);

export const showArgument = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? '');

/** The arguments of a scenario of a grid: the last axis changes fastest. */
export const argumentsAt = (axes: Axes, index: number): readonly (readonly [string, string])[] => {
  const pairs: (readonly [string, string])[] = [];
  let rest = index;
  for (const { argument, values } of [...axes].reverse()) {
    pairs.unshift([argument, showArgument(values[rest % values.length])]);
    rest = Math.floor(rest / values.length);
  }
  return pairs;
};

export interface Layout {
  /** Cells side by side. */
  readonly columns: number;
  readonly rows: number;
  /** Width and height of one in pixels. */
  readonly size: number;
  /** Each column is a value of the last axis, each row a combination of the others. */
  readonly isMatrix: boolean;
}

const LARGEST = 22;
const SMALLEST = 5;
const HIGHEST = 560;

/** A matrix where there are several axes and the last one fits; else as many cells in a line as fit. */
export const layoutOf = (count: number, axes: Axes | null, width: number): Layout => {
  const last = axes && axes.length > 1 ? axes.at(-1)!.values.length : 0;
  if (last > 1 && last * SMALLEST <= width) {
    const rows = Math.ceil(count / last);
    const fitting = Math.max(SMALLEST, Math.floor(HIGHEST / rows));
    return {
      columns: last,
      rows,
      size: Math.min(LARGEST, Math.floor(width / last), fitting),
      isMatrix: true,
    };
  }
  // About as high as a third of the width at most, as long as the cells can be told apart.
  const size = Math.max(SMALLEST + 3, Math.min(LARGEST, Math.floor(Math.sqrt((width * width) / 3 / count))));
  const columns = Math.max(1, Math.floor(width / size));
  return { columns, rows: Math.ceil(count / columns), size, isMatrix: false };
};
