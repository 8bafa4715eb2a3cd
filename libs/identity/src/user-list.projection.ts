import type { Projection } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { UserEvent } from './user.js';

export interface UserRow {
  readonly id: string;
  readonly environment: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  readonly created_at: number;
}

type On = Extract<UserEvent, { type: 'UserCreated' | 'UserGroupsSet' }>;

export const userList: Projection<UserRow, On> = {
  name: 'user_list',
  version: 2,
  columns: {
    id: 'text',
    environment: 'text',
    name: 'text',
    roles: 'jsonb',
    groups: 'jsonb',
    created_at: 'int8',
  },
  key: 'id',
  on: ['UserCreated', 'UserGroupsSet'],
  keyOf: ({ stream }) => idOf(stream),
  evolve(row, { stream, at, event }) {
    if (event.type === 'UserGroupsSet') return row && { ...row, groups: event.groups };
    const { environment, name, roles, groups = [] } = event;
    return { id: idOf(stream), environment, name, roles, groups, created_at: at };
  },
};
