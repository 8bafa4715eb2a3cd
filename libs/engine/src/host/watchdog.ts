import { readProcessGroups, type GroupUse } from './process-groups.js';

const INTERVAL = 500;
/** In every so manieth pass the processes of all others are looked at, too: a machine may have thousands. */
const ALL = 10;

/** Looks at all watched process groups twice a second, in one pass. */
export class Watchdog {
  readonly #watched = new Map<number, (use: GroupUse) => void>();
  readonly #known = new Map<string, number>();
  #passes = 0;
  #timer: NodeJS.Timeout | undefined;

  watch(group: number, look: (use: GroupUse) => void): void {
    this.#watched.set(group, look);
    this.#known.delete(String(group)); // its id may have been another's
    this.#timer ??= setInterval(() => this.#look(), INTERVAL).unref();
  }

  unwatch(group: number): void {
    this.#watched.delete(group);
    if (this.#watched.size) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    if (this.#passes++ % ALL === 0) this.#known.clear();
    const groups = readProcessGroups(this.#watched, this.#known);
    for (const [group, look] of this.#watched) {
      const use = groups?.get(group);
      if (use) look(use);
    }
  }
}
