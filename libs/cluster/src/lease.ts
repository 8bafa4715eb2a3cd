import type pg from 'pg';

export interface LeaseTimes {
  /** How long a lease lasts without renewal, in ms. */
  readonly ttlMs: number;
  readonly renewMs: number;
}

/** Of a lease its holder uses so much, counted from the start of its renewal; then it stops by itself. */
const USED = 0.8;
/** Candidates come this much apart on average, so that one of them is first. */
const JITTER_MS = 30;

interface Seen {
  readonly beat: string;
  /** When this beat had been seen for the first time, by the own monotonic clock. */
  readonly since: number;
}

/** Whoever holds the lease renews it as long as nobody else has taken it: whatever the database's clock says. */
const RENEW = `
  UPDATE lease SET beat = beat + 1, expires = clock_timestamp() + make_interval(secs => $3::float8 / 1000)
   WHERE name = 'leader' AND holder = $1 AND epoch = $2`;

/**
 * Takes a lease that is free, that is the candidate's own from before, or that has stood still at the beat $3: long
 * enough by the candidate's clock ($4), or less long when it has also ended by the database's clock ($5). Tells how it
 * stands otherwise. The same statement, because a candidate that asked again would come too late.
 */
const TAKE = `
  WITH taken AS (
    UPDATE lease SET holder = $1, beat = beat + 1, epoch = epoch + 1,
           expires = clock_timestamp() + make_interval(secs => $2::float8 / 1000)
     WHERE name = 'leader'
       AND (holder IN ('', $1) OR (beat = $3 AND ($4 OR ($5 AND expires <= clock_timestamp()))))
    RETURNING epoch)
  SELECT taken.epoch, lease.beat,
         extract(epoch FROM greatest(lease.expires, clock_timestamp()) - clock_timestamp()) * 1000 AS left_ms
    FROM lease LEFT JOIN taken ON true WHERE lease.name = 'leader'`;

const GIVE_BACK = `
  UPDATE lease SET holder = '', expires = clock_timestamp() WHERE name = 'leader' AND holder = $1 AND epoch = $2`;

/**
 * The one lease row of the cluster: whoever holds it leads. It lives on the main thread on purpose: a leader whose
 * event loop stands still proposes nothing and must lose the lease. The holder keeps a monotonic deadline of its own
 * and stops at it, so that a server that cannot reach the database stops proposing before another may start. Safety
 * does not rest on this: what a former leader still proposes is refused by the streams themselves.
 *
 * Only the database's clock says when a lease ends, and a beat counter guards against its jumps:
 * - A jump ahead makes a lease look ended. A candidate takes it only when it has also seen the beat stand still for as
 *   long as the holder may use it, so a leader that renews stays, and one that is cut off has stopped. It costs a
 *   candidate that has only just come this wait, although the lease may have ended long ago.
 * - A jump back makes the lease of a leader that died look long. It is taken when its beat has stood still for a whole
 *   TTL by the candidate's clock: one `renewMs` later than without the jump, at most.
 */
export class Lease {
  /** Of the term that lasts; each term has an epoch of its own. */
  private epoch: number | null = null;
  /** For which `onLead` was done. */
  private leading: number | null = null;
  private deadline = 0;
  private seen: Seen | null = null;
  private next: NodeJS.Timeout | undefined;
  private end: NodeJS.Timeout | undefined;
  private beating: Promise<void> = Promise.resolve();
  /** Elections and resignations, one after the other. */
  private turn: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly pool: Pick<pg.Pool, 'query'>,
    private readonly node: string,
    private readonly onLead: (epoch: number) => Promise<void>,
    private readonly onLose: () => Promise<void>,
    /** Told of every beat that failed. */
    private readonly report: (error: unknown) => void,
    private readonly times: LeaseTimes,
  ) {}

  get leads(): boolean {
    return this.term !== null;
  }

  /** The epoch that whatever this leader does must carry; null when it does not lead. */
  get term(): number | null {
    return performance.now() < this.deadline ? this.epoch : null;
  }

  /** Resolves after the first try, and when it succeeded, after the election. */
  async start(): Promise<void> {
    await (this.beating = this.beat());
    await this.turn;
  }

  /** Gives the lease back, so that the next leader need not wait for its end. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.next);
    await this.beating;
    await this.turn; // who is being elected just now must lead before he can resign
    clearTimeout(this.end);
    const { epoch } = this;
    if (epoch === null) return;
    this.lose();
    await this.turn;
    await this.pool.query(GIVE_BACK, [this.node, epoch]).catch(() => undefined);
  }

  private async beat(): Promise<void> {
    const began = performance.now();
    let waitMs = this.times.renewMs;
    try {
      if (this.epoch !== null) await this.renew(this.epoch, began);
      else waitMs = await this.take(began);
    } catch (error) {
      this.report(error);
    }
    clearTimeout(this.next);
    if (!this.stopped) this.next = setTimeout(() => void (this.beating = this.beat()), waitMs);
  }

  private async renew(epoch: number, began: number): Promise<void> {
    const { rowCount } = await this.pool.query(RENEW, [this.node, epoch, this.times.ttlMs]);
    if (this.epoch !== epoch) return; // the answer came after the deadline
    if (rowCount === 1) this.hold(epoch, began);
    else this.lose();
  }

  /** Returns when to try again. */
  private async take(began: number): Promise<number> {
    const { ttlMs, renewMs } = this.times;
    const stillMs = this.seen ? began - this.seen.since : 0;
    const { rows } = await this.pool.query<{ epoch: string | null; beat: string; left_ms: string }>(TAKE, [
      this.node,
      ttlMs,
      this.seen?.beat ?? null,
      stillMs >= ttlMs,
      stillMs >= ttlMs * USED,
    ]);
    const [row] = rows;
    if (!row) throw new Error('The lease row is missing');
    if (row.epoch !== null) {
      this.seen = null;
      this.hold(Number(row.epoch), began);
      return renewMs;
    }
    const now = performance.now();
    if (this.seen?.beat !== row.beat) this.seen = { beat: row.beat, since: now };
    const ends = Math.min(
      this.seen.since + ttlMs,
      Math.max(this.seen.since + ttlMs * USED, now + Number(row.left_ms)),
    );
    return Math.min(renewMs, Math.max(0, ends - now) + Math.random() * JITTER_MS);
  }

  private hold(epoch: number, began: number): void {
    this.epoch = epoch;
    this.deadline = began + this.times.ttlMs * USED;
    // Also when a beat gets no answer at all: whoever cannot renew must not lead longer than he knows he may.
    clearTimeout(this.end);
    this.end = setTimeout(() => this.lose(), Math.max(0, this.deadline - performance.now()));
    // Renewals go on meanwhile: taking over a long queue must not cost the lease.
    this.turn = this.turn.then(() => this.elect(epoch));
  }

  private async elect(epoch: number): Promise<void> {
    if (this.leading === epoch || this.epoch !== epoch) return;
    await this.onLead(epoch).then(
      () => (this.leading = epoch),
      this.report, // the next renewal tries again
    );
  }

  private lose(): void {
    clearTimeout(this.end);
    if (this.epoch === null) return;
    this.epoch = null;
    this.turn = this.turn.then(async () => {
      if (this.leading === null) return;
      this.leading = null;
      await this.onLose().catch(this.report);
    });
  }
}
