import type { Projection } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import { groupsWhile } from './quotas.js';
import type { When } from './recurrence.js';
import type { ScheduleEvent, Terms } from './schedule.js';

export interface ScheduleRow {
  readonly id: string;
  readonly environment: string;
  readonly owner: string;
  readonly groups: readonly string[];
  readonly name: string;
  readonly app: string;
  readonly version: string;
  readonly procedure: string;
  /** Digest of the case that is the data of its runs. */
  readonly input: string | null;
  readonly description: string;
  readonly priority: number;
  readonly time_limit: number | null;
  readonly runs_when: When;
  readonly overlap: Terms['overlap'];
  readonly missed: Terms['missed'];
  readonly at_most: number;
  /** When `runs_when` was asked for. */
  readonly asked_at: number;
  readonly made_at: number;
  /** Why it is paused. */
  readonly paused: string | null;
  readonly next: number | null;
  readonly last_job: string | null;
  /** Its runs that have not ended; those that have just been decided have no job yet. */
  readonly running: readonly string[];
  /** Why its last time had no run. */
  readonly skipped: string | null;
  readonly stream_version: number;
}

const terms = ({ name, when, overlap, missed, atMost }: Terms) => ({
  name,
  runs_when: when,
  overlap,
  missed,
  at_most: atMost,
});

const changed = (
  row: ScheduleRow,
  event: Exclude<ScheduleEvent, { type: 'ScheduleMade' }>,
): ScheduleRow | undefined => {
  switch (event.type) {
    case 'ScheduleChanged':
      return { ...row, ...terms(event), asked_at: event.made, next: event.next };
    case 'SchedulePaused':
      return { ...row, paused: event.reason, next: null };
    case 'ScheduleResumed':
      return { ...row, paused: null, next: event.next };
    case 'ScheduleFired':
      return {
        ...row,
        groups: groupsWhile(row.running.length > 0, row.groups, event.groups ?? row.groups),
        last_job: event.job,
        running: [...row.running.filter((one) => !event.replaces.includes(one)), event.job],
        skipped: null,
        next: event.next,
      };
    case 'RunSkipped':
      return { ...row, skipped: event.why, next: event.next };
    case 'RunQueued':
      return { ...row, next: event.next };
    case 'RunEnded':
      return { ...row, running: row.running.filter((one) => one !== event.job) };
    case 'ScheduleDeleted':
      return undefined;
  }
};

export const scheduleList: Projection<ScheduleRow, ScheduleEvent> = {
  name: 'schedule_list',
  version: 3,
  columns: {
    id: 'text',
    environment: 'text',
    owner: 'text',
    groups: 'jsonb',
    name: 'text',
    app: 'text',
    version: 'text',
    procedure: 'text',
    input: 'text',
    description: 'text',
    priority: 'int4',
    time_limit: 'float8',
    runs_when: 'jsonb',
    overlap: 'text',
    missed: 'text',
    at_most: 'int4',
    asked_at: 'int8',
    made_at: 'int8',
    paused: 'text',
    next: 'int8',
    last_job: 'text',
    running: 'jsonb',
    skipped: 'text',
    stream_version: 'int4',
  },
  key: 'id',
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
  ],
  keyOf: ({ stream }) => idOf(stream),
  evolve(row, { stream, version: stream_version, at, event }) {
    if (event.type !== 'ScheduleMade') {
      const after = row && changed(row, event);
      return after && { ...after, stream_version };
    }
    const { job, made, next } = event;
    return {
      id: idOf(stream),
      environment: job.environment,
      owner: job.owner,
      groups: job.groups ?? [],
      ...terms(event),
      app: job.app.name,
      version: job.app.version,
      procedure: job.procedure,
      input: job.input,
      description: job.description,
      priority: job.priority,
      time_limit: job.timeLimit,
      asked_at: made,
      made_at: at,
      paused: null,
      next,
      last_job: null,
      running: [],
      skipped: null,
      stream_version,
    };
  },
};
