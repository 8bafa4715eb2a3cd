import type { Projection } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { UserEvent } from './user.js';

export interface UserRow {
  readonly id: string;
  readonly environment: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly created_at: number;
}

type On = Extract<UserEvent, { type: 'UserCreated' }>;

export const userList: Projection<UserRow, On> = {
  name: 'user_list',
  version: 1,
  columns: { id: 'text', environment: 'text', name: 'text', roles: 'jsonb', created_at: 'int8' },
  key: 'id',
  on: ['UserCreated'],
  keyOf: ({ stream }) => idOf(stream),
  evolve: (_, { stream, at, event: { environment, name, roles } }) => ({
    id: idOf(stream),
    environment,
    name,
    roles,
    created_at: at,
  }),
};
