import type { Rights } from '@openpro/platform';
import type { SessionRow } from './session-list.projection.js';

type Seen = Pick<SessionRow, 'state' | 'licence' | 'owner' | 'attached'>;

/**
 * While a session waits for its seat, no server holds it that could count who looks at it: where its owner does, that
 * server says so. Whoever finds it said otherwise, by another window that was closed or for a server that was lost,
 * says it again.
 */
export const waitingVisit = (
  visitor: Rights,
  tell: (type: 'AttachSession' | 'DetachSession') => void,
): { see(row: Seen): void; leave(): void } => {
  let here = false;
  return {
    see({ state, licence, owner, attached }) {
      here = state === 'requested' && licence !== null && owner === visitor.id;
      if (here && !attached) tell('AttachSession');
    },
    leave() {
      if (here) tell('DetachSession');
    },
  };
};
