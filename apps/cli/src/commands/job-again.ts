import type { Command } from 'commander';
import type { Api } from '../api.js';
import { action, type Context } from '../context.js';
import { EXIT, type ExitCode } from '../failure.js';
import { bytes, clean, duration, number, percent, table, time } from '../format.js';
import {
  AttemptEndDocument,
  CloneJobDocument,
  JobArgumentsDocument,
  JobAttemptsDocument,
  JobLogDocument,
} from '../generated/graphql.js';
import { parseArguments, parseDependency, parseId, parseInteger } from '../values.js';
import { noSuchJob } from '../watch.js';
import { addSolverOptions, collect, watchToEnd } from './job.js';

interface CloneOptions {
  readonly arg: readonly string[];
  readonly description?: string;
  readonly priority?: number;
  readonly profile?: string;
  readonly after: readonly string[];
  readonly timeLimit?: number;
  readonly gap?: number;
  readonly seed?: number;
  readonly watch?: boolean;
}

const clone = async (context: Context, text: string, options: CloneOptions): Promise<ExitCode> => {
  const id = parseId(text, 'job');
  const { arg, watch, description, priority, profile, timeLimit, gap, seed } = options;
  const after = options.after.length > 0 ? options.after.map(parseDependency) : undefined;
  const changed = parseArguments(arg);
  const api = await context.api();
  const { job } = await api.query(JobArgumentsDocument, { id });
  if (!job) throw noSuchJob(id);
  const args = arg.length > 0 ? { ...(job.args as object), ...changed } : undefined;
  const made = await api.mutate(CloneJobDocument, {
    id,
    changes: { args, description, priority, profile, timeLimit, gap, seed, after },
  });
  if (watch) {
    context.screen.note(`Submitted ${made.id}. ${made.differs}`);
    return watchToEnd(context, await context.patientApi(), made.id);
  }
  context.screen.result(
    made,
    () => `Submitted ${made.id}. ${made.differs}. Follow it with: openpro job watch ${made.id}`,
  );
  return EXIT.ok;
};

export const addClone = (job: Command): Command =>
  action(
    addSolverOptions(
      job
        .command('clone')
        .description('submit a job as another one, with changes; what differs is named on it')
        .argument('<id>')
        .option('--arg <argument=value>', 'another value of an argument; repeatable', collect, [])
        .option('--description <text>', 'what the job is for')
        .option('--priority <number>', 'lower runs first; you may only lower it: above 100', (text) =>
          parseInteger(text, 'priority', 0, 1_000_000),
        )
        .option('--profile <name>', 'another worker profile')
        .option(
          '--after <job[:any]>',
          'start when this job has succeeded, or with :any has ended; repeatable',
          collect,
          [],
        ),
    ).option('--watch', 'follow it to its end'),
    clone,
  );

/** Of each log, when they are shown beside each other. */
const SHOWN_LINES = 40;
const LOG_WINDOW = 65_536;

const lastLines = async (api: Api, id: string, attempt: number): Promise<readonly string[]> => {
  let text = '';
  for (let offset = 0; ;) {
    const { job } = await api.query(JobLogDocument, { id, attempt, offset });
    if (!job || job.log.nextOffset <= offset) break;
    ({ nextOffset: offset } = job.log);
    text = (text + job.log.text).slice(-LOG_WINDOW);
  }
  return text.trimEnd().split('\n').slice(-SHOWN_LINES);
};

/** Lines of several texts next to each other, each cut to its part of the width. */
const beside = (columns: readonly (readonly string[])[], width: number): string => {
  const part = Math.max(20, Math.floor(width / columns.length) - 2);
  const height = Math.max(...columns.map(({ length }) => length));
  return Array.from({ length: height }, (_, line) =>
    columns
      .map((texts) =>
        clean(texts[line] ?? '')
          .replaceAll('\t', ' ')
          .slice(0, part)
          .padEnd(part),
      )
      .join('  ')
      .trimEnd(),
  ).join('\n');
};

const attempts = async (
  context: Context,
  text: string,
  options: { logs?: readonly number[] },
): Promise<void> => {
  const id = parseId(text, 'job');
  const api = await context.api();
  const { job } = await api.query(JobAttemptsDocument, { id });
  if (!job) throw noSuchJob(id);
  const rows = await Promise.all(
    job.attempts.map(async (attempt) => {
      const found = (await api.query(AttemptEndDocument, { id, attempt: attempt.number })).job?.progress.at(
        -1,
      );
      return { ...attempt, last: found ?? null };
    }),
  );
  const logs = options.logs && (await Promise.all(options.logs.map((each) => lastLines(api, id, each))));
  context.screen.result(rows, () =>
    [
      table(
        [
          'attempt',
          'server',
          'started',
          'ran',
          'outcome',
          'objective',
          'bound',
          'gap',
          'solutions',
          'CPU',
          'memory',
        ],
        rows.map(({ number: attempt, nodeName, startedAt, endedAt, outcome, last, use }) => [
          attempt,
          nodeName,
          time(startedAt),
          endedAt === null ? '' : duration((endedAt - startedAt) / 1000),
          outcome ?? 'running',
          typeof last?.objective === 'number' ? number(last.objective) : '',
          typeof last?.bound === 'number' ? number(last.bound) : '',
          typeof last?.gap === 'number' ? percent(last.gap) : '',
          last?.incumbents,
          use ? duration(use.cpuMs / 1000) : '',
          use ? bytes(use.peakMiB * 1024 ** 2) : '',
        ]),
      ),
      ...(logs
        ? [
            beside(
              logs.map((lines, n) => [`── attempt ${options.logs?.[n]} ──`, ...lines]),
              process.stdout.columns || 160,
            ),
          ]
        : []),
    ].join('\n\n'),
  );
};

export const addAttempts = (job: Command): Command =>
  action(
    job
      .command('attempts')
      .description('show the attempts of a job beside each other')
      .argument('<id>')
      .option('--logs <attempts>', 'and how their logs end: 1,2', (text) =>
        text.split(',').map((each) => parseInteger(each, 'logs', 1, 1000)),
      ),
    attempts,
  );
