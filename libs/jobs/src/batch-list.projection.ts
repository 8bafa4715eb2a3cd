import type { Projection } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import { type BatchEvent, countOf } from './batch.js';
import type { JobEvent, QueuedJob } from './job.js';
import { groupsWhile } from './quotas.js';

export interface BatchRow {
  readonly id: string;
  readonly environment: string;
  readonly owner: string;
  readonly owner_name: string;
  readonly groups: readonly string[];
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
  /** No job of it waits, runs or is still to be made. */
  readonly over: boolean;
}

type On =
  | Exclude<BatchEvent, { type: 'BatchAdvanced' }>
  | Extract<JobEvent, { type: 'JobQueued' | 'JobCompleted' | 'JobFailed' | 'JobCancelled' | 'JobAbandoned' }>;

/** Whose its jobs are, as they count from now on: a retry is by the right that its owner has then. */
const ownedBy = ({ owner, ownerName = owner, groups = [], priority }: QueuedJob) => ({
  owner_name: ownerName,
  groups,
  priority,
});

const submitted = (
  id: string,
  at: number,
  { job, scenarios }: On & { type: 'BatchSubmitted' },
): BatchRow => ({
  id,
  environment: job.environment,
  owner: job.owner,
  ...ownedBy(job),
  app: job.app.name,
  version: job.app.version,
  procedure: job.procedure,
  description: job.description,
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
  over: false,
});

const endedIn = ({ ended }: BatchRow): number => Object.values(ended).reduce((sum, n) => sum + n, 0);

const counted = (row: BatchRow, state: string, by: number): BatchRow => ({
  ...row,
  ended: { ...row.ended, [state]: (row.ended[state] ?? 0) + by },
});

const changed = (
  row: BatchRow,
  at: number,
  actor: string,
  event: Exclude<On, { type: 'BatchSubmitted' }>,
): BatchRow => {
  switch (event.type) {
    case 'BatchRetried':
      return Object.entries(event.replaced).reduce((before, [state, n]) => counted(before, state, -n), {
        ...row,
        ...ownedBy(event.job),
        groups: groupsWhile(!row.over, row.groups, event.job.groups ?? []),
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
};

export const batchList: Projection<BatchRow, On> = {
  name: 'batch_list',
  version: 4,
  columns: {
    id: 'text',
    environment: 'text',
    owner: 'text',
    owner_name: 'text',
    groups: 'jsonb',
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
    over: 'bool',
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
    const after = changed(row, at, actor, event);
    return { ...after, over: after.cancelled_at !== null || endedIn(after) >= after.count };
  },
};
