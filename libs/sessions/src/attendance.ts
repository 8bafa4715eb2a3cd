import type { Rights } from '@openpro/platform';

/** Who uses a session, as the server knows him that he talks to. */
export type Visitor = Rights;

interface Visitors {
  count: number;
  readonly by: Visitor;
  /** What is still to be recorded, and the last of it. */
  pending: number;
  told: Promise<void>;
}

/**
 * Counts who looks at the sessions of this server, from whichever server: only the host knows of them all. The first
 * one attaches the session, the last one detaches it.
 */
export class Attendance {
  private readonly visitors = new Map<string, Visitors>();

  /**
   * @param isHere a session that has not come yet, or has gone, is told nothing
   * @param tell resolves when it is recorded; never rejects
   */
  constructor(
    private readonly isHere: (session: string) => boolean,
    private readonly tell: (
      session: string,
      type: 'AttachSession' | 'DetachSession',
      by: Visitor,
    ) => Promise<void>,
  ) {}

  /** Returns how to leave. */
  come(session: string, by: Visitor): () => void {
    const visitors = this.visitors.get(session) ?? { count: 0, by, pending: 0, told: Promise.resolve() };
    this.visitors.set(session, visitors);
    if (++visitors.count === 1) this.say(session, visitors, 'AttachSession');
    let here = true;
    return () => {
      if (!here) return;
      here = false;
      if (--visitors.count === 0) this.say(session, visitors, 'DetachSession');
    };
  }

  /** The session is here now: who was here before it is told of. */
  arrived(session: string): void {
    const visitors = this.visitors.get(session);
    if (visitors && visitors.count > 0) this.say(session, visitors, 'AttachSession');
  }

  /** One after the other, however long each takes: the last one told must be the last one recorded. */
  private say(session: string, visitors: Visitors, type: 'AttachSession' | 'DetachSession'): void {
    visitors.pending++;
    visitors.told = visitors.told
      .then(() => (this.isHere(session) ? this.tell(session, type, visitors.by) : undefined))
      .then(() => {
        if (--visitors.pending === 0 && visitors.count === 0) this.visitors.delete(session);
      });
  }
}
