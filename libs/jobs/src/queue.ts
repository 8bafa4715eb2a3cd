import type { NodeEvent, NodeRow } from '@openpro/cluster';
import type { Recorded } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { JobEvent } from './job.js';
import type { JobRow } from './job-list.projection.js';
import { get, remove, set, type SortedMap, values } from './sorted-map.js';

/** A job that has lost this many servers runs alone: it may be what kills them. */
export const ALONE_AFTER_LOSSES = 2;

/** Where a job runs, or will run as soon as its start is seen in the log. */
export interface Place {
  readonly node: string;
  readonly nodeEpoch: number;
}

/** A job that waits or runs. */
export interface Entry {
  readonly job: string;
  readonly priority: number;
  readonly queuedAt: number;
  /** Made so far; what was taken from it before goes first. */
  readonly attempts: number;
  /** Shares its server with no other job. */
  readonly alone: boolean;
  /** What its server must have, sorted. */
  readonly labels: readonly string[];
  readonly place: Place | null;
}

/** A server that can run jobs, and how many it has or is about to get. */
export interface Server {
  readonly node: string;
  readonly epoch: number;
  readonly slots: number;
  readonly taken: number;
  /** Of those, the ones that must have it to themselves. */
  readonly alone: number;
  readonly labels: readonly string[];
  /** Gets no new jobs. */
  readonly draining: boolean;
}

/** Those who wait for the same labels: when one of them fits nowhere, those behind it do not either. */
export interface Line {
  readonly labels: readonly string[];
  readonly waiting: SortedMap<Entry>;
}

/**
 * The scheduler's view of jobs and servers. A value: every event gives a new one. Each event says
 * what is so, not what changes, so events that the start rows already contain may be seen again.
 */
export interface Queue {
  /** All entries, by job. */
  readonly jobs: SortedMap<Entry>;
  /** Those without a place, next to run first. */
  readonly waiting: SortedMap<Entry>;
  /** The same ones by what they wait for. */
  readonly lines: SortedMap<Line>;
  /** By node. */
  readonly servers: SortedMap<Server>;
}

export const emptyQueue: Queue = { jobs: null, waiting: null, lines: null, servers: null };

/** Sorts as text: priority, then what was taken from it before, then age. */
export const turnOf = ({ priority, attempts, queuedAt, job }: Entry): string =>
  `${String(priority).padStart(6, '0')} ${attempts > 0 ? 0 : 1} ${String(queuedAt).padStart(15, '0')} ${job}`;

const counted = (servers: SortedMap<Server>, { place, alone }: Entry, by: 1 | -1): SortedMap<Server> => {
  const server = place ? get(servers, place.node) : undefined;
  if (!server || server.epoch !== place?.nodeEpoch) return servers;
  const taken = server.taken + by;
  return set(servers, server.node, { ...server, taken, alone: server.alone + (alone ? by : 0) });
};

type Waiting = Pick<Queue, 'waiting' | 'lines'>;

const lineOf = ({ labels }: Entry): string => labels.join(' ');

const enqueued = ({ waiting, lines }: Waiting, entry: Entry): Waiting => {
  if (entry.place) return { waiting, lines };
  const [turn, line] = [turnOf(entry), lineOf(entry)];
  const before = get(lines, line)?.waiting ?? null;
  return {
    waiting: set(waiting, turn, entry),
    lines: set(lines, line, { labels: entry.labels, waiting: set(before, turn, entry) }),
  };
};

const dequeued = ({ waiting, lines }: Waiting, entry: Entry): Waiting => {
  if (entry.place) return { waiting, lines };
  const [turn, line] = [turnOf(entry), lineOf(entry)];
  const left = remove(get(lines, line)?.waiting ?? null, turn);
  return {
    waiting: remove(waiting, turn),
    lines: left ? set(lines, line, { labels: entry.labels, waiting: left }) : remove(lines, line),
  };
};

const forget = (queue: Queue, job: string): Queue => {
  const entry = get(queue.jobs, job);
  if (!entry) return queue;
  return {
    ...dequeued(queue, entry),
    jobs: remove(queue.jobs, job),
    servers: counted(queue.servers, entry, -1),
  };
};

/** The entry as it is now, in place of what was known of the job. */
export const put = (queue: Queue, entry: Entry): Queue => {
  const { jobs, servers } = queue;
  const former = get(jobs, entry.job);
  return {
    ...enqueued(former ? dequeued(queue, former) : queue, entry),
    jobs: set(jobs, entry.job, entry),
    servers: counted(former ? counted(servers, former, -1) : servers, entry, 1),
  };
};

const change = (queue: Queue, job: string, to: Partial<Entry>): Queue => {
  const entry = get(queue.jobs, job);
  return entry ? put(queue, { ...entry, ...to }) : queue;
};

type Joining = Pick<Server, 'node' | 'epoch' | 'slots' | 'labels' | 'draining'>;

const join = (queue: Queue, server: Joining): Queue => {
  const { node } = server;
  let servers = set(queue.servers, node, { ...server, taken: 0, alone: 0 });
  // The rows of the jobs may have been read later than those of the servers.
  for (const entry of values(queue.jobs))
    if (entry.place?.node === node) servers = counted(servers, entry, 1);
  return { ...queue, servers };
};

const drained = (queue: Queue, node: string, epoch: number, draining: boolean): Queue => {
  const server = get(queue.servers, node);
  return server?.epoch === epoch
    ? { ...queue, servers: set(queue.servers, node, { ...server, draining }) }
    : queue; // one that is down says at its next start whether it drains
};

const runsJobs = (roles: readonly string[]): boolean => roles.includes('pro');

/** The queue after one more event of the log. */
export const evolveQueue = (queue: Queue, { stream, at, event }: Recorded): Queue => {
  const id = idOf(stream);
  const happened = event as JobEvent | NodeEvent;
  switch (happened.type) {
    case 'JobQueued': {
      const { priority } = happened;
      const labels = [...(happened.labels ?? [])].sort();
      const entry = { job: id, priority, queuedAt: at, attempts: 0, alone: false, labels, place: null };
      return put(queue, entry);
    }
    case 'JobPrioritized':
      return change(queue, id, { priority: happened.priority });
    case 'JobStarted': {
      const { node, nodeEpoch, attempt } = happened;
      return change(queue, id, { attempts: attempt, place: { node, nodeEpoch } });
    }
    case 'JobRequeued':
      return change(queue, id, {
        attempts: happened.attempt,
        alone: happened.nodeLost >= ALONE_AFTER_LOSSES,
        place: null,
      });
    case 'JobCompleted':
    case 'JobFailed':
    case 'JobCancelled':
    case 'JobAbandoned':
      return forget(queue, id);
    case 'NodeJoined': {
      const { roles, epoch, slots, labels = [], draining = false } = happened;
      return runsJobs(roles) ? join(queue, { node: id, epoch, slots, labels, draining }) : queue;
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
    case 'NodeInvited':
    case 'NodeAdmitted':
    case 'NodeRemoved': // the end of its life was told before
      return queue;
  }
  return queue; // an event of another context
};

export type QueueJobRow = Pick<
  JobRow,
  'id' | 'priority' | 'queued_at' | 'attempt' | 'node' | 'node_epoch' | 'node_lost' | 'labels'
>;
type QueueNodeRow = Pick<NodeRow, 'id' | 'epoch' | 'slots' | 'roles' | 'state' | 'labels' | 'draining'>;

/** The queue as the read model knows it: jobs that wait or run, and servers. */
export const queueFromRows = (jobs: readonly QueueJobRow[], nodes: readonly QueueNodeRow[]): Queue => {
  const queue = jobs.reduce<Queue>(
    (before, row) =>
      put(before, {
        job: row.id,
        priority: row.priority,
        queuedAt: row.queued_at,
        attempts: row.attempt,
        alone: row.node_lost >= ALONE_AFTER_LOSSES,
        labels: [...row.labels].sort(),
        place:
          row.node !== null && row.node_epoch !== null ? { node: row.node, nodeEpoch: row.node_epoch } : null,
      }),
    emptyQueue,
  );
  return nodes
    .filter(({ state, roles }) => state === 'joined' && runsJobs(roles))
    .reduce(
      (before, { id: node, epoch, slots, labels, draining }) =>
        join(before, { node, epoch, slots, labels, draining }),
      queue,
    );
};
