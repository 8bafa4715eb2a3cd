import { type DynamicModule, Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import {
  appList,
  appVersion,
  CatalogueModule,
  engineList,
  ForApp,
  ForEngine,
  ForPublisher,
  publisherList,
} from '@openpro/catalogue';
import {
  ClusterModule,
  ForAuthority,
  ForLeadership,
  ForNode,
  ForRefusals,
  leader,
  LOAD,
  nodeList,
  PulseQueries,
} from '@openpro/cluster';
import { EnginePool } from '@openpro/engine';
import { type EventStore, ReadSide } from '@openpro/eventstore';
import {
  Authenticator,
  ForEnvironment,
  ForUser,
  IdentityModule,
  signInList,
  tokenOf,
  userList,
} from '@openpro/identity';
import {
  batchList,
  cancelChildJobs,
  clusterTimeline,
  fireSchedules,
  ForBatch,
  ForJob,
  ForQueuePolicy,
  ForSchedule,
  jobList,
  JobsModule,
  queuePolicyList,
  releaseDependents,
  requeueLostJobs,
  scheduleList,
  tariffList,
  submitBatch,
} from '@openpro/jobs';
import {
  ForLicence,
  licenceList,
  licenceUse,
  LicensingModule,
  seatAttempts,
  seatSessions,
} from '@openpro/licensing';
import {
  AccessGuard,
  CONFIG,
  EVENT_STORE,
  has,
  NODE,
  PlatformModule,
  type ReadModel,
  type ServerConfig,
  type ThisNode,
} from '@openpro/platform';
import {
  endIdleSession,
  endSessionsOfLostNode,
  ForSession,
  placeSession,
  sessionList,
  SessionsModule,
} from '@openpro/sessions';
import { caseList, ForCase, ForFile, StorageModule, uploadList } from '@openpro/storage';
import DataLoader from 'dataloader';
import { DataSource } from 'typeorm';
import { ErrorFilter } from './error.filter.js';
import { graphqlModule } from './graphql.js';
import { allChecks } from './health-checks.js';
import { HealthController } from './health.controller.js';
import { Health } from './health.js';
import { Lifecycle } from './lifecycle.js';
import { MetricsController } from './metrics.controller.js';
import { PlatformResolver } from './platform.resolver.js';
import { Readers } from './readers.js';
import { RefusedCommands } from './refused-commands.js';
import { ServerMetrics } from './server-metrics.js';

const COMMANDS = {
  user: ForUser,
  environment: ForEnvironment,
  publisher: ForPublisher,
  engine: ForEngine,
  app: ForApp,
  file: ForFile,
  case: ForCase,
  session: ForSession,
  job: ForJob,
  batch: ForBatch,
  schedule: ForSchedule,
  queue: ForQueuePolicy,
  node: ForNode,
  leadership: ForLeadership,
  authority: ForAuthority,
  refusals: ForRefusals,
  licence: ForLicence,
} as const;

/** Everything that is folded from the log, and what reacts to it. */
export const readModel = {
  projections: [
    userList,
    signInList,
    publisherList,
    engineList,
    appList,
    appVersion,
    caseList,
    uploadList,
    sessionList,
    jobList,
    batchList,
    scheduleList,
    queuePolicyList,
    tariffList,
    nodeList,
    leader,
    clusterTimeline,
    licenceList,
    licenceUse,
  ],
  processes: [
    placeSession,
    endIdleSession,
    endSessionsOfLostNode,
    requeueLostJobs,
    seatAttempts,
    seatSessions,
    releaseDependents,
    submitBatch,
    cancelChildJobs,
    fireSchedules,
  ],
  commandFor(aggregate: string) {
    const command = COMMANDS[aggregate as keyof typeof COMMANDS];
    if (!command) throw new Error(`A process wants a command for "${aggregate}", which nobody has`);
    return command;
  },
} as unknown as ReadModel;

/** What each server has to do just now, as the read model knows it. */
const load = {
  provide: LOAD,
  inject: [DataSource],
  useFactory: (db: DataSource) => {
    // Asked for many servers at once, it is one query.
    const count = (from: string) => {
      const sql = `SELECT node, count(*)::int FROM ${from} AND node = ANY($1) GROUP BY node`;
      const loader = new DataLoader<string, number>(
        async (nodes) => {
          const rows = await db.query<{ node: string; count: number }[]>(sql, [nodes]);
          const counts = new Map(rows.map(({ node, count }) => [node, count]));
          return nodes.map((node) => counts.get(node) ?? 0);
        },
        { cache: false },
      );
      return (node: string): Promise<number> => loader.load(node);
    };
    return {
      jobs: count("job_list WHERE state = 'running'"),
      sessions: count("session_list WHERE state IN ('starting', 'ready')"),
    };
  },
};

const health = {
  provide: Health,
  inject: [CONFIG, NODE, DataSource, EVENT_STORE, ReadSide, PulseQueries, EnginePool],
  useFactory: (
    config: ServerConfig,
    node: ThisNode,
    db: DataSource,
    store: EventStore,
    readSide: ReadSide,
    pulse: PulseQueries,
    pool: EnginePool,
  ) => new Health(allChecks({ config, node, db, store, readSide, pulse, pool })),
};

const readers = {
  provide: Readers,
  inject: [CONFIG, Authenticator],
  useFactory: (config: ServerConfig, authenticator: Authenticator) =>
    new Readers(config, async (headers) => {
      const actor = await authenticator.actorOf(tokenOf(headers));
      return actor !== undefined && has(actor);
    }),
};

@Global()
@Module({ providers: [load], exports: [LOAD] })
class LoadModule {}

@Module({})
export class AppModule {
  static with(config: ServerConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PlatformModule.with(config, readModel),
        IdentityModule,
        LoadModule,
        ClusterModule,
        StorageModule,
        LicensingModule,
        CatalogueModule,
        SessionsModule,
        JobsModule,
        graphqlModule(),
      ],
      controllers: [HealthController, MetricsController],
      providers: [
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_FILTER, useClass: ErrorFilter },
        { provide: APP_INTERCEPTOR, useExisting: RefusedCommands },
        RefusedCommands,
        health,
        readers,
        Lifecycle,
        PlatformResolver,
        ServerMetrics,
      ],
    };
  }
}
