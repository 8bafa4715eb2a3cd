import { PolicyIndex } from './policy-index.js';
import { NO_POLICY, type Policy } from './queue-policy.js';
import { licenceKey, mayUse, type SeatPool } from './seats.js';
import { get, remove, set, type SortedMap, values } from './sorted-map.js';
import { type Clock, joining, newClock, type Wait, type WaitKind, waitedOf } from './wait-clock.js';

/** Where a job runs, or will run as soon as its start is seen in the log, and what it takes there. */
export interface Place {
  readonly node: string;
  readonly nodeEpoch: number;
  readonly memoryMiB: number;
  readonly cores: number;
  /** When it was started; null while the start has not been seen. */
  readonly since: number | null;
}

/** Whose job it is, of what, and what it asks for: the same for every attempt. */
export interface Asked {
  readonly environment: string;
  readonly owner: string;
  readonly ownerName: string;
  readonly groups: readonly string[];
  readonly app: string;
  readonly procedure: string;
  readonly timeLimit: number | null;
  readonly profile: string | null;
  /** `environment:name`; each attempt takes a seat of it. */
  readonly licence: string | null;
  /** Where the profile says nothing else; 0 = not said. */
  readonly memoryMiB: number;
  readonly cores: number;
  /** What its server must have, sorted. */
  readonly labels: readonly string[];
}

/** A job that waits or runs. */
export interface Entry extends Asked {
  readonly job: string;
  readonly priority: number;
  readonly queuedAt: number;
  /** Made so far; what was taken from it before goes first. */
  readonly attempts: number;
  /** Shares its server with no other job. */
  readonly alone: boolean;
  readonly place: Place | null;
  readonly wait: Wait;
}

/** Before it stands in line. */
export type Newcomer = Omit<Entry, 'wait' | 'place'>;

/** A server that can run jobs, and what of it is taken or about to be. */
export interface Server {
  readonly node: string;
  readonly name: string;
  readonly epoch: number;
  readonly slots: number;
  readonly taken: number;
  /** Of those, the ones that must have it to themselves. */
  readonly alone: number;
  /** Null = any number. */
  readonly memoryMiB: number | null;
  readonly cores: number | null;
  readonly memoryTaken: number;
  readonly coresTaken: number;
  readonly labels: readonly string[];
  /** Gets no new jobs. */
  readonly draining: boolean;
}

/** What a job must get of a server. */
export interface Needs {
  /** The same for the same needs. */
  readonly key: string;
  readonly labels: readonly string[];
  readonly memoryMiB: number;
  readonly cores: number;
}

/**
 * Something of which the whole cluster has so many, and a running job holds one: a place of a profile, a seat of a
 * licence, or one within the limit of its owner, a group or its app.
 */
export interface Hold {
  /** In `Queue.held`. */
  readonly key: string;
  readonly kind: WaitKind;
  readonly most: number;
  /** What a job waits for that finds it full. */
  readonly words: string;
}

/** Those who need the same: when one of them cannot start, those behind it cannot either. */
export interface Line {
  readonly key: string;
  readonly needs: Needs;
  readonly holds: readonly Hold[];
  /** Whose jobs they are, where that decides who is next; otherwise empty. */
  readonly owner: string;
  readonly waiting: SortedMap<Entry>;
  readonly clock: Clock;
}

/** How long runs of a procedure took lately, in ms. */
type RunTimes = SortedMap<number>;

/**
 * The scheduler's view of jobs and servers. A value: every event gives a new one. Each event says
 * what is so, not what changes, so events that the start rows already contain may be seen again.
 */
export interface Queue {
  readonly policy: PolicyIndex;
  /** All entries, by job. */
  readonly jobs: SortedMap<Entry>;
  /** Those without a place, next to run first. */
  readonly waiting: SortedMap<Entry>;
  /** Those that wait for other jobs: they stand in no line yet. */
  readonly aside: SortedMap<Newcomer>;
  /** The same ones by what they need. */
  readonly lines: SortedMap<Line>;
  /** By node. */
  readonly servers: SortedMap<Server>;
  /** How many of those with a place hold what is counted. Of everything, so that a new policy finds it counted. */
  readonly held: SortedMap<number>;
  /** Licences, by `environment:name`. */
  readonly seats: SortedMap<SeatPool>;
  /** Attempts that have a seat or are about to get one, by holder: of which licence. */
  readonly seated: SortedMap<string>;
  readonly runTimes: RunTimes;
}

export const emptyQueue: Queue = {
  policy: new PolicyIndex(NO_POLICY),
  jobs: null,
  waiting: null,
  aside: null,
  lines: null,
  servers: null,
  held: null,
  seats: null,
  seated: null,
  runTimes: null,
};

/** Sorts as text: priority, then what was taken from it before, then who has fewer running, then age. */
export const turnAmong = ({ priority, attempts, queuedAt, job }: Entry, running: number): string =>
  `${padded(priority, 6)} ${attempts > 0 ? 0 : 1} ${padded(running, 6)} ${padded(queuedAt, 15)} ${job}`;

export const turnOf = (entry: Entry): string => turnAmong(entry, 0);

const padded = (n: number, digits: number): string => String(n).padStart(digits, '0');

export const ownerKey = ({ owner }: Pick<Entry, 'owner'>): string => `user ${owner}`;
const profileKey = (name: string): string => `profile ${name}`;
const groupKey = ({ environment }: Entry, group: string): string => `group ${environment} ${group}`;
const appKey = ({ environment, app }: Entry): string => `app ${environment} ${app}`;

/** All that it counts for while it has a place; its seat is counted by its licence. */
export const holdersOf = (entry: Entry): readonly string[] => [
  ownerKey(entry),
  appKey(entry),
  ...entry.groups.map((group) => groupKey(entry, group)),
  ...(entry.profile === null ? [] : [profileKey(entry.profile)]),
];

/** Of that, what somebody has limited. */
const holdsOf = ({ policy, seats }: Queue, entry: Entry): readonly Hold[] => {
  const { profile, licence, owner, ownerName, groups, app } = entry;
  const holds: Hold[] = [];
  const limited = (most: number | null, key: string, words: string): void => {
    if (most !== null) holds.push({ key, kind: 'limit', most, words });
  };
  if (profile !== null) {
    const most = policy.profile(profile)?.capacity ?? 0;
    holds.push({ key: profileKey(profile), kind: 'profile', most, words: `a place of profile ${profile}` });
  }
  if (licence !== null) {
    const pool = get(seats, licence);
    const words = `a seat of licence ${pool?.title ?? licence}`;
    const most = pool && mayUse(pool, owner) ? pool.seats : 0;
    holds.push({ key: licenceKey(licence), kind: 'licence', most, words });
  }
  limited(policy.most('user', ownerName), ownerKey(entry), `the limit of user ${ownerName}`);
  for (const group of groups)
    limited(policy.most('group', group), groupKey(entry, group), `the limit of group ${group}`);
  limited(policy.most('app', app), appKey(entry), `the limit of app ${app}`);
  return holds;
};

const needsOf = ({ policy }: Queue, entry: Entry): Needs => {
  const profile = entry.profile === null ? undefined : policy.profile(entry.profile);
  const { memoryMiB = entry.memoryMiB, cores = entry.cores } = profile ?? {};
  const labels = profile?.labels?.length
    ? [...new Set([...entry.labels, ...profile.labels])].sort()
    : entry.labels;
  return { key: [memoryMiB, cores, ...labels].join(' '), labels, memoryMiB, cores };
};

/** In which line it stands: the policy decides what makes a difference. */
const lineOf = (queue: Queue, entry: Entry): Omit<Line, 'waiting' | 'clock'> => {
  const needs = needsOf(queue, entry);
  const holds = holdsOf(queue, entry);
  const owner = queue.policy.policy.fair ? entry.owner : '';
  const key = [needs.key, owner, ...holds.map(({ key, most }) => `${most} ${key}`)].join('\n');
  return { key, needs, holds, owner };
};

/** The line in which it stands. */
export const standing = (queue: Queue, entry: Entry): Pick<Line, 'needs' | 'holds'> => lineOf(queue, entry);

/** What of all that its jobs need is full, if anything is. */
export const fullFor = ({ held }: Queue, { holds }: Pick<Line, 'holds'>): Hold | undefined =>
  holds.find(({ key, most }) => (get(held, key) ?? 0) >= most);

/** Sums of fractions stay what they are in decimal, whatever the order. */
const sum = (a: number, b: number): number => Math.round((a + b) * 1000) / 1000;

type Counted = Pick<Queue, 'servers' | 'held'>;

const counted = ({ servers, held }: Counted, entry: Entry, by: 1 | -1): Counted => {
  const { place, alone } = entry;
  if (!place) return { servers, held };
  for (const key of holdersOf(entry)) {
    const count = (get(held, key) ?? 0) + by;
    held = count > 0 ? set(held, key, count) : remove(held, key);
  }
  const server = get(servers, place.node);
  return { held, servers: server ? set(servers, place.node, withJob(server, place, alone, by)) : servers };
};

const withJob = (server: Server, place: Place, alone: boolean, by: 1 | -1): Server =>
  server.epoch === place.nodeEpoch
    ? {
        ...server,
        taken: server.taken + by,
        alone: server.alone + (alone ? by : 0),
        memoryTaken: sum(server.memoryTaken, by * place.memoryMiB),
        coresTaken: sum(server.coresTaken, by * place.cores),
      }
    : server;

type Waiting = Pick<Queue, 'waiting' | 'lines'>;

const enqueued = (queue: Queue, entry: Entry, from: number, before: Wait['before'] = {}): Queue => {
  const line = lineOf(queue, entry);
  const { waiting = null, clock = newClock } = get(queue.lines, line.key) ?? {};
  return stands(queue, line, clock, waiting, { ...entry, wait: joining(clock, from, before) });
};

const stands = (
  queue: Queue,
  line: Omit<Line, 'waiting' | 'clock'>,
  clock: Clock,
  others: SortedMap<Entry>,
  entry: Entry,
): Queue => {
  const turn = turnOf(entry);
  return {
    ...queue,
    jobs: set(queue.jobs, entry.job, entry),
    waiting: set(queue.waiting, turn, entry),
    lines: set(queue.lines, line.key, { ...line, clock, waiting: set(others, turn, entry) }),
  };
};

const dequeued = (queue: Queue, entry: Entry): Waiting => {
  const { waiting, lines } = queue;
  const turn = turnOf(entry);
  const line = get(lines, lineOf(queue, entry).key);
  const left = remove(line?.waiting ?? null, turn);
  return {
    waiting: remove(waiting, turn),
    lines: !line ? lines : left ? set(lines, line.key, { ...line, waiting: left }) : remove(lines, line.key),
  };
};

/** Without the job's place, or its place in line. */
const without = (queue: Queue, entry: Entry): Queue =>
  entry.place ? { ...queue, ...counted(queue, entry, -1) } : { ...queue, ...dequeued(queue, entry) };

export const forget = (queue: Queue, job: string): Queue => {
  const entry = get(queue.jobs, job);
  const rest = entry ? { ...without(queue, entry), jobs: remove(queue.jobs, job) } : queue;
  return get(rest.aside, job) ? { ...rest, aside: remove(rest.aside, job) } : rest;
};

/** It waits for other jobs, and then as if it had come now, but in the turn of its age. */
export const putAside = (queue: Queue, entry: Newcomer): Queue => {
  const rest = forget(queue, entry.job);
  return { ...rest, aside: set(rest.aside, entry.job, entry) };
};

export const release = (queue: Queue, job: string, at: number): Queue => {
  const entry = get(queue.aside, job);
  return entry ? wait({ ...queue, aside: remove(queue.aside, job) }, entry, at) : queue;
};

/** In line from then on. */
export const wait = (queue: Queue, entry: Newcomer, from: number): Queue => {
  const former = get(queue.jobs, entry.job);
  const rest = former ? without(queue, former) : queue;
  return enqueued(rest, { ...entry, place: null, wait: joining(newClock, from) }, from);
};

/** At a place from now on, whether it was in line or somewhere else before. */
export const place = (queue: Queue, entry: Entry, at: Place): Queue => {
  const former = get(queue.jobs, entry.job);
  const rest = former ? without(queue, former) : queue;
  const placed = { ...entry, place: at };
  return { ...rest, ...counted(rest, placed, 1), jobs: set(rest.jobs, entry.job, placed) };
};

/** In another turn of the same line, which keeps its clock though nobody else may be in it. */
export const prioritized = (queue: Queue, job: string, priority: number): Queue => {
  const held = get(queue.aside, job);
  if (held) return { ...queue, aside: set(queue.aside, job, { ...held, priority }) };
  const entry = get(queue.jobs, job);
  if (!entry) return queue;
  const changed = { ...entry, priority };
  if (entry.place) return { ...queue, jobs: set(queue.jobs, job, changed) };
  const line = lineOf(queue, entry);
  const { clock = newClock } = get(queue.lines, line.key) ?? {};
  const rest = { ...queue, ...dequeued(queue, entry) };
  return stands(rest, line, clock, get(rest.lines, line.key)?.waiting ?? null, changed);
};

/** Who waits stands in line anew, because what has changed decides who waits for the same; what runs goes on. */
const changed = (queue: Queue, to: Pick<Queue, 'policy'> | Pick<Queue, 'seats'>, at: number): Queue => {
  let after: Queue = { ...queue, ...to, waiting: null, lines: null };
  for (const entry of values(queue.waiting)) {
    const { clock = newClock } = get(queue.lines, lineOf(queue, entry).key) ?? {};
    after = enqueued(after, entry, at, clock.first ? waitedOf(clock, entry.wait, at) : {});
  }
  return after;
};

export const governed = (queue: Queue, policy: Policy, at: number): Queue =>
  changed(queue, { policy: new PolicyIndex(policy) }, at);

export const licensed = (queue: Queue, licence: string, pool: SeatPool, at: number): Queue =>
  changed(queue, { seats: set(queue.seats, licence, pool) }, at);

/** In line again as before: its start was not to be. */
export const putBack = (queue: Queue, entry: Entry): Queue => {
  const line = lineOf(queue, entry);
  const { waiting = null, clock = newClock } = get(queue.lines, line.key) ?? {};
  const rest = { ...queue, ...counted(queue, entry, -1) };
  return stands(rest, line, clock, waiting, { ...entry, place: null });
};

type Joining = Omit<Server, 'taken' | 'alone' | 'memoryTaken' | 'coresTaken'>;

export const join = (queue: Queue, joining: Joining): Queue => {
  let server: Server = { ...joining, taken: 0, alone: 0, memoryTaken: 0, coresTaken: 0 };
  // The rows of the jobs may have been read later than those of the servers.
  for (const { place, alone } of values(queue.jobs))
    if (place?.node === server.node) server = withJob(server, place, alone, 1);
  return { ...queue, servers: set(queue.servers, server.node, server) };
};

const runTimeKey = ({ environment, app, procedure }: Entry): string => `${environment} ${app} ${procedure}`;
/** Of the mean, that the last run counts. */
const NEWEST = 0.3;

/** Its run counts for what is expected of the next ones. */
export const timed = (queue: Queue, job: string, at: number): Queue => {
  const entry = get(queue.jobs, job);
  if (!entry?.place || entry.place.since === null) return queue;
  const took = Math.max(0, at - entry.place.since);
  const key = runTimeKey(entry);
  const mean = get(queue.runTimes, key) ?? took;
  return { ...queue, runTimes: set(queue.runTimes, key, mean + (took - mean) * NEWEST) };
};

/** When a job that runs is likely to be through, where that is known: from runs like it, and its time limit. */
export const expectedEnd = ({ runTimes }: Queue, entry: Entry): number | undefined => {
  const { place, timeLimit } = entry;
  const usual = get(runTimes, runTimeKey(entry)) ?? Infinity;
  const takes = Math.min(usual, timeLimit === null ? Infinity : timeLimit * 1000);
  return place?.since != null && takes < Infinity ? place.since + takes : undefined;
};
