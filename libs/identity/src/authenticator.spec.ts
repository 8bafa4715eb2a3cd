import { afterEach, describe, expect, it } from '@jest/globals';
import type { Change, ReadSide } from '@openpro/eventstore';
import { hashSecret } from '@openpro/platform';
import { Authenticator, sessionCookie, tokenOf } from './authenticator.js';
import type { IdentityQueries } from './identity.queries.js';
import type { SignInRow } from './sign-in.projection.js';

const token = 't'.repeat(43);
const key = hashSecret(token);
const signIn: SignInRow = {
  token_hash: key,
  user_id: 'ada',
  environment: 'ROOT',
  name: 'Ada',
  roles: ['user'],
  client: 'browser',
  signed_in_at: 0,
  expires_at: Date.now() + 3_600_000,
};

/** The read model as a value, and how to tell that it changed. */
const given = (row: SignInRow | null) => {
  let listener: ((change: Change) => void) | undefined;
  const world = { row, groups: ['planners'], reads: 0, during: (): void => undefined };
  const people = {
    user: (id: string) => ({ id, name: 'Ada', environment: 'ROOT', roles: ['user'], groups: world.groups }),
    signIn: () => {
      world.reads++;
      const { row } = world;
      world.during();
      return row instanceof Error ? Promise.reject(row) : Promise.resolve(row);
    },
  };
  const readSide = {
    onCommitted: (heard: (change: Change) => void) => {
      listener = heard;
      return () => (listener = undefined);
    },
  };
  const authenticator = new Authenticator(
    people as unknown as IdentityQueries,
    readSide as unknown as ReadSide,
  );
  const commit = () => listener?.({ projection: 'sign_in', keys: [key] } as unknown as Change);
  return {
    authenticator,
    world,
    signOut: () => {
      world.row = null;
      commit();
    },
    commit,
    listening: () => listener !== undefined,
  };
};

const watching: (() => void)[] = [];
const watch = (stop: () => void) => void watching.push(stop);
afterEach(() => watching.splice(0).forEach((stop) => stop()));

describe('the authenticator', () => {
  it('reads a sign-in once, and sees its end at once', async () => {
    const { authenticator, world, signOut } = given(signIn);
    expect(await authenticator.actorOf(token)).toMatchObject({ id: 'ada', environment: 'ROOT' });
    await authenticator.actorOf(token);
    expect(world.reads).toBe(1);
    signOut();
    expect(await authenticator.actorOf(token)).toBeUndefined();
  });

  it('says the groups of now, not those of the sign-in', async () => {
    const { authenticator, world } = given(signIn);
    expect(await authenticator.actorOf(token)).toMatchObject({ roles: ['user'], groups: ['planners'] });
    world.groups = [];
    expect(await authenticator.actorOf(token)).toMatchObject({ roles: ['user'], groups: [] });
    expect(world.reads).toBe(1);
  });

  it('sees a sign-out that comes while it reads', async () => {
    const { authenticator, world, signOut } = given(signIn);
    world.during = () => {
      world.during = () => undefined;
      signOut();
    };
    expect(await authenticator.actorOf(token)).toBeUndefined();
  });

  it('knows nobody without a token, with an unknown one, or after its time', async () => {
    expect(await given(signIn).authenticator.actorOf(null)).toBeUndefined();
    expect(await given(null).authenticator.actorOf(token)).toBeUndefined();
    const over = given({ ...signIn, expires_at: Date.now() - 1 });
    expect(await over.authenticator.actorOf(token)).toBeUndefined();
  });

  it('tells who watches when the sign-in ends, and not when it only changed', async () => {
    const { authenticator, world, signOut, commit } = given(signIn);
    const actor = (await authenticator.actorOf(token))!;
    let ends = 0;
    const ended = new Promise<void>((resolve) =>
      watch(authenticator.onEnd(actor, () => (ends++, resolve()))),
    );
    commit();
    await authenticator.actorOf(token);
    expect(world.reads).toBeGreaterThan(1);
    expect(ends).toBe(0);
    signOut();
    await ended;
  });

  it('tells who watches when it cannot look', async () => {
    const { authenticator, world, commit } = given(signIn);
    const actor = (await authenticator.actorOf(token))!;
    const ended = new Promise<void>((resolve) => watch(authenticator.onEnd(actor, resolve)));
    world.row = new Error('away') as never;
    commit();
    await ended;
  });

  it('tells nobody who stopped watching, and stops listening itself', async () => {
    const { authenticator, signOut, listening } = given(signIn);
    const actor = (await authenticator.actorOf(token))!;
    let ends = 0;
    authenticator.onEnd(actor, () => ends++)();
    signOut();
    await authenticator.actorOf(token);
    expect(ends).toBe(0);
    authenticator.onModuleDestroy();
    expect(listening()).toBe(false);
  });
});

describe('a token', () => {
  it('comes by header or cookie, in its form only', () => {
    expect(tokenOf({ authorization: `Bearer ${token}` })).toBe(token);
    expect(tokenOf({ cookie: `a=b; openpro=${token}; c=d` })).toBe(token);
    for (const cookie of [`xopenpro=${token}`, 'openpro=short', `openpro=${token}"`, ''])
      expect(tokenOf({ cookie })).toBeNull();
    expect(tokenOf({ authorization: `Bearer ${'x'.repeat(101)}` })).toBeNull();
  });

  it('is kept from scripts and other sites, and from plain HTTP where there is TLS', () => {
    expect(sessionCookie(token, 60, false)).toBe(
      `openpro=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=60`,
    );
    expect(sessionCookie(token, 60, true)).toContain('; Secure');
  });
});
