import type { NodeEvent } from '@openpro/cluster';
import type { Process, ProcessCommand } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { SessionCommand, SessionEvent } from './session.js';

/** One life of one server. `lost` is kept for ever: a placement may reach the log after its server's death. */
export type LifeOfServer =
  { readonly is: 'alive'; readonly sessions: readonly string[] } | { readonly is: 'lost' };

type On =
  | Extract<SessionEvent, { type: 'SessionPlaced' | 'SessionEnded' }>
  | Extract<NodeEvent, { type: 'NodeDeclaredDead' | 'NodeLeft' }>;

const loseNode = (session: string, node: string, nodeEpoch: number): ProcessCommand => {
  const command: SessionCommand = { type: 'LoseNode', node, nodeEpoch };
  return { to: 'session', id: session, command };
};

/** When a server's life is over, every session that lived there is told. */
export const endSessionsOfLostNode: Process<LifeOfServer, On> = {
  name: 'end-sessions-of-lost-node',
  version: 1,
  on: ['SessionPlaced', 'SessionEnded', 'NodeDeclaredDead', 'NodeLeft'],

  keyOf({ stream, event }) {
    switch (event.type) {
      case 'NodeDeclaredDead':
      case 'NodeLeft':
        return `${idOf(stream)}:${event.epoch}`;
      case 'SessionPlaced':
      case 'SessionEnded':
        return event.node === undefined ? undefined : `${event.node}:${event.nodeEpoch}`;
    }
  },

  react(state = { is: 'alive', sessions: [] }, { stream, event }) {
    const id = idOf(stream);
    switch (event.type) {
      case 'NodeDeclaredDead':
      case 'NodeLeft': {
        const lost = state.is === 'alive' ? state.sessions : [];
        return { state: { is: 'lost' }, commands: lost.map((session) => loseNode(session, id, event.epoch)) };
      }
      case 'SessionPlaced':
        return state.is === 'lost'
          ? { state, commands: [loseNode(id, event.node, event.nodeEpoch)] }
          : { state: { is: 'alive', sessions: [...state.sessions, id] } };
      case 'SessionEnded': {
        if (state.is === 'lost') return { state };
        const sessions = state.sessions.filter((session) => session !== id);
        return { state: sessions.length > 0 ? { is: 'alive', sessions } : undefined };
      }
      case 'TimerFired':
        return { state };
    }
  },
};
