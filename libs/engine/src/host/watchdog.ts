import { readProcessGroups, type GroupUse } from './process-groups.js';

const INTERVAL = 500;

/** Looks at all watched process groups twice a second, in one pass. */
export class Watchdog {
  readonly #watched = new Map<number, (use: GroupUse) => void>();
  #timer: NodeJS.Timeout | undefined;

  watch(group: number, look: (use: GroupUse) => void): void {
    this.#watched.set(group, look);
    this.#timer ??= setInterval(() => this.#look(), INTERVAL).unref();
  }

  unwatch(group: number): void {
    this.#watched.delete(group);
    if (this.#watched.size) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const groups = readProcessGroups();
    for (const [group, look] of this.#watched) {
      const use = groups?.get(group);
      if (use) look(use);
    }
  }
}
