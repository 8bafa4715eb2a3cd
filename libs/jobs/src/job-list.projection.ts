import type { Projection } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { Dependency } from './dependencies.js';
import type { AttemptUse, JobError, JobEvent, QueuedJob } from './job.js';
import { added, type Waited } from './wait-clock.js';

export interface AttemptRow {
  readonly number: number;
  readonly node: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** A result's outcome, or failed, crashed, node-lost, drained, cancelled. */
  readonly outcome: string | null;
  /** Since it was queued, or since the attempt before it ended; absent in rows of versions that did not keep it. */
  readonly waitedMs?: number;
  /** What was kept for it on its server. */
  readonly memoryMiB?: number;
  readonly cores?: number;
  readonly use?: AttemptUse;
}

export interface JobRow {
  readonly id: string;
  readonly environment: string;
  readonly owner: string;
  readonly app: string;
  readonly version: string;
  readonly app_digest: string;
  readonly engine_name: string;
  readonly engine_version: string;
  readonly engine_digest: string;
  readonly procedure: string;
  readonly description: string;
  readonly args: object;
  readonly input: string | null;
  readonly session: string | null;
  readonly priority: number;
  readonly time_limit: number | null;
  readonly gap_limit: number | null;
  readonly seed: number | null;
  readonly labels: readonly string[];
  /** queued, running, a result's outcome, failed, cancelled or abandoned. */
  readonly state: string;
  readonly interrupting: boolean;
  readonly queued_at: number;
  /** Of the attempt that runs or has ended it. */
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly attempt: number;
  readonly attempts: readonly AttemptRow[];
  readonly node: string | null;
  readonly node_epoch: number | null;
  readonly node_lost: number;
  readonly own_crash: number;
  readonly solver_status: string | null;
  readonly objective: number | null;
  readonly bound: number | null;
  readonly gap: number | null;
  readonly error: JobError | null;
  readonly result: string | null;
  readonly repeats: string | null;
  readonly clones: string | null;
  /** Who asked for it to end, as the log names him, and why. */
  readonly stopped_by: string | null;
  readonly stop_reason: string | null;
  readonly parent: string | null;
  readonly depth: number | null;
  readonly batch: string | null;
  readonly scenario: number | null;
  readonly round: number | null;
  readonly schedule: string | null;
  readonly owner_name: string;
  readonly groups: readonly string[];
  readonly profile: string | null;
  readonly licence: string | null;
  readonly memory_mib: number;
  readonly cores: number;
  /** What the attempt that runs, or ran last, takes of its server. */
  readonly takes: { readonly memoryMiB?: number; readonly cores?: number };
  /** Of all its attempts. */
  readonly waited: Waited;
  readonly waits_since: number;
  /** `outcome`: how it has ended, as far as that is what was waited for. */
  readonly waits_for: readonly (Dependency & { readonly outcome: string | null })[];
  /** One of them is not met yet. */
  readonly held: boolean;
}

const queued = (id: string, at: number, job: QueuedJob): JobRow => ({
  id,
  environment: job.environment,
  owner: job.owner,
  app: job.app.name,
  version: job.app.version,
  app_digest: job.app.digest,
  engine_name: job.engine.name,
  engine_version: job.engine.version,
  engine_digest: job.engine.digest,
  procedure: job.procedure,
  description: job.description,
  args: job.args,
  input: job.input,
  session: job.session,
  priority: job.priority,
  time_limit: job.timeLimit,
  gap_limit: job.gap,
  seed: job.seed,
  labels: job.labels ?? [],
  state: 'queued',
  interrupting: false,
  queued_at: at,
  started_at: null,
  ended_at: null,
  attempt: 0,
  attempts: [],
  node: null,
  node_epoch: null,
  node_lost: 0,
  own_crash: 0,
  solver_status: null,
  objective: null,
  bound: null,
  gap: null,
  error: null,
  result: null,
  repeats: job.repeats ?? null,
  clones: job.clones ?? null,
  stopped_by: null,
  stop_reason: null,
  parent: job.parent ?? null,
  depth: job.depth ?? null,
  batch: job.batch ?? null,
  scenario: job.scenario ?? null,
  round: job.round ?? null,
  schedule: job.schedule ?? null,
  owner_name: job.ownerName ?? job.owner,
  groups: job.groups ?? [],
  profile: job.profile ?? null,
  licence: job.licence ?? null,
  memory_mib: job.memoryMiB ?? 0,
  cores: job.cores ?? 0,
  takes: {},
  waited: {},
  waits_since: at,
  waits_for: (job.after ?? []).map(({ job: other, on }) => ({ job: other, on, outcome: null })),
  held: (job.after ?? []).length > 0,
});

/** The last attempt ends with `outcome`, if one runs. */
const closed = (row: JobRow, outcome: string, at: number, use?: AttemptUse): readonly AttemptRow[] =>
  row.attempts.map((attempt) =>
    attempt.endedAt === null ? { ...attempt, endedAt: at, outcome, ...(use ? { use } : {}) } : attempt,
  );

const ended = (row: JobRow, state: string, outcome: string, at: number, use?: AttemptUse): JobRow => ({
  ...row,
  state,
  interrupting: false,
  held: false,
  ended_at: at,
  attempts: closed(row, outcome, at, use),
});

const changed = (
  row: JobRow,
  event: Exclude<JobEvent, { type: 'JobQueued' }>,
  { at, actor }: { readonly at: number; readonly actor: string },
): JobRow => {
  switch (event.type) {
    case 'JobStarted': {
      const { attempt: number, node, nodeEpoch, memoryMiB, cores, waited = {} } = event;
      const takes = { ...(memoryMiB ? { memoryMiB } : {}), ...(cores ? { cores } : {}) };
      return {
        ...row,
        state: 'running',
        started_at: at,
        attempt: number,
        attempts: [
          ...row.attempts,
          {
            ...{ number, node, startedAt: at, endedAt: null, outcome: null },
            waitedMs: Math.max(0, at - row.waits_since),
            ...takes,
          },
        ],
        node,
        node_epoch: nodeEpoch,
        takes,
        waited: added(row.waited, waited),
      };
    }
    case 'JobRequeued':
      return {
        ...row,
        state: 'queued',
        started_at: null,
        attempts: closed(row, event.reason, at, event.use),
        node: null,
        node_epoch: null,
        node_lost: event.nodeLost,
        own_crash: event.ownCrash,
        waits_since: at,
      };
    case 'JobPrioritized':
      return { ...row, priority: event.priority };
    case 'JobDependentAdded':
    case 'JobChildAdded':
    case 'JobChildrenCancelled':
      return row;
    case 'JobAttemptMeasured': {
      const { attempt, use } = event;
      const measured = (one: AttemptRow) => (one.number === attempt ? { ...one, use } : one);
      return { ...row, attempts: row.attempts.map(measured) };
    }
    case 'JobDependencyMet': {
      const { job, outcome } = event;
      const met = (one: JobRow['waits_for'][number]) => (one.job === job ? { ...one, outcome } : one);
      return { ...row, waits_for: row.waits_for.map(met) };
    }
    case 'JobReleased':
      return { ...row, held: false, waits_since: at };
    case 'JobInterruptRequested':
      return { ...row, interrupting: true, stopped_by: actor, stop_reason: event.reason ?? null };
    case 'JobCompleted': {
      const { outcome, solverStatus, objective, bound, gap, result } = event;
      return {
        ...ended(row, outcome, outcome, at, event.use),
        solver_status: solverStatus,
        objective,
        bound,
        gap,
        result,
      };
    }
    case 'JobFailed': {
      const outcome = event.error.code === 'AttemptCrashed' ? 'crashed' : 'failed';
      return { ...ended(row, 'failed', outcome, at, event.use), error: event.error };
    }
    case 'JobCancelled':
      return {
        ...ended(row, 'cancelled', 'cancelled', at),
        // What ended an attempt before it had answered an interrupt is no person: he who interrupted it stopped it.
        ...(row.interrupting && /^(node|process):/.test(actor)
          ? {}
          : { stopped_by: actor, stop_reason: event.reason }),
        error: { code: 'Cancelled', message: event.reason },
      };
    case 'JobAbandoned':
      return {
        ...ended(row, 'abandoned', 'node-lost', at),
        error: { code: 'Abandoned', message: event.reason },
      };
  }
};

export const jobList: Projection<JobRow, JobEvent> = {
  name: 'job_list',
  version: 4,
  columns: {
    id: 'text',
    environment: 'text',
    owner: 'text',
    app: 'text',
    version: 'text',
    app_digest: 'text',
    engine_name: 'text',
    engine_version: 'text',
    engine_digest: 'text',
    procedure: 'text',
    description: 'text',
    args: 'jsonb',
    input: 'text',
    session: 'text',
    priority: 'int4',
    time_limit: 'float8',
    gap_limit: 'float8',
    seed: 'int4',
    labels: 'jsonb',
    state: 'text',
    interrupting: 'bool',
    queued_at: 'int8',
    started_at: 'int8',
    ended_at: 'int8',
    attempt: 'int4',
    attempts: 'jsonb',
    node: 'text',
    node_epoch: 'int4',
    node_lost: 'int4',
    own_crash: 'int4',
    solver_status: 'text',
    objective: 'float8',
    bound: 'float8',
    gap: 'float8',
    error: 'jsonb',
    result: 'text',
    repeats: 'text',
    clones: 'text',
    stopped_by: 'text',
    stop_reason: 'text',
    parent: 'text',
    depth: 'int4',
    batch: 'text',
    scenario: 'int4',
    round: 'int4',
    schedule: 'text',
    owner_name: 'text',
    groups: 'jsonb',
    profile: 'text',
    licence: 'text',
    memory_mib: 'float8',
    cores: 'float8',
    takes: 'jsonb',
    waited: 'jsonb',
    waits_since: 'int8',
    waits_for: 'jsonb',
    held: 'bool',
  },
  key: 'id',
  on: [
    'JobQueued',
    'JobStarted',
    'JobRequeued',
    'JobPrioritized',
    'JobDependencyMet',
    'JobReleased',
    'JobInterruptRequested',
    'JobCompleted',
    'JobFailed',
    'JobCancelled',
    'JobAbandoned',
    'JobAttemptMeasured',
  ],
  keyOf: ({ stream }) => idOf(stream),
  evolve: (row, { stream, at, actor, event }) =>
    event.type === 'JobQueued' ? queued(idOf(stream), at, event) : row && changed(row, event, { at, actor }),
};
