import type { Process, ProcessCommand } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import { endOf, type JobEnd, type Terminal } from './dependencies.js';
import type { JobCommand, JobEvent } from './job.js';

type On = Terminal | Extract<JobEvent, { type: 'JobQueued' | 'JobDependentAdded' }>;

/** The jobs that wait for the end of one. */
interface Waiting {
  readonly dependents: readonly string[];
}

const toJob = (id: string, command: JobCommand): ProcessCommand => ({ to: 'job', id, command });

const told = (dependent: string, job: string, end: JobEnd): ProcessCommand =>
  toJob(dependent, { type: 'MeetDependency', job, end });

/**
 * Tells a job when those that it waits for have ended. The stream of each of them says which came first, its end or the
 * wait for it: so none is overlooked, and none told twice.
 */
export const releaseDependents: Process<Waiting, On> = {
  name: 'release-dependents',
  version: 1,
  on: ['JobQueued', 'JobDependentAdded', 'JobCompleted', 'JobFailed', 'JobCancelled', 'JobAbandoned'],
  keyOf: ({ stream, event }) =>
    event.type === 'JobQueued' && !event.after?.length ? undefined : idOf(stream),

  react(state, { stream, event }) {
    const id = idOf(stream);
    switch (event.type) {
      case 'TimerFired':
        return { state };
      case 'JobQueued':
        return {
          state,
          commands: (event.after ?? []).map(({ job }) => toJob(job, { type: 'AddDependent', dependent: id })),
        };
      case 'JobDependentAdded':
        return event.end === null
          ? { state: { dependents: [...(state?.dependents ?? []), event.dependent] } }
          : { state, commands: [told(event.dependent, id, event.end)] };
      case 'JobCompleted':
      case 'JobFailed':
      case 'JobCancelled':
      case 'JobAbandoned': {
        const end = endOf(event);
        return { state: undefined, commands: state?.dependents.map((one) => told(one, id, end)) ?? [] };
      }
    }
  },
};
