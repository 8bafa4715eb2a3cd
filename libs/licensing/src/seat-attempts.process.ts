import type { Process, ProcessCommand } from '@openpro/eventstore';
import type { JobCommand, JobEvent } from '@openpro/jobs';
import { idOf } from '@openpro/kernel';
import { attemptOf, type LicenceCommand, type LicenceEvent } from './licence.js';

/** An attempt that has a seat, until its end. */
export interface SeatedAttempt {
  /** `environment:name` */
  readonly licence: string;
  /** Where it runs; null until then. */
  readonly at: { readonly node: string; readonly nodeEpoch: number } | null;
}

type On =
  | Extract<
      JobEvent,
      {
        type: 'JobStarted' | 'JobRequeued' | 'JobCompleted' | 'JobFailed' | 'JobCancelled' | 'JobAbandoned';
      }
    >
  | Extract<LicenceEvent, { type: 'SeatGranted' | 'SeatExpired' | 'SeatFreed' }>;

const toLicence = (id: string, command: LicenceCommand): ProcessCommand => ({ to: 'licence', id, command });

/** It must not go on without a seat: nobody is charged. */
const giveBack = (job: string, attempt: number, node: string, nodeEpoch: number): ProcessCommand => {
  const command: JobCommand = { type: 'DrainAttempt', attempt, node, nodeEpoch };
  return { to: 'job', id: job, command };
};

/**
 * The seat of an attempt comes back when that ends, and when it has not started within the lease, whatever happened
 * between the grant and the start. An attempt that has lost its seat is given back.
 */
export const seatAttempts: Process<SeatedAttempt, On> = {
  name: 'seat-attempts',
  version: 1,
  on: [
    'SeatGranted',
    'SeatExpired',
    'SeatFreed',
    'JobStarted',
    'JobRequeued',
    'JobCompleted',
    'JobFailed',
    'JobCancelled',
    'JobAbandoned',
  ],

  /** The holder; jobs without a licence cost nothing. */
  keyOf({ stream, event }) {
    if ('holder' in event) return event.kind === 'optimization' ? event.holder : undefined;
    const licence = 'of' in event ? event.of.licence : event.licence;
    return licence === undefined || event.attempt === null ? undefined : `${idOf(stream)}:${event.attempt}`;
  },

  react(state, { stream, at, event }) {
    switch (event.type) {
      case 'SeatGranted':
        return {
          state: { licence: idOf(stream), at: null },
          timers: { [event.holder]: at + event.leaseS * 1000 },
        };
      case 'SeatExpired':
      case 'SeatFreed': {
        if (!state?.at) return { state: undefined };
        const { job, attempt } = attemptOf(event.holder);
        const { node, nodeEpoch } = state.at;
        return { state: undefined, commands: [giveBack(job, attempt, node, nodeEpoch)] };
      }
      case 'JobStarted': {
        const job = idOf(stream);
        const { attempt, node, nodeEpoch } = event;
        return state
          ? { state: { ...state, at: { node, nodeEpoch } }, timers: { [`${job}:${attempt}`]: null } }
          : { state, commands: [giveBack(job, attempt, node, nodeEpoch)] }; // it comes after its lease
      }
      case 'JobRequeued':
      case 'JobCompleted':
      case 'JobFailed':
      case 'JobCancelled':
      case 'JobAbandoned': {
        if (!state) return { state };
        const holder = `${idOf(stream)}:${event.attempt}`;
        return { state: undefined, commands: [toLicence(state.licence, { type: 'ReleaseSeat', holder })] };
      }
      case 'TimerFired': {
        if (!state || state.at) return { state };
        return {
          state,
          commands: [toLicence(state.licence, { type: 'ExpireSeat', holder: event.timer })],
        };
      }
    }
  },
};
