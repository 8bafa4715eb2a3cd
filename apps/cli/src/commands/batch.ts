import type { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Api } from '../api.js';
import { confirm } from '../confirm.js';
import { action, type Context } from '../context.js';
import { badInput, EXIT, type ExitCode, Failure } from '../failure.js';
import { bar, duration, fields, number, percent, table, time, words } from '../format.js';
import {
  BatchByIdDocument,
  BatchChangedDocument,
  BatchesDocument,
  type BatchFieldsFragment,
  BatchResultsDocument,
  type BatchResultsQuery,
  CancelBatchDocument,
  RetryBatchDocument,
  type ScenarioOrder,
  SubmitBatchDocument,
} from '../generated/graphql.js';
import { addLimit, allPages, type PageOptions } from '../pages.js';
import { follow } from '../subscribe.js';
import { parseAxis, parseId, parseJson, parseStates } from '../values.js';
import { addSubmitOptions, collect, jobInput, type SubmitOptions } from './job.js';

type Batch = BatchFieldsFragment & { readonly cells?: string };

/** The API's largest page. */
const PAGE = 200;
const ORDERS: readonly ScenarioOrder[] = ['SCENARIO', 'STATE', 'OBJECTIVE', 'GAP', 'RUN_TIME'];

const over = ({ ended }: Batch): number => ended.reduce((sum, { count }) => sum + count, 0);

const countsOf = ({ ended }: Batch): string =>
  ended.map(({ state, count }) => `${count} ${words(state)}`).join(', ');

const summary = (batch: Batch): string => {
  const running = [...(batch.cells ?? '')].filter((cell) => cell === 'r').length;
  return fields([
    ['batch', batch.id],
    ['app', `${batch.app.id} ${batch.procedure}`],
    ['description', batch.description],
    ['owner', batch.owner.name],
    ['state', words(batch.state)],
    ['scenarios', `${batch.scenarios}${batch.created < batch.scenarios ? `, ${batch.created} created` : ''}`],
    ['running', running || null],
    ['ended', `${over(batch)} ${bar(over(batch) / batch.scenarios)} ${countsOf(batch)}`.trim()],
    ['retries', batch.retries || null],
    ['priority', batch.priority],
    ['submitted', time(batch.submittedAt)],
    ['cancelled', batch.cancelledAt && `${time(batch.cancelledAt)} by ${batch.cancelledBy}`],
    ['reason', batch.cancelReason],
  ]);
};

const findBatch = async (api: Api, text: string) => {
  const id = parseId(text, 'batch');
  const { batch } = await api.query(BatchByIdDocument, { id });
  if (!batch)
    throw new Failure(EXIT.notFound, `There is no batch ${id}, or you may not see it`, {
      code: 'NoSuchBatch',
      field: 'id',
    });
  return batch;
};

/** Until no scenario is left to run: with each change, or in one line that is overwritten. */
const watchToEnd = async ({ screen }: Context, api: Api, id: string): Promise<ExitCode> => {
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.on('SIGINT', interrupt);
  try {
    const news = follow(api, BatchChangedDocument, () => ({ id }), {
      signal: stop.signal,
      onLost: () => screen.note('Connecting again …'),
    });
    for await (const { batchChanged: batch } of news) {
      const done = batch.cancelledAt === null ? batch.scenarios : batch.created;
      if (screen.json) screen.item(batch, () => '');
      screen.progress(`${bar(over(batch) / batch.scenarios)} ${over(batch)} of ${done}: ${countsOf(batch)}`);
      if (over(batch) < done || batch.state === 'CREATING') continue;
      screen.endProgress();
      if (!screen.json) screen.result(batch, () => summary(batch));
      return batch.ended.every(({ state }) => state === 'COMPLETED') ? EXIT.ok : EXIT.noSolution;
    }
  } finally {
    process.off('SIGINT', interrupt);
    screen.endProgress();
  }
  screen.note(`No longer watching; the batch goes on. Come back with: openpro batch show ${id}`);
  return EXIT.detached;
};

interface BatchOptions extends SubmitOptions {
  readonly vary: readonly string[];
  readonly list?: string;
  readonly cases?: string;
}

const scenariosOf = async ({ vary, list, cases }: BatchOptions) => {
  if ([vary.length > 0, list !== undefined, cases !== undefined].filter(Boolean).length !== 1)
    throw badInput('vary', 'Say in what the scenarios differ', 'one of --vary, --list and --cases');
  if (list !== undefined) {
    const text = await readFile(list, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw badInput('list', `${list} cannot be read (${error.code})`, 'a JSON file, a list of objects');
    });
    const read = parseJson(text, 'list', '[{"price": 1}, {"price": 2}]');
    if (!Array.isArray(read)) throw badInput('list', `${list} has no list`, 'a JSON list of objects');
    return { list: read as unknown[] };
  }
  if (cases !== undefined) return { cases: cases.split(',').map((id) => parseId(id.trim(), 'case')) };
  return { grid: vary.map(parseAxis) };
};

const submit = async (context: Context, name: string, procedure: string, options: BatchOptions) => {
  const scenarios = await scenariosOf(options);
  const api = await context.api();
  const job = await jobInput(context, api, name, procedure, options);
  const batch = await api.mutate(SubmitBatchDocument, { input: { job, ...scenarios } });
  if (options.watch) {
    context.screen.note(`Submitted ${batch.id}`);
    return watchToEnd(context, await context.patientApi(), batch.id);
  }
  context.screen.result(
    batch,
    () =>
      `Submitted ${batch.id} with ${batch.scenarios} ${batch.scenarios === 1 ? 'scenario' : 'scenarios'}. Look at it with: openpro batch show ${batch.id}`,
  );
  return EXIT.ok;
};

interface ResultsOptions extends PageOptions {
  readonly state?: ReturnType<typeof parseStates>;
  readonly order: ScenarioOrder;
  readonly descending?: boolean;
  readonly csv?: boolean;
}

type Result = NonNullable<BatchResultsQuery['batch']>['results']['rows'][number];

const parseOrder = (text: string): ScenarioOrder => {
  const order = ORDERS.find((each) => each === text.toUpperCase().replaceAll('-', '_'));
  if (!order)
    throw badInput(
      'order',
      `"${text}" is no order`,
      ORDERS.map((each) => each.toLowerCase().replace('_', '-')).join(', '),
    );
  return order;
};

const results = async ({ screen }: Context, api: Api, text: string, options: ResultsOptions) => {
  const id = parseId(text, 'batch');
  if (options.csv) {
    const { body } = await api.get(`/api/batches/${id}/results.csv`);
    if (body) for await (const chunk of Readable.fromWeb(body).setEncoding('utf8')) screen.raw(String(chunk));
    return;
  }
  const rows: Result[] = [];
  let total = Infinity;
  for (const limit = options.limit; rows.length < Math.min(limit, total);) {
    const { batch }: BatchResultsQuery = await api.query(BatchResultsDocument, {
      id,
      states: options.state,
      order: options.order,
      descending: options.descending ?? false,
      first: Math.min(PAGE, limit - rows.length),
      offset: rows.length,
    });
    if (!batch) return void (await findBatch(api, id));
    ({ total } = batch.results);
    if (batch.results.rows.length === 0) break;
    rows.push(...batch.results.rows);
  }
  screen.result(rows, () =>
    [
      table(
        ['scenario', 'arguments', 'state', 'objective', 'gap', 'run time', 'job'],
        rows.map(({ index, args, state, objective, gap, runTime, job }) => [
          index + 1,
          JSON.stringify(args),
          words(state),
          objective === null ? '' : number(objective),
          gap === null ? '' : percent(gap),
          runTime === null ? '' : duration(runTime),
          job,
        ]),
      ),
      ...(rows.length < total ? [`… ${rows.length} of ${total}; all of them with --csv or --limit`] : []),
    ].join('\n'),
  );
};

export const addBatch = (program: Command): void => {
  const batch = program.command('batch').description('one procedure run for many scenarios: a job for each');

  action(
    addSubmitOptions(
      batch
        .command('submit')
        .description('submit a job for every combination of --vary, or for each of a list; at most 10,000'),
    )
      .option(
        '--vary <argument=values>',
        'values of an argument: price=1,2.5,4 or seed=1..20; repeatable',
        collect,
        [],
      )
      .option('--list <file>', 'a JSON list with the arguments of each scenario')
      .option('--cases <ids>', 'the data of each scenario')
      .option('--watch', 'follow it to its end'),
    submit,
  );

  action(
    addLimit(batch.command('list').description('list batches, newest first')),
    async (context, options: PageOptions) => {
      const api = await context.api();
      const batches = await allPages(
        options.limit,
        async (page) => (await api.query(BatchesDocument, page)).batches,
      );
      context.screen.result(batches, () =>
        table(
          ['batch', 'state', 'scenarios', 'ended', 'app', 'procedure', 'owner', 'submitted', 'description'],
          batches.map((each) => [
            each.id,
            words(each.state),
            each.scenarios,
            countsOf(each),
            each.app.id,
            each.procedure,
            each.owner.name,
            time(each.submittedAt),
            each.description,
          ]),
        ),
      );
    },
  );

  action(
    batch.command('show').description('show how far a batch is').argument('<id>'),
    async (context, id: string) => {
      const found = await findBatch(await context.api(), id);
      context.screen.result(found, () => summary(found));
    },
  );

  action(
    batch
      .command('watch')
      .description('follow a batch to its end; Ctrl-C stops watching, not the batch')
      .argument('<id>'),
    async (context, text: string) => {
      const api = await context.patientApi();
      return watchToEnd(context, api, (await findBatch(api, text)).id);
    },
  );

  action(
    addLimit(
      batch
        .command('results')
        .description('what became of the scenarios of a batch, as one table')
        .argument('<id>'),
    )
      .option('--state <states>', 'only in these states: completed, failed, …', parseStates)
      .option('--order <column>', 'scenario, state, objective, gap or run-time', parseOrder, 'SCENARIO')
      .option('--descending', 'the largest first')
      .option('--csv', 'all of them, as CSV'),
    async (context, id: string, options: ResultsOptions) =>
      results(context, await context.api(), id, options),
  );

  action(
    batch
      .command('cancel')
      .description('end all jobs of a batch at once, and make no more')
      .argument('<id>')
      .option('--yes', 'do not ask')
      .option('--reason <text>', 'for the record'),
    async (context, text: string, { yes, reason }: { yes?: boolean; reason?: string }) => {
      const api = await context.api();
      const found = await findBatch(api, text);
      if (!yes)
        await confirm(
          `${found.scenarios - over(found)} of ${found.scenarios} scenarios of batch ${found.id} have not ended: they end at once and nothing of them is kept.`,
        );
      const changed = await api.mutate(CancelBatchDocument, { id: found.id, reason });
      context.screen.result(changed, () => `Batch ${changed.id} is cancelled.`);
    },
  );

  action(
    batch
      .command('retry')
      .description('run the scenarios of a batch again that have failed, and only those')
      .argument('<id>'),
    async (context, text: string) => {
      const id = parseId(text, 'batch');
      const changed = await (await context.api()).mutate(RetryBatchDocument, { id });
      context.screen.result(
        changed,
        () => `Batch ${id} runs its failed scenarios again: retry ${changed.retries}.`,
      );
    },
  );
};
