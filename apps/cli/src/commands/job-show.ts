import type { Command } from 'commander';
import { action, type Context } from '../context.js';
import { EXIT, Failure } from '../failure.js';
import { cell, fields, table, time, words } from '../format.js';
import { JobChoicesDocument, JobDetailsDocument, type JobDetailsQuery } from '../generated/graphql.js';
import { parseId, parseVersioned } from '../values.js';
import { noSuchJob, summary } from '../watch.js';

type Details = NonNullable<JobDetailsQuery['job']>;

/** `JobQueued` is not for people: `queued`. */
const happened = (type: string): string =>
  type
    .replace(/^Job/, '')
    .replaceAll(/(?<=.)([A-Z])/g, ' $1')
    .toLowerCase();

const given = (job: Details): string =>
  fields([
    ['arguments', Object.keys(job.args as object).length > 0 ? cell(job.args) : null],
    ['priority', job.priority],
    ['time limit', job.timeLimit === null ? null : `${job.timeLimit} s`],
    ['gap limit', job.gapLimit],
    ['seed', job.seed],
    ['session', job.session],
    ['submitted by job', job.parent],
    ['batch', job.batch],
    ['schedule', job.schedule],
  ]);

const dependencies = ({ dependsOn, neededBy }: Details): string =>
  table(
    ['relation', 'job', 'what', 'state'],
    [
      ...dependsOn.map(({ job, on, title, state }) => [
        on === 'ANY' ? 'after any end of' : 'after success of',
        job,
        title,
        state && words(state),
      ]),
      ...neededBy.map(({ id, description, procedure, state }) => [
        'needed by',
        id,
        description || procedure,
        words(state),
      ]),
    ],
  );

const show = async (context: Context, text: string): Promise<void> => {
  const id = parseId(text, 'job');
  const { job } = await (await context.api()).query(JobDetailsDocument, { id });
  if (!job) throw noSuchJob(id);
  context.screen.result(job, () =>
    [
      summary(job),
      given(job),
      ...(job.dependsOn.length + job.neededBy.length > 0 ? [dependencies(job)] : []),
      table(
        ['at', 'what happened', 'by'],
        job.timeline.map(({ at, type, actor }) => [time(at), happened(type), actor]),
      ),
    ].join('\n\n'),
  );
};

const choices = async (context: Context, text: string): Promise<void> => {
  const { name: app, version } = parseVersioned(text);
  const { jobChoices: found } = await (await context.api()).query(JobChoicesDocument, { app, version });
  if (!found)
    throw new Failure(EXIT.notFound, `There is no app ${text}`, {
      code: 'NoSuchApp',
      hint: 'The apps: openpro app list',
    });
  context.screen.result(found, () =>
    [
      fields([
        ['best priority', found.priority],
        ['profile where you take none', found.profile],
      ]),
      ...(found.profiles.length > 0
        ? [
            table(
              ['profile', 'jobs at once', 'memory MiB', 'cores', 'labels'],
              found.profiles.map((each) => [
                each.name,
                each.capacity,
                each.memoryMiB,
                each.cores,
                each.labels.join(', '),
              ]),
            ),
          ]
        : []),
    ].join('\n\n'),
  );
};

/** Before it is submitted. */
export const addChoices = (job: Command): Command =>
  action(
    job
      .command('choices')
      .description('say which worker profiles and priorities you may choose for a job of an app')
      .argument('<app[:version]>'),
    choices,
  );

export const addShow = (job: Command): Command =>
  action(
    job
      .command('show')
      .description('show a job: what it was given, what it waits for, what happened to it')
      .argument('<id>'),
    show,
  );
