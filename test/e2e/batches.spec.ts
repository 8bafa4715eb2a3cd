import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Author, solving } from './apps.js';
import { itInBrowser, launchBrowser, pageOf } from './chromium.js';
import { People } from './people.js';
import { type Api, Platform } from './platform.js';

jest.setTimeout(240_000);

const BATCH = '... on Batch { id state scenarios created retries ended { state count } }';

interface Row {
  readonly index: number;
  readonly job: string;
  readonly args: { readonly x: number; readonly y: string };
  readonly state: string;
  readonly objective: number | null;
  readonly error: string | null;
}

interface Page {
  readonly nodes: readonly { readonly scenario: number }[];
  readonly pageInfo: { readonly endCursor: string | null; readonly hasNextPage: boolean };
}

/** The least number that is not below ten times x, plus the length of y; of 3 and "no" there is none. */
const MODEL = solving(`    const { x, y } = ctx.args;
    if (x === 3 && y === 'no') throw new Error('not this one');
    await ctx.solveFile(\`min\\n obj: a\\nst\\n c: a >= \${x * 10 + y.length}\\nend\\n\`, 'lp');`);

describe('a batch', () => {
  const platform = new Platform();
  let api: Api;
  let people: People;
  let batch = '';

  beforeAll(async () => {
    await platform.start();
    await platform.cli('whoami');
    api = await platform.signIn();
    people = new People(platform);
    const author = await Author.of(api);
    await author.trust();
    await author.app('scenarios', MODEL);
  });
  afterAll(async () => {
    await people.close();
    await platform.remove();
  });

  const submit = (input: object, commandId?: string, by = api) =>
    by.change<{ id: string; code: string; field: string; limit: string }>(
      'submitBatch',
      '$input: SubmitBatch!',
      { input },
      BATCH,
      commandId,
    );
  const results = async (more = ''): Promise<readonly Row[]> => {
    const found = await api.ask<{ batch: { results: { rows: Row[] } } }>(
      `query($id: ID!) { batch(id: $id) { results(first: 100${more}) { rows { index job args state objective error } } } }`,
      { id: batch },
    );
    return found.batch.results.rows;
  };
  /** All of it have ended, as the list of jobs shows it. */
  const ended = (id: string) =>
    api.until<{ batchChanged: { cells: string; state: string } }>(
      'subscription($id: ID!) { batchChanged(id: $id) { cells state } }',
      { id },
      ({ batchChanged: { cells, state } }) => state === 'ENDED' && !/[qr.]/.test(cells),
    );

  const job = { app: 'scenarios', procedure: 'solve', args: { z: 1 } };
  const grid = [
    { argument: 'x', values: Array.from({ length: 10 }, (_, n) => n + 1) },
    { argument: 'y', values: ['a', 'no', 'yes'] },
  ];

  it('solves every combination of a grid, and shows which one has failed', async () => {
    const { code, output } = await platform.cli(
      ...['batch', 'submit', 'scenarios', 'solve', '--vary', 'x=1..10', '--vary', 'y=a,no,yes'],
      ...['--args', '{"z":1}', '--watch', '--json'],
    );
    expect(code).toBe(10); // one of them has no solution
    const last = JSON.parse(output.trim().split('\n').at(-1) ?? '') as { id: string; cells: string };
    batch = last.id;
    const cells = 'c'.repeat(30).split('');
    cells[7] = 'f';
    expect(last.cells).toBe(cells.join(''));
    const rows = await results();
    expect(rows.map(({ index }) => index)).toEqual(Array.from({ length: 30 }, (_, n) => n));
    for (const { index, args, objective, error } of rows) {
      expect(args).toEqual({ x: Math.floor(index / 3) + 1, y: ['a', 'no', 'yes'][index % 3], z: 1 });
      expect(objective).toBe(index === 7 ? null : args.x * 10 + args.y.length);
      expect(error === null).toBe(index !== 7);
    }
  });

  it('sorts and filters its results', async () => {
    const best = await results(', order: OBJECTIVE, descending: true, states: [COMPLETED]');
    expect(best.map(({ objective }) => objective)).toEqual(
      best.map(({ objective }) => objective).sort((a, b) => Number(b) - Number(a)),
    );
    expect(best.length).toBe(29);
    expect((await results(', states: [FAILED]')).map(({ index }) => index)).toEqual([7]);
  });

  it('gives all results as CSV', async () => {
    const { output } = await platform.cli('batch', 'results', batch, '--csv');
    const lines = output.trimEnd().split('\r\n');
    expect(lines).toHaveLength(31);
    expect(lines[0]).toBe('scenario,x,y,state,objective,bound,gap,run time (s),job,error');
    expect(lines[1]).toMatch(/^1,1,a,completed,11,/);
    expect(lines[8]).toMatch(/^8,3,no,failed,,,,.*not this one/);
  });

  it('runs again only what has failed, once, and keeps the former job', async () => {
    const before = await results();
    const commandId = randomUUID();
    const retry = () => api.change('retryBatch', '$id: ID!', { id: batch }, BATCH, commandId);
    expect(await retry()).toMatchObject({ __typename: 'Batch', retries: 1 });
    expect(await retry()).toMatchObject({ __typename: 'Batch', retries: 1 });
    const after = await api.eventually(
      results,
      (rows) => rows[7]?.job !== before[7]?.job && rows[7]?.state === 'FAILED',
    );
    const changed = after.filter(({ job: id }, n) => id !== before[n]?.job);
    expect(changed).toMatchObject([{ index: 7, state: 'FAILED' }]);
    const { jobs } = await api.ask<{ jobs: { nodes: { id: string; scenario: number }[] } }>(
      'query($batch: ID!) { jobs(first: 200, filter: { batch: $batch }) { nodes { id scenario } } }',
      { batch },
    );
    expect(jobs.nodes).toHaveLength(31);
    expect(jobs.nodes.filter(({ scenario }) => scenario === 7).map(({ id }) => id)).toEqual(
      expect.arrayContaining([before[7]?.job, after[7]?.job]),
    );
  });

  itInBrowser('shows its scenarios in the browser, each leading to its job', async () => {
    const browser = await launchBrowser();
    try {
      const page = await pageOf(browser, api);
      await page.getByRole('link', { name: 'Batches' }).click();
      await page.getByRole('table', { name: 'Batches' }).getByRole('link').click();
      const cells = page.getByRole('img', { name: '30 scenarios: 29 completed, 1 failed' });
      await cells.hover({ position: { x: 25, y: 49 } }); // third row, second column
      await page.getByText('x = 3, y = no').waitFor();
      const table = page.getByRole('table', { name: 'Results' });
      await table.getByRole('button', { name: 'Objective' }).click();
      await table.getByRole('button', { name: 'Objective' }).click();
      await table.getByRole('row').nth(1).getByText('103', { exact: true }).waitFor(); // 10 and "yes"
      await page.getByRole('button', { name: 'Retry the failed ones' }).click();
      await page.getByText('Retry 1 scenario?').waitFor();
      await page.getByRole('button', { name: 'Keep as it is' }).click();
      await cells.click({ position: { x: 25, y: 49 } });
      await page.getByText('not this one').first().waitFor();
      await page.getByText('scenario 8 of').waitFor();
      await page.getByRole('button', { name: 'Clone…' }).click();
      await page.getByLabel('Vary').fill('x=1..2\ny=a,b,c');
      await page.getByRole('button', { name: 'Submit 6 jobs as a batch' }).click();
      await page.getByText('6 of 6 ended').waitFor();
      await page.getByRole('img', { name: '6 scenarios: 6 completed' }).waitFor();
    } finally {
      await browser.close();
    }
  });

  it('is cancelled as one, also what has no job yet', async () => {
    const many = [{ argument: 'x', values: Array.from({ length: 3000 }, (_, n) => n + 4) }];
    const { id } = await submit({ job: { ...job, args: { y: 'a' } }, grid: many });
    const cancelled = await api.change<{ cancelledBy: string }>(
      'cancelBatch',
      '$id: ID!, $reason: String',
      { id, reason: 'wrong numbers' },
      '... on Batch { state cancelledBy cancelReason }',
    );
    expect(cancelled).toMatchObject({ state: 'CANCELLED', cancelReason: 'wrong numbers' });
    const { batchChanged } = await api.until<{ batchChanged: { cells: string } }>(
      'subscription($id: ID!) { batchChanged(id: $id) { cells } }',
      { id },
      ({ batchChanged: { cells } }) => !/[qr]/.test(cells),
    );
    expect(batchChanged.cells).toMatch(/^[cx.]+$/);
    expect(await api.change('retryBatch', '$id: ID!', { id }, BATCH)).toMatchObject({
      code: 'BatchIsCancelled',
    });
  });

  it('is the same batch when the same command is sent again, and refuses another under its id', async () => {
    const commandId = randomUUID();
    const input = { job: { ...job, args: { y: 'a' } }, list: [{ x: 1 }] };
    const [one, two] = [await submit(input, commandId), await submit(input, commandId)];
    expect([one.id, two.id]).toEqual([commandId, commandId]);
    expect(await submit({ ...input, list: [{ x: 2 }] }, commandId)).toMatchObject({
      code: 'CommandIdReused',
    });
  });

  it('takes a list of arguments, and stored cases as data', async () => {
    const listed = await submit({ job: { ...job, args: { y: 'yes' } }, list: [{ x: 1 }, { x: 2, y: 'a' }] });
    await ended(listed.id);
    batch = listed.id;
    expect((await results()).map(({ objective }) => objective)).toEqual([13, 21]);
    const { cases } = await api.ask<{ cases: { nodes: { id: string }[] } }>(
      '{ cases(first: 1, app: "scenarios") { nodes { id } } }',
    );
    const one = cases.nodes[0]?.id;
    expect(one).toBeDefined();
    const cased = await submit({ job: { ...job, args: { x: 1, y: 'a' } }, cases: [one, one] });
    await ended(cased.id);
  });

  it.each([
    ['neither grid nor list', {}, 'BadInput', 'grid'],
    ['both', { grid, list: [{}] }, 'BadInput', 'grid'],
    ['an empty list', { list: [] }, 'BadInput', 'scenarios'],
    ['what is no object', { list: [1] }, 'BadInput', 'list'],
    ['too many', { list: Array.from({ length: 10_001 }, () => ({})) }, 'BadInput', 'list'],
    ['a case that is none', { cases: ['nothing'] }, 'NoSuchCase', 'cases'],
    [
      'more bytes than go into the log at once',
      { list: Array.from({ length: 900 }, () => ({ text: 'x'.repeat(1000) })) },
      'BadInput',
      'scenarios',
    ],
  ])('is refused with %s', async (_what, scenarios, code, field) =>
    expect(await submit({ job, ...scenarios })).toMatchObject({ code, field }),
  );

  it('has each job once, although its server is killed while they are made', async () => {
    const count = 2000;
    const many = [{ argument: 'x', values: Array.from({ length: count }, (_, n) => n + 4) }];
    const { id } = await submit({ job: { ...job, args: { y: 'a' } }, grid: many });
    const news = 'subscription($id: ID!) { batchChanged(id: $id) { created cells } }';
    type News = { batchChanged: { created: number; cells: string } };
    await api.until<News>(news, { id }, ({ batchChanged }) => batchChanged.created > 0);
    process.kill(platform.serverPid, 'SIGKILL');
    await api.until<News>(news, { id }, ({ batchChanged: { cells } }) => /^[^.]+$/.test(cells));
    const scenarios: number[] = [];
    for (let after: string | null = null, more = true; more;) {
      const { jobs }: { jobs: Page } = await api.ask<{ jobs: Page }>(
        'query($id: ID!, $after: String) { jobs(first: 200, after: $after, filter: { batch: $id }) { nodes { scenario } pageInfo { endCursor hasNextPage } } }',
        { id, after },
      );
      scenarios.push(...jobs.nodes.map(({ scenario }) => scenario));
      ({ endCursor: after, hasNextPage: more } = jobs.pageInfo);
    }
    expect(scenarios.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => n));
    await api.change('cancelBatch', '$id: ID!', { id }, BATCH);
  });

  it('is its owner’s: nobody else sees it, cancels it or retries it', async () => {
    const eve = await people.add('Eve', ['user']);
    expect(await eve.ask('query($id: ID!) { batch(id: $id) { id } }', { id: batch })).toEqual({
      batch: null,
    });
    for (const field of ['cancelBatch', 'retryBatch'])
      expect(await eve.change(field, '$id: ID!', { id: batch }, BATCH)).toMatchObject({
        code: 'NoSuchBatch',
      });
    const csv = await fetch(`${platform.url}/api/batches/${batch}/results.csv`, {
      headers: { authorization: `Bearer ${eve.token}` },
    });
    expect(csv.status).toBe(404);
    expect(await submit({ job: { ...job, priority: 99 }, grid }, undefined, eve)).toMatchObject({
      code: 'BadInput',
      field: 'priority',
    });
  });
});
