import { type BadInput, checkOneOf, isUuid, refuse } from '@openpro/kernel';
import type { JobEvent } from './job.js';

export const MAX_DEPENDENCIES = 50;

/** A job that must have ended before another one may start: with success, or in any way. */
export interface Dependency {
  readonly job: string;
  readonly on: 'success' | 'any';
}

/** How a job has ended: a result's outcome, failed, cancelled or abandoned. */
export interface JobEnd {
  readonly title: string;
  readonly outcome: string;
  /** It is completed, or has a solution from when its time limit came. */
  readonly success: boolean;
}

export type Terminal = Extract<
  JobEvent,
  { type: 'JobCompleted' | 'JobFailed' | 'JobCancelled' | 'JobAbandoned' }
>;

export const endOf = (event: Terminal): JobEnd => {
  const { title } = event.of;
  if (event.type !== 'JobCompleted')
    return { title, outcome: event.type.slice(3).toLowerCase(), success: false };
  const { outcome, result } = event;
  const success = outcome === 'completed' || (outcome === 'timeLimit' && result !== null);
  return { title, outcome, success };
};

export const isMet = ({ on }: Dependency, { success }: JobEnd): boolean => on === 'any' || success;

const IN_WORDS: { readonly [outcome: string]: string } = {
  interrupted: 'was interrupted',
  timeLimit: 'found no solution within its time limit',
  infeasible: 'is infeasible',
  unbounded: 'is unbounded',
  failed: 'failed',
  cancelled: 'was cancelled',
  abandoned: 'was given up',
};

/** Why a job will never start. */
export const inVain = (job: string, { title, outcome }: JobEnd): string =>
  `It waited for job ${job} (${title}), which ${IN_WORDS[outcome] ?? `ended ${outcome}`}`;

export const wrongDependencies = (after: readonly Dependency[]): BadInput | undefined => {
  const bad = (problem: string, limit: string) =>
    refuse('BadInput', `after ${problem}`, { field: 'after', limit });
  if (after.length > MAX_DEPENDENCIES)
    return bad(`names ${after.length} jobs`, `at most ${MAX_DEPENDENCIES} jobs`);
  if (!after.every(({ job }) => isUuid(job))) return bad('names no job', 'the ids of jobs');
  if (new Set(after.map(({ job }) => job)).size < after.length)
    return bad('names a job twice', 'each job once');
  return after.map(({ on }) => checkOneOf('after.on', on, ['success', 'any'])).find(Boolean);
};
