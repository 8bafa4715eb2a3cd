import type { Process, ProcessCommand } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import { childIdOf } from './child-jobs.js';
import type { JobCommand, JobEvent } from './job.js';

type On = Extract<
  JobEvent,
  { type: 'JobQueued' | 'JobCancelled' | 'JobChildAdded' | 'JobChildrenCancelled' }
>;

const cancel = (parent: string, child: number, reason: string): ProcessCommand => {
  const command: JobCommand = { type: 'CancelAlong', reason };
  // None waits for another one: each is a job of its own.
  return { to: 'job', id: childIdOf(parent, child), command, line: String(child) };
};

const cancelAll = (parent: string, children: number, reason: string): readonly ProcessCommand[] =>
  Array.from({ length: children }, (_, n) => cancel(parent, n + 1, reason));

const because = (job: string): string => `a job above it was cancelled: ${job}`;

/**
 * What a job has submitted ends with it when it is cancelled, and what that has submitted, also where that has
 * ended before. The stream of each job knows what it has submitted and whether that is to end, like who waits for it:
 * so none is overlooked that reaches the log late, and nothing is to be remembered here. Version 1 remembered it here
 * instead, and was in no release: jobs of that time know no children.
 */
export const cancelChildJobs: Process<never, On> = {
  name: 'cancel-child-jobs',
  version: 2,
  on: ['JobQueued', 'JobCancelled', 'JobChildAdded', 'JobChildrenCancelled'],
  keyOf({ stream, event }) {
    if (event.type === 'JobQueued' && event.parent === undefined) return undefined;
    return event.type === 'JobCancelled' && !event.children ? undefined : idOf(stream);
  },
  react(state, { stream, event }) {
    const id = idOf(stream);
    switch (event.type) {
      case 'TimerFired':
        return { state };
      case 'JobQueued': {
        const { parent = '', child = 0 } = event;
        const command: JobCommand = { type: 'AddChild', child };
        return { state, commands: [{ to: 'job', id: parent, command }] };
      }
      case 'JobChildAdded':
        return { state, commands: event.cancelled ? [cancel(id, event.child, because(id))] : [] };
      case 'JobCancelled':
        return { state, commands: cancelAll(id, event.children ?? 0, because(id)) };
      case 'JobChildrenCancelled':
        return { state, commands: cancelAll(id, event.children, event.reason) };
    }
  },
};
