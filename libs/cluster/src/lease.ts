import type pg from 'pg';

export interface LeaseTimes {
  /** How long a lease lasts without renewal, in ms. */
  readonly ttlMs: number;
  readonly renewMs: number;
  /** The holder stops this long before the lease could be taken from it. */
  readonly marginMs: number;
}

export const DEFAULT_LEASE: LeaseTimes = { ttlMs: 4000, renewMs: 1000, marginMs: 1000 };

/**
 * The one lease row of the cluster: whoever holds it leads. Compared with the database's clock only;
 * the holder also keeps a monotonic deadline of its own and stops at it, so that a server that cannot
 * reach the database stops proposing before another may start. Safety does not rest on this: what a
 * former leader still proposes is refused by the streams themselves.
 */
export class Lease {
  private deadline = 0;
  private next: NodeJS.Timeout | undefined;
  private end: NodeJS.Timeout | undefined;
  private beating: Promise<void> = Promise.resolve();
  private stopped = false;
  private epoch: number | null = null;

  constructor(
    private readonly pool: Pick<pg.Pool, 'query'>,
    private readonly node: string,
    private readonly onLead: (epoch: number) => Promise<void>,
    private readonly onLose: () => Promise<void>,
    /** Told of every beat that failed. */
    private readonly report: (error: unknown) => void,
    private readonly times: LeaseTimes = DEFAULT_LEASE,
  ) {}

  get leads(): boolean {
    return this.epoch !== null && performance.now() < this.deadline;
  }

  start(): Promise<void> {
    return (this.beating = this.beat());
  }

  /** Gives the lease back, so that the next leader need not wait for its end. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.next);
    await this.beating; // who is being elected just now must lead before he can resign
    clearTimeout(this.end);
    if (this.epoch === null) return;
    await this.lose();
    await this.pool
      .query("UPDATE lease SET expires = clock_timestamp() WHERE name = 'leader' AND holder = $1", [
        this.node,
      ])
      .catch(() => undefined);
  }

  private async beat(): Promise<void> {
    const began = performance.now();
    try {
      const epoch = await this.take();
      if (epoch === null) await this.lose();
      else {
        this.deadline = began + this.times.ttlMs - this.times.marginMs;
        this.loseAtDeadline();
        if (epoch !== this.epoch) {
          await this.onLead(epoch); // when it fails, the next beat tries again
          this.epoch = epoch;
        }
      }
    } catch (error) {
      this.report(error);
    }
    clearTimeout(this.next);
    if (!this.stopped) this.next = setTimeout(() => void (this.beating = this.beat()), this.times.renewMs);
  }

  /** Also when a beat gets no answer at all: whoever cannot renew must not lead longer than he knows he may. */
  private loseAtDeadline(): void {
    clearTimeout(this.end);
    this.end = setTimeout(() => void this.lose(), Math.max(0, this.deadline - performance.now()));
  }

  /** Renews an own lease or takes an ended one; the epoch grows when the holder changes. */
  private async take(): Promise<number | null> {
    const { rows } = await this.pool.query<{ epoch: string }>({
      text: `UPDATE lease SET holder = $1, beat = beat + 1,
              epoch = CASE WHEN holder = $1 AND expires > clock_timestamp() THEN epoch ELSE epoch + 1 END,
              expires = clock_timestamp() + make_interval(secs => $2::float8 / 1000)
        WHERE name = 'leader' AND (holder = $1 OR expires <= clock_timestamp())
        RETURNING epoch`,
      values: [this.node, this.times.ttlMs],
    });
    const [row] = rows;
    return row ? Number(row.epoch) : null;
  }

  private async lose(): Promise<void> {
    if (this.epoch === null) return;
    this.epoch = null;
    await this.onLose().catch(this.report);
  }
}
