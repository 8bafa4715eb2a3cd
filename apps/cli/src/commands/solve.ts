import path from 'node:path';
import type { Command } from 'commander';
import { saveCsv } from '../case-output.js';
import { action, type Context } from '../context.js';
import { badInput, EXIT } from '../failure.js';
import { duration, fields, number, percent } from '../format.js';
import { InterruptJobDocument, SubmitJobDocument } from '../generated/graphql.js';
import { expectFile, upload } from '../upload.js';
import { exitOf, statusOf, watch } from '../watch.js';
import { addSolverOptions } from './job.js';

/** The app of examples/solve-file. */
const APP = { app: 'solve-file', procedure: 'solve', file: 'File', solution: 'Solution' };

interface SolveOptions {
  readonly timeLimit?: number;
  readonly gap?: number;
  readonly seed?: number;
  readonly output?: string;
}

const solve = async (context: Context, file: string, { output, timeLimit, gap, seed }: SolveOptions) => {
  if (!/\.(mps|lp)$/i.test(file))
    throw badInput('file', `${file} is neither MPS nor LP`, 'a file *.mps or *.lp');
  await expectFile(file, 'file');
  const { screen } = context;
  const api = await context.api();
  const files = [{ identifier: APP.file, upload: await upload(api, screen, 'FILE', file) }];
  const { id } = await api.mutate(SubmitJobDocument, {
    input: {
      app: APP.app,
      procedure: APP.procedure,
      files,
      description: path.basename(file),
      timeLimit,
      gap,
      seed,
    },
  });
  const patient = await context.patientApi();

  let interrupted = false;
  const onInterrupt = (): boolean => {
    if (interrupted) return true;
    interrupted = true;
    screen.note('Stopping the solver; the best solution is kept. Ctrl-C again leaves the job alone.');
    api.mutate(InterruptJobDocument, { id }).catch((error: Error) => screen.note(error.message));
    return false;
  };
  const job = await watch(patient, screen, id, { stream: false, onInterrupt });
  if (!job) {
    screen.note(`No longer watching; the job goes on. Come back with: openpro job watch ${id}`);
    return EXIT.detached;
  }
  if (output !== undefined && job.result) await saveCsv(api, job.result.id, APP.solution, output);
  screen.result({ status: statusOf(job), objective: job.objective, job }, () =>
    fields([
      ['status', statusOf(job)],
      ['objective', job.objective === null ? null : number(job.objective)],
      ['gap', job.gap ? percent(job.gap) : null],
      ['time', job.startedAt && job.endedAt ? duration((job.endedAt - job.startedAt) / 1000) : null],
      ['error', job.error?.message],
      ['solution', output ?? `openpro job result ${job.id} --identifier ${APP.solution}`],
    ]),
  );
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
