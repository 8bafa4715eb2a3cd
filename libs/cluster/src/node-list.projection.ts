import type { Projection } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { NodeEvent } from './node.js';

export interface NodeRow {
  readonly id: string;
  readonly name: string;
  readonly state: 'invited' | 'joined' | 'dead' | 'left' | 'removed';
  /** 0 before the first life. */
  readonly epoch: number;
  readonly roles: readonly string[];
  readonly slots: number;
  readonly version: string;
  readonly isolation: string;
  readonly labels: readonly string[];
  /** Takes no new work, also after a restart. */
  readonly draining: boolean;
  readonly drain_reason: string | null;
  /** From then on what still runs there is given back. */
  readonly drain_until: number | null;
  /** `host:port` for other servers. */
  readonly link: string | null;
  readonly joined_at: number | null;
  /** Null = as much as anybody needs. */
  readonly memory_mib: number | null;
  readonly cores: number | null;
}

const UNDRAINED = { draining: false, drain_reason: null, drain_until: null } as const;

export const nodeList: Projection<NodeRow, NodeEvent> = {
  name: 'node_list',
  version: 2,
  columns: {
    id: 'text',
    name: 'text',
    state: 'text',
    epoch: 'int4',
    roles: 'jsonb',
    slots: 'int4',
    version: 'text',
    isolation: 'text',
    labels: 'jsonb',
    draining: 'bool',
    drain_reason: 'text',
    drain_until: 'int8',
    link: 'text',
    joined_at: 'int8',
    memory_mib: 'float8',
    cores: 'float8',
  },
  key: 'id',
  on: [
    'NodeInvited',
    'NodeAdmitted',
    'NodeJoined',
    'NodeDeclaredDead',
    'NodeLeft',
    'NodeDrainStarted',
    'NodeResumed',
    'NodeRemoved',
  ],
  keyOf: ({ stream }) => idOf(stream),
  evolve(row, { stream, at, event }) {
    switch (event.type) {
      case 'NodeInvited':
        if (row && row.epoch > 0) return row; // again, and until it comes back nothing has changed
        return {
          id: idOf(stream),
          name: event.name,
          state: 'invited',
          epoch: 0,
          roles: event.roles,
          slots: 0,
          version: '',
          isolation: '',
          labels: [],
          ...UNDRAINED,
          link: null,
          joined_at: null,
          memory_mib: null,
          cores: null,
        };
      case 'NodeAdmitted':
        return row; // until it has joined nothing runs there
      case 'NodeJoined': {
        const { name, epoch, roles, slots, version, isolation, labels = [], link = null } = event;
        const { memoryMiB = null, cores = null } = event;
        return {
          ...(row ?? UNDRAINED),
          id: idOf(stream),
          name,
          state: 'joined',
          epoch,
          roles,
          slots,
          version,
          isolation,
          labels,
          link,
          joined_at: at,
          memory_mib: memoryMiB,
          cores,
        };
      }
      case 'NodeDeclaredDead':
        return row && { ...row, state: 'dead' };
      case 'NodeLeft':
        return row && { ...row, state: 'left' };
      case 'NodeDrainStarted': {
        const { reason, graceS } = event;
        return row && { ...row, draining: true, drain_reason: reason, drain_until: at + graceS * 1000 };
      }
      case 'NodeResumed':
        return row && { ...row, ...UNDRAINED };
      case 'NodeRemoved':
        return row && { ...row, state: 'removed', ...UNDRAINED };
    }
  },
};
