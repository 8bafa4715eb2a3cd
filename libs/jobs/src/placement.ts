import { candidatesOf, Fitting, type FreeSlots } from './free-slots.js';
import { type Entry, fullFor, type Line, ownerKey, place, type Queue, turnAmong, turnOf } from './lines.js';
import { holderOf, seated } from './seats.js';
import { get, rank, remove, set, type SortedMap, values } from './sorted-map.js';
import { turned, type Waited, type WaitKind, waitedOf } from './wait-clock.js';
import { Expected, reasonFor } from './waiting-reasons.js';

export interface Placement {
  readonly job: string;
  readonly node: string;
  readonly nodeEpoch: number;
  readonly attempt: number;
  /** What it takes of the server. */
  readonly memoryMiB?: number;
  readonly cores?: number;
  /** Of which licence it must have a seat first, and for whom. */
  readonly seat?: { readonly environment: string; readonly licence: string; readonly user: string };
  /** How its wait was made up, where it was worth telling. */
  readonly waited?: Waited;
}

/** Of a job that waits; `undefined` of any other. Asked for one job at a time: a queue may be long. */
export interface Reasons {
  /** Why it waits, in words. */
  get(job: string, now?: number): string | undefined;
  /** Its place in the line of all, 1 for the next. */
  place(job: string): number | undefined;
}

export interface Decision {
  readonly placements: readonly Placement[];
  readonly waiting: Reasons;
  /** With the placements in it, so that the next decision does not count on their slots. */
  readonly queue: Queue;
}

/** One line on its way through the decision: who is next in it, and where these may run. */
interface Turn {
  readonly turn: string;
  readonly line: Line;
  readonly entry: Entry;
  readonly rest: Iterator<Entry, undefined>;
  readonly slots: FreeSlots;
}

/** Whoever is next in his line, by turn: so the lines are gone through as if they were one. */
type Turns = SortedMap<Turn>;

/** Where it is fair, whoever has more running comes later. */
const turnNow = ({ held }: Queue, { owner }: Line, entry: Entry): string =>
  turnAmong(entry, owner === '' ? 0 : (get(held, ownerKey(entry)) ?? 0));

const withNext = (turns: Turns, queue: Queue, next: Omit<Turn, 'turn' | 'entry'>): Turns => {
  const { value: entry } = next.rest.next();
  if (!entry) return turns;
  const turn = turnNow(queue, next.line, entry);
  return set(turns, turn, { ...next, turn, entry });
};

/** A wait that nobody notices is not told. */
const WORTH_TELLING_MS = 1000;

const takes = (name: 'memoryMiB' | 'cores', amount: number) => (amount > 0 ? { [name]: amount } : {});

const seatFor = ({ environment, licence, owner: user }: Entry): Pick<Placement, 'seat'> =>
  licence === null ? {} : { seat: { environment, licence: licence.slice(environment.length + 1), user } };

const toldWait = (clockOf: Line, { wait }: Entry, now: number): { readonly waited?: Waited } => {
  const waited = waitedOf(clockOf.clock, wait, now);
  const ms = Object.values(waited).reduce((sum, one) => sum + one, 0);
  return ms >= WORTH_TELLING_MS ? { waited } : {};
};

/**
 * Which waiting jobs start now, and where: in turn, each on the server with the most free slots of those that have
 * what it needs. One that cannot start does not hold up those behind it, but nobody takes from it what it waits for.
 * The same queue gives the same decision. It only proposes; what counts is the start in the job's stream.
 */
export const decidePlacements = (queue: Queue, now: number): Decision => {
  const placements: Placement[] = [];
  const blocked = new Map<string, WaitKind>();
  const fitting = new Fitting(candidatesOf(queue));
  let after = queue;
  let turns: Turns = null;
  for (const line of values(queue.lines)) {
    const full = fullFor(queue, line);
    const slots = full ? undefined : fitting.for(line.needs);
    if (slots) turns = withNext(turns, queue, { line, rest: values(line.waiting), slots });
    else blocked.set(line.key, full?.kind ?? 'server');
  }
  for (let next = first(turns); next; next = first(turns)) {
    const { turn, line, entry, slots } = next;
    turns = remove(turns, turn);
    const turnThen = turnNow(after, line, entry);
    if (turnThen !== turn) {
      turns = set(turns, turnThen, { ...next, turn: turnThen }); // its owner has got something meanwhile
      continue;
    }
    const full = fullFor(after, line);
    const chosen = full ? undefined : entry.alone ? slots.takeIdle() : slots.takeMost();
    if (chosen) {
      const { node, epoch: nodeEpoch } = chosen.server;
      const { memoryMiB, cores } = line.needs;
      placements.push({
        job: entry.job,
        node,
        nodeEpoch,
        attempt: entry.attempts + 1,
        ...takes('memoryMiB', memoryMiB),
        ...takes('cores', cores),
        ...seatFor(entry),
        ...toldWait(line, entry, now),
      });
      after = place(after, entry, { node, nodeEpoch, memoryMiB, cores, since: null });
      if (entry.licence !== null)
        after = seated(after, entry.licence, holderOf(entry.job, entry.attempts + 1));
    } else blocked.set(line.key, full?.kind ?? 'server');
    // Who does not fit closes the line; only one that must run alone may be in the way of nobody.
    if (chosen || (!full && entry.alone && slots.reserve())) turns = withNext(turns, after, next);
  }
  after = { ...after, lines: told(after.lines, blocked, now) };
  const expected = new Expected(after);
  const waiting = (job: string): Entry | undefined => {
    const entry = get(after.jobs, job);
    return entry?.place === null ? entry : undefined;
  };
  return {
    placements,
    queue: after,
    waiting: {
      get(job, at = now) {
        const entry = waiting(job);
        return entry && reasonFor(after, entry, expected, at);
      },
      place(job) {
        const entry = waiting(job);
        return entry && rank(after.waiting, turnOf(entry)) + 1;
      },
    },
  };
};

const first = <V>(map: SortedMap<V>): V | undefined => values(map).next().value;

/** The lines with what they wait for. */
const told = (
  lines: SortedMap<Line>,
  blocked: ReadonlyMap<string, WaitKind>,
  now: number,
): SortedMap<Line> => {
  let after = lines;
  for (const [key, kind] of blocked) {
    const line = get(lines, key);
    if (line && line.clock.kind !== kind)
      after = set(after, key, { ...line, clock: turned(line.clock, kind, now) });
  }
  return after;
};
