/** Passes on at most one value per interval, the latest one, and the first at once. */
export class Throttle<T> {
  #pending: { readonly value: T } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly intervalMs: number,
    private readonly deliver: (value: T) => void,
  ) {}

  push(value: T): void {
    this.#pending = { value };
    if (!this.#timer) this.#pass();
  }

  /** Passes on what waits, now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending) this.deliver(pending.value);
  }

  #pass(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    this.#timer = pending && setTimeout(() => this.#pass(), this.intervalMs);
    if (pending) this.deliver(pending.value);
  }
}
