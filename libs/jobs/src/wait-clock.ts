/** What a job waits for. */
export type WaitKind = 'server' | 'profile' | 'limit' | 'licence';

/** Milliseconds by kind. */
export type Waited = { readonly [kind in WaitKind]?: number };

/**
 * How long those in a line have waited for what, since it was first looked at. They wait for the same, so the wait of
 * each is what the clock shows when he leaves less what it showed when he came.
 */
export interface Clock {
  readonly total: Waited;
  /** What they wait for now, and since when. */
  readonly kind: WaitKind | null;
  readonly since: number;
  /** What they waited for first, and from when on that is known. */
  readonly first: { readonly kind: WaitKind; readonly at: number } | null;
}

export const newClock: Clock = { total: {}, kind: null, since: 0, first: null };

/** How one job has joined its line. */
export interface Wait {
  readonly from: number;
  /** What the clock showed then. */
  readonly base: Waited;
  /** In other lines before. */
  readonly before: Waited;
}

/** Told that a clock ran backwards, which those of several machines may seem to, it adds nothing. */
const plus = (waited: Waited, kind: WaitKind, ms: number): Waited =>
  ms > 0 ? { ...waited, [kind]: (waited[kind] ?? 0) + ms } : waited;

export const added = (a: Waited, b: Waited): Waited =>
  (Object.keys(b) as WaitKind[]).reduce((sum, kind) => plus(sum, kind, b[kind] ?? 0), a);

export const reading = ({ total, kind, since }: Clock, now: number): Waited =>
  kind === null ? total : plus(total, kind, now - since);

export const turned = (clock: Clock, kind: WaitKind, now: number): Clock =>
  clock.kind === kind
    ? clock
    : { total: reading(clock, now), kind, since: now, first: clock.first ?? { kind, at: now } };

export const joining = (clock: Clock, from: number, before: Waited = {}): Wait => ({
  from,
  base: reading(clock, from),
  before,
});

/**
 * What nobody has seen, before the first decision about the line or under another leader, counts for what they waited
 * for then.
 */
export const waitedOf = (clock: Clock, { from, base, before }: Wait, now: number): Waited => {
  const { first } = clock;
  const shown = reading(clock, now);
  let waited = plus(before, first?.kind ?? 'server', (first?.at ?? now) - from);
  for (const kind of Object.keys(shown) as WaitKind[])
    waited = plus(waited, kind, (shown[kind] ?? 0) - (base[kind] ?? 0));
  return waited;
};
