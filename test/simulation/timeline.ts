/** Where work may be scheduled: the world itself, or one life of one server. */
export interface Scheduler {
  after(ms: number, work: () => void): void;
}

interface Entry {
  readonly time: number;
  readonly order: number;
  readonly work: () => void;
}

const before = (a: Entry, b: Entry): boolean => a.time < b.time || (a.time === b.time && a.order < b.order);

/** Asked for by a promise's continuation, a tick comes when no promise has anything left to do. */
const rest = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

/**
 * The world's clock: it jumps from one entry to the next. What an entry starts among promises comes to rest before
 * the next one is taken, so a run depends on nothing but its seed.
 */
export class Timeline implements Scheduler {
  /** Milliseconds since 1970. */
  now = Date.UTC(2026, 0, 1);
  private readonly heap: Entry[] = [];
  private order = 0;

  after(ms: number, work: () => void): void {
    const { heap } = this;
    const entry = { time: this.now + ms, order: this.order++, work };
    let at = heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!before(entry, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = entry;
  }

  /** Until `done` says so, or nothing is left to happen. */
  async run(done: () => boolean): Promise<void> {
    await undefined; // from here on in a continuation: outside, ticks would come before promises
    for (let entry = this.take(); entry; entry = this.take()) {
      this.now = entry.time;
      entry.work();
      await rest();
      if (done()) return;
    }
  }

  private take(): Entry | undefined {
    const { heap } = this;
    const [first] = heap;
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below + 1 < heap.length && before(heap[below + 1]!, heap[below]!)) below++;
      if (below >= heap.length || !before(heap[below]!, last)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}

/**
 * One life of one process. Paused, everything that should have happened in it waits, and then happens late and
 * all at once; over, nothing happens in it any more.
 */
export class Life implements Scheduler {
  private is: 'up' | 'paused' | 'over' = 'up';
  private held: (() => void)[] = [];

  constructor(private readonly timeline: Timeline) {}

  get up(): boolean {
    return this.is === 'up';
  }

  get over(): boolean {
    return this.is === 'over';
  }

  after(ms: number, work: () => void): void {
    if (this.is !== 'over') this.timeline.after(ms, () => this.live(work));
  }

  /** Later, unless it is called off by what this returns. */
  calling(ms: number, work: () => void): () => void {
    let off = false;
    this.after(ms, () => off || work());
    return () => void (off = true);
  }

  pause(): void {
    if (this.is === 'up') this.is = 'paused';
  }

  /** What was held comes in any order: `shuffle` says after how many milliseconds each. */
  resume(shuffle: () => number): void {
    if (this.is !== 'paused') return;
    this.is = 'up';
    const { held } = this;
    this.held = [];
    for (const work of held) this.after(shuffle(), work);
  }

  end(): void {
    this.is = 'over';
    this.held = [];
  }

  /** At once, or when it goes on. */
  live(work: () => void): void {
    if (this.is === 'up') work();
    else if (this.is === 'paused') this.held.push(work);
  }
}
