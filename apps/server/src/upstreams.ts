/** A server with `pro` that a front server may pass requests on to. */
export interface Upstream {
  readonly node: string;
  /** `host:port` of its link. */
  readonly address: string;
}

interface State {
  readonly upstream: Upstream;
  busy: number;
  /** When it last could not be reached, by the caller's monotonic clock; 0 = never, or it answered since. */
  failedAt: number;
}

/** So long a server that could not be reached is asked last. */
const AVOID_MS = 2000;

/** Which server gets the next request: one that answers, and among those the one with the least to do. */
export class Upstreams {
  private states = new Map<string, State>();

  constructor(
    upstreams: readonly Upstream[],
    private readonly now: () => number = () => performance.now(),
  ) {
    this.replace(upstreams);
  }

  get all(): readonly Upstream[] {
    return [...this.states.values()].map(({ upstream }) => upstream);
  }

  /** As the cluster is now; what is known of those that stay is kept. An empty list is no news: nobody to ask is no answer. */
  replace(upstreams: readonly Upstream[]): void {
    if (upstreams.length === 0) return;
    const fresh = upstreams.map((upstream): [string, State] => {
      const known = this.states.get(upstream.node);
      const same = known?.upstream.address === upstream.address;
      return [upstream.node, same ? known : { upstream, busy: 0, failedAt: 0 }];
    });
    this.states = new Map(fresh);
  }

  /** The best one that has not been tried for this request; undefined when all have. */
  next(tried: ReadonlySet<string>): Upstream | undefined {
    let best: State | undefined;
    for (const state of this.states.values())
      if (!tried.has(state.upstream.node) && (!best || this.rank(state) < this.rank(best))) best = state;
    return best?.upstream;
  }

  /** Counts a request until the returned function is called. */
  begin({ node }: Upstream): () => void {
    const state = this.states.get(node);
    if (!state) return () => undefined;
    state.busy++;
    let done = false;
    return () => {
      if (!done) state.busy--;
      done = true;
    };
  }

  failed({ node }: Upstream): void {
    const state = this.states.get(node);
    if (state) state.failedAt = this.now();
  }

  answered({ node }: Upstream): void {
    const state = this.states.get(node);
    if (state) state.failedAt = 0;
  }

  private rank({ busy, failedAt }: State): number {
    const avoided = failedAt > 0 && this.now() - failedAt < AVOID_MS;
    return busy + (avoided ? 1e9 : 0);
  }
}
