import {
  type BadInput,
  checkNumber,
  checkOneOf,
  checkText,
  type Decider,
  refuse,
  type Refusal,
  uuidv5,
} from '@openpro/kernel';
import { type QueuedJob, wrongIn } from './job.js';
import { nextAfter, type When, wrongWhen } from './recurrence.js';

/** What happens when it is time and the run before has not ended. */
export const OVERLAPS = ['skip', 'queue', 'replace', 'allow'] as const;
/** What happens with the times that passed while no server ran. */
export const MISSED = ['skip', 'once', 'all'] as const;

/** A time that is met later than this has been missed. */
export const MISSED_AFTER_MS = 60_000;
export const MAX_MISSED_RUNS = 100;
/** Runs of one schedule that have not ended, and times that wait for their turn. */
export const MAX_RUNNING = 100;
export const MAX_WAITING = 100;

export interface Terms {
  readonly name: string;
  readonly when: When;
  readonly overlap: (typeof OVERLAPS)[number];
  readonly missed: (typeof MISSED)[number];
  /** Of `missed: 'all'`: so many of them. */
  readonly atMost: number;
}

/** In every event that moves on: when it runs next, so that nobody has to work it out again. */
interface Next {
  readonly next: number | null;
}

export type ScheduleEvent =
  /** `job`: what is run, each time the same. `made`: when its `when` was asked for. */
  | ({ readonly type: 'ScheduleMade'; readonly job: QueuedJob; readonly made: number } & Terms & Next)
  | ({ readonly type: 'ScheduleChanged'; readonly made: number } & Terms & Next)
  | { readonly type: 'SchedulePaused'; readonly reason: string }
  | ({ readonly type: 'ScheduleResumed' } & Next)
  | { readonly type: 'ScheduleDeleted' }
  /** `replaces`: the runs that it puts an end to. */
  | ({
      readonly type: 'ScheduleFired';
      readonly job: string;
      readonly due: number;
      readonly replaces: readonly string[];
    } & Partial<Right> &
      Next)
  /** `count`: this one and those after it. */
  | ({
      readonly type: 'RunSkipped';
      readonly due: number;
      readonly count: number;
      readonly why: string;
    } & Next)
  | ({ readonly type: 'RunQueued'; readonly due: number } & Next)
  | { readonly type: 'RunEnded'; readonly job: string; readonly outcome: string };

/** What the owner has when it runs, whatever he had when he made the schedule. */
interface Right {
  readonly groups: readonly string[];
  /** The best priority that the rules give him. */
  readonly best: number;
}

interface Room {
  readonly runs: number;
  readonly why: string;
}

/** Who runs what: whether he may is judged each time anew. */
export interface Judged {
  readonly id: string;
  readonly of: {
    readonly owner: string;
    readonly environment: string;
    readonly app: string;
    readonly version: string;
    readonly profile: string | null;
    /** Absent in what was asked before a licence was looked at. */
    readonly licence?: string | null;
  };
  /** Why he may not; `forGood`: until somebody resumes it. */
  readonly refused?: { readonly why: string; readonly forGood: boolean };
  readonly right?: Right;
  /** For so many runs his quotas have room; why not for more. */
  readonly room?: Room;
}

export type ScheduleCommand =
  | ({ readonly type: 'MakeSchedule'; readonly job: QueuedJob; readonly now: number } & Terms)
  | ({ readonly type: 'ChangeSchedule'; readonly now: number } & Terms)
  | { readonly type: 'PauseSchedule'; readonly reason: string }
  | { readonly type: 'ResumeSchedule'; readonly now: number }
  | { readonly type: 'DeleteSchedule' }
  | ({ readonly type: 'FireSchedule'; readonly now: number } & Judged)
  | ({ readonly type: 'EndRun'; readonly job: string; readonly outcome: string } & Judged);

export type ScheduleRefusal =
  BadInput | Refusal<'ScheduleExists' | 'NoSuchSchedule' | 'AlreadyPaused' | 'NotPaused' | 'NothingLeft'>;

interface Made extends Terms, Next {
  readonly is: 'made';
  readonly job: QueuedJob;
  readonly made: number;
  readonly paused: boolean;
  /** The last time that was met: none is met twice, whatever the clocks of the servers say. */
  readonly met: number;
  /** Jobs that have not ended, and times that wait for them to. */
  readonly running: readonly string[];
  readonly waiting: readonly number[];
}

export type Schedule = { readonly is: 'new' } | { readonly is: 'deleted' } | Made;

/** The job of one time: the same wherever and however often it is worked out, so that it runs once. */
export const runOf = (schedule: string, due: number): string => uuidv5(schedule, String(due));

const wrongTerms = ({ name, overlap, missed, atMost }: Terms): BadInput | undefined =>
  checkText('name', name, { max: 100 }) ??
  checkOneOf('overlap', overlap, OVERLAPS) ??
  checkOneOf('missed', missed, MISSED) ??
  checkNumber('atMost', atMost, { min: 1, max: MAX_MISSED_RUNS, whole: true });

const termsOf = ({ name, when, overlap, missed, atMost }: Terms): Terms => ({
  name,
  when,
  overlap,
  missed,
  atMost,
});

const textOf = (when: When): string => JSON.stringify(Object.entries(when).sort());

const nothingLeft = () =>
  refuse('NothingLeft', 'The time at which it was to run has passed: change when it runs, or make another');

const skipped = (due: number, why: string, next: number | null, count = 1): Met => ({
  type: 'RunSkipped',
  due,
  count,
  why,
  next,
});

/** What waits for its turn ends with the schedule, or its pause, and does not just vanish. */
const dropped = ({ waiting, next }: Made, by: 'paused' | 'deleted'): readonly Met[] =>
  waiting.map((due) => skipped(due, `the schedule was ${by} while it waited`, next));

type Met = Extract<ScheduleEvent, { readonly due: number }>;

/** One time has come: what becomes of it while others run. */
const met = (id: string, state: Made, due: number, next: number | null): Met => {
  const { overlap, running, waiting } = state;
  const fired = (replaces: readonly string[] = []): Met => ({
    type: 'ScheduleFired',
    job: runOf(id, due),
    due,
    replaces,
    next,
  });
  if (running.length === 0) return fired();
  switch (overlap) {
    case 'skip':
      return skipped(due, 'the run before it had not ended', next);
    case 'queue':
      return waiting.length < MAX_WAITING
        ? { type: 'RunQueued', due, next }
        : skipped(due, `${MAX_WAITING} runs waited for their turn`, next);
    case 'replace':
      return fired(running);
    case 'allow':
      return running.length < MAX_RUNNING ? fired() : skipped(due, `${MAX_RUNNING} runs had not ended`, next);
  }
};

const withRight = (event: ScheduleEvent, { right }: Judged): ScheduleEvent =>
  event.type === 'ScheduleFired' ? { ...event, ...right } : event;

/** The times that have come, oldest first: those that were missed are counted to `MAX_MISSED_RUNS`, further ones left out. */
const comeUntil = ({ when, made, next }: Made, now: number) => {
  const late: number[] = [];
  const fresh: number[] = [];
  const missedBefore = now - MISSED_AFTER_MS;
  let due = next;
  while (due !== null && due <= now) {
    const isLate = due < missedBefore;
    const enough = isLate && late.length === MAX_MISSED_RUNS;
    if (!enough) (isLate ? late : fresh).push(due);
    due = nextAfter(when, made, enough ? missedBefore - 1 : due);
  }
  return { late, fresh };
};

const pause = (reason: string): ScheduleEvent => ({ type: 'SchedulePaused', reason });

/** No run of all that have come until now; who may not run it any more has it paused. */
const refuseRuns = (
  state: Made,
  now: number,
  { why, forGood }: NonNullable<Judged['refused']>,
): readonly ScheduleEvent[] => {
  const { late, fresh } = comeUntil(state, now);
  const [first = now] = [...late, ...fresh];
  const next = forGood ? null : nextAfter(state.when, state.made, now);
  const come = skipped(first, why, next, late.length + fresh.length);
  return forGood ? [...state.waiting.map((due) => skipped(due, why, next)), come, pause(why)] : [come];
};

/** A run that replaces others needs no room besides theirs: were they counted, it could never do so in a full quota. */
const placesOf = (event: Met): number =>
  event.type === 'ScheduleFired' && event.replaces.length === 0 ? 1 : 0;

const fire = (
  id: string,
  state: Made,
  now: number,
  { runs, why }: Room = { runs: Infinity, why: '' },
): readonly ScheduleEvent[] => {
  const { when, made, missed, atMost } = state;
  const next = nextAfter(when, made, now);
  const { late, fresh } = comeUntil(state, now);
  const caughtUp = late.slice(0, missed === 'skip' ? 0 : missed === 'once' ? 1 : atMost);
  const lost = late.slice(caughtUp.length);
  const events: ScheduleEvent[] = [];
  let after = state;
  let left = runs;
  const add = (wished: Met): void => {
    const takes = placesOf(wished);
    const event = takes > left ? skipped(wished.due, why, next) : wished;
    left -= placesOf(event);
    events.push(event);
    after = evolve(after, event) as Made;
  };
  for (const due of caughtUp) add(met(id, after, due, next));
  if (lost[0] !== undefined)
    add(skipped(lost[0], 'no server ran the schedules at that time', next, lost.length));
  for (const due of fresh) add(met(id, after, due, next));
  return events;
};

const evolve = (state: Schedule, event: ScheduleEvent): Schedule => {
  if (event.type === 'ScheduleMade') {
    const { job, made, next } = event;
    const rest = { paused: false, met: 0, running: [], waiting: [] };
    return { is: 'made', job, made, ...termsOf(event), next, ...rest };
  }
  if (state.is !== 'made') return state;
  const others = (due: number) => state.waiting.filter((one) => one !== due);
  switch (event.type) {
    case 'ScheduleChanged':
      return { ...state, ...termsOf(event), made: event.made, next: event.next };
    case 'SchedulePaused':
      return { ...state, paused: true, next: null, waiting: [] };
    case 'ScheduleResumed':
      return { ...state, paused: false, next: event.next };
    case 'ScheduleDeleted':
      return { is: 'deleted' };
    case 'ScheduleFired': {
      const { due, next, job, replaces } = event;
      const running = [...state.running.filter((one) => !replaces.includes(one)), job];
      return { ...state, met: Math.max(state.met, due), next, running, waiting: others(due) };
    }
    case 'RunSkipped':
      return { ...state, met: Math.max(state.met, event.due), next: event.next, waiting: others(event.due) };
    case 'RunQueued':
      return {
        ...state,
        met: Math.max(state.met, event.due),
        next: event.next,
        waiting: [...state.waiting, event.due],
      };
    case 'RunEnded':
      return { ...state, running: state.running.filter((one) => one !== event.job) };
  }
};

const decider: Decider<Schedule, ScheduleCommand, ScheduleEvent, ScheduleRefusal> = {
  initial: { is: 'new' },

  decide(command, state) {
    if (command.type === 'MakeSchedule') {
      const { job, now, when } = command;
      if (state.is !== 'new') return refuse('ScheduleExists', 'There is a schedule with this id already');
      const wrong = wrongTerms(command) ?? wrongWhen(when, now) ?? wrongIn(job);
      const next = wrong ? null : nextAfter(when, now, now);
      return wrong ?? [{ type: 'ScheduleMade', ...termsOf(command), job, made: now, next }];
    }
    // What the process tells may come late: then nothing happens.
    if (command.type === 'FireSchedule') {
      if (state.is !== 'made' || state.next === null || state.next > command.now) return [];
      return command.refused === undefined
        ? fire(command.id, state, command.now, command.room).map((event) => withRight(event, command))
        : refuseRuns(state, command.now, command.refused);
    }
    if (command.type === 'EndRun') {
      if (state.is !== 'made' || !state.running.includes(command.job)) return [];
      const ended: ScheduleEvent = { type: 'RunEnded', job: command.job, outcome: command.outcome };
      const [due] = state.waiting;
      if (due === undefined || state.running.length > 1) return [ended];
      const full = command.room && command.room.runs < 1 ? { ...command.room, forGood: false } : undefined;
      const refused = command.refused ?? full;
      if (refused !== undefined) {
        const { why, forGood } = refused;
        const lost = state.waiting.map((one) => skipped(one, why, state.next));
        return [ended, ...lost, ...(forGood ? [pause(why)] : [])];
      }
      return [ended, withRight(met(command.id, evolve(state, ended) as Made, due, state.next), command)];
    }
    if (state.is !== 'made') return refuse('NoSuchSchedule', 'There is no such schedule');
    const nextTime = (when: When, made: number, now: number) =>
      nextAfter(when, made, Math.max(now, state.met));
    switch (command.type) {
      case 'ChangeSchedule': {
        const { now, when } = command;
        const same = textOf(when) === textOf(state.when);
        const wrong = wrongTerms(command) ?? (same ? undefined : wrongWhen(when, now));
        if (wrong) return wrong;
        if (same) {
          const { made, next } = state;
          return [{ type: 'ScheduleChanged', ...termsOf(command), made, next }];
        }
        const next = state.paused ? null : nextTime(when, now, now);
        return [{ type: 'ScheduleChanged', ...termsOf(command), made: now, next }];
      }
      case 'PauseSchedule': {
        const wrong = checkText('reason', command.reason, { max: 500 });
        if (wrong) return wrong;
        if (state.paused) return refuse('AlreadyPaused', 'The schedule is paused already');
        if (state.next === null && state.waiting.length === 0) return nothingLeft();
        return [...dropped(state, 'paused'), { type: 'SchedulePaused', reason: command.reason }];
      }
      case 'ResumeSchedule': {
        if (!state.paused) return refuse('NotPaused', 'The schedule is not paused');
        const next = nextTime(state.when, state.made, command.now);
        return next === null ? nothingLeft() : [{ type: 'ScheduleResumed', next }];
      }
      case 'DeleteSchedule':
        return [...dropped(state, 'deleted'), { type: 'ScheduleDeleted' }];
    }
  },

  evolve,
};

export const schedule = { name: 'schedule', context: 'jobs', decider, remembers: 100, snapshot: 1 } as const;
