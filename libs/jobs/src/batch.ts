import {
  type BadInput,
  checkDigest,
  checkJson,
  checkText,
  type Decider,
  type DomainEvent,
  refuse,
  type Refusal,
  uuidv5,
} from '@openpro/kernel';
import { MAX_ARGS_BYTES, type QueuedJob, wrongIn } from './job.js';

export const MAX_SCENARIOS = 10_000;
/** The grid or the list as it was asked for: it has to fit into one append. */
export const MAX_SCENARIOS_BYTES = 768 * 1024;
/** The arguments of all its jobs together: they go through the outbox and stay in the log. */
export const MAX_BATCH_BYTES = 32 * 1024 * 1024;
/** What a batch has unless its owner asks for something else: single jobs go first. */
export const BATCH_PRIORITY = 200;

/** An argument and the values that it takes. */
export interface Axis {
  readonly argument: string;
  readonly values: readonly unknown[];
}

/** On top of what all scenarios have in common. */
export interface Scenario {
  readonly args?: object;
  /** Digest of its input case. */
  readonly input?: string;
}

/** All combinations, the last axis changing fastest; or one by one. Kept as asked for: a grid stays small. */
export type Scenarios = { readonly grid: readonly Axis[] } | { readonly list: readonly Scenario[] };

/** What its jobs are made of: the job that all have in common, and in what they differ. */
export interface Recipe {
  readonly job: QueuedJob;
  readonly scenarios: Scenarios;
}

export type BatchEvent =
  | ({ readonly type: 'BatchSubmitted' } & Recipe)
  /** The jobs of one step (`STEP` scenarios) of this piece of work are made, or cancelled. */
  | { readonly type: 'BatchAdvanced'; readonly work: number; readonly step: number }
  /** New jobs replace those of these scenarios; `replaced`: how many there were in each state. */
  | ({
      readonly type: 'BatchRetried';
      readonly work: number;
      readonly only: readonly number[];
      readonly replaced: { readonly [state: string]: number };
    } & Recipe)
  /**
   * `reached`: the first step beyond all that were reported made. `rounds`: which of its jobs stands for a scenario, where
   * it is not the first one.
   */
  | {
      readonly type: 'BatchCancelled';
      readonly work: number;
      readonly reason: string;
      readonly count: number;
      readonly reached: number;
      readonly rounds: readonly (readonly number[])[];
    };

/** The job of a scenario that has failed, as somebody saw it. */
export interface FailedScenario {
  readonly scenario: number;
  readonly round: number;
  readonly state: string;
}

export type BatchCommand =
  | ({ readonly type: 'SubmitBatch' } & Recipe)
  | { readonly type: 'AdvanceBatch'; readonly work: number; readonly step: number }
  | ({ readonly type: 'RetryBatch'; readonly failed: readonly FailedScenario[] } & Recipe)
  | { readonly type: 'CancelBatch'; readonly reason: string };

export type BatchRefusal =
  BadInput | Refusal<'BatchExists' | 'NoSuchBatch' | 'BatchIsCancelled' | 'StillCreating' | 'NothingFailed'>;

/**
 * ```
 *   new ──SubmitBatch──► creating ──AdvanceBatch (last step)──► created ──CancelBatch──► cancelled
 *                          │  ▲                                    │
 *                          │  └────────────── RetryBatch ──────────┘
 *                          └─────────────────────── CancelBatch ──────────────────────► cancelled
 * ```
 * How its jobs fare is theirs: it knows only which one stands for each scenario.
 */
export type Batch =
  | { readonly is: 'new' }
  | {
      readonly is: 'creating' | 'created' | 'cancelled';
      readonly count: number;
      /** Pieces of work so far: submission is 0, then each retry or cancellation. */
      readonly work: number;
      /** Steps of it that are not reported done; of a cancellation, at most. */
      readonly left: number;
      /** The first step beyond all that are made. */
      readonly reached: number;
      /** The retry that made a scenario's job, where one did. */
      readonly rounds: ReadonlyMap<number, number>;
    };

/** So many scenarios are one step. */
export const STEP = 50;
export const stepOf = (scenario: number): number => Math.floor(scenario / STEP);
const stepsOf = (count: number): number => Math.ceil(count / STEP);

export const countOf = (scenarios: Scenarios): number =>
  'list' in scenarios
    ? scenarios.list.length
    : scenarios.grid.reduce((count, { values }) => count * values.length, 1);

/** What is special about a scenario. */
export const scenarioAt = (scenarios: Scenarios, index: number): Scenario => {
  if ('list' in scenarios) return scenarios.list[index] ?? {};
  const args: Record<string, unknown> = {};
  let rest = index;
  for (const { argument, values } of [...scenarios.grid].reverse()) {
    args[argument] = values[rest % values.length];
    rest = Math.floor(rest / values.length);
  }
  return { args };
};

/** The id of a scenario's job; whoever works it out gets the same one. */
export const jobIdOf = (batch: string, scenario: number, round: number): string =>
  uuidv5(batch, `${scenario}:${round}`);

/** The job of a scenario. */
export const jobOf = (batch: string, { job, scenarios }: Recipe, index: number, round: number): QueuedJob => {
  const { args, input } = scenarioAt(scenarios, index);
  return {
    ...job,
    args: { ...job.args, ...args },
    input: input ?? job.input,
    batch,
    scenario: index,
    round,
  };
};

const bad = (field: string, message: string, limit: string): BadInput =>
  refuse('BadInput', message, { field, limit });

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

const wrongInGrid = (grid: readonly Axis[]): BadInput | undefined => {
  if (grid.length === 0) return bad('grid', 'The grid has no arguments', 'at least one argument');
  if (new Set(grid.map(({ argument }) => argument)).size < grid.length)
    return bad('grid', 'The grid names an argument twice', 'different arguments');
  for (const { argument, values } of grid) {
    const wrong = checkText('grid.argument', argument, { max: 100 });
    if (wrong) return wrong;
    if (argument === '__proto__')
      return bad('grid.argument', 'This is no name of an argument', 'another name');
    if (values.length === 0) return bad('grid', `Argument ${argument} has no values`, 'at least one value');
  }
  return undefined;
};

/** Bytes of the arguments of the largest job, and of all of them together. */
const sizes = ({ job, scenarios }: Recipe): { largest: number; all: number } => {
  const common = bytesOf(job.args);
  if ('list' in scenarios) {
    const own = scenarios.list.map(({ args }) => (args ? bytesOf(args) : 0));
    const largest = own.reduce((most, bytes) => Math.max(most, bytes), 0);
    return { largest: common + largest, all: own.reduce((sum, bytes) => sum + common + bytes, 0) };
  }
  const count = countOf(scenarios);
  let largest = common;
  let all = common * count;
  for (const { argument, values } of scenarios.grid) {
    const each = values.map((value) => bytesOf(argument) + bytesOf(value) + 2);
    largest += each.reduce((most, bytes) => Math.max(most, bytes), 0);
    all += (each.reduce((sum, bytes) => sum + bytes, 0) * count) / values.length;
  }
  return { largest, all };
};

/** Everything that a job could be refused for is found here: none of them is refused later. */
const wrongInBatch = (recipe: Recipe): BadInput | undefined => {
  const { job, scenarios } = recipe;
  const wrong =
    wrongIn(job) ??
    checkJson('scenarios', scenarios, MAX_SCENARIOS_BYTES) ??
    ('grid' in scenarios ? wrongInGrid(scenarios.grid) : undefined);
  if (wrong) return wrong;
  const count = countOf(scenarios);
  if (count === 0 || count > MAX_SCENARIOS)
    return bad('scenarios', `These are ${count} scenarios`, `1 to ${MAX_SCENARIOS} scenarios`);
  if ('list' in scenarios)
    for (const { args, input } of scenarios.list) {
      const problem =
        (args === undefined ? undefined : checkJson('scenarios', args, MAX_ARGS_BYTES)) ??
        (input === undefined ? undefined : checkDigest('cases', input));
      if (problem) return problem;
    }
  const { largest, all } = sizes(recipe);
  if (largest > MAX_ARGS_BYTES)
    return bad(
      'scenarios',
      `The arguments of one job have up to ${largest} bytes`,
      `${MAX_ARGS_BYTES} bytes`,
    );
  return all > MAX_BATCH_BYTES
    ? bad('scenarios', `The arguments of all jobs have ${all} bytes together`, `${MAX_BATCH_BYTES} bytes`)
    : undefined;
};

type Known = Exclude<Batch, { is: 'new' }>;

const retried = (
  { rounds, work }: Known,
  { failed, job, scenarios }: BatchCommand & { type: 'RetryBatch' },
) => {
  const only: number[] = [];
  const replaced: Record<string, number> = {};
  for (const { scenario, round, state } of [...failed].sort((a, b) => a.scenario - b.scenario)) {
    // Somebody else may have retried it meanwhile: then the one that failed stands for it no more.
    if ((rounds.get(scenario) ?? 0) !== round || only.at(-1) === scenario) continue;
    only.push(scenario);
    replaced[state] = (replaced[state] ?? 0) + 1;
  }
  return only.length === 0
    ? refuse('NothingFailed', 'No scenario has failed that is not retried already')
    : [{ type: 'BatchRetried' as const, work: work + 1, only, replaced, job, scenarios }];
};

const decider: Decider<Batch, BatchCommand, BatchEvent, BatchRefusal> = {
  initial: { is: 'new' },

  decide(command, batch) {
    if (command.type === 'SubmitBatch') {
      if (batch.is !== 'new') return refuse('BatchExists', 'There is a batch with this id already');
      const { job, scenarios } = command;
      return wrongInBatch(command) ?? [{ type: 'BatchSubmitted', job, scenarios }];
    }
    if (batch.is === 'new') return refuse('NoSuchBatch', 'There is no such batch');
    switch (command.type) {
      case 'AdvanceBatch':
        if (command.work !== batch.work || batch.left === 0) return [];
        return [{ type: 'BatchAdvanced', work: command.work, step: command.step }];
      case 'RetryBatch':
        if (batch.is === 'cancelled') return refuse('BatchIsCancelled', 'The batch was cancelled');
        if (batch.is === 'creating')
          return refuse('StillCreating', 'Its jobs are still being made: try again in a moment');
        return retried(batch, command);
      case 'CancelBatch': {
        if (batch.is === 'cancelled') return refuse('BatchIsCancelled', 'The batch was cancelled before');
        const wrong = checkText('reason', command.reason, { min: 0, max: 500 });
        if (wrong) return wrong;
        const { work, count, reached, rounds } = batch;
        const { reason } = command;
        return [{ type: 'BatchCancelled', work: work + 1, reason, count, reached, rounds: [...rounds] }];
      }
    }
  },

  evolve(batch, event) {
    if (event.type === 'BatchSubmitted') {
      const count = countOf(event.scenarios);
      return { is: 'creating', count, work: 0, left: stepsOf(count), reached: 0, rounds: new Map() };
    }
    if (batch.is === 'new') return batch;
    switch (event.type) {
      case 'BatchAdvanced': {
        const left = batch.left - 1;
        const reached = Math.max(batch.reached, event.step + 1);
        return { ...batch, is: left === 0 && batch.is === 'creating' ? 'created' : batch.is, left, reached };
      }
      case 'BatchRetried': {
        const { work, only } = event;
        const rounds = new Map(batch.rounds);
        for (const scenario of only) rounds.set(scenario, work);
        return { ...batch, is: 'creating', work, left: new Set(only.map(stepOf)).size, rounds };
      }
      case 'BatchCancelled':
        return { ...batch, is: 'cancelled', work: event.work, left: stepsOf(batch.count) };
    }
  },
};

export const batch = { name: 'batch', context: 'jobs', decider } as const;

/** What was asked for, from the events of the batch's stream. */
export const recipeOf = ([first]: readonly { readonly event: DomainEvent }[]): Recipe => {
  const event = first?.event as BatchEvent | undefined;
  if (event?.type !== 'BatchSubmitted') throw new Error('This is not the stream of a batch');
  const { job, scenarios } = event;
  return { job, scenarios };
};
