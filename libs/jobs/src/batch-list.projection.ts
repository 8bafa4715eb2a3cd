import type { Projection } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import { type BatchEvent, countOf } from './batch.js';
import type { JobEvent } from './job.js';

export interface BatchRow {
  readonly id: string;
  readonly environment: string;
  readonly owner: string;
  readonly app: string;
  readonly version: string;
  readonly procedure: string;
  readonly description: string;
  readonly priority: number;
  /** The arguments of its grid and how many values each has; null for a list. The values stand in the log. */
  readonly axes: readonly { readonly argument: string; readonly size: number }[] | null;
  readonly count: number;
  readonly submitted_at: number;
  /** Scenarios that have a job. */
  readonly created: number;
  /** How many jobs that stand for a scenario have ended in each state, as in `job_list`. */
  readonly ended: { readonly [state: string]: number };
  readonly retries: number;
  readonly cancelled_at: number | null;
  readonly cancelled_by: string | null;
  readonly cancel_reason: string | null;
}

type On =
  | Exclude<BatchEvent, { type: 'BatchAdvanced' }>
  | Extract<JobEvent, { type: 'JobQueued' | 'JobCompleted' | 'JobFailed' | 'JobCancelled' | 'JobAbandoned' }>;

const submitted = (
  id: string,
  at: number,
  { job, scenarios }: On & { type: 'BatchSubmitted' },
): BatchRow => ({
  id,
  environment: job.environment,
  owner: job.owner,
  app: job.app.name,
  version: job.app.version,
  procedure: job.procedure,
  description: job.description,
  priority: job.priority,
  axes:
    'grid' in scenarios
      ? scenarios.grid.map(({ argument, values }) => ({ argument, size: values.length }))
      : null,
  count: countOf(scenarios),
  submitted_at: at,
  created: 0,
  ended: {},
  retries: 0,
  cancelled_at: null,
  cancelled_by: null,
  cancel_reason: null,
});

const counted = (row: BatchRow, state: string, by: number): BatchRow => ({
  ...row,
  ended: { ...row.ended, [state]: (row.ended[state] ?? 0) + by },
});

export const batchList: Projection<BatchRow, On> = {
  name: 'batch_list',
  version: 1,
  columns: {
    id: 'text',
    environment: 'text',
    owner: 'text',
    app: 'text',
    version: 'text',
    procedure: 'text',
    description: 'text',
    priority: 'int4',
    axes: 'jsonb',
    count: 'int4',
    submitted_at: 'int8',
    created: 'int4',
    ended: 'jsonb',
    retries: 'int4',
    cancelled_at: 'int8',
    cancelled_by: 'text',
    cancel_reason: 'text',
  },
  key: 'id',
  on: [
    'BatchSubmitted',
    'BatchRetried',
    'BatchCancelled',
    'JobQueued',
    'JobCompleted',
    'JobFailed',
    'JobCancelled',
    'JobAbandoned',
  ],
  keyOf({ stream, event }) {
    switch (event.type) {
      case 'BatchSubmitted':
      case 'BatchRetried':
      case 'BatchCancelled':
        return idOf(stream);
      case 'JobQueued':
        return event.batch;
      case 'JobCompleted':
      case 'JobFailed':
      case 'JobCancelled':
      case 'JobAbandoned':
        return event.of.batch;
    }
  },
  evolve(row, { stream, at, actor, event }) {
    if (event.type === 'BatchSubmitted') return submitted(idOf(stream), at, event);
    if (!row) return undefined;
    switch (event.type) {
      case 'BatchRetried':
        return Object.entries(event.replaced).reduce((before, [state, n]) => counted(before, state, -n), {
          ...row,
          retries: row.retries + 1,
        });
      case 'BatchCancelled':
        return { ...row, cancelled_at: at, cancelled_by: actor, cancel_reason: event.reason };
      case 'JobQueued': // a retry's takes the place of another one
        return event.round === 0 ? { ...row, created: row.created + 1 } : row;
      case 'JobCompleted':
        return counted(row, event.outcome, 1);
      case 'JobFailed':
        return counted(row, 'failed', 1);
      case 'JobCancelled':
        return counted(row, 'cancelled', 1);
      case 'JobAbandoned':
        return counted(row, 'abandoned', 1);
    }
  },
};
