import type { NodeEvent, NodeRow } from '@openpro/cluster';
import type { Recorded } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { LicenceEvent, LicenceRow, LicenceUseRow } from '@openpro/licensing';
import type { JobEvent } from './job.js';
import type { JobRow } from './job-list.projection.js';
import {
  emptyQueue,
  type Entry,
  forget,
  governed,
  join,
  licensed,
  place,
  prioritized,
  putAside,
  putBack,
  type Queue,
  release,
  timed,
  wait,
} from './lines.js';
import { PolicyIndex } from './policy-index.js';
import { NO_POLICY, type Policy, type QueuePolicyEvent } from './queue-policy.js';
import { holderOf, type SeatPool, seated, unseated } from './seats.js';
import { get, remove, set, type SortedMap } from './sorted-map.js';
import { joining, newClock } from './wait-clock.js';

export { emptyQueue, type Entry, type Queue, type Server, turnOf } from './lines.js';

/** A job that has lost this many servers runs alone: it may be what kills them. */
export const ALONE_AFTER_LOSSES = 2;

const drained = (queue: Queue, node: string, epoch: number, draining: boolean): Queue => {
  const server = get(queue.servers, node);
  return server?.epoch === epoch
    ? { ...queue, servers: set(queue.servers, node, { ...server, draining }) }
    : queue; // one that is down says at its next start whether it drains
};

/** A start that was decided and could not have its seat: the job waits again. */
export const refusedSeat = (queue: Queue, job: string, attempt: number): Queue => {
  const rest = unseated(queue, holderOf(job, attempt));
  const entry = get(rest.jobs, job);
  return entry?.place?.since === null && entry.attempts === attempt - 1 ? putBack(rest, entry) : rest;
};

const licenceOf = (environment: string, name: string | null | undefined): string | null =>
  name == null ? null : `${environment}:${name}`;

const runsJobs = (roles: readonly string[]): boolean => roles.includes('pro');

/** The queue after one more event of the log. */
export const evolveQueue = (queue: Queue, { stream, at, event }: Recorded): Queue => {
  const id = idOf(stream);
  const happened = event as JobEvent | NodeEvent | QueuePolicyEvent | LicenceEvent;
  switch (happened.type) {
    case 'QueuePolicySet':
      return governed(queue, happened.policy, at);
    case 'LicenceDefined': {
      const { title, optimizationSeats: seats, users } = happened;
      return licensed(queue, id, { title, seats, users }, at);
    }
    case 'SeatGranted':
      return happened.kind === 'optimization' ? seated(queue, id, happened.holder) : queue;
    case 'SeatReleased':
    case 'SeatExpired':
    case 'SeatFreed':
      return unseated(queue, happened.holder); // one of a session is not there
    case 'SeatQueued':
    case 'LineLeft': // sessions wait there, jobs here
      return queue;
    case 'JobQueued': {
      const { environment, owner, app, procedure, timeLimit, priority } = happened;
      const { ownerName = owner, groups = [], profile = null, memoryMiB = 0, cores = 0 } = happened;
      const labels = [...(happened.labels ?? [])].sort();
      const asked = { environment, owner, ownerName, groups, app: app.name, procedure, timeLimit, profile };
      const licence = licenceOf(environment, happened.licence);
      const entry = { ...asked, licence, memoryMiB, cores, labels, job: id, priority, queuedAt: at };
      const newcomer = { ...entry, attempts: 0, alone: false };
      return happened.after?.length ? putAside(queue, newcomer) : wait(queue, newcomer, at);
    }
    case 'JobReleased':
      return release(queue, id, at);
    case 'JobPrioritized':
      return prioritized(queue, id, happened.priority);
    case 'JobStarted': {
      const entry = get(queue.jobs, id);
      const { node, nodeEpoch, attempt, memoryMiB = 0, cores = 0 } = happened;
      const there = { node, nodeEpoch, memoryMiB, cores, since: at };
      return entry ? place(queue, { ...entry, attempts: attempt }, there) : queue;
    }
    case 'JobRequeued': {
      const entry = get(queue.jobs, id);
      const alone = happened.nodeLost >= ALONE_AFTER_LOSSES;
      return entry ? wait(queue, { ...entry, attempts: happened.attempt, alone }, at) : queue;
    }
    case 'JobCompleted':
      return forget(timed(queue, id, at), id);
    case 'JobFailed':
    case 'JobCancelled':
    case 'JobAbandoned':
      return forget(queue, id);
    case 'NodeJoined': {
      const { name, roles, epoch, slots, labels = [], draining = false } = happened;
      const { memoryMiB = null, cores = null } = happened;
      const server = { node: id, name, epoch, slots, memoryMiB, cores, labels, draining };
      return runsJobs(roles) ? join(queue, server) : queue;
    }
    case 'NodeDeclaredDead':
    case 'NodeLeft':
      return get(queue.servers, id)?.epoch === happened.epoch
        ? { ...queue, servers: remove(queue.servers, id) }
        : queue;
    case 'NodeDrainStarted':
      return drained(queue, id, happened.epoch, true);
    case 'NodeResumed':
      return drained(queue, id, happened.epoch, false);
    case 'JobInterruptRequested':
    case 'JobDependentAdded':
    case 'JobChildAdded':
    case 'JobChildrenCancelled':
    case 'JobAttemptMeasured':
    case 'JobDependencyMet':
    case 'NodeInvited':
    case 'NodeAdmitted':
    case 'NodeRemoved': // the end of its life was told before
      return queue;
  }
  return queue; // an event of another context
};

export type QueueJobRow = Pick<
  JobRow,
  | 'id'
  | 'environment'
  | 'owner'
  | 'owner_name'
  | 'groups'
  | 'app'
  | 'procedure'
  | 'time_limit'
  | 'profile'
  | 'licence'
  | 'memory_mib'
  | 'cores'
  | 'labels'
  | 'priority'
  | 'queued_at'
  | 'attempt'
  | 'node_lost'
  | 'node'
  | 'node_epoch'
  | 'started_at'
  | 'waits_since'
  | 'takes'
  | 'held'
>;
type QueueNodeRow = Pick<
  NodeRow,
  'id' | 'name' | 'epoch' | 'slots' | 'memory_mib' | 'cores' | 'roles' | 'state' | 'labels' | 'draining'
>;

const withRow = (queue: Queue, row: QueueJobRow): Queue => {
  const { node, node_epoch: nodeEpoch } = row;
  const entry = {
    job: row.id,
    environment: row.environment,
    owner: row.owner,
    ownerName: row.owner_name,
    groups: row.groups,
    app: row.app,
    procedure: row.procedure,
    timeLimit: row.time_limit,
    profile: row.profile,
    licence: licenceOf(row.environment, row.licence),
    memoryMiB: row.memory_mib,
    cores: row.cores,
    labels: [...row.labels].sort(),
    priority: row.priority,
    queuedAt: row.queued_at,
    attempts: row.attempt,
    alone: row.node_lost >= ALONE_AFTER_LOSSES,
  };
  if (row.held) return putAside(queue, entry);
  if (node === null || nodeEpoch === null) return wait(queue, entry, row.waits_since);
  const { memoryMiB = 0, cores = 0 } = row.takes;
  const there = { node, nodeEpoch, memoryMiB, cores, since: row.started_at };
  return place(queue, { ...entry, place: null, wait: joining(newClock, row.queued_at) }, there);
};

export interface SeatRows {
  readonly licences: readonly Pick<LicenceRow, 'id' | 'title' | 'optimization_seats' | 'users'>[];
  /** Of optimization seats. */
  readonly uses: readonly Pick<LicenceUseRow, 'id' | 'licence'>[];
}

const withSeats = (start: Queue, { licences, uses }: SeatRows): Queue => {
  let seats: SortedMap<SeatPool> = null;
  for (const { id, title, optimization_seats, users } of licences)
    seats = set(seats, id, { title, seats: optimization_seats, users });
  return uses.reduce((queue, { id, licence }) => seated(queue, licence, id), { ...start, seats });
};

/** The queue as the read model knows it: jobs that wait or run, servers, the policy, and who has a seat. */
export const queueFromRows = (
  jobs: readonly QueueJobRow[],
  nodes: readonly QueueNodeRow[],
  policy: Policy = NO_POLICY,
  seatRows: SeatRows = { licences: [], uses: [] },
): Queue =>
  nodes
    .filter(({ state, roles }) => state === 'joined' && runsJobs(roles))
    .reduce(
      (queue, { id: node, name, epoch, slots, memory_mib: memoryMiB, cores, labels, draining }) =>
        join(queue, { node, name, epoch, slots, memoryMiB, cores, labels, draining }),
      jobs.reduce(withRow, withSeats({ ...emptyQueue, policy: new PolicyIndex(policy) }, seatRows)),
    );
