import type { Life, Timeline } from './timeline.js';

/** As in production: libs/cluster/src/lease.ts, beat.ts and watch.ts, which work on rows of PostgreSQL. */
const TTL_MS = 4000;
const USED_MS = 3200;
export const BEAT_MS = 1000;
const DEAD_MS = 5000;
const CONDEMNED = -1;

export interface LifeOf {
  readonly node: string;
  readonly epoch: number;
}

/** The rows of the cluster: the lease of the leader and the counters of the beats. */
export class ClusterRows {
  lease = { holder: '', epoch: 0, expires: 0 };
  readonly beats = new Map<string, { epoch: number; beat: number }>();

  renew(holder: string, epoch: number, now: number): boolean {
    const own = this.lease.holder === holder && this.lease.epoch === epoch;
    if (own) this.lease = { holder, epoch, expires: now + TTL_MS };
    return own;
  }

  /** One that is free, has ended, or is the candidate's own from a former life: each term has an epoch of its own. */
  take(candidate: string, now: number): number | null {
    const { holder, epoch, expires } = this.lease;
    if (holder !== candidate && expires > now) return null;
    this.lease = { holder: candidate, epoch: epoch + 1, expires: now + TTL_MS };
    return epoch + 1;
  }

  /** False = this life is over. */
  beat({ node, epoch }: LifeOf): boolean {
    const row = this.beats.get(node);
    if (row && (row.epoch > epoch || (row.epoch === epoch && row.beat === CONDEMNED))) return false;
    this.beats.set(node, { epoch, beat: row?.epoch === epoch ? row.beat + 1 : 1 });
    return true;
  }

  /** 0 = never. */
  beatsOf({ node, epoch }: LifeOf): number {
    const row = this.beats.get(node);
    return row?.epoch === epoch ? row.beat : 0;
  }

  /** Only if it has not beaten meanwhile. */
  condemn({ node, epoch }: LifeOf, beat: number): boolean {
    const row = this.beats.get(node);
    if (row && (row.epoch > epoch || (row.epoch === epoch && row.beat !== beat && row.beat !== CONDEMNED)))
      return false;
    this.beats.set(node, { epoch, beat: CONDEMNED });
    return true;
  }
}

interface Seen {
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
  onLose(): Promise<void>;
  /** Resolves when it stands in the log. */
  onDead(dead: LifeOf): Promise<unknown>;
  /** A mutant: a look that came late counts like any other. */
  readonly believesLateLooks?: boolean;
}

/** One server's beats, its grip on the lease, and what it does about silent servers while it leads. */
export class Leader {
  private epoch: number | null = null;
  private leaving = false;
  private deadline = 0;
  /** Elections and resignations, one after the other. */
  private turn: Promise<unknown> = Promise.resolve();
  private seen = new Map<string, Seen>();
  private lastLook: number | null = null;

  constructor(private readonly needs: LeaderNeeds) {}

  /** Once a second; false = this life has been declared dead. */
  tick(): boolean {
    const { self, rows } = this.needs;
    if (!rows.beat(self)) return false;
    if (!this.leaving) this.renew();
    this.look();
    return true;
  }

  /** Leads no more; beats on until the server has left. */
  resign(): void {
    const { self, rows } = this.needs;
    this.leaving = true;
    this.lose();
    if (rows.lease.holder === self.node) rows.lease = { ...rows.lease, holder: '', expires: 0 };
  }

  private get leads(): boolean {
    return this.epoch !== null && this.needs.timeline.now < this.deadline;
  }

  private renew(): void {
    const { self, life, rows, timeline, onLead } = this.needs;
    const { now } = timeline;
    if (this.epoch === null) {
      const epoch = rows.take(self.node, now);
      if (epoch === null) return;
      this.epoch = epoch;
      this.turn = this.turn.then(() => (this.epoch === epoch ? onLead(epoch) : undefined));
    } else if (!rows.renew(self.node, this.epoch, now)) return this.lose();
    this.deadline = now + USED_MS;
    life.after(USED_MS, () => {
      if (timeline.now >= this.deadline) this.lose();
    });
  }

  private lose(): void {
    if (this.epoch === null) return;
    this.epoch = null;
    this.turn = this.turn.then(() => this.needs.onLose());
  }

  /** Everybody watches; only the leader declares. */
  private look(): void {
    const { self, rows, timeline, joined, onDead, believesLateLooks } = this.needs;
    const { now } = timeline;
    const late = this.lastLook === null || (now - this.lastLook > DEAD_MS / 2 && !believesLateLooks);
    this.lastLook = now;
    const former = late ? new Map<string, Seen>() : this.seen;
    this.seen = new Map();
    for (const one of joined()) {
      if (one.node === self.node) continue;
      const beat = rows.beatsOf(one);
      const key = `${one.node}:${one.epoch}`;
      const before = former.get(key);
      const since = before?.beat === beat ? before.since : now;
      this.seen.set(key, { beat, since });
      if (this.leads && now - since >= DEAD_MS && rows.condemn(one, beat)) void onDead(one);
    }
  }
}
