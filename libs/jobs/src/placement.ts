import { type Entry, type Line, put, type Queue, type Server, turnOf } from './queue.js';
import { get, rank, remove, set, type SortedMap, values } from './sorted-map.js';

export interface Placement {
  readonly job: string;
  readonly node: string;
  readonly nodeEpoch: number;
  readonly attempt: number;
}

/** Why a job waits, in words; `undefined` when it does not. Asked for one job at a time: a queue may be long. */
export interface Reasons {
  get(job: string): string | undefined;
}

export interface Decision {
  readonly placements: readonly Placement[];
  readonly waiting: Reasons;
  /** With the placements in it, so that the next decision does not count on their slots. */
  readonly queue: Queue;
}

/** A server while the decision is being made. */
interface Candidate {
  readonly server: Server;
  taken: number;
  /** Kept free, or taken, by a job that runs alone. */
  closed: boolean;
}

/** What a job that waits for these labels may use: the server with the most free slots is found without looking at all. */
class FreeSlots {
  private readonly byCount: Candidate[][] = [];

  constructor(private readonly candidates: readonly Candidate[]) {
    for (const candidate of candidates) this.offer(candidate);
  }

  takeMost(): Candidate | undefined {
    while (this.byCount.length > 0) {
      const count = this.byCount.length;
      const candidate = this.byCount.at(-1)?.pop();
      if (!candidate) this.byCount.pop();
      else if (free(candidate) === count) {
        candidate.taken++;
        this.offer(candidate);
        return candidate;
      } else this.offer(candidate); // others have taken from it meanwhile
    }
    return undefined;
  }

  takeIdle(): Candidate | undefined {
    const idle = this.candidates.find((candidate) => candidate.taken === 0 && free(candidate) > 0);
    if (idle) {
      idle.taken++;
      idle.closed = true;
    }
    return idle;
  }

  /** Keeps the server free that is likely to be idle first, so that a job that runs alone gets one in the end; false = none is left. */
  reserve(): boolean {
    let soonest: Candidate | undefined;
    for (const one of this.candidates)
      if (!one.closed && one.server.slots > 0 && (!soonest || one.taken < soonest.taken)) soonest = one;
    if (soonest) soonest.closed = true;
    return soonest !== undefined;
  }

  private offer(candidate: Candidate): void {
    const count = free(candidate);
    if (count <= 0) return;
    for (let known = this.byCount.length; known < count; known++) this.byCount.push([]);
    this.byCount[count - 1]?.push(candidate);
  }
}

const free = ({ server, taken, closed }: Candidate): number => (closed ? 0 : server.slots - taken);

const hasAll = (labels: readonly string[], { server }: { readonly server: Server }): boolean =>
  labels.every((label) => server.labels.includes(label));

/** One line on its way through the decision: who is next in it, and where these may run. */
interface Turn {
  readonly entry: Entry;
  readonly rest: Iterator<Entry, undefined>;
  readonly slots: FreeSlots;
}

/** Whoever is next in his line, by turn: so the lines are gone through as if they were one. */
const firstTurns = (lines: SortedMap<Line>, candidates: readonly Candidate[]): SortedMap<Turn> => {
  const having = new Map<string, Candidate[]>();
  for (const candidate of candidates)
    for (const label of candidate.server.labels) {
      const others = having.get(label);
      if (others) others.push(candidate);
      else having.set(label, [candidate]);
    }
  let turns: SortedMap<Turn> = null;
  for (const { labels, waiting } of values(lines)) {
    const [label] = labels;
    const fit =
      label === undefined ? candidates : (having.get(label) ?? []).filter((one) => hasAll(labels, one));
    // Apps may ask for what nobody has, each for something else: such a line costs one look.
    if (fit.length > 0) turns = nextTurn(turns, values(waiting), new FreeSlots(fit));
  }
  return turns;
};

const nextTurn = (
  turns: SortedMap<Turn>,
  rest: Iterator<Entry, undefined>,
  slots: FreeSlots,
): SortedMap<Turn> => {
  const { value: entry } = rest.next();
  return entry ? set(turns, turnOf(entry), { entry, rest, slots }) : turns;
};

/**
 * Which waiting jobs start now, and where: in turn, each on the server with the most free slots of
 * those that have its labels. One that fits nowhere does not hold up those behind it.
 * The same queue gives the same decision. It only proposes; what counts is the start in the job's stream.
 */
export const decidePlacements = (queue: Queue): Decision => {
  const candidates = [...values(queue.servers)]
    .filter(({ draining }) => !draining)
    .map((server) => ({ server, taken: server.taken, closed: server.alone > 0 }));
  const placements: Placement[] = [];
  let after = queue;
  let turns = firstTurns(queue.lines, candidates);
  for (let turn = first(turns); turn; turn = first(turns)) {
    const { entry, rest, slots } = turn;
    turns = remove(turns, turnOf(entry));
    const chosen = entry.alone ? slots.takeIdle() : slots.takeMost();
    if (chosen) {
      const { node, epoch: nodeEpoch } = chosen.server;
      placements.push({ job: entry.job, node, nodeEpoch, attempt: entry.attempts + 1 });
      after = put(after, { ...entry, place: { node, nodeEpoch } });
    }
    // Who does not fit closes the line; only one that must run alone may be in the way of nobody.
    if (chosen || (entry.alone && slots.reserve())) turns = nextTurn(turns, rest, slots);
  }
  return {
    placements,
    queue: after,
    waiting: {
      get(job) {
        const entry = get(after.jobs, job);
        return entry && entry.place === null ? reasonFor(after, entry) : undefined;
      },
    },
  };
};

const first = <V>(map: SortedMap<V>): V | undefined => values(map).next().value;

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;

const reasonFor = (queue: Queue, entry: Entry): string => {
  const all = [...values(queue.servers)];
  if (all.length === 0) return 'No server is there to run it';
  const fit = all.filter((server) => hasAll(entry.labels, { server }));
  const having = havingWords(entry.labels);
  if (fit.length === 0) return `No server has ${labelWords(entry.labels)}`;
  const servers = fit.filter(({ draining }) => !draining);
  if (servers.length === 0)
    return fit.length === 1
      ? `The only server${having} is draining: it takes no new jobs until it is resumed`
      : `All ${fit.length} servers${having} are draining: they take no new jobs until one is resumed`;
  const ahead = rank(queue.waiting, turnOf(entry));
  const turn =
    ahead === 0 ? 'it is next' : `${count(ahead, 'job')} ${ahead === 1 ? 'is' : 'are'} ahead of it`;
  if (entry.alone)
    return `It waits for a server of its own, because servers were lost while they ran it; ${turn}`;
  const slots = servers.reduce((sum, server) => sum + server.slots, 0);
  const taken = servers.reduce((sum, server) => sum + server.taken, 0);
  if (taken < slots) return `The free slots are kept for a job that must run alone; ${turn}`;
  const every = slots === 1 ? 'The one slot' : `All ${slots} slots`;
  const others = fit.length - servers.length;
  const away = others === 0 ? '' : `, ${others} more ${others === 1 ? 'is' : 'are'} draining`;
  return `${every} of ${count(servers.length, 'server')}${having} ${slots === 1 ? 'is' : 'are'} taken${away}; ${turn}`;
};

const labelWords = (labels: readonly string[]): string =>
  labels.length === 1 ? `the label ${labels[0]}` : `all the labels ${labels.join(', ')}`;

const havingWords = (labels: readonly string[]): string =>
  labels.length === 0 ? '' : ` with ${labelWords(labels)}`;
