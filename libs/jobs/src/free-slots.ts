import type { Needs, Queue, Server } from './lines.js';
import { values } from './sorted-map.js';

/** A server while a decision is being made. */
export interface Candidate {
  readonly server: Server;
  /** Its own, or fewer where the policy says so. */
  readonly slots: number;
  taken: number;
  memoryFree: number;
  coresFree: number;
  /** Kept free, or taken, by a job that runs alone, or kept for one that needs more than is free. */
  closed: boolean;
}

export const slotsOf = ({ policy }: Pick<Queue, 'policy'>, { name, slots }: Server): number =>
  Math.min(slots, policy.most('server', name) ?? Infinity);

const left = (all: number | null, taken: number): number => (all === null ? Infinity : all - taken);

export const candidatesOf = (queue: Queue): readonly Candidate[] =>
  [...values(queue.servers)]
    .filter(({ draining }) => !draining)
    .map((server) => ({
      server,
      slots: slotsOf(queue, server),
      taken: server.taken,
      memoryFree: left(server.memoryMiB, server.memoryTaken),
      coresFree: left(server.cores, server.coresTaken),
      closed: server.alone > 0,
    }));

export const free = ({ slots, taken, closed }: Candidate): number => (closed ? 0 : slots - taken);

export const hasAll = ({ labels }: Pick<Needs, 'labels'>, server: Server): boolean =>
  labels.every((label) => server.labels.includes(label));

/** Whether it could run there if nothing else did. */
export const isLargeEnough = (needs: Needs, { memoryMiB, cores }: Server): boolean =>
  needs.memoryMiB <= (memoryMiB ?? Infinity) && needs.cores <= (cores ?? Infinity);

/** Fractions of cores add up to a little more or less than they should. */
const TOLERANCE = 1e-6;

/** What those with the same needs may use: the server with the most free slots is found without looking at all. */
export class FreeSlots {
  private readonly byCount: Candidate[][] = [];
  private reserved = false;

  constructor(
    private readonly needs: Needs,
    private readonly candidates: readonly Candidate[],
  ) {
    for (const candidate of candidates) this.offer(candidate);
  }

  takeMost(): Candidate | undefined {
    while (this.byCount.length > 0) {
      const count = this.byCount.length;
      const candidate = this.byCount.at(-1)?.pop();
      if (!candidate) this.byCount.pop();
      else if (free(candidate) !== count)
        this.offer(candidate); // others have taken from it meanwhile
      // One that has too little left has no more later: nothing ends while a decision is made.
      else if (this.hasEnough(candidate)) {
        this.take(candidate);
        this.offer(candidate);
        return candidate;
      }
    }
    this.reserveEnough();
    return undefined;
  }

  takeIdle(): Candidate | undefined {
    const idle = this.candidates.find((candidate) => candidate.taken === 0 && free(candidate) > 0);
    if (idle) {
      this.take(idle);
      idle.closed = true;
    }
    return idle;
  }

  /** Keeps the server free that is likely to be idle first, so that a job that runs alone gets one in the end; false = none is left. */
  reserve(): boolean {
    let soonest: Candidate | undefined;
    for (const one of this.candidates)
      if (!one.closed && one.slots > 0 && (!soonest || one.taken < soonest.taken)) soonest = one;
    if (soonest) soonest.closed = true;
    return soonest !== undefined;
  }

  /**
   * One who needs much memory or many cores would wait for ever while smaller ones come: the server that lacks least
   * takes nobody who is behind him. It lacks ever less, so that it stays the one, or another one is even closer.
   */
  private reserveEnough(): void {
    const { memoryMiB, cores } = this.needs;
    if (this.reserved || (memoryMiB === 0 && cores === 0)) return;
    this.reserved = true;
    let least: [lacking: number, candidate: Candidate] | undefined;
    for (const one of this.candidates)
      if (!one.closed && one.slots > 0) {
        const lacking = this.lacking(one);
        if (!least || lacking < least[0]) least = [lacking, one];
      }
    if (least) least[1].closed = true;
  }

  private lacking({ server, slots, taken, memoryFree, coresFree }: Candidate): number {
    const { memoryMiB, cores } = this.needs;
    return (
      Math.max(0, memoryMiB - memoryFree) / (server.memoryMiB ?? Infinity) +
      Math.max(0, cores - coresFree) / (server.cores ?? Infinity) +
      Math.max(0, taken + 1 - slots) / slots
    );
  }

  private hasEnough({ memoryFree, coresFree }: Candidate): boolean {
    const { memoryMiB, cores } = this.needs;
    return memoryMiB <= memoryFree + TOLERANCE && cores <= coresFree + TOLERANCE;
  }

  private take(candidate: Candidate): void {
    candidate.taken++;
    candidate.memoryFree -= this.needs.memoryMiB;
    candidate.coresFree -= this.needs.cores;
  }

  private offer(candidate: Candidate): void {
    const count = free(candidate);
    if (count <= 0) return;
    for (let known = this.byCount.length; known < count; known++) this.byCount.push([]);
    this.byCount[count - 1]?.push(candidate);
  }
}

/** By their needs what those who wait may use; undefined = no server that takes work could ever run them. */
export class Fitting {
  private readonly known = new Map<string, FreeSlots | undefined>();
  private readonly having = new Map<string, Candidate[]>();

  constructor(private readonly candidates: readonly Candidate[]) {
    for (const candidate of candidates)
      for (const label of candidate.server.labels) {
        const others = this.having.get(label);
        if (others) others.push(candidate);
        else this.having.set(label, [candidate]);
      }
  }

  for(needs: Needs): FreeSlots | undefined {
    const { known } = this;
    if (!known.has(needs.key)) known.set(needs.key, this.find(needs));
    return known.get(needs.key);
  }

  private find(needs: Needs): FreeSlots | undefined {
    const [label] = needs.labels;
    // Apps may ask for what nobody has, each for something else: that costs one look.
    const some = label === undefined ? this.candidates : (this.having.get(label) ?? []);
    const fit = some.filter(({ server }) => hasAll(needs, server) && isLargeEnough(needs, server));
    return fit.length > 0 ? new FreeSlots(needs, fit) : undefined;
  }
}
