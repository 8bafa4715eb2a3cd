import type { NodeEvent } from '@openpro/cluster';
import type { Process, ProcessCommand, Recorded } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { JobCommand, JobEvent } from './job.js';

/** One life of one server. `lost` is kept for ever: a start may reach the log after its server's death. */
export type LifeOfServer =
  { readonly is: 'alive'; readonly jobs: readonly string[] } | { readonly is: 'lost' };

type On =
  | Exclude<JobEvent, { type: 'JobQueued' | 'JobInterruptRequested' }>
  | Extract<NodeEvent, { type: 'NodeDeclaredDead' | 'NodeLeft' }>;

const loseNode = (job: string, node: string, nodeEpoch: number): ProcessCommand => {
  const command: JobCommand = { type: 'LoseNode', node, nodeEpoch };
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
  version: 1,
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
        const lost = state.is === 'alive' ? state.jobs : [];
        return { state: { is: 'lost' }, commands: lost.map((job) => loseNode(job, id, event.epoch)) };
      }
      case 'JobStarted':
        return state.is === 'lost'
          ? { state, commands: [loseNode(id, event.node, event.nodeEpoch)] }
          : { state: { is: 'alive', jobs: [...state.jobs, id] } };
      case 'JobRequeued':
      case 'JobCompleted':
      case 'JobFailed':
      case 'JobCancelled':
      case 'JobAbandoned': {
        if (state.is === 'lost') return { state };
        const jobs = state.jobs.filter((job) => job !== id);
        return { state: jobs.length > 0 ? { is: 'alive', jobs } : undefined };
      }
    }
  },
};
