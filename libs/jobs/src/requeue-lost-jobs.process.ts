import type { NodeEvent } from '@openpro/cluster';
import type { Process, ProcessCommand, Recorded } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { JobCommand, JobEvent } from './job.js';

/**
 * One life of one server. Its end is kept for ever: a start may reach the log after it. `left`: in order, having ended
 * what ran there.
 */
export type LifeOfServer =
  { readonly is: 'alive'; readonly jobs: readonly string[] } | { readonly is: 'lost' | 'left' };

type On =
  | Extract<
      JobEvent,
      { type: 'JobStarted' | 'JobRequeued' | 'JobCompleted' | 'JobFailed' | 'JobCancelled' | 'JobAbandoned' }
    >
  | Extract<NodeEvent, { type: 'NodeDeclaredDead' | 'NodeLeft' }>;

const loseNode = (
  job: string,
  node: string,
  nodeEpoch: number,
  { is }: LifeOfServer & { is: 'lost' | 'left' },
): ProcessCommand => {
  const command: JobCommand = { type: 'LoseNode', node, nodeEpoch, ...(is === 'left' ? { left: true } : {}) };
  return { to: 'job', id: job, command };
};

const keyOf = ({ stream, event }: Recorded<On>): string | undefined => {
  switch (event.type) {
    case 'NodeDeclaredDead':
    case 'NodeLeft':
      return `${idOf(stream)}:${event.epoch}`;
    case 'JobStarted':
    case 'JobRequeued':
    case 'JobCompleted':
    case 'JobFailed':
    case 'JobCancelled':
    case 'JobAbandoned':
      return event.node === null ? undefined : `${event.node}:${event.nodeEpoch}`;
  }
};

/** When a server's life is over, every job that ran there is told. */
export const requeueLostJobs: Process<LifeOfServer, On> = {
  name: 'requeue-lost-jobs',
  version: 2,
  on: [
    'JobStarted',
    'JobRequeued',
    'JobCompleted',
    'JobFailed',
    'JobCancelled',
    'JobAbandoned',
    'NodeDeclaredDead',
    'NodeLeft',
  ],
  keyOf,
  react(state = { is: 'alive', jobs: [] }, { stream, event }) {
    const id = idOf(stream);
    switch (event.type) {
      case 'TimerFired':
        return { state };
      case 'NodeDeclaredDead':
      case 'NodeLeft': {
        if (state.is !== 'alive') return { state };
        const end = { is: event.type === 'NodeLeft' ? 'left' : 'lost' } as const;
        return { state: end, commands: state.jobs.map((job) => loseNode(job, id, event.epoch, end)) };
      }
      case 'JobStarted':
        return state.is !== 'alive'
          ? { state, commands: [loseNode(id, event.node, event.nodeEpoch, state)] }
          : { state: { is: 'alive', jobs: [...state.jobs, id] } };
      case 'JobRequeued':
      case 'JobCompleted':
      case 'JobFailed':
      case 'JobCancelled':
      case 'JobAbandoned': {
        if (state.is !== 'alive') return { state };
        const jobs = state.jobs.filter((job) => job !== id);
        return { state: jobs.length > 0 ? { is: 'alive', jobs } : undefined };
      }
    }
  },
};
