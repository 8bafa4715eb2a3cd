import type { Process, ProcessCommand } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import { childIdOf } from './child-jobs.js';
import type { JobCommand, JobEvent } from './job.js';

/** How many jobs a job has submitted, or that it was terminated: one that it submitted last may reach the log after that. */
type Parent = { readonly children: number } | { readonly cancelled: true };

type On = Extract<JobEvent, { type: 'JobQueued' | 'JobCancelled' }>;

const cancel = (parent: string, child: number): ProcessCommand => {
  const command: JobCommand = {
    type: 'CancelAlong',
    reason: `the job that submitted it was cancelled: ${parent}`,
  };
  return { to: 'job', id: childIdOf(parent, child), command };
};

/** What a job has submitted ends with it when somebody terminates it. */
export const cancelChildJobs: Process<Parent, On> = {
  name: 'cancel-child-jobs',
  version: 1,
  on: ['JobQueued', 'JobCancelled'],
  keyOf: ({ stream, event }) => (event.type === 'JobQueued' ? event.parent : idOf(stream)),
  react(state, { stream, event }) {
    switch (event.type) {
      case 'TimerFired':
        return { state };
      case 'JobQueued': {
        const { parent = '', child = 0 } = event;
        if (state && 'cancelled' in state) return { state, commands: [cancel(parent, child)] };
        return { state: { children: Math.max(state?.children ?? 0, child) } };
      }
      case 'JobCancelled': {
        if (state && 'cancelled' in state) return { state };
        const children = Array.from({ length: state?.children ?? 0 }, (_, n) => cancel(idOf(stream), n + 1));
        // One that never ran has submitted nothing, and will not.
        const over =
          state === undefined && event.attempt === null ? undefined : ({ cancelled: true } as const);
        return { state: over, commands: children };
      }
    }
  },
};
