import {
  type BadInput,
  checkForm,
  checkOneOf,
  checkText,
  type Decider,
  refuse,
  type Refusal,
  ROLES,
} from '@openpro/kernel';

/** Open at once; the oldest makes room for the next, so that a stream's state stays small. */
export const MAX_OPEN_LINKS = 20;
export const MAX_SIGN_INS = 100;

interface Person {
  readonly environment: string;
  readonly name: string;
  readonly roles: readonly string[];
}

export type UserEvent =
  | ({ readonly type: 'UserCreated' } & Person)
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
  | ({ readonly type: 'CreateUser' } & Person)
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

export type UserRefusal = BadInput | Refusal<'UserExists' | 'NoSuchUser' | 'LinkNotValid'>;

export type User =
  | { readonly is: 'new' }
  | {
      readonly is: 'user';
      readonly person: Person;
      /** Not used yet, oldest first. */
      readonly links: readonly { readonly linkHash: string; readonly expiresAt: number }[];
      /** Token hashes, oldest first. */
      readonly signIns: readonly string[];
    };

const noSuchUser = () => refuse('NoSuchUser', 'There is no such user');

/** One answer for every way to be wrong: a stranger must not learn which links or users exist. */
const linkNotValid = () => refuse('LinkNotValid', 'This link is unknown, was used before or has expired');

const create = ({ environment, name, roles }: Person): readonly UserEvent[] | BadInput =>
  checkText('name', name, { max: 100 }) ??
  checkForm('environment', environment, /^[A-Z][A-Z0-9_-]{0,63}$/, 'the name of an environment') ??
  checkOneOf('roles', roles[0], ROLES) ??
  roles.map((role) => checkOneOf('roles', role, ROLES)).find((wrong) => wrong !== undefined) ?? [
    { type: 'UserCreated', environment, name, roles },
  ];

const decider: Decider<User, UserCommand, UserEvent, UserRefusal> = {
  initial: { is: 'new' },

  decide(command, user) {
    switch (command.type) {
      case 'CreateUser':
        return user.is === 'new' ? create(command) : refuse('UserExists', 'There is such a user already');
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
      const { environment, name, roles } = event;
      return { is: 'user', person: { environment, name, roles }, links: [], signIns: [] };
    }
    if (user.is === 'new') return user;
    switch (event.type) {
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
