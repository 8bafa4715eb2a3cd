import type { Projection } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { LicenceEvent, SeatKind } from './licence.js';

/** A seat that somebody holds, or a place in the line. */
export interface LicenceUseRow {
  /** The holder: a session, or `job:attempt`. */
  readonly id: string;
  /** `environment:name` */
  readonly licence: string;
  readonly kind: SeatKind;
  readonly owner: string;
  /** Where an attempt holds it: itself, because it shares with none. */
  readonly device: string;
  readonly state: 'waiting' | 'held';
  /** Who came first has the lower one. */
  readonly turn: number;
  /** When it began to wait, or got its seat. */
  readonly since: number;
  /** Milliseconds in the line, of one that has its seat. */
  readonly waited_ms: number | null;
}

type On = Exclude<LicenceEvent, { type: 'LicenceDefined' }>;

/** Who holds what since when, and who waits since when: a row per holder, gone when he is. */
export const licenceUse: Projection<LicenceUseRow, On> = {
  name: 'licence_use',
  version: 2,
  columns: {
    id: 'text',
    licence: 'text',
    kind: 'text',
    owner: 'text',
    device: 'text',
    state: 'text',
    turn: 'int8',
    since: 'int8',
    waited_ms: 'int8',
  },
  key: 'id',
  on: ['SeatQueued', 'SeatGranted', 'SeatReleased', 'SeatExpired', 'SeatFreed', 'LineLeft'],
  keyOf: ({ event }) => event.holder,
  evolve(before, { stream, at, version, event }) {
    switch (event.type) {
      case 'SeatQueued':
      case 'SeatGranted': {
        const { kind, holder, user, device } = event;
        return {
          id: holder,
          licence: idOf(stream),
          kind,
          owner: user,
          device: device ?? holder,
          state: event.type === 'SeatQueued' ? 'waiting' : 'held',
          turn: version,
          since: at,
          waited_ms: event.type === 'SeatGranted' ? at - (before?.since ?? at) : null,
        };
      }
      case 'SeatReleased':
      case 'SeatExpired':
      case 'SeatFreed':
      case 'LineLeft':
        return undefined;
    }
  },
};
