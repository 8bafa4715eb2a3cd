import { nodeList } from '../libs/cluster/src/node-list.projection.js';
import { node as nodeAggregate, type NodeEvent } from '../libs/cluster/src/node.js';
import { entityOf } from '../libs/eventstore/src/entity.js';
import { START } from '../libs/eventstore/src/event-store.js';
import { follow } from '../libs/eventstore/src/follower.js';
import { CommandHandler } from '../libs/eventstore/src/handler.js';
import { PostgresEventStore } from '../libs/eventstore/src/postgres-event-store.js';
import { ReadSide } from '../libs/eventstore/src/read-side-runner.js';
import { Dispatcher } from '../libs/jobs/src/dispatcher.js';
import { jobList } from '../libs/jobs/src/job-list.projection.js';
import { job, type JobCommand, type JobEvent, type QueuedJob } from '../libs/jobs/src/job.js';
import { requeueLostJobs } from '../libs/jobs/src/requeue-lost-jobs.process.js';
import { takeOver } from '../libs/jobs/src/take-over.queries.js';
import { idOf, uuidv5, uuidv7 } from '../libs/kernel/src/index.js';
import { appPool, asApp } from '../libs/platform/src/database.js';
import { DataSource } from 'typeorm';
import { type BenchDatabase, type Contestant, cpuMs, type Measured, report, withPostgres } from './frame.js';
import { bullMq, graphileWorker, hasRedis, type PeerQueue, pgBoss } from './peer-queues.mjs';
import { aRequest } from '../libs/jobs/src/request.fixture.js';

const CALLERS = 32;
const JOBS = 3000;
const WARM_UP = 1000;
const SLOTS = 64;
const USER = '0198c0de-0000-7000-8000-000000000001';

const request: QueuedJob = { ...aRequest, owner: USER };

/** A queue to measure: ours or a peer. */
interface Lane extends PeerQueue {
  /** Resolves when everything done so far is visible in the read model. */
  visible?(): Promise<unknown>;
}

/** What the server does with jobs, without engine and API: log, handler, scheduler, executor, read model and its process. */
const ours = async ({ ownerUrl }: BenchDatabase): Promise<Lane> => {
  const logPool = appPool(ownerUrl, { max: 3 });
  const readPool = appPool(ownerUrl, { max: 4 });
  const store = new PostgresEventStore(logPool);
  const handler = new CommandHandler(store);
  const db = await new DataSource({
    type: 'postgres',
    url: asApp(ownerUrl),
    entities: [jobList, nodeList].map((projection) => entityOf(projection as typeof jobList)),
  }).initialize();
  const execute = (id: string, command: JobCommand, commandId: string) =>
    handler.execute(job, id, command, { commandId, actor: USER, roles: ['user'] });
  const readSide = new ReadSide({
    store,
    pool: readPool,
    projections: [jobList, nodeList] as never,
    processes: [requeueLostJobs] as never,
    dispatch: ({ id, command }, { commandId }) => execute(id, command as JobCommand, commandId),
    report: (problem) => problem.level !== 'info' && console.error(problem),
  });
  const node = { node: uuidv7(), nodeEpoch: 1 };
  const dispatcher = new Dispatcher(
    store,
    () => takeOver(db),
    async (placement) => {
      await execute(placement.job, { type: 'StartJob', ...placement }, uuidv7());
      return true;
    },
  );
  let last = START;
  let onDone = (): void => undefined;
  const complete = async (id: string, attempt: number): Promise<void> => {
    const command: JobCommand = {
      type: 'CompleteJob',
      attempt,
      ...node,
      outcome: 'completed',
      solverStatus: 'Optimal',
      objective: 42,
      bound: 42,
      gap: 0,
      result: null,
      forced: false,
      statistics: {},
    };
    const outcome = await execute(id, command, uuidv5(id, `CompleteJob:${attempt}`));
    if (outcome.is === 'refused') throw new Error(outcome.refusal.message);
    if (outcome.position > last) last = outcome.position;
    onDone();
  };
  const executor = follow(store, START, (events) => {
    for (const { stream, event } of events) {
      const happened = event as JobEvent | NodeEvent;
      if (happened.type === 'JobStarted') void complete(idOf(stream), happened.attempt);
    }
  });
  return {
    start: async (done) => {
      onDone = done;
      readSide.start();
      await handler.execute(
        nodeAggregate,
        node.node,
        { type: 'JoinNode', name: 'bench', roles: ['pro'], slots: SLOTS, version: '1', isolation: 'none' },
        { commandId: uuidv7(), actor: `node:${node.node}`, roles: [] },
      );
      await dispatcher.lead(1);
    },
    add: () => {
      const id = uuidv7();
      return execute(id, { type: 'SubmitJob', ...request }, id);
    },
    visible: () => readSide.waitFor(jobList.name, last, 60_000),
    close: async () => {
      await dispatcher.resign();
      await executor.stop();
      await readSide.stop();
      await store.close();
      await Promise.all([db.destroy(), logPool.end(), readPool.end()]);
    },
  };
};

class Countdown {
  private left = 0;
  private finish = (): void => undefined;

  readonly tick = (): void => {
    this.left -= 1;
    if (this.left === 0) this.finish();
  };

  from(count: number): Promise<void> {
    this.left = count;
    return new Promise((resolve) => (this.finish = resolve));
  }
}

/** From the first call to the last completion. */
const through = async (lane: Lane, completions: Countdown, jobs: number): Promise<Measured> => {
  const cpuBefore = cpuMs();
  const started = performance.now();
  const since = () => (performance.now() - started) / 1000;
  const completed = completions.from(jobs);
  let left = jobs;
  const caller = async () => {
    while (left-- > 0) await lane.add(request);
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  const queuedAfter = since();
  await completed;
  const doneAfter = since();
  await lane.visible?.();
  return {
    'jobs/s': jobs / doneAfter,
    'CPU ms/job': (cpuMs() - cpuBefore) / jobs,
    'queued after s': queuedAfter,
    'done after s': doneAfter,
    'listed after s': lane.visible ? since() : Number.NaN,
  };
};

await withPostgres(async ({ database, migrated }) => {
  let databases = 0;
  const fresh = (kind: typeof database) => kind(`round_${(databases += 1)}`);
  /** Each round begins with an empty queue, and nobody else works meanwhile. */
  const contestant = (name: string, open: () => Promise<Lane>): Contestant => ({
    name,
    measure: async () => {
      const lane = await open();
      const completions = new Countdown();
      await lane.start(completions.tick);
      await through(lane, completions, WARM_UP);
      const measured = await through(lane, completions, JOBS);
      await lane.close();
      return measured;
    },
  });
  await report({
    name: 'jobs',
    title: `Jobs through queue and scheduler: ${JOBS.toLocaleString('en')} jobs that do nothing`,
    about:
      `${CALLERS} callers queue one job after the other; the clock stops when the last job is completed. ` +
      'Ours is what the server does without engine and API: every transition (queued, started, completed) is an event ' +
      `of its own, decided, durable and hash-chained; the scheduler places jobs on a server with ${SLOTS} slots from ` +
      'the log, and the job list and the process that requeues lost jobs run beside it ("listed": all of it stands in ' +
      'the list). All on one PostgreSQL with fsync, workers in the process that queues. graphile-worker runs 24 jobs ' +
      'at once as in its own performance test; pg-boss takes and completes jobs one by one with 24 workers, as all ' +
      'others here do, or 250 in one statement; BullMQ runs 64 at once on a Redis that syncs each command to disk. ' +
      'CPU is that of Node, PostgreSQL and Redis together.',
    rounds: 5,
    contestants: [
      contestant('**OpenPRO**', async () => ours(await fresh(migrated))),
      contestant('graphile-worker', async () => graphileWorker(await fresh(database))),
      contestant('pg-boss, job by job', async () =>
        pgBoss(await fresh(database), { workers: 24, batchSize: 1 }),
      ),
      contestant('pg-boss, 250 jobs at once', async () =>
        pgBoss(await fresh(database), { workers: 2, batchSize: 250 }),
      ),
      hasRedis()
        ? contestant('BullMQ on Redis, appendfsync always', bullMq)
        : { name: 'BullMQ: no redis-server here', measure: () => Promise.resolve({}) },
    ],
  });
});
process.exit(); // a peer keeps connections that cannot be closed
