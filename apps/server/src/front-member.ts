import { type Credentials, identityOf, type Line, LinkError, openLine } from '@openpro/link';
import { setTimeout as delay } from 'node:timers/promises';
import type { Upstream, Upstreams } from './upstreams.js';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;
/** So long one server may take over a beat: time is left to send it through another one before this life is over. */
const CALL_MS = 2500;

/** What a front server says of itself when it joins. */
export interface FrontDescription {
  readonly name: string;
  readonly roles: readonly string[];
  readonly version: string;
  readonly isolation: string;
}

interface Joined {
  readonly epoch: number;
  /** Milliseconds between two beats, as the cluster wants them. */
  readonly beatMs: number;
}

interface Beat {
  /** False when this life of the server has been declared dead: it joins again. */
  readonly known: boolean;
  readonly servers: readonly Upstream[];
}

/**
 * A front server's membership: it has no database, so it joins, beats and leaves through whichever `pro` server
 * answers, and learns from it where the others are.
 */
export class FrontMember {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private line: Line | null = null;
  private life: Joined | null = null;
  private joined: () => void = () => undefined;
  /** Resolves when the cluster has taken this server in. */
  readonly ready = new Promise<void>((resolve) => (this.joined = resolve));

  constructor(
    private readonly about: FrontDescription,
    private readonly credentials: Credentials,
    private readonly upstreams: Upstreams,
    private readonly onServers: (servers: readonly Upstream[]) => void,
    private readonly report: (message: string) => void,
  ) {}

  start(): void {
    this.running = this.run();
  }

  /** Is there a server that answers? */
  get connected(): boolean {
    return this.line?.isOpen === true && this.life !== null;
  }

  /** A new certificate for this server's key. */
  async renew(publicKey: string): Promise<string> {
    if (!this.line) throw new Error('No server of the cluster can be reached');
    return this.line.call<string>('cluster.renew', { publicKey }, CALL_MS);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    const { line, life } = this;
    if (line?.isOpen && life)
      await line.call('cluster.leave', { epoch: life.epoch }, CALL_MS).catch(() => undefined);
    line?.close();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    const tried = new Set<string>();
    let waitMs = FIRST_WAIT_MS;
    while (!signal.aborted) {
      const upstream = this.upstreams.next(tried);
      if (!upstream) {
        tried.clear();
        await this.pause(waitMs);
        waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
        continue;
      }
      tried.add(upstream.node);
      try {
        await this.through(upstream, () => {
          tried.clear();
          waitMs = FIRST_WAIT_MS;
        });
      } catch (error) {
        if (signal.aborted) return;
        this.upstreams.failed(upstream);
        const refused = error instanceof LinkError ? 'refused' : 'not reached';
        this.report(
          `${refused} at ${upstream.address}: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
  }

  /** Beats through this server until it goes. */
  private async through(upstream: Upstream, works: () => void): Promise<void> {
    const { signal } = this.stopping;
    const { current } = this.credentials;
    const { cluster } = identityOf(current);
    const line = await openLine(
      upstream.address,
      current,
      this.about.version,
      (identity) => identity.cluster === cluster && identity.roles.includes('pro'),
    );
    this.line = line;
    try {
      while (!signal.aborted) {
        this.life ??= await line.call<Joined>('cluster.join', this.about, CALL_MS);
        const { epoch, beatMs } = this.life;
        const { known, servers } = await line.call<Beat>('cluster.beat', { epoch }, CALL_MS);
        if (!known) {
          this.life = null;
          continue;
        }
        works();
        this.joined();
        this.upstreams.replace(servers);
        this.onServers(this.upstreams.all);
        await this.pause(beatMs);
      }
    } finally {
      if (!signal.aborted) line.close(); // otherwise it says goodbye through it
    }
  }

  private pause(ms: number): Promise<void> {
    return delay(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}
