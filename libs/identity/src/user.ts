import {
  type BadInput,
  checkForm,
  checkOneOf,
  checkText,
  clip,
  type Decider,
  isRole,
  refuse,
  type Refusal,
  ROLES,
} from '@openpro/kernel';

/** Open at once; the oldest makes room for the next, so that a stream's state stays small. */
export const MAX_OPEN_LINKS = 20;
export const MAX_SIGN_INS = 100;
export const MAX_GROUPS = 50;

interface Person {
  readonly environment: string;
  readonly name: string;
  readonly roles: readonly string[];
}

export type UserEvent =
  | ({ readonly type: 'UserCreated'; readonly groups?: readonly string[] } & Person)
  /** All that he is in from now on. */
  | { readonly type: 'UserGroupsSet'; readonly groups: readonly string[]; readonly reason: string }
  | { readonly type: 'SignInLinkIssued'; readonly linkHash: string; readonly expiresAt: number }
  /** Says who, so that one row of a read model answers a request. */
  | ({
      readonly type: 'SignedIn';
      readonly linkHash: string;
      readonly tokenHash: string;
      readonly client: 'browser' | 'cli';
      readonly expiresAt: number;
    } & Person)
  | { readonly type: 'SignedOut'; readonly tokenHash: string };

export type UserCommand =
  | ({ readonly type: 'CreateUser'; readonly groups?: readonly string[] } & Person)
  /** `basedOn`: the groups that the administrator saw, so that nobody undoes what he has not seen. */
  | {
      readonly type: 'SetUserGroups';
      readonly groups: readonly string[];
      readonly basedOn: readonly string[];
      readonly reason: string;
    }
  | { readonly type: 'IssueSignInLink'; readonly linkHash: string; readonly expiresAt: number }
  | {
      readonly type: 'SignIn';
      readonly linkHash: string;
      readonly tokenHash: string;
      readonly client: 'browser' | 'cli';
      readonly expiresAt: number;
      readonly now: number;
    }
  | { readonly type: 'SignOut'; readonly tokenHash: string };

export type UserRefusal = BadInput | Refusal<'UserExists' | 'NoSuchUser' | 'GroupsChanged' | 'LinkNotValid'>;

export type User =
  | { readonly is: 'new' }
  | {
      readonly is: 'user';
      readonly person: Person;
      /** Sorted, each once. */
      readonly groups: readonly string[];
      /** Not used yet, oldest first. */
      readonly links: readonly { readonly linkHash: string; readonly expiresAt: number }[];
      /** Token hashes, oldest first. */
      readonly signIns: readonly string[];
    };

const noSuchUser = () => refuse('NoSuchUser', 'There is no such user');

/** One answer for every way to be wrong: a stranger must not learn which links or users exist. */
const linkNotValid = () => refuse('LinkNotValid', 'This link is unknown, was used before or has expired');

const GROUP = /^[\p{L}\p{N}](?:[\p{L}\p{N} ._-]{0,62}[\p{L}\p{N}._-])?$/u;

/** Policies name groups and roles alike: a name is one or the other. */
const checkGroup = (name: string): BadInput | undefined => {
  const wrong = (why: string, limit: string): BadInput =>
    refuse('BadInput', `"${clip(name, 70)}" ${why}`, { field: 'groups', limit });
  if (!GROUP.test(name))
    return wrong(
      'cannot be the name of a group',
      '1 to 64 letters, digits, spaces, ., _ and -, with a letter or digit first and no space last',
    );
  return isRole(name.toLowerCase())
    ? wrong('is a role, and roles count as groups already', `a name other than ${ROLES.join(', ')}`)
    : undefined;
};

const checkGroups = (groups: readonly string[]): BadInput | undefined =>
  groups.length > MAX_GROUPS
    ? refuse('BadInput', `These are ${groups.length} groups: a user is in at most ${MAX_GROUPS}`, {
        field: 'groups',
        limit: `${MAX_GROUPS} groups`,
      })
    : groups.map(checkGroup).find((wrong) => wrong !== undefined);

const inOrder = (groups: readonly string[]): readonly string[] => [...new Set(groups)].sort();

const same = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((one, index) => one === others[index]);

const create = (
  { environment, name, roles }: Person,
  groups: readonly string[],
): readonly UserEvent[] | BadInput =>
  checkText('name', name, { max: 100 }) ??
  checkForm('environment', environment, /^[A-Z][A-Z0-9_-]{0,63}$/, 'the name of an environment') ??
  checkOneOf('roles', roles[0], ROLES) ??
  roles.map((role) => checkOneOf('roles', role, ROLES)).find((wrong) => wrong !== undefined) ??
  checkGroups(groups) ?? [
    { type: 'UserCreated', environment, name, roles, ...(groups.length > 0 ? { groups } : {}) },
  ];

const setGroups = (
  { groups, basedOn, reason }: Extract<UserCommand, { type: 'SetUserGroups' }>,
  before: readonly string[],
): readonly UserEvent[] | BadInput | Refusal<'GroupsChanged'> => {
  const after = inOrder(groups);
  const wrong = checkGroups(after) ?? checkText('reason', reason, { min: 0, max: 500 });
  if (wrong) return wrong;
  if (same(after, before)) return [];
  return same(inOrder(basedOn), before)
    ? [{ type: 'UserGroupsSet', groups: after, reason }]
    : refuse(
        'GroupsChanged',
        `Somebody else has changed the groups meanwhile: they are ${before.join(', ') || 'none'} by now. Look at those and change them`,
        { field: 'basedOn', limit: before.join(', ') || 'no groups' },
      );
};

const decider: Decider<User, UserCommand, UserEvent, UserRefusal> = {
  initial: { is: 'new' },

  decide(command, user) {
    switch (command.type) {
      case 'CreateUser':
        return user.is === 'new'
          ? create(command, inOrder(command.groups ?? []))
          : refuse('UserExists', 'There is such a user already');
      case 'SetUserGroups':
        return user.is === 'new' ? noSuchUser() : setGroups(command, user.groups);
      case 'IssueSignInLink':
        if (user.is === 'new') return noSuchUser();
        return [{ type: 'SignInLinkIssued', linkHash: command.linkHash, expiresAt: command.expiresAt }];
      case 'SignIn': {
        const { linkHash, tokenHash, client, expiresAt, now } = command;
        if (user.is === 'new') return linkNotValid();
        if (!user.links.some((link) => link.linkHash === linkHash && now < link.expiresAt))
          return linkNotValid();
        const [oldest] = user.signIns;
        const full = oldest !== undefined && user.signIns.length >= MAX_SIGN_INS;
        return [
          { type: 'SignedIn', linkHash, tokenHash, client, expiresAt, ...user.person },
          ...(full ? [{ type: 'SignedOut', tokenHash: oldest } as const] : []),
        ];
      }
      case 'SignOut':
        if (user.is === 'new') return noSuchUser();
        return user.signIns.includes(command.tokenHash)
          ? [{ type: 'SignedOut', tokenHash: command.tokenHash }]
          : [];
    }
  },

  evolve(user, event) {
    if (event.type === 'UserCreated') {
      const { environment, name, roles, groups = [] } = event;
      return { is: 'user', person: { environment, name, roles }, groups, links: [], signIns: [] };
    }
    if (user.is === 'new') return user;
    switch (event.type) {
      case 'UserGroupsSet':
        return { ...user, groups: event.groups };
      case 'SignInLinkIssued': {
        const { linkHash, expiresAt } = event;
        return { ...user, links: [...user.links, { linkHash, expiresAt }].slice(-MAX_OPEN_LINKS) };
      }
      case 'SignedIn':
        return {
          ...user,
          links: user.links.filter((link) => link.linkHash !== event.linkHash),
          signIns: [...user.signIns, event.tokenHash],
        };
      case 'SignedOut':
        return { ...user, signIns: user.signIns.filter((tokenHash) => tokenHash !== event.tokenHash) };
    }
  },
};

export const user = { name: 'user', context: 'identity', decider } as const;
