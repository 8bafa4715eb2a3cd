import type { Process, ProcessCommand, Reaction } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import { type JobCommand, type JobEvent, OWN_PRIORITY, type QueuedJob } from './job.js';
import { type Schedule, schedule, type ScheduleCommand, type ScheduleEvent } from './schedule.js';

type On =
  ScheduleEvent | Extract<JobEvent, { type: 'JobCompleted' | 'JobFailed' | 'JobCancelled' | 'JobAbandoned' }>;

interface Watched {
  readonly id: string;
  readonly schedule: Schedule & { readonly is: 'made' };
}

/** Whether he may run it is asked when it is decided. */
const judgedBy = ({ id, schedule: { job } }: Watched) => ({
  id,
  of: {
    owner: job.owner,
    environment: job.environment,
    app: job.app.name,
    version: job.app.version,
    profile: job.profile ?? null,
    licence: job.licence ?? null,
  },
});

const toSchedule = (command: ScheduleCommand & { readonly id: string }): ProcessCommand => ({
  to: 'schedule',
  id: command.id,
  command,
});

/** Groups and priority are those of the run; only who asked for a worse turn keeps that. */
const rightNow = (
  { priority, best: before = OWN_PRIORITY }: QueuedJob,
  { groups, best }: ScheduleEvent & { type: 'ScheduleFired' },
): Partial<QueuedJob> =>
  groups === undefined || best === undefined
    ? {}
    : { groups, best, priority: priority > before ? Math.max(best, priority) : best };

/** What the schedule says happens: the runs that it replaces end first. */
const run = (
  id: string,
  asked: QueuedJob,
  fired: ScheduleEvent & { type: 'ScheduleFired' },
): readonly ProcessCommand[] => {
  const toJob = (to: string, command: JobCommand): ProcessCommand => ({ to: 'job', id: to, command });
  const reason = 'Replaced by the next run of its schedule';
  return [
    ...fired.replaces.map((former) => toJob(former, { type: 'TerminateJob', reason })),
    toJob(fired.job, { ...asked, ...rightNow(asked, fired), type: 'SubmitJob', schedule: id }),
  ];
};

/** Tells each schedule when its time has come and how its runs have ended, and submits the jobs that it asks for. */
export const fireSchedules: Process<Watched, On> = {
  name: 'fire-schedules',
  version: 1,
  on: [
    'ScheduleMade',
    'ScheduleChanged',
    'SchedulePaused',
    'ScheduleResumed',
    'ScheduleDeleted',
    'ScheduleFired',
    'RunSkipped',
    'RunQueued',
    'RunEnded',
    'JobCompleted',
    'JobFailed',
    'JobCancelled',
    'JobAbandoned',
  ],
  keyOf: ({ stream, event }) => ('of' in event ? event.of.schedule : idOf(stream)),

  react(state, { stream, at, event }): Reaction<Watched> {
    if (event.type === 'TimerFired')
      return {
        state,
        commands: state ? [toSchedule({ type: 'FireSchedule', now: at, ...judgedBy(state) })] : [],
      };
    if ('of' in event) {
      if (!state) return { state }; // it is deleted
      const outcome = event.type === 'JobCompleted' ? event.outcome : event.type.slice(3).toLowerCase();
      const command = { type: 'EndRun', job: idOf(stream), outcome, ...judgedBy(state) } as const;
      return { state, commands: [toSchedule(command)] };
    }
    const id = idOf(stream);
    const before = state?.schedule;
    const after = schedule.decider.evolve(before ?? schedule.decider.initial, event);
    if (after.is !== 'made') return { state: undefined };
    return {
      state: { id, schedule: after },
      // A timer that has fired is not set again by what happens before the schedule has answered.
      ...(after.next === (before?.next ?? null) ? {} : { timers: { due: after.next } }),
      ...(event.type === 'ScheduleFired' ? { commands: run(id, after.job, event) } : {}),
    };
  },
};
