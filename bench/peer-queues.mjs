// The job queues of npm that are measured beside ours, each set up for throughput as its documentation says.
// JavaScript, so that the product's type check does not need their packages.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import pg from 'pg';

const QUEUE = 'job';

/** Its own performance test uses 24 concurrent jobs and a connection for each. */
const GRAPHILE_CONCURRENCY = 24;

export const graphileWorker = async ({ ownerUrl }) => {
  const { Logger, makeWorkerUtils, run } = await import('graphile-worker');
  const logger = new Logger(() => () => undefined);
  const pgPool = new pg.Pool({ connectionString: ownerUrl, max: GRAPHILE_CONCURRENCY + 1 });
  const utils = await makeWorkerUtils({ pgPool, logger });
  await utils.migrate();
  let runner;
  return {
    name: 'graphile-worker',
    start: async (onDone) => {
      runner = await run({
        pgPool,
        logger,
        concurrency: GRAPHILE_CONCURRENCY,
        noHandleSignals: true,
        taskList: { [QUEUE]: () => undefined },
      });
      runner.events.on('job:complete', onDone);
    },
    add: (job) => utils.addJob(QUEUE, job),
    close: async () => {
      await runner?.stop();
      await utils.release();
      await pgPool.end();
    },
  };
};

/** Batches, and as many workers as it takes that nobody waits for the shortest polling interval that it allows. */
const BOSS_WORKERS = 8;
const BOSS_BATCH = 250;

export const pgBoss = async ({ ownerUrl }) => {
  const { default: PgBoss } = await import('pg-boss');
  const boss = new PgBoss({ connectionString: ownerUrl, max: 32, supervise: false, schedule: false });
  boss.on('error', () => undefined);
  await boss.start();
  await boss.createQueue(QUEUE);
  return {
    name: 'pg-boss',
    start: async (onDone) => {
      for (let worker = 0; worker < BOSS_WORKERS; worker += 1)
        await boss.work(
          QUEUE,
          { batchSize: BOSS_BATCH, pollingIntervalSeconds: 0.5 },
          async (jobs) => void jobs.forEach(onDone),
        );
    },
    add: (job) => boss.send(QUEUE, job),
    close: () => boss.stop({ graceful: false, wait: true }),
  };
};

const BULL_CONCURRENCY = 64;

/** A Redis that has each command on disk before it answers: what is queued is as durable as in the others. */
const startRedis = async () => {
  if (spawnSync('redis-server', ['--version']).error) return null;
  const dir = fs.mkdtempSync(path.join(process.cwd(), 'bench/node_modules/.redis-'));
  const socket = path.join(dir, 'redis.sock');
  const settings = ['--port', '0', '--unixsocket', socket, '--dir', dir];
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];
  const server = spawn('redis-server', [...settings, ...durable, '--maxmemory-policy', 'noeviction']);
  await new Promise((resolve, reject) => {
    server.stdout.on('data', (text) => String(text).includes('ready to accept') && resolve());
    server.once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)));
  });
  return {
    socket,
    stop: async () => {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill();
      await ended;
      fs.rmSync(dir, { recursive: true, force: true });
    },
  };
};

export const bullMq = async () => {
  const redis = await startRedis();
  if (!redis) return null;
  const { Queue, Worker } = await import('bullmq');
  const connection = { path: redis.socket, maxRetriesPerRequest: null };
  const options = { connection, defaultJobOptions: { removeOnComplete: true } };
  const queue = new Queue(QUEUE, options);
  let worker;
  return {
    name: 'BullMQ on Redis, appendfsync always',
    start: async (onDone) => {
      worker = new Worker(QUEUE, async () => undefined, { connection, concurrency: BULL_CONCURRENCY });
      worker.on('completed', onDone);
      await worker.waitUntilReady();
    },
    add: (job) => queue.add(QUEUE, job),
    close: async () => {
      await worker?.close();
      await queue.close();
      await redis.stop();
    },
  };
};
