import type { FaultKind, HistoryEntry } from './history.js';
import type { LogEvent } from './log-watch.js';

/** What a run was like: counts for the table, times in milliseconds. */
export interface Measures {
  /** Faults that struck, and those that could not, by kind. */
  readonly faults: ReadonlyMap<FaultKind, { readonly struck: number; readonly skipped: number }>;
  /** Why, where a kind never struck. */
  readonly reasons: ReadonlyMap<FaultKind, string>;
  readonly acknowledged: number;
  readonly lost: number;
  readonly double: number;
  readonly outcomes: ReadonlyMap<string, number>;
  /** Jobs by how many attempts they had. */
  readonly attempts: ReadonlyMap<number, number>;
  readonly requeues: ReadonlyMap<string, number>;
  /** Requeues that count as one of a job's attempts: all but those of a server that gave its work back. */
  readonly charged: number;
  /** So often all servers were restarted, one after the other. */
  readonly rounds: number;
  /** Jobs that nothing was wrong with, and that did not succeed. */
  readonly failed: number;
  /** Jobs that nothing was wrong with and that still had no attempt left. */
  readonly exhausted: number;
  /** Leader killed to the first job that another one started. */
  readonly failover: readonly number[];
  /** Of these, those while no other fault struck the database or who led. */
  readonly failoverAlone: readonly number[];
  /** Server killed to each of its jobs back in the queue. */
  readonly requeue: readonly number[];
  /** Of these, those while no other fault struck the database or who led. */
  readonly requeueAlone: readonly number[];
  /** Server resumed to the end of the last process of an attempt that it had lost. */
  readonly gone: readonly number[];
  /** The longest time in which no command was acknowledged at any server, while some were sent. */
  readonly outage: number;
  readonly seconds: number;
  readonly events: number;
}

const ENDS: ReadonlySet<string> = new Set(['JobCompleted', 'JobFailed', 'JobCancelled', 'JobAbandoned']);
const KILLS: ReadonlySet<string> = new Set(['server', 'server for longer', 'leader']);

const count = <K>(keys: readonly K[]): Map<K, number> => {
  const counts = new Map<K, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
};

const idOf = (stream: string): string => stream.slice(stream.indexOf('-') + 1);

const is = <K extends HistoryEntry['kind']>(entries: readonly HistoryEntry[], kind: K) =>
  entries.filter((entry): entry is Extract<HistoryEntry, { kind: K }> => entry.kind === kind);

/** The value at a quantile of sorted values; NaN when there is none. */
export const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;

const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

export const measure = (history: readonly HistoryEntry[], log: readonly LogEvent[]): Measures => {
  const [begin] = is(history, 'begin');
  const wallOf = (at: number): number => (begin ? begin.wall + at - begin.at : at);
  const jobs = new Map<string, LogEvent[]>();
  for (const event of log)
    if (event.stream.startsWith('job-')) {
      const id = idOf(event.stream);
      const known = jobs.get(id);
      if (known) known.push(event);
      else jobs.set(id, [event]);
    }
  // One that found nothing may have been tried again: the last word counts.
  const tried = history.filter((entry) => entry.kind === 'fault' || entry.kind === 'fault-skipped');
  const last = [...new Map(tried.map((entry) => [entry.fault, entry])).values()];
  const struck = is(last, 'fault');
  const skipped = is(last, 'fault-skipped');
  const kinds = new Set([...struck, ...skipped].map((entry) => entry.is));
  const acknowledged = new Set(
    is(history, 'ack')
      .filter(({ does }) => does === 'submitJob')
      .map(({ id }) => id),
  );
  const ends = (id: string): LogEvent[] => (jobs.get(id) ?? []).filter(({ type }) => ENDS.has(type));
  const kindOf = new Map(is(history, 'submit').map(({ command, job }) => [command, job]));
  const healthy = (id: string): boolean => ['trivial', 'solve'].includes(kindOf.get(id) ?? '');
  const kills = struck.filter((fault) => fault.is === 'F01' && KILLS.has(fault.what));
  const all = [...jobs.keys()];
  const over = new Map(is(history, 'fault-end').map(({ fault, at }) => [fault, at]));
  const spans = struck.map((fault): Span & { readonly of: typeof fault } => ({
    of: fault,
    from: wallOf(fault.at),
    until: wallOf(over.get(fault.fault) ?? fault.at),
  }));
  /** The log's times mean something: the database's clock was right. */
  const hasTimes = (span: Span): boolean =>
    !spans.some((other) => other.of.is === 'F17' && meet(span, other));
  const failovers = kills
    .filter(({ what }) => what === 'leader')
    .flatMap((kill) => takeOver(log, wallOf(kill.at)).map((span) => ({ kill, span })))
    .filter(({ span }) => hasTimes(span));
  const losses = kills
    .flatMap((kill) => requeued(log, wallOf(kill.at), kill.where[0] ?? '').map((span) => ({ kill, span })))
    .filter(({ span }) => hasTimes(span));
  const isAlone = ({ kill, span }: (typeof losses)[number]): boolean => {
    const needed = ['postgres', ...leadersIn(log, span)];
    return !spans.some(
      (other) =>
        other.of !== kill && meet(span, other) && needed.some((name) => other.of.where.includes(name)),
    );
  };
  return {
    faults: new Map(
      [...kinds].sort().map((kind) => {
        const of = (entries: readonly { is: FaultKind }[]) =>
          entries.filter((entry) => entry.is === kind).length;
        return [kind, { struck: of(struck), skipped: of(skipped) }];
      }),
    ),
    reasons: new Map(skipped.map((entry) => [entry.is, entry.why])),
    acknowledged: acknowledged.size,
    lost: [...acknowledged].filter((id) => ends(id).length === 0).length,
    double: all.filter((id) => ends(id).length > 1).length,
    outcomes: count(all.flatMap((id) => ends(id).map(outcomeOf))),
    attempts: count(all.map((id) => (jobs.get(id) ?? []).filter(({ type }) => type === 'JobStarted').length)),
    requeues: count(
      log.filter(({ type }) => type === 'JobRequeued').map(({ data }) => String(data['reason'])),
    ),
    charged: log.filter(({ type, data }) => type === 'JobRequeued' && data['reason'] !== 'drained').length,
    rounds: struck.filter(({ is, what }) => is === 'F20' && what === 'rolling').length,
    failed: all.filter(
      (id) => healthy(id) && ends(id).some(({ type }) => type === 'JobFailed' || type === 'JobAbandoned'),
    ).length,
    exhausted: all.filter((id) => healthy(id) && ends(id).some(isExhausted)).length,
    failover: sorted(failovers.map(({ span }) => duration(span))),
    failoverAlone: sorted(failovers.filter(isAlone).map(({ span }) => duration(span))),
    requeue: sorted(losses.map(({ span }) => duration(span))),
    requeueAlone: sorted(losses.filter(isAlone).map(({ span }) => duration(span))),
    gone: sorted(is(history, 'processes').map(({ goneMs }) => goneMs)),
    outage: longestOutage(history),
    seconds: ((history.at(-1)?.at ?? 0) - (history[0]?.at ?? 0)) / 1000,
    events: log.length,
  };
};

const codeOf = ({ data }: LogEvent): string | undefined =>
  (data['error'] as { code?: string } | undefined)?.code;

/** With its words where a healthy job ends so. */
const outcomeOf = (event: LogEvent): string => {
  const { message = '' } = (event.data['error'] ?? {}) as { readonly message?: string };
  const code = codeOf(event);
  return [event.type, code, code === 'AttemptCrashed' && `(${message.slice(0, 120)})`]
    .filter(Boolean)
    .join(' ');
};

const isExhausted = (event: LogEvent): boolean =>
  event.type === 'JobAbandoned' || (event.type === 'JobFailed' && codeOf(event) === 'AttemptCrashed');

/** Milliseconds since 1970. */
interface Span {
  readonly from: number;
  readonly until: number;
}

const duration = ({ from, until }: Span): number => until - from;

const meet = (one: Span, other: Span): boolean => one.from <= other.until && other.from <= one.until;

const takeOver = (log: readonly LogEvent[], from: number): Span[] => {
  const epoch = log.findLast(({ type, at }) => type === 'LeaderElected' && at <= from)?.epoch ?? 0;
  const next = log.find((event) => event.type === 'JobStarted' && (event.epoch ?? 0) > epoch);
  return next ? [{ from, until: next.at }] : [];
};

/** The names of those who led for some of the time. */
const leadersIn = (log: readonly LogEvent[], { from, until }: Span): string[] => {
  const elections = log.filter(({ type, at }) => type === 'LeaderElected' && at <= until);
  const since = elections.findLastIndex(({ at }) => at <= from);
  return elections.slice(Math.max(0, since)).map(({ data }) => {
    const joined = log.find(({ type, stream }) => type === 'NodeJoined' && idOf(stream) === data['node']);
    return String(joined?.data['name']);
  });
};

/** What this life of the server lost, until the log had it back: also jobs that were given to it when it was dead. */
const requeued = (log: readonly LogEvent[], from: number, server: string): Span[] => {
  const life = log.findLast(
    ({ type, data, at }) => type === 'NodeJoined' && data['name'] === server && at <= from,
  );
  return log
    .filter(
      ({ type, data, at }) =>
        type === 'JobRequeued' &&
        at > from &&
        data['node'] === idOf(life?.stream ?? '') &&
        data['nodeEpoch'] === life?.data['epoch'],
    )
    .map(({ at }) => ({ from, until: at }));
};

const longestOutage = (history: readonly HistoryEntry[]): number => {
  let longest = 0;
  let last: number | undefined;
  const open = new Set<string>();
  for (const entry of history) {
    if (entry.kind === 'submit') {
      if (open.size === 0) last = entry.at; // nobody asked before
      open.add(entry.command);
    }
    if (entry.kind !== 'ack' && entry.kind !== 'refused') continue;
    open.delete(entry.command);
    if (last !== undefined) longest = Math.max(longest, entry.at - last);
    last = entry.at;
  }
  return longest;
};
