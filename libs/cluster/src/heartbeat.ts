import type pg from 'pg';
import type { ThisNode } from '@openpro/platform';

export interface HeartbeatTimes {
  readonly beatMs: number;
  /** Without a beat for so long a server is dead. */
  readonly deadMs: number;
}

export const DEFAULT_HEARTBEAT: HeartbeatTimes = { beatMs: 1000, deadMs: 5000 };

/** A life of a server: what is declared dead is this life, not the machine. */
export interface Life {
  readonly node: string;
  readonly epoch: number;
}

interface Seen extends Life {
  readonly beat: number;
  /** When this beat was first seen, by the watcher's own monotonic clock. */
  readonly since: number;
}

/**
 * Every server counts up a row of its own. Who leads watches the counters of the others: one that has stood still
 * for `deadMs` belongs to a dead server. Counters and the watcher's own monotonic clock, because no clock of another
 * machine, nor the database's, may decide this. A look that failed or came late starts all waits anew: after an
 * outage of the database everybody gets his full time to beat again.
 */
export class Heartbeat {
  private seen = new Map<string, Seen>();
  private lastLook: number | null = null;
  private timer: NodeJS.Timeout | null = null;
  private stopped = false;

  constructor(
    private readonly pool: pg.Pool,
    private readonly node: ThisNode,
    private readonly leads: () => boolean,
    /** Tells the log; may be told again until it shows. */
    private readonly onDead: (life: Life, silentMs: number) => Promise<void>,
    private readonly report: (error: unknown) => void,
    private readonly times: HeartbeatTimes = DEFAULT_HEARTBEAT,
  ) {}

  start(): Promise<void> {
    return this.beat();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.timer) clearTimeout(this.timer);
    const { id, epoch } = this.node;
    await this.pool
      .query('DELETE FROM node_beat WHERE node = $1 AND epoch = $2', [id, epoch])
      .catch(() => undefined);
  }

  private async beat(): Promise<void> {
    try {
      await this.pool.query(
        `INSERT INTO node_beat VALUES ($1, $2, 1)
         ON CONFLICT (node) DO UPDATE SET epoch = excluded.epoch, beat = node_beat.beat + 1
          WHERE node_beat.epoch <= excluded.epoch`,
        [this.node.id, this.node.epoch],
      );
      if (this.leads()) await this.look();
      else this.lastLook = null;
    } catch (error) {
      this.lastLook = null;
      this.report(error);
    }
    if (!this.stopped) this.timer = setTimeout(() => void this.beat(), this.times.beatMs);
  }

  private async look(): Promise<void> {
    const { rows } = await this.pool.query<{ node: string; epoch: number; beat: string }>(
      'SELECT node, epoch, beat FROM node_beat WHERE node <> $1',
      [this.node.id],
    );
    const now = performance.now();
    const { deadMs } = this.times;
    const late = this.lastLook === null || now - this.lastLook > deadMs;
    this.lastLook = now;
    const seen = new Map<string, Seen>();
    for (const { node, epoch, beat } of rows) {
      const before = late ? undefined : this.seen.get(node);
      const still = before?.epoch === epoch && before.beat === Number(beat);
      seen.set(node, still ? before : { node, epoch, beat: Number(beat), since: now });
      if (!still || now - before.since < deadMs) continue;
      await this.onDead({ node, epoch }, Math.round(now - before.since));
      await this.pool.query('DELETE FROM node_beat WHERE node = $1 AND epoch = $2', [node, epoch]);
      seen.delete(node);
    }
    this.seen = seen;
  }
}
