import { describe, expect, it } from '@jest/globals';
import { CommandHandler, MemoryEventStore } from '@openpro/eventstore';
import { isRefusal, uuidv7 } from '@openpro/kernel';
import { processUnderTest, project, recorder, specFor } from '@openpro/kernel/testing';
import fc from 'fast-check';
import { fireSchedules } from './fire-schedules.process.js';
import { job, type JobCommand, type JobEvent } from './job.js';
import { aRequest } from './request.fixture.js';
import {
  type Judged,
  MAX_MISSED_RUNS,
  MAX_RUNNING,
  MAX_WAITING,
  MISSED_AFTER_MS,
  OVERLAPS,
  runOf,
  schedule,
  type ScheduleCommand,
  type ScheduleEvent,
  type Terms,
} from './schedule.js';
import { scheduleList } from './schedule-list.projection.js';

const given = specFor(schedule.decider);
const id = '0198f3a0-7c1e-7a2b-8c3d-000000000001';
const MINUTE = 60_000;
/** Whole minutes: `every` is due at each, `noon` in the tenth. */
const t = (minutes: number): number => Date.UTC(2026, 0, 15, 12) + minutes * MINUTE;
const every: Terms = {
  name: 'Nightly plan',
  when: { cron: '* * * * *', zone: 'UTC' },
  overlap: 'skip',
  missed: 'skip',
  atMost: 3,
};
const once: Terms = { ...every, when: { at: '2026-01-15T12:10', zone: 'UTC' } };
const judged = {
  id,
  of: { owner: 'ada', environment: 'ROOT', app: 'supply-network', version: '1.0.0', profile: null },
};

const made = (terms: Partial<Terms> = {}, next = t(1)): ScheduleEvent => ({
  type: 'ScheduleMade',
  ...every,
  ...terms,
  job: aRequest,
  made: t(0),
  next,
});
const make = (terms: Partial<Terms> = {}): ScheduleCommand => ({
  type: 'MakeSchedule',
  ...every,
  ...terms,
  job: aRequest,
  now: t(0),
});
const fire = (minutes: number, refused?: Judged['refused']): ScheduleCommand => ({
  type: 'FireSchedule',
  now: t(minutes),
  ...judged,
  ...(refused === undefined ? {} : { refused }),
});
const fireWith = (minutes: number, runs: number): ScheduleCommand => ({
  ...(fire(minutes) as ScheduleCommand & { type: 'FireSchedule' }),
  room: { runs, why: FULL },
});
const end = (due: number, outcome = 'completed', refused?: Judged['refused']): ScheduleCommand => ({
  type: 'EndRun',
  job: runOf(id, t(due)),
  outcome,
  ...judged,
  ...(refused === undefined ? {} : { refused }),
});
const fired = (due: number, next: number | null = due + 1, replaces: number[] = []): ScheduleEvent => ({
  type: 'ScheduleFired',
  job: runOf(id, t(due)),
  due: t(due),
  replaces: replaces.map((former) => runOf(id, t(former))),
  next: next === null ? null : t(next),
});
const skipped = (due: number, why: string, next: number | null = due + 1, count = 1): ScheduleEvent => ({
  type: 'RunSkipped',
  due: t(due),
  count,
  why,
  next: next === null ? null : t(next),
});
const queued = (due: number, next = due + 1): ScheduleEvent => ({
  type: 'RunQueued',
  due: t(due),
  next: t(next),
});
const ended = (due: number, outcome = 'completed'): ScheduleEvent => ({
  type: 'RunEnded',
  job: runOf(id, t(due)),
  outcome,
});
const paused: ScheduleEvent = { type: 'SchedulePaused', reason: 'holiday' };
const BUSY = 'the run before it had not ended';
const FULL = 'User ada has 3 jobs waiting or running, and may have 3';
const AWAY = 'no server ran the schedules at that time';

describe('a schedule', () => {
  it('is made with the time at which it runs first', () => {
    given().when(make()).then(made());
    given()
      .when(make(once))
      .then(made(once, t(10)));
    given()
      .when(make({ when: { in: 600 } }))
      .then(made({ when: { in: 600 } }, t(10)));
  });

  it('says of a run the groups that its owner is in then, and the priority that they give him', () => {
    const right = { groups: ['user', 'night'], best: 30 };
    given(made())
      .when({ ...fire(1), right } as ScheduleCommand)
      .then({ ...fired(1), ...right } as ScheduleEvent);
    given(made({ overlap: 'queue' }), fired(1), queued(2))
      .when({ ...end(1), right } as ScheduleCommand)
      .then(ended(1), { ...fired(2, 3), ...right } as ScheduleEvent);
  });

  it.each([
    ['the best one that the rules give then', 100, 100, 30, 30],
    ['a worse one, if they give that', 20, 20, 30, 30],
    ['the worse one that its owner asked for', 200, 100, 30, 200],
    ['no better one than the rules give, whatever its owner asked for', 50, 20, 100, 100],
  ])('is run with priority %s', (_what, priority, before, best, expected) => {
    const process = processUnderTest(fireSchedules);
    const record = recorder();
    const asked = { ...aRequest, priority, best: before, groups: ['user', 'day'] };
    const see = (event: ScheduleEvent) => process.see(record(`schedule-${id}`, event));
    see({ ...made(), job: asked } as ScheduleEvent);
    const right = { groups: ['user', 'night'], best };
    expect(see({ ...fired(1), ...right } as ScheduleEvent)).toMatchObject([
      { to: 'job', command: { type: 'SubmitJob', ...right, priority: expected } },
    ]);
    // As it was recorded before a run said so.
    expect(see(fired(2))).toMatchObject([{ command: asked }]);
  });

  it.each<[string, Partial<Terms>, string]>([
    ['no name', { name: ' ' }, 'name'],
    ['an unknown overlap', { overlap: 'x' as never }, 'overlap'],
    ['an unknown way with missed times', { missed: 'x' as never }, 'missed'],
    ['too many to catch up with', { atMost: MAX_MISSED_RUNS + 1 }, 'atMost'],
    ['a date that has passed', { when: { at: '2026-01-15T12:00', zone: 'UTC' } }, 'at'],
    ['a day that never comes', { when: { cron: '0 0 30 2 *', zone: 'UTC' } }, 'cron'],
  ])('is refused with %s', (_what, terms, field) => {
    given().when(make(terms)).thenRefused('BadInput', { field });
    given(made())
      .when({ ...make(terms), type: 'ChangeSchedule' } as never)
      .thenRefused('BadInput', { field });
  });

  it('is refused for a job that nobody could submit, and when there is one', () => {
    given()
      .when({ ...make(), job: { ...aRequest, priority: 5 } } as never)
      .thenRefused('BadInput', { field: 'priority' });
    given(made()).when(make()).thenRefused('ScheduleExists');
  });

  it('has no more runs than its owner’s quotas have room for, the oldest first, and says why', () => {
    given(made({ overlap: 'allow', missed: 'all' }))
      .when(fireWith(3, 2))
      .then(fired(1, 4), fired(2, 4), skipped(3, FULL, 4));
    given(made()).when(fireWith(1, 0)).then(skipped(1, FULL));
    given(made(), fired(1)).when(fireWith(2, 0)).then(skipped(2, BUSY)); // what does not run needs no room
    const waits = given(made({ overlap: 'queue' }), fired(1), queued(2), queued(3));
    waits
      .when({ ...end(1), room: { runs: 0, why: FULL } } as ScheduleCommand)
      .then(ended(1), skipped(2, FULL, 4), skipped(3, FULL, 4));
    waits.when({ ...end(1), room: { runs: 1, why: FULL } } as ScheduleCommand).then(ended(1), fired(2, 4));
  });

  it('takes the place of the run that it replaces, however full the quotas are', () => {
    const replaces = given(made({ overlap: 'replace' }), fired(1));
    replaces.when(fireWith(2, 0)).then(fired(2, 3, [1]));
    given(made({ overlap: 'replace' }))
      .when(fireWith(1, 0))
      .then(skipped(1, FULL));
    given(made({ overlap: 'replace', missed: 'all' }))
      .when(fireWith(3, 1))
      .then(fired(1, 4), fired(2, 4, [1]), fired(3, 4, [2]));
  });

  it('never has more runs besides those that it had than there is room for, and none less', () =>
    fc.assert(
      fc.property(
        fc.constantFrom(...OVERLAPS),
        fc.nat(3),
        fc.nat(6),
        fc.integer({ min: 1, max: 6 }),
        (overlap, had, runs, times) => {
          const before = Array.from({ length: had }, (_, n) => fired(n + 1));
          const { decide, evolve, initial } = schedule.decider;
          const of = (from: typeof initial, events: readonly ScheduleEvent[]) => events.reduce(evolve, from);
          const running = (state: typeof initial) => (state.is === 'made' ? state.running.length : 0);
          const state = of(initial, [made({ overlap, missed: 'all', atMost: 10 }), ...before]);
          const outcome = decide(fireWith(had + times, runs), state);
          if (isRefusal(outcome)) throw new Error(outcome.message);
          const more = running(of(state, outcome)) - had;
          expect(more).toBeLessThanOrEqual(runs);
          if (overlap === 'allow') expect(more).toBe(Math.min(runs, times));
          if (overlap === 'replace' && had > 0)
            expect(outcome.every(({ type }) => type === 'ScheduleFired')).toBe(true);
        },
      ),
    ));

  it('fires when it is time, and not before, nor twice', () => {
    given(made()).when(fire(0.9)).then();
    given(made()).when(fire(1)).then(fired(1));
    given(made(), fired(1)).when(fire(1)).then();
    given(made(once, t(10)))
      .when(fire(10))
      .then(fired(10, null));
    given(made(once, t(10)), fired(10, null), ended(10))
      .when(fire(11))
      .then();
    given().when(fire(1)).then();
  });

  it('lets the overlap decide while a run has not ended', () => {
    given(made(), fired(1)).when(fire(2)).then(skipped(2, BUSY));
    given(made(), fired(1), ended(1)).when(fire(2)).then(fired(2));
    given(made({ overlap: 'allow' }), fired(1))
      .when(fire(2))
      .then(fired(2));
    given(made({ overlap: 'replace' }), fired(1))
      .when(fire(2))
      .then(fired(2, 3, [1]));
    given(made({ overlap: 'replace' }), fired(1), fired(2, 3, [1]))
      .when(end(1, 'cancelled'))
      .then();
    given(made({ overlap: 'queue' }), fired(1))
      .when(fire(2))
      .then(queued(2));
    given(made({ overlap: 'queue' }), fired(1), queued(2), queued(3))
      .when(end(1))
      .then(ended(1), fired(2, 4));
    given(made({ overlap: 'queue' }), fired(1), queued(2), ended(1), fired(2))
      .when(end(2))
      .then(ended(2));
  });

  it('has at most so many runs at once, and so many that wait', () => {
    const many = (count: number, event: (due: number) => ScheduleEvent) =>
      Array.from({ length: count }, (_, index) => event(index + 1));
    given(made({ overlap: 'allow' }), ...many(MAX_RUNNING, fired))
      .when(fire(MAX_RUNNING + 1))
      .then(skipped(MAX_RUNNING + 1, `${MAX_RUNNING} runs had not ended`));
    given(made({ overlap: 'queue' }), fired(0), ...many(MAX_WAITING, queued))
      .when(fire(MAX_WAITING + 1))
      .then(skipped(MAX_WAITING + 1, `${MAX_WAITING} runs waited for their turn`));
  });

  it('hears of the end of a run once, and of no run that is not its own', () => {
    given(made(), fired(1)).when(end(1, 'failed')).then(ended(1, 'failed'));
    given(made(), fired(1), ended(1)).when(end(1)).then();
    given(made()).when(end(7)).then();
    given().when(end(1)).then();
  });

  it('meets times that were missed as its policy says', () => {
    const now = 10.5; // the times of the minutes 1 to 9 are missed, that of 10 is not
    given(made())
      .when(fire(now))
      .then(skipped(1, AWAY, 11, 9), fired(10));
    given(made({ missed: 'once', overlap: 'allow' }))
      .when(fire(now))
      .then(fired(1, 11), skipped(2, AWAY, 11, 8), fired(10));
    given(made({ missed: 'all', overlap: 'queue' }))
      .when(fire(now))
      .then(fired(1, 11), queued(2, 11), queued(3, 11), skipped(4, AWAY, 11, 6), queued(10));
    given(made(once, t(10)))
      .when(fire(11))
      .then(fired(10, null));
    given(made(once, t(10)))
      .when(fire(12))
      .then(skipped(10, AWAY, null));
    given(made({ ...once, missed: 'once' }, t(10)))
      .when(fire(12))
      .then(fired(10, null));
  });

  it('does not work through a year of missed minutes', () => {
    const year = 365 * 24 * 60;
    given(made())
      .when(fire(year))
      .then(skipped(1, AWAY, year + 1, MAX_MISSED_RUNS), fired(year - 1, year + 1), skipped(year, BUSY));
  });

  it('is paused with a reason, drops what waits, and goes on with the next time after it is resumed', () => {
    given(made(), fired(1)).when({ type: 'PauseSchedule', reason: 'holiday' }).then(paused);
    given(made({ overlap: 'queue' }), fired(1), queued(2))
      .when({ type: 'PauseSchedule', reason: 'holiday' })
      .then(skipped(2, 'the schedule was paused while it waited'), paused);
    given(made(), paused).when(fire(5)).then();
    given(made(), paused).when({ type: 'PauseSchedule', reason: 'again' }).thenRefused('AlreadyPaused');
    given(made()).when({ type: 'PauseSchedule', reason: ' ' }).thenRefused('BadInput', { field: 'reason' });
    given(made(), paused)
      .when({ type: 'ResumeSchedule', now: t(5.5) })
      .then({ type: 'ScheduleResumed', next: t(6) });
    given(made())
      .when({ type: 'ResumeSchedule', now: t(1) })
      .thenRefused('NotPaused');
    given(made(once, t(10)), paused)
      .when({ type: 'ResumeSchedule', now: t(11) })
      .thenRefused('NothingLeft');
    given(made(once, t(10)), fired(10, null))
      .when({ type: 'PauseSchedule', reason: 'late' })
      .thenRefused('NothingLeft');
  });

  it('is paused by itself when its owner may not run it any more', () => {
    const why = 'Ada is no user any more';
    const gone = { why, forGood: true };
    const stopped: ScheduleEvent = { type: 'SchedulePaused', reason: why };
    given(made())
      .when(fire(1, gone))
      .then(skipped(1, why, null), stopped);
    given(made({ overlap: 'queue' }), fired(1), queued(2))
      .when(fire(3, gone))
      .then(skipped(2, why, null), skipped(3, why, null), stopped);
    given(made(), fired(1))
      .when(end(1, 'completed', gone))
      .then(ended(1));
    given(made({ overlap: 'queue' }), fired(1), queued(2))
      .when(end(1, 'completed', gone))
      .then(ended(1), skipped(2, why, 3), stopped);
  });

  it('leaves out what its owner may not run just now, and goes on', () => {
    const why = 'You have 10 jobs waiting or running, and may have 10';
    const full = { why, forGood: false };
    given(made()).when(fire(1, full)).then(skipped(1, why));
    given(made())
      .when(fire(5.5, full))
      .then(skipped(1, why, 6, 5));
    given(made({ overlap: 'queue' }), fired(1), queued(2), queued(3))
      .when(end(1, 'completed', full))
      .then(ended(1), skipped(2, why, 4), skipped(3, why, 4));
  });

  it('is changed: another time counts from now, another name changes nothing else', () => {
    const change = (terms: Partial<Terms>, now: number): ScheduleCommand => ({
      type: 'ChangeSchedule',
      ...every,
      ...terms,
      now: t(now),
    });
    const hourly = { when: { cron: '0 * * * *', zone: 'UTC' } };
    given(made(), fired(1))
      .when(change(hourly, 1.5))
      .then({ type: 'ScheduleChanged', ...every, ...hourly, made: t(1.5), next: t(60) });
    given(made(), fired(1))
      .when(change({ name: 'Other' }, 1.5))
      .then({ type: 'ScheduleChanged', ...every, name: 'Other', made: t(0), next: t(2) });
    given(made(), paused)
      .when(change(hourly, 1.5))
      .then({ type: 'ScheduleChanged', ...every, ...hourly, made: t(1.5), next: null });
    // By a server whose clock is late: what has run does not run again.
    given(made(), fired(60, 61))
      .when(change(hourly, 59))
      .then({ type: 'ScheduleChanged', ...every, ...hourly, made: t(59), next: t(120) });
  });

  it('is there no more once it is deleted', () => {
    given(made()).when({ type: 'DeleteSchedule' }).then({ type: 'ScheduleDeleted' });
    const deleted = given(made(), fired(1), { type: 'ScheduleDeleted' });
    deleted.when({ type: 'DeleteSchedule' }).thenRefused('NoSuchSchedule');
    deleted.when({ type: 'PauseSchedule', reason: 'x' }).thenRefused('NoSuchSchedule');
    deleted.when(fire(5)).then();
    deleted.when(end(1)).then();
    deleted.when(make()).thenRefused('ScheduleExists');
  });

  it('is known to its server however long it runs, and is not read again and again', async () => {
    const store = new MemoryEventStore();
    const handler = new CommandHandler(store, { cacheSize: 200 });
    const read = store.readStream.bind(store);
    let events = 0;
    store.readStream = async (...asked) => {
      const page = await read(...asked);
      events += page.length;
      return page;
    };
    const tell = (command: ScheduleCommand) =>
      handler.execute(schedule, id, command, { commandId: uuidv7(), actor: 'ada', roles: [] });
    await tell(make());
    for (let due = 1; due <= 300; due++) {
      await tell(fire(due));
      await tell(end(due));
    }
    expect(events).toBe(0);
    expect((await read(`schedule-${id}`)).length).toBe(601);
  });

  it('drops what waits for its turn when it is deleted, and says so', () => {
    const why = 'the schedule was deleted while it waited';
    given(made({ overlap: 'queue' }), fired(1), queued(2), queued(3))
      .when({ type: 'DeleteSchedule' })
      .then(skipped(2, why, 4), skipped(3, why, 4), { type: 'ScheduleDeleted' });
  });

  it('has a run submitted that was decided before it was deleted, and none after', () => {
    const process = processUnderTest(fireSchedules);
    const record = recorder();
    const log = [made(), fired(1), { type: 'ScheduleDeleted' } as const].map((event) =>
      record(`schedule-${id}`, event),
    );
    expect(log.flatMap((recorded) => process.see(recorded))).toMatchObject([
      { to: 'job', id: runOf(id, t(1)), command: { type: 'SubmitJob' } },
    ]);
    expect(process.nextTimer()).toBeUndefined();
  });
});

it('its row shows what is next, what ran last, why not, and why it is paused; a deleted one has none', () => {
  const rowOf = (...events: ScheduleEvent[]) => {
    const record = recorder();
    return project(
      scheduleList,
      events.map((event) => record(`schedule-${id}`, event)),
    ).get(id);
  };
  expect(rowOf(made())).toMatchObject({
    name: 'Nightly plan',
    app: 'supply-network',
    next: t(1),
    paused: null,
  });
  const runs = [runOf(id, t(1)), runOf(id, t(2))];
  expect(rowOf(made(), fired(1))).toMatchObject({ running: [runs[0]] });
  expect(rowOf(made(), fired(1), fired(2, 3, [1]))).toMatchObject({ running: [runs[1]] });
  const firedIn = (n: number, group: string) =>
    ({ ...fired(n), groups: [group], best: 100 }) as ScheduleEvent;
  expect(rowOf(made(), firedIn(1, 'day'), firedIn(2, 'night'))).toMatchObject({ groups: ['day', 'night'] });
  expect(rowOf(made(), firedIn(1, 'day'), ended(1), firedIn(2, 'night'))).toMatchObject({
    groups: ['night'],
  });
  expect(rowOf(made(), fired(1), ended(1))).toMatchObject({ last_job: runs[0], running: [], next: t(2) });
  expect(rowOf(made(), fired(1), skipped(2, BUSY))).toMatchObject({ skipped: BUSY, next: t(3) });
  expect(rowOf(made(), fired(1), skipped(2, BUSY), fired(3))).toMatchObject({ skipped: null });
  expect(rowOf(made(), fired(1), queued(2), paused)).toMatchObject({ paused: 'holiday', next: null });
  expect(rowOf(made(), paused, { type: 'ScheduleResumed', next: t(9) })).toMatchObject({
    paused: null,
    next: t(9),
    stream_version: 3,
  });
  const changed = { type: 'ScheduleChanged', ...once, name: 'Other', made: t(5), next: t(10) } as const;
  expect(rowOf(made(), changed)).toMatchObject({ name: 'Other', runs_when: once.when, asked_at: t(5) });
  expect(rowOf(made(), { type: 'ScheduleDeleted' })).toBeUndefined();
});

/** The process, the schedule and its jobs together; what the process asks for is done, some of it twice. */
const world = (terms: Partial<Terms>) => {
  const record = recorder();
  const process = processUnderTest(fireSchedules);
  let state = schedule.decider.initial;
  const jobs = new Map<string, { state: ReturnType<typeof job.decider.evolve>; due: number }>();
  const history: ScheduleEvent[] = [];
  const submitted: string[] = [];
  let most = 0;
  const open = () => [...jobs].filter(([, one]) => one.state.is !== 'ended').map(([name]) => name);

  const toJob = (name: string, command: JobCommand): void => {
    const before = jobs.get(name)?.state ?? job.decider.initial;
    const outcome = job.decider.decide(command, before);
    if (isRefusal(outcome)) return;
    for (const event of outcome as readonly JobEvent[]) {
      if (event.type === 'JobQueued') submitted.push(name);
      const due = history.findLast((one) => one.type === 'ScheduleFired' && one.job === name) as {
        due: number;
      };
      jobs.set(name, {
        state: job.decider.evolve(jobs.get(name)?.state ?? job.decider.initial, event),
        ...due,
      });
      most = Math.max(most, open().length);
      dispatch(process.see(record(`job-${name}`, event)));
    }
  };
  const toSchedule = (command: ScheduleCommand): void => {
    const outcome = schedule.decider.decide(command, state);
    if (isRefusal(outcome)) return;
    for (const event of outcome) {
      state = schedule.decider.evolve(state, event);
      history.push(event);
    }
    // The process sees them after they have happened.
    for (const event of outcome) dispatch(process.see(record(`schedule-${id}`, event)));
  };
  let repeat = false;
  const dispatch = (commands: readonly { to: string; id: string; command: object }[]): void => {
    for (const one of commands)
      for (let times = repeat ? 2 : 1; times > 0; times--)
        if (one.to === 'job') toJob(one.id, one.command as JobCommand);
        else toSchedule(one.command as ScheduleCommand);
  };
  toSchedule(make(terms));
  return {
    history,
    submitted,
    open,
    process,
    most: () => most,
    toSchedule,
    advance(to: number, twice: boolean): void {
      repeat = twice;
      // As the runner does: a timer that is set for a time that has passed comes due at once, and not before now.
      while ((process.nextTimer() ?? Infinity) <= to) {
        const late = Math.max(process.nextTimer() ?? 0, to);
        dispatch(process.advance(to).map((one) => ({ ...one, command: { ...one.command, now: late } })));
      }
    },
    endOne(pick: number): void {
      const running = open();
      const name = running[pick % Math.max(1, running.length)];
      if (name) toJob(name, { type: 'TerminateJob', reason: 'x' });
    },
  };
};

describe('fire-schedules', () => {
  it('submits what was asked for, as a run of the schedule, and ends what it replaces first', () => {
    const { advance, submitted, open, process } = world({ overlap: 'replace' });
    advance(t(1), false);
    expect(submitted).toStrictEqual([runOf(id, t(1))]);
    expect(process.see(recorder()(`schedule-${id}`, fired(2, 3, [1])))).toMatchObject([
      { to: 'job', id: runOf(id, t(1)), command: { type: 'TerminateJob' } },
      { to: 'job', id: runOf(id, t(2)), command: { ...aRequest, type: 'SubmitJob', schedule: id } },
    ]);
    advance(t(2), false);
    expect(open()).toHaveLength(1);
  });

  it('keeps nothing of a schedule that is deleted, nor of jobs of no schedule', () => {
    const { advance, toSchedule, process, endOne } = world({});
    advance(t(1), false);
    toSchedule({ type: 'DeleteSchedule' });
    endOne(0);
    expect([process.states.size, process.nextTimer()]).toStrictEqual([0, undefined]);
    const of = { environment: 'ROOT', owner: 'ada', app: 'a', version: '1', title: 't' };
    const over = { type: 'JobAbandoned', attempt: 1, node: 'n', nodeEpoch: 1, of, reason: 'x' } as const;
    expect(process.see(recorder()('job-x', over))).toStrictEqual([]);
    expect(process.states.size).toBe(0);
  });

  it('never runs twice for one time, keeps to its overlap, and stalls never', () => {
    const act = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          is: fc.constant('wait' as const),
          ms: fc.integer({ min: 1, max: 4 * MINUTE }),
          twice: fc.boolean(),
        }),
      },
      { weight: 4, arbitrary: fc.record({ is: fc.constant('end' as const), pick: fc.nat(5) }) },
      { weight: 1, arbitrary: fc.record({ is: fc.constant('pause' as const) }) },
      { weight: 2, arbitrary: fc.record({ is: fc.constant('resume' as const) }) },
      {
        weight: 1,
        arbitrary: fc.record({
          is: fc.constant('change' as const),
          skew: fc.integer({ min: -MINUTE, max: MINUTE }),
          hourly: fc.boolean(),
        }),
      },
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...OVERLAPS),
        fc.constantFrom('skip' as const, 'once' as const, 'all' as const),
        fc.array(act, { maxLength: 40 }),
        (overlap, missed, acts) => {
          const w = world({ overlap, missed });
          let now = t(0);
          for (const one of acts)
            switch (one.is) {
              case 'wait':
                w.advance((now += one.ms), one.twice);
                break;
              case 'end':
                w.endOne(one.pick);
                break;
              case 'pause':
                w.toSchedule({ type: 'PauseSchedule', reason: 'x' });
                break;
              case 'resume':
                w.toSchedule({ type: 'ResumeSchedule', now });
                break;
              case 'change':
                w.toSchedule({
                  type: 'ChangeSchedule',
                  ...every,
                  overlap,
                  missed,
                  when: { cron: one.hourly ? '*/2 * * * *' : '* * * * *', zone: 'UTC' },
                  now: now + one.skew,
                });
            }
          const dues = w.history.flatMap((event) => (event.type === 'ScheduleFired' ? [event.due] : []));
          expect(new Set(dues).size).toBe(dues.length);
          expect(w.submitted).toStrictEqual(dues.map((due) => runOf(id, due)));
          if (overlap !== 'allow') expect(w.most()).toBeLessThanOrEqual(1);
          // Active: a timer stands for the next time. Paused: none does.
          const { schedule: state } = w.process.states.get(id)!;
          expect(w.process.nextTimer()).toBe(state.next ?? undefined);
          expect(state.paused).toBe(state.next === null);
          if (!state.paused) expect(state.next).toBeGreaterThan(now - MISSED_AFTER_MS);
          // Nothing waits while nothing runs.
          if (state.running.length === 0) expect(state.waiting).toStrictEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });
});
