import { EngineError, type Progress, type Solution, type SolveStatus } from '@openpro/engine/sdk';
import type { CallbackData, EncodedModel, Highs, HighsCallbackMap, Model, ModelData } from 'highs';
import type { Blocks } from './mip.js';

/** What a solve is told, and tells, while it runs. */
export interface SolveHooks {
  readonly gap: number | null;
  readonly seed: number;
  /** Seconds; Infinity = no limit. */
  timeLeft(): number;
  aborted(): boolean;
  log(text: string): void;
  progress(point: Partial<Progress>): void;
  /** A new best solution. */
  improved(solution: Solution): void;
}

/** Milliseconds between two looks at the solution and two progress points; HiGHS calls back far more often. */
const INTERVAL = 250;

const STATUS_TEXT: Readonly<Record<number, string>> = {
  6: 'Empty',
  7: 'Optimal',
  8: 'Infeasible',
  9: 'Unbounded or infeasible',
  10: 'Unbounded',
  11: 'Objective bound reached',
  12: 'Objective target reached',
  13: 'Time limit reached',
  14: 'Iteration limit reached',
  15: 'Unknown',
  16: 'Solution limit reached',
  17: 'Interrupted',
};

const STATUS: Readonly<Record<number, SolveStatus>> = {
  6: 'optimal',
  7: 'optimal',
  8: 'infeasible',
  9: 'infeasible',
  10: 'unbounded',
  13: 'timeLimit',
  15: 'unknown',
  17: 'interrupted',
};

const UNBOUNDED_OR_INFEASIBLE = 9;
const FEASIBLE = 2;

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;

export interface Solved {
  readonly solution: Solution;
  readonly solverStatus: string;
  readonly nodes: number | null;
  readonly iterations: number;
  readonly rows: number;
  readonly columns: number;
  readonly nonzeros: number;
}

/** Solves a model with HiGHS; blocks its thread until it is done. */
export const solve = (
  highs: Highs,
  source: ModelData | EncodedModel,
  blocks: Blocks | undefined,
  start: Float64Array | undefined,
  hooks: SolveHooks,
): Solved => {
  const model = readModel(highs, source);
  try {
    model.options.set({
      output_flag: true, // without it HiGHS never calls back about a MIP's progress
      log_to_console: false,
      random_seed: Math.abs(Math.trunc(hooks.seed)) % 2 ** 31,
      ...(hooks.gap === null ? {} : { mip_rel_gap: Math.max(hooks.gap, 0) }),
    });
    if (start) setStart(model, start, hooks);
    const names = blocks ? () => blocks.columns() : columnNames(model);
    const make = (values: Float64Array, part: Omit<SolutionPart, 'found'>): Solution =>
      new FoundSolution(values, { ...part, found: values.length > 0 }, names, blocks);
    const callbacks = callbacksFor(highs, hooks, make);
    const run = (): number => {
      const left = hooks.timeLeft();
      if (left < Infinity) model.options.set('time_limit', Math.max(left, 0) + model.getRunTime());
      return model.run(callbacks).modelStatus;
    };
    let status = run();
    if (status === UNBOUNDED_OR_INFEASIBLE) {
      hooks.log('Presolve cannot tell unbounded from infeasible: solving without it');
      model.options.set('presolve', 'off');
      model.clearSolver();
      status = run();
    }
    return read(model, status, make);
  } finally {
    model.dispose();
  }
};

const readModel = (highs: Highs, source: ModelData | EncodedModel): Model => {
  try {
    return highs.createModel(source);
  } catch (error) {
    const what =
      'format' in source
        ? `The text is no model in the ${source.format.toUpperCase()} format`
        : 'The solver refuses the model';
    throw new EngineError('BadModelData', `${what}: ${(error as Error).message}`);
  }
};

const setStart = (model: Model, start: Float64Array, { log }: SolveHooks): void => {
  const indices: number[] = [];
  start.forEach((value, column) => Number.isFinite(value) && indices.push(column));
  try {
    model.setSolution({ indices, values: indices.map((column) => start[column]!) });
  } catch (error) {
    log(`The start solution is not used: ${(error as Error).message}`);
  }
};

/** Names of a solved file's columns; HiGHS answers only while it does not run. */
const columnNames = (model: Model): (() => string[]) => {
  const { numCols } = model.getDimensions();
  const names = Array.from({ length: numCols }, (_, column) => model.getColName(column));
  return () => names;
};

type SolutionPart = Pick<Solution, 'status' | 'found' | 'objective' | 'bound' | 'gap'>;

class FoundSolution implements Solution {
  readonly status: SolveStatus;
  readonly found: boolean;
  readonly objective: number | null;
  readonly bound: number | null;
  readonly gap: number | null;
  #columns: readonly string[] | undefined;

  constructor(
    readonly values: Float64Array,
    { status, found, objective, bound, gap }: SolutionPart,
    private readonly names: () => readonly string[],
    private readonly blocks: Blocks | undefined,
  ) {
    this.status = status;
    this.found = found;
    this.objective = objective;
    this.bound = bound;
    this.gap = gap;
  }

  get columns(): readonly string[] {
    return (this.#columns ??= this.names());
  }

  of(name: string): Float64Array {
    const block = this.blocks?.find(name);
    if (!block) throw new EngineError('ModelError', `The solution has no variables ${name}`);
    if (!this.found)
      throw new EngineError(
        'ModelError',
        `There is no solution: ${name} has no values (status ${this.status})`,
      );
    return this.values.subarray(block.first, block.first + block.count);
  }
}

type Make = (values: Float64Array, part: Omit<SolutionPart, 'found'>) => Solution;

const callbacksFor = (highs: Highs, hooks: SolveHooks, make: Make): HighsCallbackMap => {
  const { callbackType } = highs.constants;
  let last = -Infinity;
  let unseen: CallbackData | undefined;
  const point = (data: CallbackData): Partial<Progress> => ({
    phase: 'solve',
    objective: finite(data.mip_primal_bound),
    bound: finite(data.mip_dual_bound),
    gap: finite(data.mip_gap),
    nodes: data.mip_node_count === undefined ? null : Math.max(Number(data.mip_node_count), 0),
    iterations: finite(
      Number(data.mip_total_lp_iterations ?? data.simplex_iteration_count ?? data.ipm_iteration_count),
    ),
  });
  const look = (data: CallbackData): void => {
    if (performance.now() - last < INTERVAL) return;
    hooks.progress(point(data));
    const best = unseen;
    unseen = undefined;
    if (best?.mip_solution)
      hooks.improved(
        make(best.mip_solution, {
          status: 'feasible',
          objective: finite(best.objective_function_value),
          bound: finite(best.mip_dual_bound),
          gap: finite(best.mip_gap),
        }),
      );
    last = performance.now(); // after the app's own `project`, which may take its time
  };
  const mayStop = (event: { readonly data: CallbackData; interrupt(): void }): undefined => {
    look(event.data);
    if (hooks.aborted()) event.interrupt();
  };
  return {
    [callbackType.logging]: ({ message }): undefined => hooks.log(message.replace(/\n$/, '')) as undefined,
    [callbackType.mipImprovingSolution]: ({ data }): undefined => {
      unseen = data;
      look(data);
    },
    [callbackType.mipLogging]: ({ data }): undefined => look(data) as undefined,
    [callbackType.mipInterrupt]: mayStop,
    [callbackType.simplexInterrupt]: mayStop,
    [callbackType.ipmInterrupt]: mayStop,
  };
};

const read = (model: Model, status: number, make: Make): Solved => {
  if (status < 6)
    throw new EngineError(
      'SolverError',
      `The solver ended with the status ${status} of an error; see the log`,
    );
  const { numCols, numRows, numNonzeros } = model.getDimensions();
  const nodes = Number(model.info.get('mip_node_count'));
  const isMip = nodes >= 0;
  const found = model.info.get('primal_solution_status') === FEASIBLE && status !== 10;
  const objective = found ? finite(model.getObjectiveValue()) : null;
  const optimal = STATUS[status] === 'optimal';
  const solution = make(found ? model.getSolution().colValue : new Float64Array(0), {
    status: STATUS[status] ?? 'feasible',
    objective,
    bound: isMip ? finite(model.info.get('mip_dual_bound') as number) : optimal ? objective : null,
    gap: isMip ? finite(model.info.get('mip_gap') as number) : optimal ? 0 : null,
  });
  return {
    solution,
    solverStatus: STATUS_TEXT[status] ?? `Status ${status}`,
    nodes: isMip ? nodes : null,
    iterations: Math.max(Number(model.info.get('simplex_iteration_count')), 0),
    rows: numRows,
    columns: numCols,
    nonzeros: numNonzeros,
  };
};
