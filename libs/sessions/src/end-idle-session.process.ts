import type { Process } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { SessionCommand, SessionEvent } from './session.js';

/** So long a session is kept for somebody to come back to, from another device too. */
export const IDLE_MS = 30 * 60_000;

type On = Extract<
  SessionEvent,
  { type: 'SessionPlaced' | 'SessionReady' | 'SessionAttached' | 'SessionDetached' | 'SessionEnded' }
>;

interface Visit {
  readonly session: string;
  readonly attached: boolean;
}

/** Ends a session that nobody has looked at for `IDLE_MS`, also one that nobody ever came to. */
export const endIdleSession: Process<Visit, On> = {
  name: 'end-idle-session',
  version: 1,
  on: ['SessionPlaced', 'SessionReady', 'SessionAttached', 'SessionDetached', 'SessionEnded'],
  keyOf: ({ stream }) => idOf(stream),

  react(state, { stream, at, event }) {
    const session = idOf(stream);
    switch (event.type) {
      case 'SessionPlaced': // who waited for it is counted anew where it lives
        return { state: undefined };
      case 'SessionReady':
        return state?.attached
          ? { state }
          : { state: { session, attached: false }, timers: { idle: at + IDLE_MS } };
      case 'SessionAttached':
        return { state: { session, attached: true }, timers: { idle: null } };
      case 'SessionDetached':
        return { state: { session, attached: false }, timers: { idle: at + IDLE_MS } };
      case 'SessionEnded':
        return { state: undefined };
      case 'TimerFired': {
        if (!state || state.attached) return { state };
        const command: SessionCommand = { type: 'EndSession', reason: 'idle' };
        return { state, commands: [{ to: 'session', id: state.session, command }] };
      }
    }
  },
};
