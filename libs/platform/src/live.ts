/**
 * A queue between a producer that calls back and a consumer that iterates. Bounded: beyond `limit`
 * the oldest go, because every message only says "look again". Ending it (also by `return`, when a
 * subscriber leaves) wakes a waiting consumer at once, which an async generator could not do.
 */
export class LiveQueue<T> implements AsyncIterableIterator<T> {
  private readonly items: T[] = [];
  private wake: (() => void) | null = null;
  private ended = false;

  /** `listen` starts the producer and returns how to stop it. */
  constructor(
    listen: (push: (item: T) => void) => () => void,
    private readonly limit = 1000,
  ) {
    this.stop = listen((item) => this.push(item));
  }

  private readonly stop: () => void;

  push(item: T): void {
    if (this.ended) return;
    this.items.push(item);
    if (this.items.length > this.limit) this.items.shift();
    this.wake?.();
  }

  get isOver(): boolean {
    return this.ended;
  }

  get isEmpty(): boolean {
    return this.items.length === 0;
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.stop();
    this.wake?.();
  }

  async next(): Promise<IteratorResult<T>> {
    for (;;) {
      if (this.items.length > 0) return { value: this.items.shift() as T, done: false };
      if (this.ended) return { value: undefined, done: true };
      await new Promise<void>((resolve) => (this.wake = resolve));
      this.wake = null;
    }
  }

  return(): Promise<IteratorResult<T>> {
    this.items.length = 0;
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /**
   * Each item as `see` shows it: `undefined` shows nothing, `last(value)` shows the value and ends.
   * Items that came while `see` worked are drained first when `latest` is set: only the newest counts.
   */
  map<U>(see: (item: T) => Promise<U | Last<U> | undefined>, latest = false): AsyncIterableIterator<U> {
    const next = async (): Promise<IteratorResult<U>> => {
      for (;;) {
        const { value, done } = await this.next();
        if (done) return { value: undefined, done: true };
        const item = latest ? (this.items.splice(0).at(-1) ?? (value as T)) : (value as T);
        const seen = await see(item).catch((error: unknown) => {
          this.end(); // nobody asks again after an error: the producer must not go on for nobody
          throw error;
        });
        if (seen instanceof Last) {
          this.end();
          return seen.value === undefined
            ? { value: undefined, done: true }
            : { value: seen.value, done: false };
        }
        if (seen !== undefined) return { value: seen, done: false };
      }
    };
    const iterator: AsyncIterableIterator<U> = {
      next,
      return: async () => {
        await this.return();
        return { value: undefined, done: true };
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }
}

/** Marks the last value of a subscription; without a value the subscription just ends. */
export class Last<U> {
  constructor(readonly value?: U) {}
}
