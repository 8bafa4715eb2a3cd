import { formatDuration } from '../format.js';
import type { MissedRuns, Overlap, ScheduleRowFragment, ScheduleState } from '../generated/graphql.js';

/** How the portal speaks of schedules. Pure. */
export const STATES: Record<ScheduleState, { label: string; color: string }> = {
  ACTIVE: { label: 'Active', color: 'green' },
  PAUSED: { label: 'Paused', color: 'yellow' },
  FINISHED: { label: 'Finished', color: 'gray' },
};

export const OVERLAPS: Record<Overlap, string> = {
  SKIP: 'Leave this time out',
  QUEUE: 'Let this time wait for its turn',
  REPLACE: 'Terminate the run before',
  ALLOW: 'Run both',
};

export const MISSED: Record<MissedRuns, string> = {
  SKIP: 'Leave them out',
  ONCE: 'Run once for all of them',
  ALL: 'Run for each of them',
};

type When = Pick<ScheduleRowFragment, 'at' | 'in' | 'cron' | 'zone'>;

export const whenText = ({ at, in: seconds, cron, zone }: When): string => {
  if (cron !== null) return `${cron} in ${zone}`;
  return at === null
    ? `once, ${formatDuration(seconds)} after it was asked for`
    : `once, at ${at.replace('T', ' ')} in ${zone}`;
};

/** What stands in the form. */
export interface Draft {
  readonly kind: 'at' | 'in' | 'cron';
  readonly at: string;
  readonly minutes: number | '';
  readonly cron: string;
  readonly zone: string;
}

/** What is asked for; null while something is missing. */
export const whenOf = ({ kind, at, minutes, cron, zone }: Draft) => {
  switch (kind) {
    case 'at':
      return at === '' ? null : { at, zone };
    case 'in':
      return minutes === '' ? null : { in: Math.round(minutes * 60) };
    case 'cron':
      return cron.trim() === '' ? null : { cron: cron.trim(), zone };
  }
};

export const draftOf = ({ at, in: seconds, cron, zone }: When, here: string): Draft => ({
  kind: at !== null ? 'at' : seconds !== null ? 'in' : 'cron',
  at: at ?? '',
  minutes: seconds === null ? '' : seconds / 60,
  cron: cron ?? '',
  zone: zone ?? here,
});

const TITLES: Record<string, string> = {
  ScheduleMade: 'Made',
  ScheduleChanged: 'Changed',
  SchedulePaused: 'Paused',
  ScheduleResumed: 'Resumed',
  ScheduleFired: 'Run submitted',
  RunSkipped: 'No run',
  RunQueued: 'Waits for the run before',
  RunEnded: 'Run ended',
};

export const eventTitle = (type: string): string => TITLES[type] ?? type;

/** The one fact of an event that a person asks for. */
export const eventDetail = (data: unknown): string => {
  const {
    reason,
    why,
    count = 1,
    outcome,
  } = data as {
    reason?: string;
    why?: string;
    count?: number;
    outcome?: string;
  };
  if (why !== undefined) return count > 1 ? `${count} times: ${why}` : why;
  return reason ?? outcome ?? '';
};
