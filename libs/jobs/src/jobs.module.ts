import { Logger, Module } from '@nestjs/common';
import { CatalogueModule, Packages } from '@openpro/catalogue';
import { leader, RefusalLog } from '@openpro/cluster';
import { EnginePool } from '@openpro/engine';
import { type EventStore, ReadSide } from '@openpro/eventstore';
import { IdentityQueries } from '@openpro/identity';
import { uuidv5, uuidv7 } from '@openpro/kernel';
import { ForLicence, LicensingModule } from '@openpro/licensing';
import {
  CachedRows,
  Commands,
  CONFIG,
  EVENT_STORE,
  LINK,
  NODE,
  type ProLink,
  reportTo,
  type ServerConfig,
  type ThisNode,
} from '@openpro/platform';
import { SessionsModule } from '@openpro/sessions';
import { FolderBlobStore, loadCase, saveCase, StorageModule } from '@openpro/storage';
import path from 'node:path';
import { DataSource } from 'typeorm';
import { BatchController } from './batch.controller.js';
import { BatchQueries } from './batches.queries.js';
import { BatchesResolver } from './batches.resolver.js';
import { AttemptStore } from './attempt-store.js';
import { Attempts } from './attempts.js';
import { TimelineQueries } from './cluster-timeline.queries.js';
import { TimelineResolver } from './cluster-timeline.resolver.js';
import { Dispatcher } from './dispatcher.js';
import { queuedJob } from './job.js';
import { JobChoicesResolver } from './job-choices.resolver.js';
import { ForJob, jobHandlers } from './jobs.commands.js';
import { JobController } from './job.controller.js';
import { JobQueries } from './jobs.queries.js';
import { JobsResolver } from './jobs.resolver.js';
import { LiveJobs, serveJobs } from './live-jobs.js';
import { ScheduleHandler } from './schedules.commands.js';
import { ScheduleQueries } from './schedules.queries.js';
import { SchedulesResolver } from './schedules.resolver.js';
import { QueuePolicies } from './queue-policy.queries.js';
import { Quotas } from './quotas.queries.js';
import { QueuePolicyResolver } from './queue-policy.resolver.js';
import { startWith } from './starting.js';
import { StatisticsQueries } from './statistics.queries.js';
import { StatisticsResolver } from './statistics.resolver.js';
import { Submitting } from './submitting.js';
import { SubmittingBatches } from './submitting-batches.js';
import { SubmittingChildJobs } from './submitting-child-jobs.js';
import { takeOver } from './take-over.queries.js';
import { tracedRun } from './traced-run.js';

const INTERRUPT_GRACE_S = 10;
const LOG_BYTES = 50 * 1024 * 1024;

@Module({
  imports: [CatalogueModule, LicensingModule, SessionsModule, StorageModule],
  controllers: [JobController, BatchController],
  providers: [
    ...jobHandlers,
    {
      provide: AttemptStore,
      inject: [CONFIG],
      useFactory: ({ storageDir }: ServerConfig) => new AttemptStore(path.join(storageDir, 'jobs')),
    },
    {
      provide: Dispatcher,
      inject: [EVENT_STORE, DataSource, Commands],
      useFactory: (store: EventStore, db: DataSource, commands: Commands) =>
        new Dispatcher(store, () => takeOver(db), startWith(commands), reportTo(new Logger('Dispatcher'))),
    },
    {
      provide: Attempts,
      inject: [
        NODE,
        EVENT_STORE,
        EnginePool,
        AttemptStore,
        Packages,
        FolderBlobStore,
        IdentityQueries,
        Commands,
        RefusalLog,
        CONFIG,
        LINK,
        Dispatcher,
        QueuePolicies,
        SubmittingChildJobs,
      ],
      useFactory: (
        node: ThisNode,
        store: EventStore,
        pool: EnginePool,
        records: AttemptStore,
        packages: Packages,
        blobs: FolderBlobStore,
        people: IdentityQueries,
        commands: Commands,
        refusals: RefusalLog,
        { memoryMiB }: ServerConfig,
        link: ProLink,
        dispatcher: Dispatcher,
        policies: QueuePolicies,
        childJobs: SubmittingChildJobs,
      ) => {
        const attempts = new Attempts({
          node,
          store,
          records,
          log: reportTo(new Logger('Attempts')),
          run: (options) => tracedRun(pool, options),
          limits: { memoryMiB, interruptGraceS: INTERRUPT_GRACE_S, logBytes: LOG_BYTES },
          job: async (id) => queuedJob(await store.readStream(`job-${id}`, 0, 1)),
          engine: (ref) => packages.engine(ref),
          app: (ref) => packages.app(ref),
          load: async (digest) => (await loadCase(blobs, digest)).data,
          save: ({ app, engine }, data) =>
            saveCase(
              blobs,
              { app: app.name, version: app.version, engine: `${engine.name}:${engine.version}` },
              data,
            ),
          user: async (id) => people.user(id),
          submit: (parent, request, child, order) => childJobs.submit(parent, request, child, order),
          variables: (profile) => policies.variables(profile),
          report: (job, attempt, command) =>
            commands.insist(
              // The same report of the same attempt has the same id: told twice, it counts once.
              new ForJob(job, command, {
                commandId: uuidv5(job, `${command.type}:${attempt}`),
                actor: `node:${node.id}`,
                roles: [],
                correlation: job,
              }),
              ({ refused, message }) =>
                refusals.record({
                  what: 'report',
                  from: `job ${job}`,
                  node: node.id,
                  code: refused,
                  reason: message,
                }),
            ),
        });
        serveJobs(link, attempts, dispatcher);
        return attempts;
      },
    },
    {
      provide: LiveJobs,
      inject: [LINK, DataSource, ReadSide],
      useFactory: (link: ProLink, db: DataSource, readSide: ReadSide) => {
        const leaders = new CachedRows(db, leader, readSide);
        return new LiveJobs(link, {
          node: async () => (await leaders.row('cluster'))?.node ?? null,
          onChange: (listener) =>
            readSide.onCommitted(({ projection }) => {
              if (projection === leader.name) listener();
            }),
        });
      },
    },
    BatchesResolver,
    BatchQueries,
    JobChoicesResolver,
    JobQueries,
    JobsResolver,
    ScheduleHandler,
    ScheduleQueries,
    SchedulesResolver,
    QueuePolicies,
    QueuePolicyResolver,
    Quotas,
    StatisticsQueries,
    StatisticsResolver,
    Submitting,
    SubmittingBatches,
    SubmittingChildJobs,
    TimelineQueries,
    TimelineResolver,
  ],
  exports: [Attempts, Dispatcher, JobQueries],
})
export class JobsModule {}
