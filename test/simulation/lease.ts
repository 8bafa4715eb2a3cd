import type { Life, Timeline } from './timeline.js';

/** As in production: libs/cluster/src/lease.ts and heartbeat.ts, which work on rows of PostgreSQL. */
const TTL_MS = 4000;
const MARGIN_MS = 1000;
export const BEAT_MS = 1000;
const DEAD_MS = 5000;

export interface LifeOf {
  readonly node: string;
  readonly epoch: number;
}

/** The rows of the cluster: the lease of the leader and the counters of the beats. */
export class ClusterRows {
  lease = { holder: '', epoch: 0, expires: 0 };
  readonly beats = new Map<string, { epoch: number; beat: number }>();

  /** Renews an own lease or takes an ended one; the epoch grows when the holder changes. */
  take(node: string, now: number): number | null {
    const { holder, epoch, expires } = this.lease;
    if (holder !== node && expires > now) return null;
    const same = holder === node && expires > now;
    this.lease = { holder: node, epoch: same ? epoch : epoch + 1, expires: now + TTL_MS };
    return this.lease.epoch;
  }

  beat({ node, epoch }: LifeOf): void {
    const row = this.beats.get(node);
    if (!row || row.epoch <= epoch) this.beats.set(node, { epoch, beat: (row?.beat ?? 0) + 1 });
  }

  /** 0 = never. */
  beatsOf({ node, epoch }: LifeOf): number {
    const row = this.beats.get(node);
    return row?.epoch === epoch ? row.beat : 0;
  }
}

interface Seen {
  readonly epoch: number;
  readonly beat: number;
  readonly since: number;
}

export interface LeaderNeeds {
  readonly self: LifeOf;
  readonly life: Life;
  readonly rows: ClusterRows;
  readonly timeline: Timeline;
  /** The servers that the read model knows as joined, also one that has never beaten. */
  readonly joined: () => readonly LifeOf[];
  onLead(epoch: number): Promise<void>;
  onLose(): void;
  /** Resolves when it stands in the log. */
  onDead(dead: LifeOf): Promise<unknown>;
  /** A mutant: a look that came late counts like any other. */
  readonly believesLateLooks?: boolean;
}

/** One server's beats, its grip on the lease, and what it does about silent servers while it leads. */
export class Leader {
  private epoch: number | null = null;
  private electing = false;
  private leaving = false;
  private deadline = 0;
  private seen = new Map<string, Seen>();
  private lastLook: number | null = null;

  constructor(private readonly needs: LeaderNeeds) {}

  /** Once a second. */
  tick(): void {
    const { self, rows } = this.needs;
    if (!this.electing && !this.leaving) this.renew();
    rows.beat(self);
    if (this.leads) this.look();
    else this.lastLook = null;
  }

  /** Leads no more; beats on until the server has left. */
  resign(): void {
    const { self, rows, timeline } = this.needs;
    this.leaving = true;
    this.lose();
    if (rows.lease.holder === self.node) rows.lease = { ...rows.lease, expires: timeline.now };
  }

  private get leads(): boolean {
    return this.epoch !== null && this.needs.timeline.now < this.deadline;
  }

  private renew(): void {
    const { self, life, rows, timeline, onLead } = this.needs;
    const began = timeline.now;
    const epoch = rows.take(self.node, began);
    if (epoch === null) return this.lose();
    this.deadline = began + TTL_MS - MARGIN_MS;
    life.after(TTL_MS - MARGIN_MS, () => {
      if (timeline.now >= this.deadline) this.lose();
    });
    if (epoch === this.epoch) return;
    this.electing = true;
    void onLead(epoch).then(() => {
      this.electing = false;
      this.epoch = epoch;
    });
  }

  private lose(): void {
    if (this.epoch === null) return;
    this.epoch = null;
    this.needs.onLose();
  }

  private look(): void {
    const { self, rows, timeline, joined, onDead, believesLateLooks } = this.needs;
    const { now } = timeline;
    const late = this.lastLook === null || (now - this.lastLook > DEAD_MS / 2 && !believesLateLooks);
    this.lastLook = now;
    const seen = new Map<string, Seen>();
    for (const { node, epoch } of joined()) {
      if (node === self.node) continue;
      const beat = rows.beatsOf({ node, epoch });
      const former = late ? undefined : this.seen.get(node);
      const still = former?.epoch === epoch && former.beat === beat;
      seen.set(node, still ? former : { epoch, beat, since: now });
      if (!still || now - former.since < DEAD_MS) continue;
      void onDead({ node, epoch });
    }
    this.seen = seen;
  }
}
