import {
  EngineError,
  type CaseData,
  type ChildOrder,
  type Dataset,
  type Mip,
  type Outcome,
  type Progress,
  type ProgressReport,
  type Solution,
  type SolveContext,
} from '@openpro/engine/sdk';
import type { EncodedModel, Highs, ModelData } from 'highs';
import { inModel, type Model } from './app.js';
import { MipBuilder, type Blocks } from './mip.js';
import { solve, type Solved } from './solver.js';
import type { FinishedRun, News, RunOrder } from './thread-messages.js';

const OUTCOME: Record<Solution['status'], Outcome> = {
  optimal: 'completed',
  feasible: 'completed',
  unknown: 'completed',
  interrupted: 'interrupted',
  timeLimit: 'timeLimit',
  infeasible: 'infeasible',
  unbounded: 'unbounded',
};

const UNKNOWN = { objective: null, bound: null, gap: null, nodes: null, iterations: null } as const;

/** One run of an app's `solve`: what the app is given as `ctx`, and what becomes of it. */
export class Run implements SolveContext {
  readonly procedure: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly gap: number | null;
  readonly signal: { readonly aborted: boolean };
  warmStart = false;
  readonly #started = performance.now();
  readonly #dataset: Dataset;
  /** Sets that change after this moment are not part of the input. */
  #inputEnd = -1;
  #last: Solved | undefined;
  #solves = 0;
  #incumbents = 0;
  #point: Omit<Progress, 'elapsed' | 'incumbents'> = { phase: 'load', ...UNKNOWN };

  constructor(
    private readonly highs: Highs,
    private readonly model: Model,
    private readonly order: RunOrder,
    private readonly interrupt: Int32Array,
    private readonly tell: (news: News) => void,
    /** Submits a job; resolves with its id. */
    readonly submit: (order: ChildOrder) => Promise<string>,
  ) {
    this.procedure = order.procedure;
    this.args = order.args;
    this.seed = order.seed;
    this.gap = order.gap;
    this.signal = {
      get aborted() {
        return Atomics.load(interrupt, 0) === 1;
      },
    };
    this.#dataset = model.dataset();
  }

  /** @throws EngineError with the place in the model */
  async finish(): Promise<FinishedRun> {
    const { app, description } = this.model;
    const procedure = description.procedures.find(({ name }) => name === this.procedure);
    if (procedure?.where !== 'optimization' || !app.solve)
      throw new EngineError(
        'UnknownProcedure',
        `The app has no procedure ${this.procedure} for an optimization session`,
      );
    await this.#load();
    this.progress({ phase: 'build' });
    await inModel(this.model, () => app.solve!(this.#dataset.data, this));
    const outcome = this.#outcome();
    const { solution, solverStatus = 'No solver was run', ...size } = this.#last ?? {};
    const seconds = Math.round(performance.now() - this.#started) / 1000;
    return {
      outcome,
      solverStatus,
      objective: solution?.objective ?? null,
      bound: solution?.bound ?? null,
      gap: solution?.gap ?? null,
      statistics: {
        seconds,
        solves: this.#solves,
        incumbents: this.#incumbents,
        ...Object.fromEntries(
          Object.entries(size).filter((entry): entry is [string, number] => entry[1] !== null),
        ),
      },
      output: this.#hasOutput(outcome) ? this.#outputs(procedure.outputs) : null,
    };
  }

  get timeLeft(): number {
    return this.order.timeLimit === null
      ? Infinity
      : Math.max(this.order.timeLimit - (performance.now() - this.#started) / 1000, 0);
  }

  mip(options: Parameters<SolveContext['mip']>[0] = {}): Mip {
    return new MipBuilder(this.highs, options, async (model, start, blocks) =>
      this.#solve(model, start, blocks),
    );
  }

  async solveFile(text: string, format: 'mps' | 'lp'): Promise<Solution> {
    return this.#solve({ format, data: format === 'mps' ? Buffer.from(text) : text });
  }

  progress(report: ProgressReport): void {
    this.#progress(report as Partial<Progress>);
  }

  log(text: string): void {
    this.tell({ is: 'log', text });
  }

  incumbent({ objective, bound }: { objective?: number; bound?: number } = {}): void {
    const outputs = this.model.description.procedures.find(({ name }) => name === this.procedure)!.outputs;
    const info = {
      number: ++this.#incumbents,
      objective: objective ?? null,
      bound: bound ?? null,
      gap: objective && bound !== undefined ? Math.abs((objective - bound) / objective) : null,
      elapsed: this.#elapsed(),
    };
    this.tell({ is: 'incumbent', info, outputs: this.#outputs(outputs) });
    this.#progress({ objective: info.objective, bound: info.bound, gap: info.gap });
  }

  async #load(): Promise<void> {
    const { input, warmStart } = this.order;
    this.progress({ phase: 'load' });
    if (input) {
      this.#dataset.load(input);
      this.#inputEnd = this.#dataset.now;
    } else await inModel(this.model, () => this.model.app.initial?.(this.#dataset.data));
    if (!warmStart) return;
    try {
      this.#dataset.load(warmStart);
      this.warmStart = true;
    } catch (error) {
      this.log(`The earlier solution is not used: ${(error as Error).message}`);
    }
  }

  #solve(source: ModelData | EncodedModel, start?: Float64Array, blocks?: Blocks): Solution {
    this.#solves++;
    this.#progress({ phase: 'presolve' });
    let inProject: { readonly error: unknown } | undefined;
    const solved = solve(this.highs, source, blocks, start, {
      gap: this.gap,
      seed: this.seed,
      timeLeft: () => this.timeLeft,
      aborted: () => this.signal.aborted || inProject !== undefined,
      log: (text) => this.log(text),
      progress: (point) => this.#progress(point),
      improved: (solution) => {
        // An error must not pass through the solver's own frames: it ends the solve and is thrown after it.
        try {
          this.#show(solution);
        } catch (error) {
          inProject = { error };
        }
      },
    });
    if (inProject) throw inProject.error;
    this.#last = solved;
    const { solution, nodes, iterations } = solved;
    const { objective, bound, gap } = solution;
    if (solution.found) this.model.app.project?.(solution, this.#dataset.data);
    this.#progress({ phase: 'post', objective, bound, gap, nodes, iterations });
    return solution;
  }

  #show(solution: Solution): void {
    const { project } = this.model.app;
    const { objective, bound } = solution;
    if (!project) return void this.#incumbents++;
    project.call(this.model.app, solution, this.#dataset.data);
    this.incumbent({ ...(objective === null ? {} : { objective }), ...(bound === null ? {} : { bound }) });
  }

  #progress(report: Partial<Progress>): void {
    this.#point = { ...this.#point, ...report };
    this.tell({
      is: 'progress',
      point: { ...this.#point, elapsed: this.#elapsed(), incumbents: this.#incumbents },
    });
  }

  #outcome(): Outcome {
    if (this.#last) return OUTCOME[this.#last.solution.status];
    return this.signal.aborted ? 'interrupted' : this.timeLeft === 0 ? 'timeLimit' : 'completed';
  }

  #hasOutput(outcome: Outcome): boolean {
    if (outcome === 'infeasible' || outcome === 'unbounded') return false;
    return outcome === 'completed' || !this.#last || this.#last.solution.found;
  }

  #outputs(names: readonly string[]): CaseData {
    return this.#dataset.save(names, this.#inputEnd);
  }

  #elapsed(): number {
    return (performance.now() - this.#started) / 1000;
  }
}
