import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { nodeList } from '../libs/cluster/src/node-list.projection.js';
import { CommandHandler } from '../libs/eventstore/src/handler.js';
import { PostgresEventStore } from '../libs/eventstore/src/postgres-event-store.js';
import { ReadSide } from '../libs/eventstore/src/read-side-runner.js';
import { jobList } from '../libs/jobs/src/job-list.projection.js';
import { job, type JobCommand } from '../libs/jobs/src/job.js';
import { requeueLostJobs } from '../libs/jobs/src/requeue-lost-jobs.process.js';
import { uuidv7 } from '../libs/kernel/src/index.js';
import { appPool } from '../libs/platform/src/database.js';
import { type BenchDatabase, cpuMs, type Measured, quantile, report, withPostgres } from './frame.js';
import { aRequest } from '../libs/jobs/src/request.fixture.js';

const JOBS = 600;
const EVENTS = 3 * JOBS;
/** So many jobs begin per second: far below what a server can do, so that latencies are not those of a queue. */
const PER_SECOND = 100;
const NODE = uuidv7();

type FromServer =
  | { readonly is: 'ready' }
  | { readonly is: 'done'; readonly asked: readonly Seen[] }
  | { readonly is: 'seen'; readonly told: readonly Seen[] };
type Seen = readonly [id: string, at: number];

const now = (): number => performance.timeOrigin + performance.now();
const tell = (message: FromServer) => process.send?.(message);

const request: JobCommand = { type: 'SubmitJob', ...aRequest, owner: NODE };

/** One server's read side; the first server also writes. */
const serve = async (url: string, writes: boolean): Promise<void> => {
  const store = new PostgresEventStore(appPool(url, { max: 3 }));
  const handler = new CommandHandler(store);
  const execute = (id: string, command: JobCommand) =>
    handler.execute(job, id, command, { commandId: uuidv7(), actor: NODE, roles: [] });
  const readSide = new ReadSide({
    store,
    pool: appPool(url, { max: 4 }),
    projections: [jobList, nodeList] as never,
    processes: [requeueLostJobs] as never,
    dispatch: () => Promise.resolve({ is: 'done' }),
    report: (problem) => problem.level !== 'info' && console.error(problem),
  });
  const told = new Map<string, number>();
  readSide.onCommitted(({ keys }) => {
    for (const key of keys) if (!told.has(key)) told.set(key, now());
  });
  readSide.start();
  await pause(1000);
  process.on('message', () => tell({ is: 'seen', told: [...told] }));
  tell({ is: 'ready' });
  if (!writes) return;
  const asked: Seen[] = [];
  const one = async (): Promise<void> => {
    const id = uuidv7();
    asked.push([id, now()]);
    await execute(id, request);
    await execute(id, { type: 'StartJob', node: NODE, nodeEpoch: 1 });
    await execute(id, { type: 'TerminateJob', reason: '' });
  };
  await once(process, 'message');
  const all: Promise<void>[] = [];
  const began = now();
  for (let n = 0; n < JOBS; n++) {
    await pause(Math.max(0, began + (n * 1000) / PER_SECOND - now()));
    all.push(one());
  }
  await Promise.all(all);
  await pause(500);
  tell({ is: 'done', asked });
};

const measure = async (
  { ownerUrl: url }: BenchDatabase,
  servers: number,
  postgres: number,
): Promise<Measured> => {
  const children = Array.from({ length: servers }, (_, n) =>
    fork(process.argv[1] ?? '', ['--serve', url, ...(n === 0 ? ['--writes'] : [])]),
  );
  const says = async <Is extends FromServer['is']>(child: (typeof children)[number], is: Is) => {
    for (;;) {
      const [message] = (await once(child, 'message')) as [FromServer];
      if (message.is === is) return message as FromServer & { is: Is };
    }
  };
  await Promise.all(children.map((child) => says(child, 'ready')));
  const [writer] = children;
  if (!writer) throw new Error('no server');
  const cpu = () => ({
    postgres: cpuMs(postgres),
    servers: children.reduce((sum, { pid }) => sum + cpuMs(pid), 0),
  });
  const before = cpu();
  writer.send('go');
  const { asked } = await says(writer, 'done');
  const after = cpu();
  const seen = await Promise.all(
    children.map((child) => {
      const answer = says(child, 'seen');
      child.send('tell');
      return answer;
    }),
  );
  for (const child of children) child.kill();
  const latencies = seen.map(({ told }) => {
    const at = new Map(told);
    return asked.map(([id, start]) => (at.get(id) ?? Number.NaN) - start).sort((a, b) => a - b);
  });
  const [here = [], ...elsewhere] = latencies;
  const others = elsewhere.flat().sort((a, b) => a - b);
  return {
    'here p50 ms': quantile(here, 0.5),
    'here p99 ms': quantile(here, 0.99),
    'elsewhere p50 ms': quantile(others, 0.5),
    'elsewhere p99 ms': quantile(others, 0.99),
    'PostgreSQL CPU ms/event': (after.postgres - before.postgres) / EVENTS,
    'servers CPU ms/event': (after.servers - before.servers) / EVENTS,
  };
};

if (process.argv[2] === '--serve') await serve(process.argv[3] ?? '', process.argv[4] === '--writes');
else {
  await withPostgres(async ({ migrated, pid }) => {
    let databases = 0;
    await report({
      name: 'read-sides',
      title: 'One read model, kept by one, two and four servers',
      about:
        `One server writes ${JOBS} jobs of three events at ${PER_SECOND} jobs per second; every server runs the same projections and ` +
        'processes, as in production. From the call of the command to the moment at which a server tells its listeners that ' +
        'the row is committed, on the server that writes and on the others.',
      rounds: 3,
      contestants: [1, 2, 4].map((servers) => ({
        name: `**${servers} ${servers === 1 ? 'server' : 'servers'}**`,
        measure: async () => measure(await migrated(`round_${(databases += 1)}`), servers, pid),
      })),
    });
  });
  process.exit();
}
