import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Author, solving } from '../test/e2e/apps.js';
import { type Api, Platform } from '../test/e2e/platform.js';
import { type Measured, quantile, report } from './frame.js';

const SIDE = 100; // 10,000 scenarios
/** So long it is looked at after all jobs are made, while they run. */
const RUNNING_MS = 15_000;

const GRID = ['x', 'y'].map((argument) => ({
  argument,
  values: Array.from({ length: SIDE }, (_, n) => n),
}));

/** What somebody looks at meanwhile: the page of the batch, and the lists. */
const PAGES = {
  batch: `query ($id: ID!) { batch(id: $id) { state created ended { state count } cells axes { argument values }
    results(order: OBJECTIVE, first: 50) { total rows { index job args state objective gap runTime error } } } }`,
  cells: 'query ($id: ID!) { batch(id: $id) { cells } }',
  objectives: 'query ($id: ID!) { batch(id: $id) { objectives } }',
  batches:
    'query { batches { nodes { id state created scenarios ended { state count } app { title } owner { name } } } }',
  jobs: 'query { jobs { nodes { id state description waitingFor app { title } owner { name } } } }',
  ofBatch: 'query ($id: ID!) { jobs(filter: { batch: $id }, order: OLDEST) { nodes { id state scenario } } }',
};

interface Created {
  readonly batch: { readonly submittedAt: number; readonly created: number };
  readonly jobs: { readonly nodes: readonly { readonly queuedAt: number }[] };
}
const CREATED = `query ($id: ID!) { batch(id: $id) { submittedAt created }
  jobs(filter: { batch: $id }, first: 1) { nodes { queuedAt } } }`;

const batch = async (api: Api): Promise<Measured> => {
  const asked = performance.now();
  const { id } = await api.change<{ id: string }>(
    'submitBatch',
    '$input: SubmitBatch!',
    { input: { job: { app: 'trivial', procedure: 'solve' }, grid: GRID } },
    '... on Batch { id }',
  );
  const accepted = performance.now() - asked;
  const slowest: Record<string, number> = {};
  const all: number[] = [];
  let looking = true;
  const look = async () => {
    while (looking)
      for (const [name, query] of Object.entries(PAGES)) {
        const began = performance.now();
        await api.ask(query, query.includes('$id') ? { id } : {});
        const took = performance.now() - began;
        all.push(took);
        slowest[name] = Math.max(slowest[name] ?? 0, took);
        await pause(50);
      }
  };
  const looked = look();
  let made: Created;
  do {
    await pause(200);
    made = await api.ask<Created>(CREATED, { id });
  } while (made.batch.created < SIDE * SIDE);
  const seconds = ((made.jobs.nodes[0]?.queuedAt ?? 0) - made.batch.submittedAt) / 1000;
  await pause(RUNNING_MS);
  looking = false;
  await looked;
  console.log(slowest);
  const cancelling = performance.now();
  await api.change('cancelBatch', '$id: ID!', { id }, '... on Batch { id }');
  let left: string;
  do {
    await pause(200);
    left = (await api.ask<{ batch: { cells: string } }>(PAGES.cells, { id })).batch.cells;
  } while (/[qr.]/.test(left));
  all.sort((a, b) => a - b);
  return {
    'accepted ms': accepted,
    'jobs made/s': (SIDE * SIDE) / seconds,
    'page p50 ms': quantile(all, 0.5),
    'slowest page ms': all.at(-1) ?? Number.NaN,
    'cancelled after s': (performance.now() - cancelling) / 1000,
  };
};

const platform = new Platform(mkdtempSync(path.join(process.cwd(), 'bench/node_modules/.data-')));
await platform.start();
try {
  const api = await platform.signIn();
  const author = await Author.of(api);
  await author.trust();
  await author.app('trivial', solving('data.Out.value = data.In.value + 1;'));
  await report({
    name: 'batch',
    title: 'A batch of 10,000 scenarios',
    about:
      'One server with two slots as `npm start` starts it, PostgreSQL with fsync, over GraphQL from another process: a grid of ' +
      '100 by 100 of a job that does nothing else. Accepted: the answer to `submitBatch`. Made: from the event of the ' +
      'submission to that of the last job. Pages: that of the batch with 10,000 cells and the lists, one after the other, ' +
      `while the jobs are made and ${RUNNING_MS / 1000} s while they run. Cancelled: until no job of it waits or runs.`,
    rounds: 3,
    contestants: [{ name: '**OpenPRO**', measure: () => batch(api) }],
  });
} finally {
  await platform.remove();
}
