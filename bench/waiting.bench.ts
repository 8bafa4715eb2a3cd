import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Author, solving } from '../test/e2e/apps.js';
import { Platform } from '../test/e2e/platform.js';
import { type Measured, quantile, report } from './frame.js';

const JOBS = 10_000;
const CHANGES = 20;
const LOOK_MS = 10;

interface Waits {
  readonly id: string;
  readonly place: number | null;
  readonly waitingFor: string | null;
}
const WAITING = `query ($order: JobOrder!, $first: Int!, $after: String) {
  jobs(filter: { states: [QUEUED] }, order: $order, first: $first, after: $after) {
    nodes { id place waitingFor } pageInfo { endCursor } } }`;

const platform = new Platform(mkdtempSync(path.join(process.cwd(), 'bench/node_modules/.data-')));
await platform.start();
try {
  const api = await platform.signIn();
  const author = await Author.of(api);
  await author.trust();
  await author.app(
    'waits',
    solving('while (!ctx.signal.aborted) await new Promise((next) => setTimeout(next, 50));'),
  );
  const page = async (order: string, first: number): Promise<readonly Waits[]> => {
    const { jobs } = await api.ask<{ jobs: { nodes: readonly Waits[] } }>(WAITING, { order, first });
    return jobs.nodes;
  };
  await api.change<{ id: string }>(
    'submitBatch',
    '$input: SubmitBatch!',
    {
      input: {
        job: { app: 'waits', procedure: 'solve' },
        grid: ['x', 'y'].map((argument) => ({
          argument,
          values: Array.from({ length: Math.sqrt(JOBS) }, (_, n) => n),
        })),
      },
    },
    '... on Batch { id }',
  );
  const last = async (): Promise<Waits> => {
    const [job] = await page('NEWEST', 1);
    return job ?? { id: '', place: null, waitingFor: null };
  };
  while (((await last()).place ?? 0) < JOBS - 2) await pause(200);

  /** From the answer to a change until the job that waits at the end of the line says what follows from it. */
  const until = async (change: () => Promise<unknown>, says: (job: Waits) => boolean): Promise<number> => {
    await change();
    const answered = performance.now();
    while (!says(await last())) await pause(LOOK_MS);
    return performance.now() - answered;
  };
  const policy = async (running: number): Promise<void> => {
    const { queuePolicy } = await api.ask<{ queuePolicy: { version: number } }>(
      '{ queuePolicy { version } }',
    );
    await api.change(
      'setQueuePolicy',
      '$policy: JSON!, $reason: String!, $basedOn: Int!',
      {
        policy: { limits: [{ per: 'app', pattern: 'waits', running }] },
        reason: 'bench',
        basedOn: queuePolicy.version,
      },
      '... on QueuePolicy { version }',
    );
  };
  const measure = async (): Promise<Measured> => {
    const places: number[] = [];
    const reasons: number[] = [];
    const pages: number[] = [];
    for (let n = 0; n < CHANGES; n++) {
      const [next] = await page('PRIORITY', 1);
      const { place } = await last();
      const leave = (): Promise<unknown> =>
        api.change('terminateJob', '$id: ID!', { id: next?.id }, '... on Job { id }');
      places.push(await until(leave, (job) => job.place === (place ?? 0) - 1));
      const most = 1 + (n % 2);
      reasons.push(
        await until(
          () => policy(most),
          ({ waitingFor }) => waitingFor?.includes(`of ${most} taken`) ?? false,
        ),
      );
      const began = performance.now();
      const nodes = await page('PRIORITY', 200);
      pages.push(performance.now() - began);
      if (nodes.some((job) => job.place === null || job.waitingFor === null))
        throw new Error('A job of the page says no place or no reason');
    }
    for (const times of [places, reasons, pages]) times.sort((a, b) => a - b);
    return {
      'place p50 ms': quantile(places, 0.5),
      'place max ms': places.at(-1) ?? Number.NaN,
      'reason p50 ms': quantile(reasons, 0.5),
      'reason max ms': reasons.at(-1) ?? Number.NaN,
      'page of 200 p50 ms': quantile(pages, 0.5),
      'page of 200 max ms': pages.at(-1) ?? Number.NaN,
    };
  };
  await report({
    name: 'waiting',
    title: `Place and reason of ${JOBS.toLocaleString('en')} waiting jobs`,
    about:
      `One server with two slots as \`npm start\` starts it, PostgreSQL with fsync, over GraphQL from another process; ${JOBS.toLocaleString('en')} ` +
      'jobs of a batch, two of which run for ever. Place: from the answer to the termination of the first in the line until ' +
      'the last one says a place one better. Reason: from the answer to a change of the policy until the last one says the ' +
      `new limit. ${CHANGES} of each, looked at every ${LOOK_MS} ms. Page: 200 jobs with place and reason.`,
    rounds: 3,
    contestants: [{ name: '**OpenPRO**', measure }],
  });
} finally {
  await platform.remove();
}
process.exit();
