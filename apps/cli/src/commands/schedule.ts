import type { Command } from 'commander';
import { confirm } from '../confirm.js';
import { action, type Context } from '../context.js';
import { EXIT, Failure } from '../failure.js';
import { clean, duration, fields, table, time, words } from '../format.js';
import {
  ChangeScheduleDocument,
  DeleteScheduleDocument,
  DueTimesDocument,
  MakeScheduleDocument,
  PauseScheduleDocument,
  ResumeScheduleDocument,
  ScheduleByIdDocument,
  type ScheduleFieldsFragment as Schedule,
  SchedulesDocument,
} from '../generated/graphql.js';
import { addLimit, allPages, type PageOptions } from '../pages.js';
import { parseId, parseInteger, parseOneOf, parseSeconds } from '../values.js';
import { addSubmitOptions, jobInput, type SubmitOptions } from './job.js';

const RUNS_SHOWN = 10;
const OVERLAPS = ['skip', 'queue', 'replace', 'allow'] as const;
const MISSED = ['skip', 'once', 'all'] as const;

interface WhenOptions {
  readonly at?: string;
  readonly in?: number;
  readonly cron?: string;
  readonly zone?: string;
}

interface TermsOptions extends WhenOptions {
  readonly name?: string;
  readonly overlap?: (typeof OVERLAPS)[number];
  readonly missed?: (typeof MISSED)[number];
  readonly atMost?: number;
}

const here = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

const addWhen = (command: Command, zone = 'of this computer'): Command =>
  command
    .option('--at <date>', 'once: 2027-03-01T06:00')
    .option('--in <time>', 'once, after this time: 90s, 10m or 1h30m', parseSeconds)
    .option('--cron <expression>', 'again and again: "30 6 * * MON-FRI"')
    .option('--zone <zone>', `the time zone, like Europe/Amsterdam (default: ${zone})`);

const addTerms = (command: Command, name: string, zone?: string): Command =>
  addWhen(command.option('--name <name>', `of the schedule (default: ${name})`), zone)
    .option('--overlap <what>', 'while a run has not ended: skip, queue, replace or allow', (text) =>
      parseOneOf(text, 'overlap', OVERLAPS),
    )
    .option('--missed <what>', 'when no server ran: skip, once or all', (text) =>
      parseOneOf(text, 'missed', MISSED),
    )
    .option('--at-most <count>', 'with --missed all', (text) => parseInteger(text, 'at-most', 1, 100));

/** As the API calls them; what is not given is not sent. */
const termsOf = ({ overlap, missed, atMost }: TermsOptions) => ({
  overlap: overlap && (overlap.toUpperCase() as Uppercase<typeof overlap>),
  missed: missed && (missed.toUpperCase() as Uppercase<typeof missed>),
  atMost,
});

/** What is not given stays as it is; another time needs no zone again. */
const changedTerms = (before: Schedule, { name, at, in: seconds, cron, zone, ...rest }: TermsOptions) => {
  const another = at ?? seconds ?? cron;
  const kept = { at: before.at, in: before.in, cron: before.cron };
  const { overlap, missed, atMost } = termsOf(rest);
  return {
    name: name ?? before.name,
    when: {
      ...(another === undefined ? kept : { at, in: seconds, cron }),
      zone: zone ?? before.zone ?? (another === undefined ? null : here()),
    },
    overlap: overlap ?? before.overlap,
    missed: missed ?? before.missed,
    atMost: atMost ?? before.atMost,
  };
};

const whenOf = ({ at, in: seconds, cron, zone }: Schedule): string => {
  if (cron !== null) return `${cron} (${zone})`;
  return at === null ? `once, ${duration(seconds ?? 0)} after it was made` : `once, ${at} (${zone})`;
};

const stateOf = ({ state, pausedBecause }: Schedule): string =>
  pausedBecause === null ? words(state) : `paused: ${pausedBecause}`;

const nextTimes = ({ next }: Pick<Schedule, 'next'>): string =>
  next.map(({ text, note }) => `  ${text}${note === null ? '' : `   (${note})`}`).join('\n');

const shown = (schedule: Schedule): string =>
  [
    fields([
      ['schedule', schedule.id],
      ['name', schedule.name],
      ['runs', `${schedule.app.id} ${schedule.procedure}`],
      ['description', schedule.description],
      ['owner', schedule.owner.name],
      ['when', whenOf(schedule)],
      ['overlap', words(schedule.overlap)],
      ['missed', schedule.missed === 'ALL' ? `at most ${schedule.atMost}` : words(schedule.missed)],
      ['state', stateOf(schedule)],
      ['last time', schedule.lastSkipped === null ? null : `no run: ${schedule.lastSkipped}`],
    ]),
    ...(schedule.next.length > 0 ? [`\nNext:\n${clean(nextTimes(schedule))}`] : []),
  ].join('\n');

const find = async (context: Context, text: string) => {
  const id = parseId(text, 'schedule');
  const found = await (await context.api()).query(ScheduleByIdDocument, { id, runs: RUNS_SHOWN });
  if (!found.schedule)
    throw new Failure(EXIT.notFound, `There is no schedule ${id}`, {
      code: 'NoSuchSchedule',
      hint: 'The schedules: openpro schedule list',
    });
  return { schedule: found.schedule, runs: found.jobs.nodes };
};

export const addSchedule = (program: Command): void => {
  const schedule = program.command('schedule').description('jobs at certain times');

  action(
    addSubmitOptions(
      addTerms(
        schedule
          .command('add')
          .description(
            'submit a job at certain times: --at, --in or --cron; version and data stay as they are now',
          ),
        'app and procedure',
      ),
    ),
    async (context, app: string, procedure: string, options: SubmitOptions & TermsOptions) => {
      const { name = `${app} ${procedure}`, at, in: seconds, cron, zone = here() } = options;
      const api = await context.api();
      const job = await jobInput(context, api, app, procedure, options);
      const terms = { name, when: { at, in: seconds, cron, zone }, ...termsOf(options) };
      const made = await api.mutate(MakeScheduleDocument, { job, terms });
      context.screen.result(made, () => shown(made));
    },
  );

  action(
    addLimit(schedule.command('list').description('list schedules, newest first')),
    async (context, { limit }: PageOptions) => {
      const api = await context.api();
      const schedules = await allPages(
        limit,
        async (page) => (await api.query(SchedulesDocument, page)).schedules,
      );
      context.screen.result(schedules, () =>
        table(
          ['schedule', 'name', 'state', 'next', 'when', 'last run', 'owner'],
          schedules.map((each) => [
            each.id,
            each.name,
            stateOf(each),
            each.next[0]?.text ?? '',
            whenOf(each),
            each.lastRun === null ? '' : words(each.lastRun.state),
            each.owner.name,
          ]),
        ),
      );
    },
  );

  action(
    schedule
      .command('show')
      .description('show a schedule: its next times and its last runs')
      .argument('<id>'),
    async (context, id: string) => {
      const { schedule: found, runs } = await find(context, id);
      context.screen.result({ ...found, runs }, () => {
        const rows = runs.map((run) => [run.id, words(run.state), time(run.queuedAt), run.objective]);
        const last = runs.length > 0 ? `\n\n${table(['job', 'state', 'queued', 'objective'], rows)}` : '';
        return shown(found) + last;
      });
    },
  );

  action(
    addTerms(
      schedule
        .command('change')
        .description('change when a schedule runs; what is not given stays, and what is run stays')
        .argument('<id>'),
      'as it is',
      'as it is, or of this computer',
    ),
    async (context, text: string, options: TermsOptions) => {
      const { schedule: before } = await find(context, text);
      const terms = changedTerms(before, options);
      const changed = await (await context.api()).mutate(ChangeScheduleDocument, { id: before.id, terms });
      context.screen.result(changed, () => shown(changed));
    },
  );

  action(
    addWhen(schedule.command('next').description('say when a schedule would run, before it is made')).option(
      '--count <count>',
      'so many times',
      (text) => parseInteger(text, 'count', 1, 100),
      5,
    ),
    async (context, { at, in: seconds, cron, zone = here(), count }: WhenOptions & { count: number }) => {
      const when = { at, in: seconds, cron, zone };
      const { dueTimes: next } = await (await context.api()).query(DueTimesDocument, { when, count });
      context.screen.result(next, () => clean(nextTimes({ next })));
    },
  );

  action(
    schedule
      .command('pause')
      .description('let a schedule not run until it is resumed')
      .argument('<id>')
      .option('--reason <text>', 'for the record', 'paused on the command line'),
    async (context, id: string, { reason }: { reason: string }) => {
      const changed = await (
        await context.api()
      ).mutate(PauseScheduleDocument, { id: parseId(id, 'schedule'), reason });
      context.screen.result(changed, () => `Schedule ${changed.id} is paused.`);
    },
  );

  action(
    schedule.command('resume').description('let a paused schedule run again').argument('<id>'),
    async (context, id: string) => {
      const changed = await (
        await context.api()
      ).mutate(ResumeScheduleDocument, { id: parseId(id, 'schedule') });
      context.screen.result(
        changed,
        () => `Schedule ${changed.id} runs again; next: ${changed.next[0]?.text ?? 'never'}.`,
      );
    },
  );

  action(
    schedule
      .command('remove')
      .description('delete a schedule; its jobs stay')
      .argument('<id>')
      .option('--yes', 'do not ask'),
    async (context, text: string, { yes }: { yes?: boolean }) => {
      const { schedule: found } = await find(context, text);
      if (!yes) await confirm(`Schedule ${found.name} (${found.id}) will not run again; its jobs stay.`);
      const done = await (await context.api()).mutate(DeleteScheduleDocument, { id: found.id });
      context.screen.result(done, () => `Schedule ${found.id} is deleted.`);
    },
  );
};
