// The job queues of npm that are measured beside ours, each set up for throughput as its documentation says.
// JavaScript, so that the product's type check does not need their packages.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
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

/** So long a worker of pg-boss waits when there was nothing to do: its own loop waits at least half a second. */
const BOSS_PAUSE_MS = 10;

/** With its own fetch and complete: its ready-made loop would be measured by its pauses. */
export const pgBoss = async ({ ownerUrl }, { workers, batchSize }) => {
  const { default: PgBoss } = await import('pg-boss');
  const boss = new PgBoss({ connectionString: ownerUrl, max: 32, supervise: false, schedule: false });
  boss.on('error', () => undefined);
  await boss.start();
  await boss.createQueue(QUEUE);
  const stopping = new AbortController();
  let running = [];
  return {
    start: async (onDone) => {
      const work = async () => {
        while (!stopping.signal.aborted) {
          const jobs = await boss.fetch(QUEUE, { batchSize });
          if (jobs.length > 0) {
            const ids = jobs.map(({ id }) => id);
            await boss.complete(QUEUE, ids);
            jobs.forEach(onDone);
          } else await delay(BOSS_PAUSE_MS);
        }
      };
      running = Array.from({ length: workers }, work);
    },
    add: (job) => boss.send(QUEUE, job),
    close: async () => {
      stopping.abort();
      await Promise.all(running);
      await boss.stop({ graceful: false, wait: true });
    },
  };
};

const BULL_CONCURRENCY = 64;

export const hasRedis = () => !spawnSync('redis-server', ['--version']).error;

/** A Redis that has each command on disk before it answers: what is queued is as durable as in the others. */
const startRedis = async () => {
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
  const { Queue, Worker } = await import('bullmq');
  const connection = { path: redis.socket, maxRetriesPerRequest: null };
  const options = { connection, defaultJobOptions: { removeOnComplete: true } };
  const queue = new Queue(QUEUE, options);
  let worker;
  return {
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
