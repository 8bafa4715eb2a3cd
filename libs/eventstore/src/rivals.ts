import type pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { allCheckpoints, type Checkpoint } from './checkpoint.js';

const LOOK_MS = 10;
/** A checkpoint that stands still for so long, although there are events behind it, may have nobody who moves it. */
const STILL_MS = 300;

/**
 * Watches the checkpoints that runners on other servers move. All consumers of a server share its looks: one query at
 * a time, however many wait.
 */
export class Rivals {
  private next: Promise<ReadonlyMap<string, Checkpoint>> | undefined;

  constructor(private readonly pool: pg.Pool) {}

  /**
   * The checkpoint once somebody has moved it to `wanted` or beyond, or has paused it; `undefined` = nobody does,
   * or it is not there any more.
   */
  async past(from: Checkpoint, wanted: string, signal: AbortSignal): Promise<Checkpoint | undefined> {
    let { revision } = from;
    let movedAt = performance.now();
    // Not all servers at once.
    const stillMs = STILL_MS * (1 + Math.random() / 2);
    while (!signal.aborted) {
      const found = (await this.look()).get(from.name);
      if (!found || found.pause || found.position >= wanted) return found;
      if (found.revision !== revision) [revision, movedAt] = [found.revision, performance.now()];
      else if (performance.now() - movedAt >= stillMs) return undefined;
    }
    return undefined;
  }

  private look(): Promise<ReadonlyMap<string, Checkpoint>> {
    return (this.next ??= sleep(LOOK_MS).then(() => {
      this.next = undefined;
      return allCheckpoints(this.pool);
    }));
  }
}
