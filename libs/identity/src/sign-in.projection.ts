import type { Projection } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { UserEvent } from './user.js';

/** One open sign-in: everything that a request has to know about who sends it. */
export interface SignInRow {
  readonly token_hash: string;
  readonly user_id: string;
  readonly environment: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly client: 'browser' | 'cli';
  readonly signed_in_at: number;
  readonly expires_at: number;
}

type On = Extract<UserEvent, { type: 'SignedIn' | 'SignedOut' }>;

export const signInList: Projection<SignInRow, On> = {
  name: 'sign_in',
  version: 1,
  columns: {
    token_hash: 'text',
    user_id: 'text',
    environment: 'text',
    name: 'text',
    roles: 'jsonb',
    client: 'text',
    signed_in_at: 'int8',
    expires_at: 'int8',
  },
  key: 'token_hash',
  on: ['SignedIn', 'SignedOut'],
  keyOf: ({ event }) => event.tokenHash,
  evolve(_, { stream, at, event }) {
    if (event.type === 'SignedOut') return undefined;
    return {
      token_hash: event.tokenHash,
      user_id: idOf(stream),
      environment: event.environment,
      name: event.name,
      roles: event.roles,
      client: event.client,
      signed_in_at: at,
      expires_at: event.expiresAt,
    };
  },
};
