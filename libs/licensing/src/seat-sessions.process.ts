import type { Process, ProcessCommand } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { SessionCommand, SessionEvent } from '@openpro/sessions';
import type { LicenceCommand, LicenceEvent } from './licence.js';

/** A session of an app with a licence, until its end. */
export interface Seated {
  readonly session: string;
  /** `environment:name` */
  readonly licence: string;
  /** Somebody looks at it. */
  readonly attached: boolean;
  /** While it waits in the line: so long its place is held when nobody does. */
  readonly holdS: number | null;
}

type On =
  | Extract<
      SessionEvent,
      { type: 'SessionRequested' | 'SessionAttached' | 'SessionDetached' | 'SessionEnded' }
    >
  | Exclude<LicenceEvent, { type: 'LicenceDefined' | 'SeatReleased' | 'SeatExpired' }>;

const toLicence = (id: string, command: LicenceCommand): ProcessCommand => ({ to: 'licence', id, command });

const end = (id: string, reason: 'left-line' | 'seat-freed', message: string): ProcessCommand => {
  const command: SessionCommand = { type: 'EndSession', reason, message };
  return { to: 'session', id, command };
};

const nameOf = (licence: string): string => licence.slice(licence.indexOf(':') + 1);

const LEFT = {
  left: (name: string) => `It left the line for licence ${name}`,
  ended: (name: string) => `It left the line for licence ${name}`,
  'not-allowed': (name: string) =>
    `You may not use licence ${name}, which the app needs: ask an administrator`,
  'line-full': (name: string) => `Too many wait for licence ${name} already: try again later`,
} as const;

/**
 * A session's seat lives as long as the session, which ends in the log whatever kills it: so no lease has to be
 * renewed. Waiting, it keeps its place while somebody looks at it, and `holdS` seconds longer.
 */
export const seatSessions: Process<Seated, On> = {
  name: 'seat-sessions',
  version: 1,
  on: [
    'SessionRequested',
    'SessionAttached',
    'SessionDetached',
    'SessionEnded',
    'SeatQueued',
    'SeatGranted',
    'SeatFreed',
    'LineLeft',
  ],

  keyOf({ stream, event }) {
    if (!('holder' in event)) return idOf(stream);
    return event.kind === 'data' ? event.holder : undefined;
  },

  react(state, { stream, at, event }) {
    const gone = (holdS: number | null) => (holdS === null ? {} : { timers: { gone: at + holdS * 1000 } });
    switch (event.type) {
      case 'SessionRequested': {
        if (event.licence === undefined) return { state: undefined };
        const session = idOf(stream);
        const licence = `${event.environment}:${event.licence}`;
        const command: LicenceCommand = {
          type: 'RequestSeat',
          kind: 'data',
          holder: session,
          user: event.owner,
          device: event.device ?? session,
        };
        return {
          state: { session, licence, attached: false, holdS: null },
          commands: [toLicence(licence, command)],
        };
      }
      case 'SessionAttached':
        return { state: state && { ...state, attached: true }, timers: { gone: null } };
      case 'SessionDetached':
        return { state: state && { ...state, attached: false }, ...(state ? gone(state.holdS) : {}) };
      case 'SeatQueued':
        if (!state) return { state };
        return { state: { ...state, holdS: event.holdS }, ...(state.attached ? {} : gone(event.holdS)) };
      case 'SeatGranted':
        // Of a session that is over: asked for late, when its end was told already.
        if (!state)
          return {
            state,
            commands: [toLicence(idOf(stream), { type: 'ReleaseSeat', holder: event.holder })],
          };
        return { state: { ...state, holdS: null }, timers: { gone: null } };
      case 'SeatFreed': {
        if (!state) return { state };
        const why = event.reason === '' ? '' : `: ${event.reason}`;
        const message = `An administrator freed its seat of licence ${nameOf(state.licence)}${why}`;
        return { state, commands: [end(state.session, 'seat-freed', message)] };
      }
      case 'LineLeft': {
        if (!state) return { state };
        const message = LEFT[event.reason](nameOf(state.licence));
        return { state, commands: [end(state.session, 'left-line', message)], timers: { gone: null } };
      }
      case 'SessionEnded':
        if (!state) return { state };
        return {
          state: undefined,
          commands: [toLicence(state.licence, { type: 'ReleaseSeat', holder: state.session })],
        };
      case 'TimerFired': {
        if (!state || state.attached || state.holdS === null) return { state };
        const message = `Nobody looked at it for ${state.holdS} s while it waited for licence ${nameOf(state.licence)}`;
        return { state, commands: [end(state.session, 'left-line', message)] };
      }
    }
  },
};
