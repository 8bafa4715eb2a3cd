import type pg from 'pg';
import { type BeatTimes, CONDEMNED, type Life } from './beat.js';

/** A server has joined before it beats for the first time: on a busy machine the rest of its start takes a while. */
const START_TIMES = 3;

interface Seen extends Life {
  readonly beat: number;
  /** When this beat had been seen for the first time, by the watcher's own monotonic clock. */
  readonly since: number;
  /** How long it has surely stood still. */
  readonly silentMs: number;
}

/**
 * All lives that should beat: those with a row, and those that have joined and then died before their first beat.
 * The condemned ones have no row to look at any more; should he who condemned one have died before he could tell the
 * log, it is still among the joined.
 */
const LIVES = `
  SELECT node, epoch, max(beat) AS beat
    FROM (SELECT node, epoch, beat FROM node_beat WHERE beat > ${CONDEMNED}
          UNION ALL
          SELECT id, epoch, 0 FROM node_list WHERE state = 'joined') lives
   WHERE node <> $1 GROUP BY node, epoch`;

/** Only if it has not beaten meanwhile: whoever is condemned can never beat again, and whoever beats is not condemned. */
const CONDEMN = `
  INSERT INTO node_beat VALUES ($1, $2, ${CONDEMNED})
  ON CONFLICT (node) DO UPDATE SET epoch = excluded.epoch, beat = ${CONDEMNED}
   WHERE node_beat.epoch < excluded.epoch OR (node_beat.epoch = excluded.epoch AND node_beat.beat IN ($3, ${CONDEMNED}))`;

/** Who was declared dead by another way, for example because somebody removed it, must not beat on either. */
const CONDEMN_THE_DEAD = `
  UPDATE node_beat SET beat = ${CONDEMNED} FROM node_list
   WHERE id = node AND node_list.epoch = node_beat.epoch AND state IN ('dead', 'removed') AND beat > ${CONDEMNED}`;

/**
 * Watches the counters of the other servers: one that has stood still for `deadMs` belongs to a dead server. Counters
 * and the watcher's own monotonic clock, because no clock of another machine, nor the database's, may decide this. A
 * look that failed or came late starts all waits anew: after an outage of the database everybody gets his full time to
 * beat again. Every server watches, so that a new leader need not wait from the beginning; only the leader declares.
 */
export class Watch {
  private seen = new Map<string, Seen>();
  private lastLook: number | null = null;
  private timer: NodeJS.Timeout | null = null;
  private looking: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly pool: Pick<pg.Pool, 'query'>,
    private readonly self: string,
    private readonly leads: () => boolean,
    /** Tells the log; may be told again until it shows. */
    private readonly onDead: (life: Life, silentMs: number) => Promise<void>,
    private readonly report: (error: unknown) => void,
    private readonly times: Pick<BeatTimes, 'beatMs' | 'suspectMs' | 'deadMs'>,
  ) {}

  /** Lives that have been silent for a while, and for how long: they may come back. */
  get suspected(): readonly (Life & { readonly silentMs: number })[] {
    return [...this.seen.values()]
      .filter(({ silentMs }) => silentMs >= this.times.suspectMs)
      .map(({ node, epoch, silentMs }) => ({ node, epoch, silentMs: Math.round(silentMs) }));
  }

  /** How long the last beat of this server has been known; null when it should not beat. */
  silentMs(node: string): number | null {
    const lives = [...this.seen.values()].filter((life) => life.node === node);
    return lives.length === 0 ? null : performance.now() - Math.max(...lives.map(({ since }) => since));
  }

  start(): Promise<void> {
    return (this.looking = this.turn());
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.timer) clearTimeout(this.timer);
    await this.looking;
  }

  private async turn(): Promise<void> {
    try {
      await this.look();
    } catch (error) {
      this.lastLook = null;
      this.report(error);
    }
    // Twice per beat: a look costs little, and what is late here is late for every job of a dead server.
    if (!this.stopped)
      this.timer = setTimeout(() => void (this.looking = this.turn()), this.times.beatMs / 2);
  }

  private async look(): Promise<void> {
    const began = performance.now();
    const { rows } = await this.pool.query<{ node: string; epoch: number; beat: string }>(LIVES, [this.self]);
    const ended = performance.now();
    const { deadMs } = this.times;
    const late = this.lastLook === null || ended - this.lastLook > deadMs / 2;
    this.lastLook = ended;
    const former = late ? new Map<string, Seen>() : this.seen;
    this.seen = new Map();
    for (const { node, epoch, beat } of rows) {
      const key = `${node}:${epoch}`;
      const before = former.get(key);
      const { since } = before?.beat === Number(beat) ? before : { since: ended };
      // The answer may be old by the time it is read: it tells what was so when it was asked for, not later.
      this.seen.set(key, { node, epoch, beat: Number(beat), since, silentMs: Math.max(0, began - since) });
    }
    if (!this.leads()) return;
    await this.pool.query(CONDEMN_THE_DEAD);
    for (const [key, life] of this.seen)
      if (life.silentMs >= deadMs * (life.beat === 0 ? START_TIMES : 1)) {
        this.seen.delete(key);
        await this.condemn(life);
      }
  }

  private async condemn({ node, epoch, beat, silentMs }: Seen): Promise<void> {
    const { rowCount } = await this.pool.query(CONDEMN, [node, epoch, beat]);
    if (rowCount === 1) await this.onDead({ node, epoch }, Math.round(silentMs));
  }
}
