import type { EncodedAppend } from './record.js';

const MAX_ITEMS = 500;
const MAX_BYTES = 256 * 1024;

export interface Waiting<Result> {
  readonly append: EncodedAppend;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/**
 * Collects appends while earlier ones are being written, so that many callers share one commit.
 * Nobody waits on purpose: an idle log writes a single append at once.
 */
export class GroupCommit<Result> {
  private waiting: Waiting<Result>[] = [];
  private readonly busyStreams = new Set<string>();
  private inFlight = 0;
  private scheduled = false;
  private whenIdle: (() => void)[] = [];

  /** `write` settles every item of its batch itself and never rejects. */
  constructor(
    private readonly write: (batch: readonly Waiting<Result>[]) => Promise<void>,
    private readonly maxInFlight = 2,
  ) {}

  add(append: EncodedAppend): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ append, resolve, reject });
      this.schedule();
    });
  }

  /** When everything that was added has been settled. */
  idle(): Promise<void> {
    if (this.inFlight === 0 && this.waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.whenIdle.push(resolve));
  }

  /** After the callers that the last batch has set free had their turn: their next appends belong into one batch. */
  private schedule(): void {
    if (this.scheduled || this.inFlight >= this.maxInFlight) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      while (this.inFlight < this.maxInFlight && this.waiting.length > 0 && this.start());
    });
  }

  private start(): boolean {
    const batch = this.takeBatch();
    if (batch.length === 0) return false;
    this.inFlight += 1;
    for (const { append } of batch) this.busyStreams.add(append.stream);
    void this.write(batch).then(() => {
      this.inFlight -= 1;
      for (const { append } of batch) this.busyStreams.delete(append.stream);
      if (this.waiting.length > 0) this.schedule();
      else if (this.inFlight === 0) for (const resolve of this.whenIdle.splice(0)) resolve();
    });
    return true;
  }

  /** Two items of one stream never share a batch: the second one's fate depends on the first one's. */
  private takeBatch(): Waiting<Result>[] {
    const batch: Waiting<Result>[] = [];
    const later: Waiting<Result>[] = [];
    const streams = new Set<string>();
    let bytes = 0;
    for (const item of this.waiting) {
      const { stream, bytes: size } = item.append;
      const full = batch.length >= MAX_ITEMS || (batch.length > 0 && bytes + size > MAX_BYTES);
      if (full || streams.has(stream) || this.busyStreams.has(stream)) later.push(item);
      else {
        batch.push(item);
        bytes += size;
      }
      streams.add(stream); // also of those left behind: they keep their order
    }
    this.waiting = later;
    return batch;
  }
}
