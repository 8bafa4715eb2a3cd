import {
  type EventStore,
  follow,
  type Following,
  type Position,
  type Recorded,
  type Report,
  START,
} from '@openpro/eventstore';
import { decidePlacements, type Placement, type Reasons } from './placement.js';
import { evolveQueue, type Queue } from './queue.js';

/** What the scheduler starts from: the queue as the read model had it. */
export interface Snapshot {
  readonly queue: Queue;
  /** What follows this must be seen. */
  readonly position: Position;
  /** Up to here, at `position` or behind it, `queue` has seen the events of jobs. */
  readonly jobsUpTo: Position;
}

/**
 * The leader's scheduler. Its state is the queue, rebuilt at take-over and followed from the log;
 * it only proposes: a start that lost a race is refused by the job itself.
 */
export class Dispatcher {
  private queue: Queue | null = null;
  private jobsUpTo = START;
  private follower: Following | null = null;
  private epoch = 0;
  private reasons: Reasons | null = null;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly store: EventStore,
    private readonly snapshot: () => Promise<Snapshot>,
    /** Issues StartJob; resolves when it is decided, also when it is refused. Never rejects. */
    private readonly start: (placement: Placement, epoch: number) => Promise<void>,
    private readonly report?: Report,
  ) {}

  /** From now on as the leader of this epoch. */
  async lead(epoch: number): Promise<void> {
    await this.resign(); // elected anew without having noticed the end of the former term
    this.epoch = epoch;
    const { queue, position, jobsUpTo } = await this.snapshot();
    this.queue = queue;
    this.jobsUpTo = jobsUpTo;
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
    return this.reasons?.get(job) ?? null;
  }

  /** Calls back after each decision: why a job waits may have changed without anything happening to the job. */
  onDecided(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private see(events: readonly Recorded[]): void {
    for (const event of events)
      if (this.queue && !this.isKnown(event)) this.queue = evolveQueue(this.queue, event);
    this.place();
  }

  /** That a job was queued, told again, would take from it the place that it has just been promised. */
  private isKnown({ stream, position }: Recorded): boolean {
    return position <= this.jobsUpTo && stream.startsWith('job-');
  }

  private place(): void {
    if (!this.queue) return;
    const { placements, waiting, queue } = decidePlacements(this.queue);
    this.queue = queue;
    this.reasons = waiting;
    for (const listener of this.listeners) listener();
    for (const placement of placements) void this.start(placement, this.epoch);
  }
}
