import type pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { allCheckpoints, type Checkpoint } from './checkpoint.js';
import { coalesce } from './coalesce.js';

const FIRST_LOOK_MS = 8;
const SLOWEST_LOOK_MS = 50;
/** A checkpoint that stands still for so long, although there are events behind it, may have nobody who moves it. */
const STILL_MS = 300;

/**
 * Watches the checkpoints that runners on other servers move. All consumers of a server share its looks: one query,
 * however many wait.
 */
export class Rivals {
  private readonly look: () => Promise<ReadonlyMap<string, Checkpoint>>;

  constructor(pool: pg.Pool) {
    this.look = coalesce(() => allCheckpoints(pool));
  }

  /**
   * The checkpoint once somebody has moved it to `wanted` or beyond, or has paused it; `undefined` = nobody does,
   * or it is not there any more.
   */
  async past(from: Checkpoint, wanted: string, signal: AbortSignal): Promise<Checkpoint | undefined> {
    let { revision } = from;
    let movedAt = performance.now();
    // Not all servers at once.
    const stillMs = STILL_MS * (1 + Math.random() / 2);
    for (let pause = FIRST_LOOK_MS; !signal.aborted; pause = Math.min(pause * 1.5, SLOWEST_LOOK_MS)) {
      await sleep(pause, undefined, { signal }).catch(() => undefined);
      const found = (await this.look()).get(from.name);
      if (!found || found.pause || found.position >= wanted) return found;
      if (found.revision !== revision) [revision, movedAt] = [found.revision, performance.now()];
      else if (performance.now() - movedAt >= stillMs) return undefined;
    }
    return undefined;
  }
}
