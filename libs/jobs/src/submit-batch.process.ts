import type { Process, ProcessCommand } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import {
  type BatchCommand,
  type BatchEvent,
  countOf,
  jobIdOf,
  jobOf,
  type Recipe,
  STEP,
  stepOf,
} from './batch.js';
import type { JobCommand } from './job.js';

/**
 * A batch is worked on in so many lines at once, each step by step: `LANES` steps of `STEP` commands are all that is
 * in the outbox at a time. A scenario is always of the same line, so what cancels its job comes after what makes it.
 */
export const LANES = 32;

/** What is to be done with the scenarios of a batch, and in how many lines it is not done yet. */
type Work = { readonly work: number; readonly lanes: number } & (
  | ({ readonly is: 'creating'; readonly only: readonly number[] | null } & Recipe)
  | {
      readonly is: 'cancelling';
      readonly reason: string;
      readonly count: number;
      readonly rounds: readonly (readonly number[])[];
    }
);

const countIn = (work: Work): number => (work.is === 'creating' ? countOf(work.scenarios) : work.count);

/** What may have been begun of `count` scenarios, when the steps before this one were reported made. */
const begunOf = (count: number, reached: number): number => Math.min(count, (reached + LANES) * STEP);

/** The scenarios of a step that the work is about. */
const scenariosIn = (work: Work, step: number): readonly number[] => {
  if (work.is === 'creating' && work.only) return work.only.filter((scenario) => stepOf(scenario) === step);
  const first = step * STEP;
  return Array.from({ length: Math.max(0, Math.min(STEP, countIn(work) - first)) }, (_, n) => first + n);
};

/** The first step of the line, from `step` on, in which there is something to do. */
const nextStep = (work: Work, step: number): number | undefined => {
  if (work.is === 'creating' && work.only) {
    const steps = work.only.map(stepOf);
    return steps.find((each) => each >= step && (each - step) % LANES === 0);
  }
  return step * STEP < countIn(work) ? step : undefined;
};

const commandsOf = (batch: string, work: Work, step: number): readonly ProcessCommand[] => {
  const line = String(step % LANES);
  const rounds = new Map(work.is === 'cancelling' ? (work.rounds as [number, number][]) : []);
  const jobs = scenariosIn(work, step).map((scenario): ProcessCommand => {
    const round = work.is === 'creating' ? work.work : (rounds.get(scenario) ?? 0);
    const command: JobCommand =
      work.is === 'creating'
        ? { type: 'SubmitJob', ...jobOf(batch, work, scenario, round) }
        : { type: 'CancelAlong', reason: work.reason };
    return { to: 'job', id: jobIdOf(batch, scenario, round), command, line };
  });
  const done: BatchCommand = { type: 'AdvanceBatch', work: work.work, step };
  return [...jobs, { to: 'batch', id: batch, command: done, line }];
};

/** Begins a piece of work in every line; it replaces what was still to be done. */
const begin = (batch: string, work: Work) => {
  const first = Array.from({ length: LANES }, (_, lane) => nextStep(work, lane)).filter(
    (step) => step !== undefined,
  );
  return {
    state: { ...work, lanes: first.length },
    commands: first.flatMap((step) => commandsOf(batch, work, step)),
  };
};

/** Makes the jobs of a batch, of its retries, and cancels them: a few at a time, so that others get their turn. */
export const submitBatch: Process<Work, BatchEvent> = {
  name: 'submit-batch',
  version: 1,
  on: ['BatchSubmitted', 'BatchAdvanced', 'BatchRetried', 'BatchCancelled'],
  keyOf: ({ stream }) => idOf(stream),
  react(state, { stream, event }) {
    const batch = idOf(stream);
    switch (event.type) {
      case 'TimerFired':
        return { state };
      case 'BatchSubmitted': {
        const { job, scenarios } = event;
        return begin(batch, { is: 'creating', work: 0, lanes: 0, only: null, job, scenarios });
      }
      case 'BatchRetried': {
        const { job, scenarios, work, only } = event;
        return begin(batch, { is: 'creating', work, lanes: 0, only, job, scenarios });
      }
      case 'BatchCancelled': {
        const { work, reason, rounds } = event;
        const count = begunOf(event.count, event.reached);
        return begin(batch, { is: 'cancelling', work, lanes: 0, reason, count, rounds });
      }
      case 'BatchAdvanced': {
        if (event.work !== state?.work) return { state };
        const step = nextStep(state, event.step + LANES);
        if (step !== undefined) return { state, commands: commandsOf(batch, state, step) };
        return { state: state.lanes > 1 ? { ...state, lanes: state.lanes - 1 } : undefined };
      }
    }
  },
};
