import type { Projection } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { LeadershipEvent } from './leadership.js';

export interface LeaderRow {
  /** `cluster`: the table has one row. */
  readonly id: string;
  readonly node: string;
  readonly epoch: number;
  readonly since: number;
}

export const leader: Projection<LeaderRow, LeadershipEvent> = {
  name: 'leader',
  version: 1,
  columns: { id: 'text', node: 'text', epoch: 'int4', since: 'int8' },
  key: 'id',
  on: ['LeaderElected'],
  keyOf: ({ stream }) => idOf(stream),
  evolve: (_, { stream, at, event: { node, epoch } }) => ({ id: idOf(stream), node, epoch, since: at }),
};
