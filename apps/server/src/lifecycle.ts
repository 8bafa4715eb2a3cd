import { Inject, Injectable, Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { CatalogueQueries, Packages } from '@openpro/catalogue';
import {
  Door,
  ForLeadership,
  ForNode,
  FrontServers,
  Heartbeat,
  Joining,
  leaveCluster,
  Lease,
  type Life,
  Members,
  RefusalLog,
  Silence,
  Watch,
} from '@openpro/cluster';
import { EnginePool } from '@openpro/engine';
import { killGroups, runningGroups } from '@openpro/engine/groups';
import { CommandHandler, type EventStore, ReadSide } from '@openpro/eventstore';
import { Attempts, Dispatcher } from '@openpro/jobs';
import { uuidv5 } from '@openpro/kernel';
import {
  Commands,
  CONFIG,
  EVENT_STORE,
  LEADER_POOL,
  NODE,
  type ServerConfig,
  type ThisNode,
} from '@openpro/platform';
import { asApp } from '@openpro/platform/postgres';
import { SessionHosts } from '@openpro/sessions';
import type { Server } from 'node:http';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import { bootstrap } from './bootstrap.js';
import { FENCED } from './messages.js';
import { isApi } from './roles.js';
import { serveSubscriptions } from './subscriptions.js';

/** So long a part may take to stop before the rest goes on without it; and all of them. The launcher waits longer. */
const PART_MS = 4000;
const STOP_MS = 12_000;
/** After a fence; then the heartbeat's thread ends the process. */
const END_MS = 2000;

/** What starts after what, and stops before what: in one place, in order. */
@Injectable()
export class Lifecycle {
  private readonly log = new Logger('Lifecycle');
  private lease: Lease | null = null;
  private watch: Watch | null = null;
  private heartbeat: Heartbeat | null = null;
  private stopBy = 0;
  private closeSockets = () => Promise.resolve();

  constructor(
    @Inject(CONFIG) private readonly config: ServerConfig,
    @Inject(NODE) private readonly node: ThisNode,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(LEADER_POOL) private readonly leaderPool: pg.Pool,
    private readonly door: Door,
    private readonly members: Members,
    private readonly joining: Joining,
    private readonly fronts: FrontServers,
    private readonly refusals: RefusalLog,
    private readonly silence: Silence,
    private readonly handler: CommandHandler,
    private readonly readSide: ReadSide,
    private readonly commands: Commands,
    private readonly db: DataSource,
    private readonly pool: EnginePool,
    private readonly packages: Packages,
    private readonly catalogue: CatalogueQueries,
    private readonly hosts: SessionHosts,
    private readonly attempts: Attempts,
    private readonly dispatcher: Dispatcher,
  ) {}

  async start(app: NestFastifyApplication): Promise<void> {
    const { node } = this;
    const { leaseTtlMs, leaseRenewMs } = this.config.liveness;
    this.heartbeat = this.newHeartbeat();
    const beating = this.heartbeat.start();
    await app.init(); // from here on commands have their handlers
    this.readSide.start();
    await bootstrap(this.commands);
    this.hosts.start(node.joinedAt);
    this.attempts.start(node.joinedAt);
    this.closeSockets = serveSubscriptions(app);
    await this.openDoor(app);
    await app.listen(this.config.port, this.config.host);
    this.lease = new Lease(
      this.leaderPool,
      node.id,
      async (epoch) => {
        // The same election has the same id: told again after a lost connection, it counts once.
        const meta = {
          commandId: uuidv5(node.id, `leader:${epoch}`),
          actor: `node:${node.id}`,
          roles: [],
          epoch,
        };
        await this.commands.insist(
          new ForLeadership('cluster', { type: 'ElectLeader', node: node.id, epoch }, meta),
        );
        await this.dispatcher.lead(epoch);
      },
      () => this.dispatcher.resign(),
      (error) => this.log.warn({ message: 'the lease could not be renewed', reason: String(error) }),
      { ttlMs: leaseTtlMs, renewMs: leaseRenewMs },
    );
    await this.lease.start();
    this.watch = new Watch(
      this.leaderPool,
      node.id,
      () => this.lease?.leads ?? false,
      (life, silentMs) => this.declareDead(life, silentMs),
      (error) => this.log.warn({ message: 'the other servers cannot be watched', reason: String(error) }),
      this.config.liveness,
    );
    this.silence.seenBy(this.watch);
    await this.watch.start();
    await beating;
    await this.warmUp().catch((error: unknown) => {
      this.log.warn({ message: 'engines cannot be warmed', reason: String(error) }); // slower, not broken
    });
  }

  /** In order, and never for ever: what cannot be told because the database is away is found out by the next start. */
  async stop(app: NestFastifyApplication): Promise<void> {
    this.stopBy = performance.now() + STOP_MS;
    await this.part('watch', () => this.watch?.stop());
    await this.part('lease', () => this.lease?.stop());
    await this.part('attempts', () => this.attempts.drain());
    await this.part('sessions', () => this.hosts.stop());
    await this.part('engines', () => this.pool.close());
    await this.part('leave', () => leaveCluster(this.handler, this.node));
    await this.part('heartbeat', () => this.heartbeat?.stop()); // one killed while it stops is missed until here
    await this.part('sockets', () => this.closeSockets());
    await this.part('door', () => this.door.close());
    await this.part('http', () => app.close());
    await this.part('read side', () => this.readSide.stop());
    await this.part('log', () => this.store.close());
    await this.part('database', () => this.db.destroy());
  }

  /** Lets the other servers in. */
  private async openDoor(app: NestFastifyApplication): Promise<void> {
    const { door, members } = this;
    await members.read();
    this.fronts.serve(door.link);
    door.serve(app.getHttpServer() as Server, isApi);
    door.keep({
      address: (node) => members.address(node),
      refuses: (identity) => members.refuses(identity),
      join: (body) => this.joining.join(body),
      onRefused: (refusal) => this.refusals.record({ what: 'link', ...refusal }),
    });
  }

  private newHeartbeat(): Heartbeat {
    const { node, config, log } = this;
    const life = { node: node.id, epoch: node.epoch };
    const databaseUrl = asApp(config.databaseUrl);
    return new Heartbeat({
      thread: config.beatThread,
      data: { life, databaseUrl, ...config.liveness, endMs: END_MS, groups: runningGroups },
      beating: () => log.log({ message: 'the heartbeat beats', ...life }),
      failing: (reason) => log.warn({ message: 'the heartbeat fails', reason }),
      fenced: (reason) => {
        log.error({ message: 'this life of the server is over', ...life, reason });
        killGroups(runningGroups); // what was started since its thread did the same
        process.exit(FENCED);
      },
    });
  }

  private async declareDead({ node, epoch }: Life, silentMs: number): Promise<void> {
    const term = this.lease?.term;
    if (term == null) return; // the next leader sees it, too
    const reason = `no beat for ${(silentMs / 1000).toFixed(1)} s`;
    // Whoever leads may say it: said twice, it counts once.
    const meta = {
      commandId: uuidv5(node, `dead:${epoch}`),
      actor: `node:${this.node.id}`,
      roles: [],
      epoch: term,
    };
    await this.commands.insist(new ForNode(node, { type: 'DeclareDead', epoch, reason }, meta));
  }

  private async part(name: string, stop: () => Promise<unknown> | undefined): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const limitMs = Math.max(0, Math.min(PART_MS, this.stopBy - performance.now()));
    const late = new Promise<'late'>((resolve) => (timer = setTimeout(() => resolve('late'), limitMs)));
    const result = await Promise.race([Promise.resolve(stop()).catch((error: unknown) => error), late]);
    clearTimeout(timer);
    if (result === 'late' || result instanceof Error)
      this.log.warn({ message: 'did not stop in order', name, reason: String(result) });
  }

  /** Warm processes for the newest version of each engine, so that the first launch need not wait. */
  private async warmUp(): Promise<void> {
    const { nodes } = await this.catalogue.engines({ first: 20, after: null }, false);
    const newest = new Map(
      nodes.map((engine) => [engine.name, engine]).reverse() as [string, (typeof nodes)[number]][],
    );
    for (const { name, version, digest } of newest.values()) {
      const ref = { name: String(name), version: String(version), digest: String(digest) };
      this.packages.engine(ref).then(
        (engine) => this.pool.warm(engine),
        (error: unknown) =>
          this.log.warn({ message: 'engine cannot be warmed', ...ref, reason: String(error) }),
      );
    }
  }
}
