import type { Projection } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { NodeEvent } from './node.js';

export interface NodeRow {
  readonly id: string;
  readonly name: string;
  readonly state: 'joined' | 'dead' | 'left';
  readonly epoch: number;
  readonly roles: readonly string[];
  readonly slots: number;
  readonly version: string;
  readonly isolation: string;
  readonly joined_at: number;
}

export const nodeList: Projection<NodeRow, NodeEvent> = {
  name: 'node_list',
  version: 1,
  columns: {
    id: 'text',
    name: 'text',
    state: 'text',
    epoch: 'int4',
    roles: 'jsonb',
    slots: 'int4',
    version: 'text',
    isolation: 'text',
    joined_at: 'int8',
  },
  key: 'id',
  on: ['NodeJoined', 'NodeDeclaredDead', 'NodeLeft'],
  keyOf: ({ stream }) => idOf(stream),
  evolve(row, { stream, at, event }) {
    switch (event.type) {
      case 'NodeJoined': {
        const { name, epoch, roles, slots, version, isolation } = event;
        return {
          id: idOf(stream),
          name,
          state: 'joined',
          epoch,
          roles,
          slots,
          version,
          isolation,
          joined_at: at,
        };
      }
      case 'NodeDeclaredDead':
        return row && { ...row, state: 'dead' };
      case 'NodeLeft':
        return row && { ...row, state: 'left' };
    }
  },
};
