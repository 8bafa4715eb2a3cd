import { type Entry, put, type Queue, type Server, turnOf } from './queue.js';
import { get, rank, values } from './sorted-map.js';

export interface Placement {
  readonly job: string;
  readonly node: string;
  readonly nodeEpoch: number;
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

/** Servers by their free slots: the next job goes where most are free, found without looking at every server. */
class FreeSlots {
  private readonly byCount: Candidate[][] = [];

  constructor(private readonly candidates: readonly Candidate[]) {
    for (const candidate of candidates) this.offer(candidate);
  }

  takeMost(): Candidate | undefined {
    while (this.byCount.length > 0) {
      const candidate = this.byCount.at(-1)?.pop();
      if (!candidate) this.byCount.pop();
      else if (!candidate.closed) {
        candidate.taken++;
        this.offer(candidate);
        return candidate;
      }
    }
    return undefined;
  }

  takeIdle(): Candidate | undefined {
    const idle = this.candidates.find(
      ({ server, taken, closed }) => !closed && taken === 0 && server.slots > 0,
    );
    if (idle) {
      idle.taken++;
      idle.closed = true;
    }
    return idle;
  }

  /** Keeps the server free that is likely to be idle first, so that a job that runs alone gets one in the end. */
  reserve(): void {
    let soonest: Candidate | undefined;
    for (const one of this.candidates)
      if (!one.closed && (!soonest || one.taken < soonest.taken)) soonest = one;
    if (soonest) soonest.closed = true;
  }

  private offer(candidate: Candidate): void {
    const free = candidate.server.slots - candidate.taken;
    if (free <= 0 || candidate.closed) return;
    for (let count = this.byCount.length; count < free; count++) this.byCount.push([]);
    this.byCount[free - 1]?.push(candidate);
  }
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;

const reasonFor = (queue: Queue, entry: Entry): string => {
  const servers = [...values(queue.servers)];
  if (servers.length === 0) return 'No server is there to run it';
  const ahead = rank(queue.waiting, turnOf(entry));
  const turn =
    ahead === 0 ? 'it is next' : `${count(ahead, 'job')} ${ahead === 1 ? 'is' : 'are'} ahead of it`;
  if (entry.alone)
    return `It waits for a server of its own, because servers were lost while they ran it; ${turn}`;
  const slots = servers.reduce((sum, server) => sum + server.slots, 0);
  const taken = servers.reduce((sum, server) => sum + server.taken, 0);
  if (taken < slots) return `The free slots are kept for a job that must run alone; ${turn}`;
  const all = slots === 1 ? 'The one slot' : `All ${slots} slots`;
  return `${all} of ${count(servers.length, 'server')} ${slots === 1 ? 'is' : 'are'} taken; ${turn}`;
};

/**
 * Which waiting jobs start now, and where: in turn, each on the server with the most free slots.
 * The same queue gives the same decision. It only proposes; what counts is the start in the job's stream.
 */
export const decidePlacements = (queue: Queue): Decision => {
  const slots = new FreeSlots(
    [...values(queue.servers)].map((server) => ({ server, taken: server.taken, closed: server.alone > 0 })),
  );
  const placements: Placement[] = [];
  let after = queue;
  for (const entry of values(queue.waiting)) {
    const chosen = entry.alone ? slots.takeIdle() : slots.takeMost();
    if (chosen) {
      const { node, epoch: nodeEpoch } = chosen.server;
      placements.push({ job: entry.job, node, nodeEpoch });
      after = put(after, { ...entry, place: { node, nodeEpoch } });
    } else if (entry.alone) slots.reserve();
    else break;
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
