import { type DynamicModule, Global, Logger, Module } from '@nestjs/common';
import { CommandBus, CqrsModule } from '@nestjs/cqrs';
import {
  type AggregateCommand,
  type AnyProcess,
  type AnyProjection,
  CommandHandler,
  type CommandMeta,
  entityOf,
  type EventStore,
  numbersFromInt8,
  type Outcome,
  type Projection,
  ReadSide,
  Snapshots,
} from '@openpro/eventstore';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { Commands } from './commands.js';
import type { ServerConfig } from './config.js';
import { appPool, asApp, PooledClient } from './database.js';
import { openEventStore } from './event-store.js';
import { Metrics } from './metrics.js';
import { ObservedCommandHandler, ObservedStore } from './observed-log.js';
import { reportTo } from './outage.js';
import { CONFIG, EVENT_STORE } from './tokens.js';

/**
 * Connections to PostgreSQL per server: fixed, none per job. With one that listens for news of the log and the
 * heartbeat's own they are 12.
 */
const CONNECTIONS = { log: 3, readSide: 3, queries: 2, leader: 1, fronts: 1, quotas: 1 };

/** What reads much, like what a new leader starts from, may take seconds; what is exported is read in pages. */
const QUERIES_PATIENCE_MS = 30_000;

/** For the lease and the watch over other servers. */
export const LEADER_POOL = Symbol('LeaderPool');
/** For the beats of front servers, which must not wait for anything else, nor the lease for them. */
export const FRONTS_POOL = Symbol('FrontsPool');
/** For who submits under a quota: one after the other, on all servers. */
export const QUOTA_POOL = Symbol('QuotaPool');
const LOG_POOL = Symbol('LogPool');
const READ_POOL = Symbol('ReadPool');

const log = new Logger('ReadSide');

/** What the contexts bring along; the platform runs it without knowing any of them. */
export interface ReadModel {
  readonly projections: readonly AnyProjection[];
  readonly processes: readonly AnyProcess[];
  /** The command class of an aggregate, by the aggregate's name: how a process's wish becomes a command. */
  commandFor(
    aggregate: string,
  ): new (id: string, command: never, meta: CommandMeta) => AggregateCommand<unknown>;
}

const pool = (
  name: symbol,
  label: keyof typeof CONNECTIONS,
  patienceMs?: (config: ServerConfig) => number,
) => ({
  provide: name,
  inject: [CONFIG, Metrics],
  useFactory: (config: ServerConfig, metrics: Metrics) => {
    const patience = patienceMs && { patienceMs: patienceMs(config) };
    return metrics.pool(label, appPool(config.databaseUrl, { max: CONNECTIONS[label], ...patience }));
  },
});

@Global()
@Module({})
export class PlatformModule {
  static with(config: ServerConfig, { projections, processes, commandFor }: ReadModel): DynamicModule {
    return {
      module: PlatformModule,
      imports: [CqrsModule.forRoot()],
      providers: [
        { provide: CONFIG, useValue: config },
        Metrics,
        pool(LOG_POOL, 'log'),
        pool(READ_POOL, 'readSide'),
        pool(LEADER_POOL, 'leader', ({ liveness }) => liveness.leaseTtlMs),
        pool(FRONTS_POOL, 'fronts', ({ liveness }) => 2 * liveness.beatMs),
        pool(QUOTA_POOL, 'quotas'),
        {
          provide: DataSource,
          inject: [Metrics],
          useFactory: async (metrics: Metrics) => {
            const db = await new DataSource({
              type: 'postgres',
              url: asApp(config.databaseUrl),
              poolSize: CONNECTIONS.queries,
              entities: projections.map((projection) => entityOf(projection as Projection<object>)),
              applicationName: 'openpro queries',
              extra: {
                ...{ types: numbersFromInt8, Client: PooledClient },
                ...{ connectionTimeoutMillis: QUERIES_PATIENCE_MS, query_timeout: QUERIES_PATIENCE_MS },
              },
            }).initialize();
            metrics.pool('queries', (db.driver as unknown as { readonly master: pg.Pool }).master);
            return db;
          },
        },
        {
          provide: EVENT_STORE,
          inject: [LOG_POOL, Metrics],
          useFactory: (connections: pg.Pool, metrics: Metrics) =>
            ObservedStore.open(metrics, (onBatch) => openEventStore(config, connections, onBatch)),
        },
        {
          provide: CommandHandler,
          inject: [EVENT_STORE, READ_POOL],
          useFactory: (store: EventStore, connections: pg.Pool) =>
            new ObservedCommandHandler(store, { snapshots: new Snapshots(connections) }),
        },
        {
          provide: ReadSide,
          inject: [EVENT_STORE, READ_POOL, CommandBus],
          useFactory: (store: EventStore, connections: pg.Pool, bus: CommandBus) =>
            new ReadSide({
              store,
              pool: connections,
              projections,
              processes,
              dispatch: ({ to, id, command }, meta) =>
                bus.execute<AggregateCommand<unknown>, Outcome>(
                  new (commandFor(to))(id, command as never, meta),
                ),
              report: reportTo(log),
            }),
        },
        Commands,
      ],
      exports: [
        CONFIG,
        Metrics,
        EVENT_STORE,
        CommandHandler,
        ReadSide,
        DataSource,
        Commands,
        LEADER_POOL,
        FRONTS_POOL,
        QUOTA_POOL,
        CqrsModule,
      ],
    };
  }
}
