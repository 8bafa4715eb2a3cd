import { type CellChange, tupleKey } from './cells.js';

export type Row = readonly unknown[];

export interface TableWindow {
  readonly version: number;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  readonly total: number;
}

export interface TableState {
  readonly version: number;
  /** Null until the first window has come. */
  readonly columns: readonly string[] | null;
  readonly total: number;
  readonly problem: string | null;
  /** Grows with everything that a viewer should draw again for. */
  readonly tick: number;
}

/** Rows per request. */
export const WINDOW = 500;
const PARALLEL = 4;

export type TableSource = ReturnType<typeof tableSource>;

/**
 * A table of any length, read window by window as its viewer needs it. After a change of the data the old
 * rows stay on screen until the new ones are there; an answer that was asked for before the change is dropped.
 */
export const tableSource = (fetch: (offset: number, limit: number) => Promise<TableWindow>) => {
  let state: TableState = { version: -1, columns: null, total: 0, problem: null, tick: 0 };
  const windows = new Map<number, Row[]>();
  const fresh = new Set<number>();
  const loading = new Map<number, Promise<void>>();
  const listeners = new Set<() => void>();
  let generation = 0;
  let shown: readonly [from: number, to: number] = [0, 1];

  const change = (next: Partial<TableState>) => {
    state = { ...state, ...next, tick: state.tick + 1 };
    for (const listener of [...listeners]) listener();
  };

  const load = (index: number): Promise<void> => {
    const running = loading.get(index);
    if (running) return running;
    const asked = generation;
    const job = fetch(index * WINDOW, WINDOW)
      .then(
        ({ version, columns, rows, total }) => {
          if (asked !== generation) return;
          if (version !== state.version) fresh.clear();
          windows.set(index, [...rows]);
          fresh.add(index);
          change({ version, columns, total, problem: null });
        },
        (error: unknown) => {
          if (asked === generation)
            change({ problem: error instanceof Error ? error.message : String(error) });
        },
      )
      .finally(() => {
        if (asked !== generation) return;
        loading.delete(index);
        if (state.problem === null) need(...shown);
      });
    loading.set(index, job);
    return job;
  };

  /** Tells which rows are on screen. */
  const need = (from: number, to: number): void => {
    shown = [from, to];
    const end = state.columns === null ? 1 : Math.min(to, state.total);
    for (let index = Math.floor(from / WINDOW); index * WINDOW < Math.max(end, 1); index++)
      if (!fresh.has(index)) void load(index);
  };

  /** The data changed (to `version`, if known): read again what is on screen. */
  const invalidate = (version?: number): void => {
    if (version !== undefined && version === state.version) return;
    generation++;
    fresh.clear();
    loading.clear();
    if (state.columns !== null || state.problem !== null) need(...shown);
  };

  const row = (index: number): Row | undefined => windows.get(Math.floor(index / WINDOW))?.[index % WINDOW];

  /** Writes values into the rows that are here; tuples that come or go need a reading. */
  const patch = (cells: readonly CellChange[], version: number): void => {
    const values = new Map(cells.map(({ tuple, value }) => [tupleKey(tuple), value]));
    let left = values.size;
    for (const [index, rows] of windows)
      windows.set(
        index,
        rows.map((old) => {
          const tuple = old.slice(0, -1);
          const value = values.get(tupleKey(tuple));
          if (value === undefined || value === null) return old;
          left--;
          return [...tuple, value];
        }),
      );
    const known = left === 0;
    change(known ? { version } : {});
    if (!known) invalidate();
  };

  /** Every row, at most `limit` of them, all of one version. */
  const all = async (limit: number): Promise<Row[]> => {
    for (;;) {
      const indexes = Array.from(
        { length: Math.max(1, Math.ceil(Math.min(state.total, limit) / WINDOW)) },
        (_, i) => i,
      );
      const missing = indexes.filter((index) => !fresh.has(index));
      if (missing.length === 0) return indexes.flatMap((index) => windows.get(index) ?? []).slice(0, limit);
      await Promise.all(missing.slice(0, PARALLEL).map(load));
      if (state.problem !== null) throw new Error(state.problem);
    }
  };

  return {
    get: () => state,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    need,
    invalidate,
    row,
    /** The rows that are here already, in no promised order. */
    loaded: () => [...windows.values()].flat(),
    patch,
    all,
  };
};
