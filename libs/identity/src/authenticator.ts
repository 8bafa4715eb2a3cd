import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { ReadSide } from '@openpro/eventstore';
import { type Actor, hashSecret } from '@openpro/platform';
import { EventEmitter } from 'node:events';
import { IdentityQueries } from './identity.queries.js';
import { signInList, type SignInRow } from './sign-in.projection.js';

const SESSION_COOKIE = 'openpro';
const REMEMBERED = 10_000;
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The token of a request: an `Authorization: Bearer` header or the portal's cookie. */
export const tokenOf = (headers: {
  authorization?: string | undefined;
  cookie?: string | undefined;
}): string | null => {
  const bearer = /^Bearer ([\w-]{20,100})$/.exec(headers.authorization ?? '')?.[1];
  return bearer ?? /(?:^|;\s*)openpro=([\w-]{20,100})(?:;|$)/.exec(headers.cookie ?? '')?.[1] ?? null;
};

export const sessionCookie = (token: string, maxAgeS: number, secure: boolean): string =>
  `${SESSION_COOKIE}=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeS}${secure ? '; Secure' : ''}`;

/**
 * From a token to who it is. Sign-ins and users are remembered until the read model reports a change of
 * theirs, so that a sign-out and other groups count at once and a request costs no query.
 */
@Injectable()
export class Authenticator implements OnModuleDestroy {
  private readonly known = new Map<string, SignInRow>();
  private readonly stopListening: () => void;
  private changes = 0;
  private readonly ended = new EventEmitter().setMaxListeners(0);

  constructor(
    private readonly people: IdentityQueries,
    readSide: ReadSide,
  ) {
    this.stopListening = readSide.onCommitted(({ projection, keys }) => {
      if (projection !== signInList.name) return;
      this.changes++;
      for (const key of keys) {
        this.known.delete(key);
        this.ended.emit(key);
      }
    });
  }

  async actorOf(token: string | null): Promise<Actor | undefined> {
    if (token === null) return undefined;
    const tokenHash = hashSecret(token);
    const row = this.known.get(tokenHash) ?? (await this.read(tokenHash));
    if (!row || row.expires_at <= Date.now()) return undefined;
    const { groups } = await this.people.user(row.user_id);
    return {
      id: row.user_id,
      name: row.name,
      environment: row.environment,
      roles: row.roles,
      groups,
      tokenHash,
      expiresAt: row.expires_at,
    };
  }

  /** Calls back when the actor's sign-in has ended, run out or cannot be looked up; returns how to stop watching. */
  onEnd({ tokenHash, expiresAt }: Actor, listener: () => void): () => void {
    const key = tokenHash ?? '';
    const check = () =>
      void this.read(key).then(
        (row) => row ?? listener(),
        listener, // nobody would look again: who is still signed in connects again
      );
    const timer = setTimeout(listener, Math.min(expiresAt - Date.now(), MAX_TIMER_MS));
    this.ended.on(key, check);
    return () => {
      clearTimeout(timer);
      this.ended.off(key, check);
    };
  }

  onModuleDestroy(): void {
    this.stopListening();
  }

  private async read(tokenHash: string): Promise<SignInRow | null> {
    for (;;) {
      const before = this.changes;
      const row = await this.people.signIn(tokenHash);
      if (before !== this.changes) continue; // a sign-out that came while we read must not be overlooked
      if (row) {
        if (this.known.size >= REMEMBERED) this.known.delete(this.known.keys().next().value ?? '');
        this.known.set(tokenHash, row);
      }
      return row;
    }
  }
}
