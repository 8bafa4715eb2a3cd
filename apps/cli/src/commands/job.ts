import type { Command } from 'commander';
import type { Api } from '../api.js';
import { addCaseOptions, type CaseOptions, readCase, showCase } from '../case-output.js';
import { confirm } from '../confirm.js';
import { action, type Context } from '../context.js';
import { EXIT, type ExitCode, Failure } from '../failure.js';
import { number, percent, table, time } from '../format.js';
import {
  InterruptJobDocument,
  JobByIdDocument,
  type JobFieldsFragment as Job,
  JobsDocument,
  PrioritizeJobDocument,
  RepeatJobDocument,
  SubmitJobDocument,
  TerminateJobDocument,
  WhoAmIDocument,
} from '../generated/graphql.js';
import { addLimit, allPages, type PageOptions } from '../pages.js';
import { printLog } from '../print-log.js';
import { upload } from '../upload.js';
import {
  parseAssignments,
  parseDependency,
  parseFile,
  parseGap,
  parseId,
  parseInteger,
  parseJson,
  parseOneOf,
  parseSeconds,
  parseStates,
  parseVersioned,
} from '../values.js';
import { exitOf, hasEnded, noSuchJob, statusOf, summary, watch } from '../watch.js';

const ORDERS = ['newest', 'oldest', 'priority'] as const;

export interface SubmitOptions {
  readonly case?: string;
  readonly set: readonly string[];
  readonly file: readonly string[];
  readonly args?: string;
  readonly description?: string;
  readonly priority?: number;
  readonly profile?: string;
  readonly timeLimit?: number;
  readonly gap?: number;
  readonly seed?: number;
  readonly watch?: boolean;
}

export const collect = (text: string, before: readonly string[]): readonly string[] => [...before, text];

/** Limits that `job submit` and `solve` share. */
export const addSolverOptions = (command: Command): Command =>
  command
    .option('--time-limit <time>', 'stop then and keep the best solution: 90s, 10m, 1h30m', parseSeconds)
    .option('--gap <gap>', 'stop at this relative gap: 1% or 0.01', parseGap)
    .option('--seed <number>', 'for the solver’s random choices', (text) =>
      parseInteger(text, 'seed', 0, 2 ** 31 - 1),
    );

/** Watches and reports; Ctrl-C only stops watching. */
export const watchToEnd = async (context: Context, api: Api, id: string): Promise<ExitCode> => {
  const { screen } = context;
  const job = await watch(api, screen, id, { stream: screen.json, onInterrupt: () => true });
  if (!job) {
    screen.note(`No longer watching; the job goes on. Come back with: openpro job watch ${id}`);
    return EXIT.detached;
  }
  if (!screen.json) {
    screen.result(job, () => summary(job));
    screen.note(job.result ? `Its data: openpro job result ${id}` : `Its log: openpro job log ${id}`);
  }
  return exitOf(job);
};

const findJob = async (api: Api, text: string): Promise<Job> => {
  const id = parseId(text, 'job');
  const { job } = await api.query(JobByIdDocument, { id });
  if (!job) throw noSuchJob(id);
  return job;
};

/** What a job is to do, as the options of `job submit` say it; files are uploaded. */
export const jobInput = async (
  context: Context,
  api: Api,
  name: string,
  procedure: string,
  options: SubmitOptions,
) => {
  const { name: app, version } = parseVersioned(name);
  const values = parseAssignments(options.set);
  const chosen = options.file.map(parseFile);
  const args = options.args === undefined ? undefined : parseJson(options.args, 'args');
  const caseId = options.case === undefined ? undefined : parseId(options.case, 'case');
  const files = [];
  for (const { identifier, path } of chosen)
    files.push({ identifier, upload: await upload(api, context.screen, 'FILE', path) });
  const { description, priority, profile, timeLimit, gap, seed } = options;
  return {
    app,
    version,
    case: caseId,
    procedure,
    args,
    files,
    values,
    description,
    priority,
    profile,
    timeLimit,
    gap,
    seed,
  };
};

/** The options of `job submit` and `batch submit`. */
export const addSubmitOptions = (command: Command): Command =>
  addSolverOptions(
    command
      .argument('<app[:version]>')
      .argument('<procedure>')
      .option('--case <id>', 'the data to start from')
      .option(
        '--set <assignment>',
        'Identifier=value or Identifier[element,…]=value; repeatable',
        collect,
        [],
      )
      .option('--file <Identifier=path>', 'an identifier’s text from a file; repeatable', collect, [])
      .option('--args <json>', 'arguments of the procedure')
      .option('--description <text>', 'what the job is for')
      .option(
        '--priority <number>',
        'lower runs first; you may only lower it: above what the rules of the queue give it, or 100',
        (text) => parseInteger(text, 'priority', 0, 1_000_000),
      )
      .option('--profile <name>', 'the worker profile that it runs under'),
  );

const submit = async (
  context: Context,
  name: string,
  procedure: string,
  options: SubmitOptions & { readonly after: readonly string[]; readonly watch?: boolean },
) => {
  const after = options.after.map(parseDependency);
  const api = await context.api();
  const asked = await jobInput(context, api, name, procedure, options);
  const input = after.length > 0 ? { ...asked, after } : asked;
  const job = await api.mutate(SubmitJobDocument, { input });
  if (!options.watch) {
    context.screen.result(job, () => `Submitted ${job.id}. Follow it with: openpro job watch ${job.id}`);
    return EXIT.ok;
  }
  context.screen.note(`Submitted ${job.id}`);
  return watchToEnd(context, await context.patientApi(), job.id);
};

/** Returns the command, to which more belong. */
export const addJob = (program: Command): Command => {
  const job = program.command('job').description('requests to run a procedure of an app on a server');

  action(
    addSubmitOptions(
      job
        .command('submit')
        .description(
          'submit a job; its data is the app’s default case, or --case, with --file and --set on top',
        ),
    )
      .option(
        '--after <job[:any]>',
        'start when this job has succeeded, or with :any has ended; repeatable',
        collect,
        [],
      )
      .option('--watch', 'follow it to its end'),
    submit,
  );

  action(
    addLimit(job.command('list').description('list jobs, newest first unless --order says otherwise'))
      .option(
        '--state <states>',
        'only in these states: queued, running, completed, time-limit, …',
        parseStates,
      )
      .option('--app <name>', 'only of this app')
      .option('--mine', 'only yours')
      .option('--search <text>', 'in description, app and procedure')
      .option('--batch <id>', 'only of this batch')
      .option('--parent <id>', 'only those that this job has submitted')
      .option('--schedule <id>', 'only the runs of this schedule')
      .option('--session <id>', 'only of this session')
      .option('--server <id>', 'only those whose last attempt runs or ran there')
      .option('--owner <id>', 'only of this user (for administrators and auditors)')
      .option('--order <order>', `${ORDERS.join(', ')} first`, (text) => parseOneOf(text, 'order', ORDERS)),
    async (
      context,
      options: PageOptions & {
        state?: ReturnType<typeof parseStates>;
        app?: string;
        mine?: boolean;
        search?: string;
        batch?: string;
        parent?: string;
        schedule?: string;
        session?: string;
        server?: string;
        owner?: string;
        order?: (typeof ORDERS)[number];
      },
    ) => {
      const api = await context.api();
      const owner = options.mine ? (await api.query(WhoAmIDocument, {})).me.id : options.owner;
      const batch = options.batch === undefined ? undefined : parseId(options.batch, 'batch');
      const parent = options.parent === undefined ? undefined : parseId(options.parent, 'job');
      const filter = {
        states: options.state,
        app: options.app,
        search: options.search,
        owner,
        batch,
        parent,
        schedule: options.schedule === undefined ? undefined : parseId(options.schedule, 'schedule'),
        session: options.session === undefined ? undefined : parseId(options.session, 'session'),
        node: options.server,
      };
      const order = options.order && (options.order.toUpperCase() as Uppercase<typeof options.order>);
      const jobs = await allPages(
        options.limit,
        async (page) => (await api.query(JobsDocument, { ...page, filter, order })).jobs,
      );
      context.screen.result(jobs, () =>
        table(
          ['job', 'state', 'app', 'procedure', 'objective', 'gap', 'owner', 'queued', 'description'],
          jobs.map((each) => [
            each.id,
            hasEnded(each) ? statusOf(each) : (each.waitingFor ?? statusOf(each)),
            each.app.id,
            each.procedure,
            each.objective === null ? '' : number(each.objective),
            each.gap === null ? '' : percent(each.gap),
            each.owner.name,
            time(each.queuedAt),
            each.description,
          ]),
        ),
      );
    },
  );

  action(
    job
      .command('watch')
      .description('follow a job to its end; Ctrl-C stops watching, not the job')
      .argument('<id>'),
    async (context, id: string) => watchToEnd(context, await context.patientApi(), parseId(id, 'job')),
  );

  action(
    job
      .command('repeat')
      .description('run a job once more, exactly: the same packages, data, limits and seed')
      .argument('<id>')
      .option('--watch', 'follow it to its end, and compare what both found'),
    async (context, text: string, { watch: follow }: { watch?: boolean }) => {
      const api = await context.api();
      const again = await api.mutate(RepeatJobDocument, { id: parseId(text, 'job') });
      if (follow) {
        context.screen.note(`Submitted ${again.id}`);
        return watchToEnd(context, await context.patientApi(), again.id);
      }
      context.screen.result(
        again,
        () => `Submitted ${again.id}. Follow it with: openpro job watch ${again.id}`,
      );
      return EXIT.ok;
    },
  );

  action(
    job
      .command('prioritize')
      .description('let a waiting job wait longer, or pass others (for administrators)')
      .argument('<id>')
      .argument('<priority>', 'lower runs first; yours are at 100 unless you lower them', (text) =>
        parseInteger(text, 'priority', 1, 1_000_000),
      ),
    async (context, text: string, priority: number) => {
      const api = await context.api();
      const changed = await api.mutate(PrioritizeJobDocument, { id: parseId(text, 'job'), priority });
      context.screen.result(changed, () =>
        [`Job ${changed.id} has the priority ${changed.priority}.`, changed.waitingFor]
          .filter(Boolean)
          .join(' '),
      );
    },
  );

  action(
    job
      .command('interrupt')
      .description('stop the solver and keep the best solution so far')
      .argument('<id>')
      .option('--reason <text>', 'for the record'),
    async (context, text: string, { reason }: { reason?: string }) => {
      const id = parseId(text, 'job');
      const changed = await (await context.api()).mutate(InterruptJobDocument, { id, reason });
      context.screen.result(
        changed,
        () => `Asked job ${changed.id} to stop; it is ${statusOf(changed)} now.`,
      );
    },
  );

  action(
    job
      .command('terminate')
      .description('stop a job at once; nothing of it is kept')
      .argument('<id>')
      .option('--yes', 'do not ask')
      .option('--reason <text>', 'for the record'),
    async (context, text: string, { yes, reason }: { yes?: boolean; reason?: string }) => {
      const api = await context.api();
      const { id, app, procedure, state } = await findJob(api, text);
      // Of what has ended there is nothing to lose: the platform says so.
      if (!yes && (state === 'QUEUED' || state === 'RUNNING'))
        await confirm(
          `Job ${id} (${app.id} ${procedure}, ${state.toLowerCase()}) stops at once and its best solution so far is lost.`,
        );
      const changed = await api.mutate(TerminateJobDocument, { id, reason });
      context.screen.result(changed, () => `Job ${changed.id} is ${statusOf(changed)}.`);
    },
  );

  action(
    addCaseOptions(
      job.command('result').description('show a job’s end and its result data').argument('<id>'),
    ),
    async (context, id: string, options: CaseOptions) => {
      const api = await context.api();
      const found = await findJob(api, id);
      if (found.result) {
        const result = await readCase(api, found.result.id);
        await showCase(api, context.screen, result, options, { text: summary(found), json: { job: found } });
        return exitOf(found);
      }
      if (!hasEnded(found))
        throw new Failure(EXIT.refused, `Job ${found.id} is ${statusOf(found)}: it has no result yet`, {
          code: 'NotEnded',
          hint: `Follow it with: openpro job watch ${found.id}`,
        });
      context.screen.result(
        { job: found, identifiers: [] },
        () => `${summary(found)}\n\nIt has no result data.`,
      );
      return exitOf(found);
    },
  );

  action(
    job
      .command('log')
      .description('print what a job’s solver and model have written')
      .argument('<id>')
      .option('--attempt <number>', 'of this attempt (default the last)', (text) =>
        parseInteger(text, 'attempt', 1, 1000),
      )
      .option('-f, --follow', 'go on until the job ends'),
    async (context, id: string, options: { attempt?: number; follow?: boolean }) =>
      printLog(context, parseId(id, 'job'), options),
  );
  return job;
};
