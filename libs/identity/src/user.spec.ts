import { describe, expect, it } from '@jest/globals';
import { play, project, recorder, specFor } from '@openpro/kernel/testing';
import fc from 'fast-check';
import { environment } from './environment.js';
import { signInList } from './sign-in.projection.js';
import { MAX_GROUPS, MAX_OPEN_LINKS, MAX_SIGN_INS, user, type UserCommand, type UserEvent } from './user.js';
import { userList } from './user-list.projection.js';

const person = { environment: 'ROOT', name: 'Ada', roles: ['administrator'] };
const created: UserEvent = { type: 'UserCreated', ...person };
const issued = (linkHash: string, expiresAt = 1000): UserEvent => ({
  type: 'SignInLinkIssued',
  linkHash,
  expiresAt,
});
const signIn = (linkHash: string, tokenHash: string, now = 999): UserCommand & { type: 'SignIn' } => ({
  type: 'SignIn',
  linkHash,
  tokenHash,
  client: 'browser',
  expiresAt: 5000,
  now,
});
const signedIn = (linkHash: string, tokenHash: string): UserEvent & { type: 'SignedIn' } => ({
  type: 'SignedIn',
  linkHash,
  tokenHash,
  client: 'browser',
  expiresAt: 5000,
  ...person,
});
const setGroups = (
  groups: readonly string[],
  basedOn: readonly string[] = [],
  reason = '',
): UserCommand & { type: 'SetUserGroups' } => ({ type: 'SetUserGroups', groups, basedOn, reason });
const groupsSet = (groups: readonly string[], reason = ''): UserEvent => ({
  type: 'UserGroupsSet',
  groups,
  reason,
});
const signedOut = (tokenHash: string): UserEvent => ({ type: 'SignedOut', tokenHash });

describe('a user', () => {
  const given = specFor(user.decider);

  it('is created once', () => {
    given()
      .when({ type: 'CreateUser', ...person })
      .then(created);
    given(created)
      .when({ type: 'CreateUser', ...person })
      .thenRefused('UserExists');
  });

  it.each([
    ['name', { name: '' }],
    ['name', { name: 'x'.repeat(101) }],
    ['name', { name: 'Ada\nLovelace' }],
    ['environment', { environment: 'root:x' }],
    ['roles', { roles: [] }],
    ['roles', { roles: ['user', 'king'] }],
  ])('is refused with a wrong %s: %j', (field, change) =>
    given()
      .when({ type: 'CreateUser', ...person, ...change })
      .thenRefused('BadInput', { field }),
  );

  it('signs in by a link once, before it expires', () => {
    given(created).when({ type: 'IssueSignInLink', linkHash: 'l', expiresAt: 1000 }).then(issued('l'));
    given(created, issued('l')).when(signIn('l', 't')).then(signedIn('l', 't'));
    given(created, issued('l'), issued('m')).when(signIn('m', 't')).then(signedIn('m', 't'));
  });

  it('answers every wrong link with the same words, also that of a user who does not exist', () => {
    const message = 'This link is unknown, was used before or has expired';
    given().when(signIn('l', 't')).thenRefused('LinkNotValid', { message });
    given(created).when(signIn('l', 't')).thenRefused('LinkNotValid', { message });
    given(created, issued('l'))
      .when(signIn('l', 't', 1000))
      .thenRefused('LinkNotValid', { message });
    given(created, issued('l'), signedIn('l', 't'))
      .when(signIn('l', 'u'))
      .thenRefused('LinkNotValid', { message });
  });

  it(`keeps ${MAX_OPEN_LINKS} links open and drops the oldest`, () => {
    const many = Array.from({ length: MAX_OPEN_LINKS + 1 }, (_, i) => issued(`l${i}`));
    given(created, ...many)
      .when(signIn('l0', 't'))
      .thenRefused('LinkNotValid');
    given(created, ...many)
      .when(signIn('l1', 't'))
      .then(signedIn('l1', 't'));
  });

  it(`is signed in ${MAX_SIGN_INS} times at once: the oldest ends for one more`, () => {
    const many = Array.from({ length: MAX_SIGN_INS }, (_, i) => signedIn(`l${i}`, `t${i}`));
    given(created, ...many, issued('l'))
      .when(signIn('l', 't'))
      .then(signedIn('l', 't'), signedOut('t0'));
  });

  it('signs out; again, or by a token that never was, changes nothing', () => {
    given(created, signedIn('l', 't')).when({ type: 'SignOut', tokenHash: 't' }).then(signedOut('t'));
    given(created, signedIn('l', 't'), signedOut('t')).when({ type: 'SignOut', tokenHash: 't' }).then();
    given(created).when({ type: 'SignOut', tokenHash: 't' }).then();
  });

  it('must exist for a link or a sign-out', () => {
    given().when({ type: 'IssueSignInLink', linkHash: 'l', expiresAt: 1 }).thenRefused('NoSuchUser');
    given().when({ type: 'SignOut', tokenHash: 't' }).thenRefused('NoSuchUser');
  });

  it('is in the groups that an administrator says, each once and in order', () => {
    given(created)
      .when(setGroups(['night', 'Planners Rome', 'night'], [], 'new team'))
      .then(groupsSet(['Planners Rome', 'night'], 'new team'));
    given(created, groupsSet(['a', 'b']))
      .when(setGroups([], ['b', 'a']))
      .then(groupsSet([]));
    given()
      .when({ type: 'CreateUser', ...person, groups: ['b', 'a', 'b'] })
      .then({ ...created, groups: ['a', 'b'] });
    given({ ...created, groups: ['a', 'b'] })
      .when(setGroups(['a'], ['a', 'b']))
      .then(groupsSet(['a']));
  });

  it('is left as it is when it is in these groups already, whatever the administrator saw', () => {
    given(created).when(setGroups([])).then();
    given(created, groupsSet(['a', 'b']))
      .when(setGroups(['b', 'a']))
      .then();
  });

  it('keeps its groups when they are others by now than the administrator saw', () =>
    given(created, groupsSet(['a']))
      .when(setGroups(['b']))
      .thenRefused('GroupsChanged', { field: 'basedOn', limit: 'a' }));

  it('must exist to be in a group', () =>
    given()
      .when(setGroups(['a']))
      .thenRefused('NoSuchUser'));

  it.each([
    ['groups', setGroups([''])],
    ['groups', setGroups(['a*'])],
    ['groups', setGroups(['a, b'])],
    ['groups', setGroups(['night '])],
    ['groups', setGroups(['-a'])],
    ['groups', setGroups(['a\nb'])],
    ['groups', setGroups(['x'.repeat(65)])],
    ['groups', setGroups(['auditor'])],
    ['groups', setGroups(['Administrator'])],
    ['groups', setGroups(Array.from({ length: MAX_GROUPS + 1 }, (_, i) => `g${i}`))],
    ['reason', setGroups(['a'], [], 'x'.repeat(501))],
    ['reason', setGroups(['a'], [], 'two\nlines')],
  ])('is refused with wrong %s: %j', (field, command) => {
    given(created).when(command).thenRefused('BadInput', { field });
    if (field === 'groups')
      given()
        .when({ type: 'CreateUser', ...person, groups: command.groups })
        .thenRefused('BadInput', { field });
  });

  it('says of a role why no group can be called like it', () =>
    given(created)
      .when(setGroups(['auditor']))
      .thenRefused('BadInput', { message: '"auditor" is a role, and roles count as groups already' }));

  it('is in groups with fitting names only, sorted and distinct, as the read model says', () => {
    const name = fc.oneof(
      fc.constantFrom('a', 'b', 'night shift', 'Ä', 'auditor', 'a*', ''),
      fc.string({ unit: 'binary', maxLength: 66 }),
    );
    const some = fc.array(name, { maxLength: 4 });
    const command = fc.record({ groups: some, basedOn: some }).map((c) => setGroups(c.groups, c.basedOn));
    fc.assert(
      fc.property(fc.array(command, { maxLength: 20 }), (commands) => {
        const { history, state } = play(user.decider, [{ type: 'CreateUser', ...person }, ...commands]);
        const groups = state.is === 'user' ? state.groups : [];
        expect(groups).toEqual([...new Set(groups)].sort());
        for (const group of groups)
          expect(group).toMatch(/^[\p{L}\p{N}]([\p{L}\p{N} ._-]*[\p{L}\p{N}._-])?$/u);
        expect(groups).not.toContain('auditor');
        const record = recorder();
        const rows = project(
          userList,
          history.map((event) => record('user-1', event)),
        );
        expect(rows.get('1')?.groups).toEqual(groups);
      }),
    );
  });

  it('never uses a link twice, and what is signed in is what the read model holds', () => {
    const hash = fc.constantFrom('a', 'b', 'c', 'd');
    const time = fc.nat(20);
    const command: fc.Arbitrary<UserCommand> = fc.oneof(
      fc.record({ type: fc.constant('IssueSignInLink' as const), linkHash: hash, expiresAt: time }),
      fc
        .record({ linkHash: hash, tokenHash: fc.uuid(), now: time })
        .map((c) => signIn(c.linkHash, c.tokenHash, c.now)),
      fc.record({ type: fc.constant('SignOut' as const), tokenHash: hash }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
        const { history, state } = play(user.decider, [{ type: 'CreateUser', ...person }, ...commands]);
        const uses = new Map<string, number>();
        for (const event of history) {
          if (event.type === 'SignInLinkIssued')
            uses.set(event.linkHash, (uses.get(event.linkHash) ?? 0) + 1);
          if (event.type === 'SignedIn') uses.set(event.linkHash, (uses.get(event.linkHash) ?? 0) - 1);
          for (const left of uses.values()) expect(left).toBeGreaterThanOrEqual(0);
        }
        const record = recorder();
        const rows = project(
          signInList,
          history.map((event) => record('user-1', event)),
        );
        expect([...rows.keys()]).toStrictEqual(state.is === 'user' ? [...state.signIns] : []);
      }),
    );
  });
});

describe('the read models', () => {
  it('list users', () => {
    const record = recorder();
    expect(project(userList, [record('user-0198', created, { at: 7 })]).get('0198')).toStrictEqual({
      id: '0198',
      ...person,
      groups: [],
      created_at: 7,
    });
    const log = [
      record('user-1', { ...created, groups: ['a'] }),
      record('user-1', groupsSet(['b'])),
      record('user-2', groupsSet(['b'])),
    ];
    const rows = project(userList, log);
    expect([...rows.values()]).toMatchObject([{ id: '1', name: 'Ada', groups: ['b'] }]);
  });

  it('hold a sign-in until it ends', () => {
    const record = recorder();
    const log = [record('user-0198', created), record('user-0198', signedIn('l', 't'), { at: 8 })];
    expect(project(signInList, log).get('t')).toStrictEqual({
      token_hash: 't',
      user_id: '0198',
      ...person,
      client: 'browser',
      signed_in_at: 8,
      expires_at: 5000,
    });
    expect(project(signInList, [...log, record('user-0198', signedOut('t'))]).size).toBe(0);
  });
});

describe('an environment', () => {
  const given = specFor(environment.decider);

  it('is created once, however often it is asked for', () => {
    given()
      .when({ type: 'CreateEnvironment', name: 'ROOT' })
      .then({ type: 'EnvironmentCreated', name: 'ROOT' });
    given({ type: 'EnvironmentCreated', name: 'ROOT' })
      .when({ type: 'CreateEnvironment', name: 'ROOT' })
      .then();
  });

  it.each(['', 'root', 'A:B', 'A'.repeat(65)])('is refused as "%s"', (name) =>
    given().when({ type: 'CreateEnvironment', name }).thenRefused('BadInput', { field: 'name' }),
  );
});
