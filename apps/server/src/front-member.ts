import { type Credentials, identityOf, type Line, LinkError, openLine } from '@openpro/link';
import { setTimeout as delay } from 'node:timers/promises';
import type { Upstream, Upstreams } from './upstreams.js';

const BEAT_MS = 1000;
const RETRY_MS = 250;

/** What a front server says of itself when it joins. */
export interface FrontDescription {
  readonly name: string;
  readonly roles: readonly string[];
  readonly version: string;
  readonly isolation: string;
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
  private epoch: number | null = null;
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
    return this.line?.isOpen === true && this.epoch !== null;
  }

  /** A new certificate for this server's key. */
  async renew(publicKey: string): Promise<string> {
    if (!this.line) throw new Error('No server of the cluster can be reached');
    return this.line.call<string>('cluster.renew', { publicKey });
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    if (this.line?.isOpen && this.epoch !== null)
      await Promise.race([
        this.line.call('cluster.leave', { epoch: this.epoch }).catch(() => undefined),
        delay(1000),
      ]);
    this.line?.close();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    const tried = new Set<string>();
    while (!signal.aborted) {
      const upstream = this.upstreams.next(tried);
      if (!upstream) {
        tried.clear();
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
        continue;
      }
      tried.add(upstream.node);
      try {
        await this.through(upstream, () => tried.clear());
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
    this.line = await openLine(
      upstream.address,
      current,
      this.about.version,
      (identity) => identity.cluster === cluster && identity.roles.includes('pro'),
    );
    while (!signal.aborted) {
      if (this.epoch === null) {
        const { epoch } = await this.line.call<{ epoch: number }>('cluster.join', this.about);
        this.epoch = epoch;
      }
      const { known, servers } = await this.line.call<Beat>('cluster.beat', { epoch: this.epoch });
      if (!known) {
        this.epoch = null;
        continue;
      }
      works();
      this.joined();
      this.upstreams.replace(servers);
      this.onServers(this.upstreams.all);
      await delay(BEAT_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
