import {
  type EventStore,
  follow,
  type Following,
  type Position,
  type Recorded,
  type Report,
} from '@openpro/eventstore';
import { decidePlacements, type Placement, type Reasons } from './placement.js';
import { evolveQueue, type Queue, refusedSeat } from './queue.js';
import { size, values } from './sorted-map.js';

const PAGE = 1000;
/** Who had no seat is looked at again then, should the log have nothing new to say before. */
const AGAIN_MS = 500;

/** What the scheduler starts from: the queue as the read model had it at `position`. */
export interface Snapshot {
  readonly queue: Queue;
  readonly position: Position;
}

/**
 * The leader's scheduler. Its state is the queue, rebuilt at take-over and followed from the log;
 * it only proposes: a start that lost a race is refused by the job itself.
 */
export class Dispatcher {
  private queue: Queue | null = null;
  private follower: Following | null = null;
  private epoch = 0;
  private looksAgain = false;
  private reasons: Reasons | null = null;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly store: EventStore,
    private readonly snapshot: () => Promise<Snapshot>,
    /**
     * Takes the seat, if one is needed, and issues StartJob; resolves when it is decided, also when it is refused.
     * False: there was no seat. Never rejects.
     */
    private readonly start: (placement: Placement, epoch: number) => Promise<boolean>,
    private readonly report?: Report,
    private readonly now: () => number = Date.now,
    private readonly soon: (work: () => void) => void = (work) => void setTimeout(work, AGAIN_MS).unref(),
  ) {}

  /** From now on as the leader of this epoch. */
  async lead(epoch: number): Promise<void> {
    await this.resign(); // elected anew without having noticed the end of the former term
    this.epoch = epoch;
    const { queue, position } = await this.upToNow();
    this.queue = queue;
    this.place();
    this.follower = follow(this.store, position, (events) => this.see(events), this.report);
  }

  async resign(): Promise<void> {
    const { follower } = this;
    this.queue = null;
    this.reasons = null;
    this.follower = null;
    await follower?.stop();
  }

  /** Why a job waits, in words; null when it does not, or when another server leads. */
  waitingFor(job: string): string | null {
    return this.reasons?.get(job, this.now()) ?? null;
  }

  /** Its place in the line of all, 1 for the next; null when it does not wait, or when another server leads. */
  placeOf(job: string): number | null {
    return this.reasons?.place(job) ?? null;
  }

  /** Calls back after each decision: why a job waits may have changed without anything happening to the job. */
  onDecided(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** What waits and runs in the whole cluster, and its slots; null when another server leads. */
  get load(): { readonly [of in 'waiting' | 'running' | 'slots' | 'taken']: number } | null {
    if (!this.queue) return null;
    const { jobs, waiting, servers } = this.queue;
    const all = [...values(servers)];
    return {
      waiting: size(waiting),
      running: size(jobs) - size(waiting),
      slots: all.reduce((sum, server) => sum + server.slots, 0),
      taken: all.reduce((sum, server) => sum + server.taken, 0),
    };
  }

  /**
   * The read model may be behind: what the former leader has started since takes slots, too. Up to the end of the log
   * itself, because a page ends where this server has heard of no more.
   */
  private async upToNow(): Promise<Snapshot> {
    let { queue, position } = await this.snapshot();
    for (const head = await this.store.head(); position < head;) {
      const events = await this.store.readAll(position, PAGE);
      queue = events.reduce(evolveQueue, queue);
      position = events.at(-1)?.position ?? position;
    }
    return { queue, position };
  }

  private see(events: readonly Recorded[]): void {
    for (const event of events) if (this.queue) this.queue = evolveQueue(this.queue, event);
    this.place();
  }

  private place(): void {
    if (!this.queue) return;
    const { placements, waiting, queue } = decidePlacements(this.queue, this.now());
    this.queue = queue;
    this.reasons = waiting;
    for (const listener of this.listeners) listener();
    for (const placement of placements) void this.propose(placement, this.epoch);
  }
  /** Another leader may have given the seat away meanwhile: the log will tell, and the job waits until then. */
  private async propose(placement: Placement, epoch: number): Promise<void> {
    const { job, attempt } = placement;
    if ((await this.start(placement, epoch)) || epoch !== this.epoch || !this.queue) return;
    this.queue = refusedSeat(this.queue, job, attempt);
    if (this.looksAgain) return;
    this.looksAgain = true;
    this.soon(() => {
      this.looksAgain = false;
      this.place();
    });
  }
}
