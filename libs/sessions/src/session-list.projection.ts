import type { Projection } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { LicenceEvent } from '@openpro/licensing';
import type { EndReason, LaunchStep, SessionEvent } from './session.js';

export interface SessionRow {
  readonly id: string;
  readonly environment: string;
  readonly owner: string;
  readonly app: string;
  readonly version: string;
  readonly app_digest: string;
  readonly engine_name: string;
  readonly engine_version: string;
  readonly engine_digest: string;
  readonly state: 'requested' | 'starting' | 'ready' | 'ended';
  readonly attached: boolean;
  readonly node: string | null;
  readonly node_epoch: number | null;
  readonly requested_at: number;
  readonly placed_at: number | null;
  readonly ready_at: number | null;
  readonly ended_at: number | null;
  readonly end_reason: EndReason | null;
  readonly end_message: string | null;
  readonly steps: readonly LaunchStep[];
  /** Digest of its data as kept last, or as it was opened with. */
  readonly saved: string | null;
  readonly saved_at: number | null;
  /** Name of the licence that the app needs. */
  readonly licence: string | null;
  /** When it got a seat of that. */
  readonly seated_at: number | null;
}

type Requested = Extract<SessionEvent, { type: 'SessionRequested' }>;
type On = SessionEvent | Extract<LicenceEvent, { type: 'SeatGranted' }>;

const requested = (
  id: string,
  at: number,
  { environment, owner, app, engine, restores, licence }: Requested,
): SessionRow => ({
  id,
  environment,
  owner,
  app: app.name,
  version: app.version,
  app_digest: app.digest,
  engine_name: engine.name,
  engine_version: engine.version,
  engine_digest: engine.digest,
  state: 'requested',
  attached: false,
  node: null,
  node_epoch: null,
  requested_at: at,
  placed_at: null,
  ready_at: null,
  ended_at: null,
  end_reason: null,
  end_message: null,
  steps: [],
  saved: restores?.digest ?? null,
  saved_at: restores ? at : null,
  licence: licence ?? null,
  seated_at: null,
});

const changed = (row: SessionRow, event: Exclude<On, Requested>, at: number): SessionRow => {
  switch (event.type) {
    case 'SeatGranted': // also when it has ended meanwhile: then the seat goes back at once
      return row.state === 'requested' ? { ...row, seated_at: at } : row;
    case 'SessionPlaced':
      return {
        ...row,
        state: 'starting',
        attached: false,
        node: event.node,
        node_epoch: event.nodeEpoch,
        placed_at: at,
      };
    case 'SessionReady':
      return { ...row, state: 'ready', ready_at: at, steps: event.steps };
    case 'SessionAttached':
      return { ...row, attached: true };
    case 'SessionDetached':
      return { ...row, attached: false };
    case 'SessionSaved':
      return { ...row, saved: event.digest, saved_at: at };
    case 'SessionEnded': {
      const { reason, message = null } = event;
      return {
        ...row,
        state: 'ended',
        attached: false,
        ended_at: at,
        end_reason: reason,
        end_message: message,
      };
    }
  }
};

export const sessionList: Projection<SessionRow, On> = {
  name: 'session_list',
  version: 4,
  columns: {
    id: 'text',
    environment: 'text',
    owner: 'text',
    app: 'text',
    version: 'text',
    app_digest: 'text',
    engine_name: 'text',
    engine_version: 'text',
    engine_digest: 'text',
    state: 'text',
    attached: 'bool',
    node: 'text',
    node_epoch: 'int4',
    requested_at: 'int8',
    placed_at: 'int8',
    ready_at: 'int8',
    ended_at: 'int8',
    end_reason: 'text',
    end_message: 'text',
    steps: 'jsonb',
    saved: 'text',
    saved_at: 'int8',
    licence: 'text',
    seated_at: 'int8',
  },
  key: 'id',
  on: [
    'SessionRequested',
    'SessionPlaced',
    'SessionReady',
    'SessionAttached',
    'SessionDetached',
    'SessionSaved',
    'SessionEnded',
    'SeatGranted',
  ],
  keyOf({ stream, event }) {
    if (event.type !== 'SeatGranted') return idOf(stream);
    return event.kind === 'data' ? event.holder : undefined;
  },
  evolve: (row, { stream, at, event }) =>
    event.type === 'SessionRequested' ? requested(idOf(stream), at, event) : row && changed(row, event, at),
};
