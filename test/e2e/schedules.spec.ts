import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Author, solving } from './apps.js';
import { type Api, Platform } from './platform.js';

jest.setTimeout(240_000);

interface Event {
  readonly type: string;
  readonly stream: string;
  readonly data: { readonly due?: number; readonly job?: string; readonly reason?: string };
}

interface ScheduleView {
  readonly id: string;
  readonly state: string;
  readonly nextAt: number | null;
  readonly next: readonly { readonly at: number }[];
  readonly lastRun: { readonly id: string; readonly state: string } | null;
  readonly timeline: readonly { readonly type: string }[];
}

const FIELDS = 'id state nextAt next { at } lastRun { id state } timeline { type }';

describe('schedules', () => {
  const platform = new Platform();
  let api: Api;

  const make = (when: object, app = 'quick', more: object = {}) =>
    api.change<ScheduleView & { code?: string; field?: string; limit?: string; message?: string }>(
      'makeSchedule',
      '$job: SubmitJob!, $terms: ScheduleTerms!',
      { job: { app, procedure: 'solve' }, terms: { name: app, when, ...more } },
      `... on Schedule { ${FIELDS} }`,
    );
  /** The first event like this, whether it has happened or will. */
  const happens = async (types: readonly string[], like: (event: Event) => boolean): Promise<Event> => {
    const log = await api.ask<{ events: { pageInfo: { endCursor: string } } }>(
      '{ events(first: 1) { pageInfo { endCursor } } }',
    );
    const { events } = await api.until<{ events: Event }>(
      'subscription($after: String, $types: [String!]) { events(after: $after, types: $types) { type stream data } }',
      { after: log.events.pageInfo.endCursor, types },
      ({ events: event }) => like(event),
    );
    return events;
  };
  const fires = (id: string) => happens(['ScheduleFired'], ({ stream }) => stream === `schedule-${id}`);
  /** The schedule once its run has ended: told something that changes nothing, it is shown as it is after that. */
  const ended = async (id: string, when: object): Promise<ScheduleView> => {
    await happens(['RunEnded'], ({ stream }) => stream === `schedule-${id}`);
    return change(id, { name: 'ended', when });
  };
  const change = (id: string, terms: object) =>
    api.change<ScheduleView>(
      'changeSchedule',
      '$id: ID!, $terms: ScheduleTerms!',
      { id, terms },
      `... on Schedule { ${FIELDS} }`,
    );
  /** Its end is in the log, and in the list of jobs, too: what is submitted after it is. */
  const completes = async (job: string | undefined): Promise<void> => {
    await happens(['JobCompleted'], ({ stream }) => stream === `job-${job}`);
    const input = { app: 'quick', procedure: 'solve' };
    await api.change('submitJob', '$input: SubmitJob!', { input }, '... on Job { id }');
  };
  const runsOf = async (id: string) =>
    (
      await api.ask<{ jobs: { nodes: { id: string; state: string }[] } }>(
        'query($id: ID!) { jobs(filter: { schedule: $id }) { nodes { id state } } }',
        { id },
      )
    ).jobs.nodes;

  const open = async (): Promise<void> => {
    await platform.start();
    api = await platform.signIn();
  };

  beforeAll(async () => {
    await open();
    const author = await Author.of(api);
    await author.trust();
    await author.app('quick', solving(''));
    await author.app(
      'waits',
      solving('while (!ctx.signal.aborted) await new Promise((next) => setTimeout(next, 20));'),
    );
  });
  afterAll(() => platform.remove());

  it('submit the job once, when its time has come, and show how it ended', async () => {
    const { id, state, next } = await make({ in: 3600 });
    expect([state, next.length]).toEqual(['ACTIVE', 1]);
    await change(id, { name: 'soon', when: { in: 1 } });
    const { job } = (await fires(id)).data;
    await completes(job);
    expect(await runsOf(id)).toEqual([{ id: job, state: 'COMPLETED' }]);
    const schedule = await ended(id, { in: 1 });
    expect(schedule).toMatchObject({ state: 'FINISHED', nextAt: null, lastRun: { id: job } });
    expect(schedule.timeline.map(({ type }) => type)).toEqual([
      'ScheduleMade',
      'ScheduleChanged',
      'ScheduleFired',
      'RunEnded',
      'ScheduleChanged',
    ]);
  });

  it('make up for a time that passed while no server was there, once', async () => {
    const { id, next } = await make({ in: 2 });
    process.kill(platform.serverPid, 'SIGKILL');
    await platform.stop();
    await open();
    const { due, job } = (await fires(id)).data;
    expect(due).toBe(next[0]?.at);
    await completes(job);
    await ended(id, { in: 2 });
    expect(await runsOf(id)).toEqual([{ id: job, state: 'COMPLETED' }]);
  });

  it('are made, shown, paused, resumed and removed on the command line', async () => {
    const cli = async (...words: string[]) => {
      const { code, output, errors } = await platform.cli('schedule', ...words);
      return { code, text: output + errors };
    };
    const made = await cli(
      'add',
      'quick',
      'solve',
      '--cron',
      '30 6 * * MON-FRI',
      '--zone',
      'Europe/Amsterdam',
    );
    expect(made).toMatchObject({ code: 0 });
    expect(made.text).toMatch(
      /when +30 6 \* \* MON-FRI \(Europe\/Amsterdam\)[^]+Next:\n( {2}\w+, .* 06:30 GMT.*\n){5}/,
    );
    const id = /schedule +(\S+)/.exec(made.text)?.[1] ?? '';
    expect((await cli('pause', id, '--reason', 'holiday')).code).toBe(0);
    expect((await cli('list')).text).toMatch(/quick solve +paused: holiday/);
    expect((await cli('resume', id)).text).toMatch(/runs again; next: \w+, .* 06:30 GMT/);
    expect((await cli('remove', id, '--yes')).code).toBe(0);
    expect((await cli('show', id)).code).toBe(4);
    const wrong = await cli('add', 'quick', 'solve', '--cron', '0 0 30 2 *');
    expect([wrong.code, wrong.text]).toEqual([2, expect.stringMatching(/never comes/)]);
  });

  it('refuse nonsense at once, naming field and limit', async () => {
    expect(await make({ at: '9999-01-01T00:00Z' })).toMatchObject({
      field: 'at',
      limit: 'at most 10 years ahead',
    });
    expect(await make({ in: 60 }, 'nothing')).toMatchObject({ code: 'NoSuchApp' });
    expect(await make({ in: 60 }, 'quick', { atMost: 1000 })).toMatchObject({ field: 'atMost' });
    const { body } = await api.raw('{ dueTimes(when: { cron: "0 6 * * *", zone: "Mars/Base" }) { at } }');
    expect(body.errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: 'zone' });
  });

  it('are made once when the request is sent twice, and deleted once', async () => {
    const ids = ['5f0ea1c1-6a0f-4d3c-9f0b-0f7f2c1b7a01', '5f0ea1c1-6a0f-4d3c-9f0b-0f7f2c1b7a02'] as const;
    const job = { app: 'quick', procedure: 'solve' };
    const terms = { name: 'twice', when: { in: 3600 } };
    const types = '$job: SubmitJob!, $terms: ScheduleTerms!';
    for (const _ of ids)
      expect(
        await api.change('makeSchedule', types, { job, terms }, '... on Schedule { id }', ids[0]),
      ).toMatchObject({ id: ids[0] });
    for (const _ of ids)
      expect(
        await api.change('deleteSchedule', '$id: ID!', { id: ids[0] }, '... on Ok { ok }', ids[1]),
      ).toMatchObject({ ok: true });
  });

  it('end the run before when the overlap says so', async () => {
    const { id } = await make({ in: 1 }, 'waits', { overlap: 'REPLACE' });
    const { data } = await fires(id);
    await change(id, { name: 'again', when: { in: 1.5 }, overlap: 'REPLACE' });
    const end = await happens(['JobCancelled'], ({ stream }) => stream === `job-${data.job}`);
    expect(end.data.reason).toBe('Replaced by the next run of its schedule');
  });
});
