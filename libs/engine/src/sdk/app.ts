import type { ChildOrder } from '../wire/protocol.js';

/** What one value of an identifier is; `element` is the position of an element in the set named by `of`. */
export type ValueType = 'f64' | 'i64' | 'bool' | 'utf8' | 'datetime' | 'element';

export type View = 'table' | 'value' | 'text' | 'map-lat' | 'map-lon' | 'map-points' | 'map-arcs';

export interface SetSpec {
  readonly label?: string;
  readonly text?: string;
}

export interface IdentifierSpec {
  /** `input`: data of the user; `output`: written by `solve`; `derived`: computed from others when it is read. */
  readonly kind: 'input' | 'output' | 'derived';
  readonly type: ValueType;
  /** Index sets, outermost first; absent for a scalar. The same set may stand twice. */
  readonly domain?: readonly string[];
  /** Set that an `element` belongs to. */
  readonly of?: string;
  /** Value of every tuple that was not set; 0, false, the empty text, or no element where absent. */
  readonly default?: number | boolean | string;
  readonly min?: number;
  readonly max?: number;
  readonly unit?: string;
  readonly label?: string;
  readonly text?: string;
  /** Heading under which pages show it. */
  readonly group?: string;
  readonly readOnly?: boolean;
  /**
   * How a page best draws it. On a map, identifiers over one set with the views `map-lat` and `map-lon`
   * say in degrees where its elements are; `map-points` (over one set) and `map-arcs` (over two) are drawn there.
   */
  readonly view?: View;
}

export interface ProcedureSpec {
  /** `data`: runs in the user's session; `optimization`: becomes a job and runs `solve`. */
  readonly where: 'data' | 'optimization';
  readonly label?: string;
  readonly text?: string;
  /** Identifiers that travel to the solver; all inputs where absent. */
  readonly inputs?: readonly string[];
  /** Identifiers that travel back; all outputs where absent. */
  readonly outputs?: readonly string[];
}

export interface InterfaceSpec {
  readonly sets?: Readonly<Record<string, SetSpec>>;
  readonly identifiers: Readonly<Record<string, IdentifierSpec>>;
  readonly procedures?: Readonly<Record<string, ProcedureSpec>>;
}

/** The elements of a set in their order; an element's position is its index in every table over the set. */
export interface ElementSet {
  readonly size: number;
  readonly elements: readonly string[];
  /** -1 when the set has no such element. */
  position(element: string): number;
  /**
   * Replaces all elements. Tables over the set keep the tuples of elements that stay, wherever they move to,
   * and lose the others. The same elements again change nothing.
   */
  replace(elements: readonly string[]): void;
}

/** Nested objects keyed by element, outermost index first; the value itself for a scalar. */
export type ByElement<V> = V | { readonly [element: string]: ByElement<V> };

/**
 * The values of one identifier. Only tuples that differ from the default are stored, under a packed integer.
 * Positions are those of the domain's sets.
 */
export interface Values<V extends number | boolean | string> {
  /** Tuples that differ from the default. */
  readonly count: number;
  /** Of a scalar. */
  value: V;
  get(...positions: number[]): V;
  set(positions: readonly number[], value: V): void;
  /** Visits the tuples that differ from the default, the last index fastest. */
  each(visit: (value: V, ...positions: number[]) => void): void;
  /** All values, defaults too, the last index fastest. Not for `utf8`. */
  dense(): Float64Array;
  /** Replaces all values by such an array; solver values of `bool` and whole-number types are rounded. */
  assign(values: ArrayLike<V | number>): void;
  /** Replaces all values by named ones. */
  from(values: ByElement<V>): void;
  clear(): void;
}

type ValueOf<T extends ValueType> = T extends 'bool' ? boolean : T extends 'utf8' ? string : number;

/** An app's data: `data.sets.Cities`, and each identifier by its name: `data.Demand`. */
export type Data<I extends InterfaceSpec> = {
  readonly sets: { readonly [S in keyof NonNullable<I['sets']>]: ElementSet };
} & {
  readonly [K in keyof I['identifiers']]: Values<ValueOf<I['identifiers'][K]['type']>>;
};

type Named<I extends InterfaceSpec, K extends IdentifierSpec['kind']> = {
  [N in keyof I['identifiers']]: I['identifiers'][N]['kind'] extends K ? N : never;
}[keyof I['identifiers']];

type Running<P extends InterfaceSpec['procedures'], W extends ProcedureSpec['where']> = {
  [N in keyof P]: P[N] extends { readonly where: W } ? N : never;
}[keyof P];

type Arguments = Readonly<Record<string, unknown>>;

/** A block of columns that one call of `variables` added. */
export interface Variables {
  readonly name: string;
  readonly count: number;
  /** The column's number in the model, for `Row.add`. */
  at(index: number): number;
}

export interface Row {
  /** Adds a term to this row, which is open until the next one; two terms of one column add up. */
  add(column: number, coefficient: number): Row;
}

export interface VariableOptions {
  /** 0 where absent; one number for all, or one for each. */
  readonly lower?: number | ArrayLike<number>;
  /** Infinity where absent, 1 for binaries. */
  readonly upper?: number | ArrayLike<number>;
  /** Coefficient in the objective; 0 where absent. */
  readonly cost?: number | ArrayLike<number>;
  readonly domain?: 'continuous' | 'integer' | 'binary';
  /** A solution to start from, for example what the last attempt reached. */
  readonly start?: ArrayLike<number> | undefined;
}

/** A linear model, built in typed arrays that go into the solver as they are. */
export interface Mip {
  /** Adds columns; `name` finds their values in a `Solution`. */
  variables(name: string, count: number, options?: VariableOptions): Variables;
  /** Opens the row `lower ≤ Σ coefficient · column ≤ upper`; use ±Infinity for no bound. */
  row(lower: number, upper: number): Row;
  /**
   * Solves, within the job's time limit, gap and seed; reports progress; shows each incumbent through
   * `project`; stops when the user asks. An interrupted solve returns the best solution so far.
   */
  solve(): Promise<Solution>;
}

export type SolveStatus =
  | 'optimal'
  | 'feasible' /* stopped by a limit other than time, with a solution */
  | 'interrupted'
  | 'timeLimit'
  | 'infeasible'
  | 'unbounded'
  | 'unknown';

export interface Solution {
  readonly status: SolveStatus;
  /** False when no solution was found: then `values` is empty. */
  readonly found: boolean;
  readonly objective: number | null;
  readonly bound: number | null;
  /** Relative, 0.01 = 1 %. */
  readonly gap: number | null;
  /** One value per column. */
  readonly values: Float64Array;
  /** Names of the columns as in a solved file; for a `Mip`, `name[index]`. */
  readonly columns: readonly string[];
  /** The values of one block of variables. */
  of(name: string): Float64Array;
}

export interface ProgressReport {
  readonly phase?: 'load' | 'build' | 'presolve' | 'solve' | 'post';
  readonly objective?: number | null;
  readonly bound?: number | null;
  readonly gap?: number | null;
  readonly text?: string;
}

/** What `solve` is given besides the data. */
export interface SolveContext {
  /** Name of the procedure that runs. */
  readonly procedure: string;
  readonly args: Arguments;
  readonly seed: number;
  /** Relative gap at which the solver may stop. */
  readonly gap: number | null;
  /** Seconds that are left; Infinity without a limit. */
  readonly timeLeft: number;
  /** The outputs hold the last solution of an earlier attempt. */
  readonly warmStart: boolean;
  /** Turns true when the user interrupts; own loops look at it, `solve()` does so by itself. */
  readonly signal: { readonly aborted: boolean };
  mip(options?: { readonly sense?: 'minimize' | 'maximize'; readonly offset?: number }): Mip;
  /** Solves the text of an MPS or (CPLEX) LP file. */
  solveFile(text: string, format: 'mps' | 'lp'): Promise<Solution>;
  progress(report: ProgressReport): void;
  log(text: string): void;
  /**
   * Submits a job of the same app and data and resolves with its id; it runs beside this one, or after it. It ends with this
   * one when somebody terminates that. A job that is tried again gets the same jobs: submit the same ones in the same order.
   */
  submit(order: ChildOrder): Promise<string>;
  /** Sends the outputs as they stand: kept if the run is stopped. For own algorithms; `solve()` does so by itself. */
  incumbent(info?: { readonly objective?: number; readonly bound?: number }): void;
}

export interface App<I extends InterfaceSpec = InterfaceSpec> {
  readonly interface: I;
  /** Fills the sets and inputs of a new session, and so makes the default case. */
  initial?(data: Data<I>): void | Promise<void>;
  /**
   * Computes an identifier when it is read, again only after something it read has changed. Returns the value
   * of a scalar, all values as `Values.assign` takes them, or nothing after writing to `self`.
   */
  readonly derived?: {
    readonly [K in Named<I, 'derived'>]: (
      data: Data<I>,
      self: Data<I>[K],
    ) => number | boolean | string | ArrayLike<number | boolean | string> | void;
  };
  /** The procedures with `where: 'data'`. What they return must fit into JSON. */
  readonly procedures?: {
    readonly [K in Running<I['procedures'], 'data'>]: (data: Data<I>, args: Arguments) => unknown;
  };
  /** Runs the procedures with `where: 'optimization'`, in the optimization session. */
  solve?(data: Data<I>, ctx: SolveContext): void | Promise<void>;
  /** Writes a solution to the outputs: each incumbent, and the result of the last `solve()`. */
  project?(solution: Solution, data: Data<I>): void;
}

/** An app of the engine `model-ts`: the default export of its model. Gives `data` the names and types of `interface`. */
export const defineApp = <const I extends InterfaceSpec>(app: App<I>): App<I> => app;
