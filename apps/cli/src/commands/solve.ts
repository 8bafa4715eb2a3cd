import path from 'node:path';
import type { Command } from 'commander';
import type { Api } from '../api.js';
import { saveCsv } from '../case-output.js';
import { action, type Context } from '../context.js';
import { badInput, EXIT } from '../failure.js';
import { duration, fields, number, percent } from '../format.js';
import {
  InterruptJobDocument,
  type JobFieldsFragment as Job,
  SubmitJobDocument,
} from '../generated/graphql.js';
import type { Screen } from '../screen.js';
import { expectFile, upload } from '../upload.js';
import { exitOf, statusOf, watch } from '../watch.js';
import { addSolverOptions } from './job.js';

/** The app of examples/solve-file. */
const APP = { name: 'solve-file', procedure: 'solve', file: 'File', format: 'Format', solution: 'Solution' };

interface SolverLimits {
  readonly timeLimit: number | undefined;
  readonly gap: number | undefined;
  readonly seed: number | undefined;
}

interface SolveOptions extends SolverLimits {
  readonly output?: string;
}

/** By the file's ending, so that nothing is sent that nobody can read. */
const formatOf = (file: string): string => {
  const [, ending] = /\.(mps|lp)$/i.exec(file) ?? [];
  if (!ending) throw badInput('file', `${file} is neither MPS nor LP`, 'a file *.mps or *.lp');
  return ending.toLowerCase();
};

const submit = async (api: Api, screen: Screen, file: string, format: string, limits: SolverLimits) => {
  const { id } = await api.mutate(SubmitJobDocument, {
    input: {
      app: APP.name,
      procedure: APP.procedure,
      files: [{ identifier: APP.file, upload: await upload(api, screen, 'FILE', file) }],
      values: [{ identifier: APP.format, cells: [{ tuple: [], value: format }] }],
      description: path.basename(file),
      ...limits,
    },
  });
  return id;
};

/** The first Ctrl-C asks the solver to stop; true, to stop watching, from the second on. */
const interrupter = (api: Api, screen: Screen, id: string) => {
  let asked = false;
  return (): boolean => {
    if (asked) return true;
    asked = true;
    screen.note('Stopping the solver; the best solution is kept. Ctrl-C again leaves the job alone.');
    api.mutate(InterruptJobDocument, { id }).catch((error: Error) => screen.note(error.message));
    return false;
  };
};

const answer = (job: Job, saved: string | null): string =>
  fields([
    ['status', statusOf(job)],
    ['objective', job.objective === null ? null : number(job.objective)],
    ['gap', job.gap ? percent(job.gap) : null],
    ['time', job.startedAt && job.endedAt ? duration((job.endedAt - job.startedAt) / 1000) : null],
    ['error', job.error?.message],
    ['solution', saved ?? (job.result && `openpro job result ${job.id} --identifier ${APP.solution}`)],
  ]);

const solve = async (context: Context, file: string, { output, timeLimit, gap, seed }: SolveOptions) => {
  const format = formatOf(file);
  await expectFile(file, 'file');
  const { screen } = context;
  const api = await context.api();
  const id = await submit(api, screen, file, format, { timeLimit, gap, seed });
  const job = await watch(await context.patientApi(), screen, id, {
    stream: false,
    onInterrupt: interrupter(api, screen, id),
  });
  if (!job) {
    screen.note(`No longer watching; the job goes on. Come back with: openpro job watch ${id}`);
    return EXIT.detached;
  }
  const saved = output !== undefined && job.result ? output : null;
  if (saved && job.result) await saveCsv(api, job.result.id, APP.solution, saved);
  screen.result({ status: statusOf(job), objective: job.objective, job, saved }, () => answer(job, saved));
  return exitOf(job);
};

export const addSolve = (program: Command): void => {
  action(
    addSolverOptions(
      program
        .command('solve')
        .description('solve an MPS or LP file; the first Ctrl-C stops the solver and keeps the best solution')
        .argument('<file>', '*.mps or *.lp')
        .option('-o, --output <file>', 'save the solution as CSV'),
    ),
    solve,
  );
};
