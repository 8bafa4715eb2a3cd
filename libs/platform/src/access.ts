import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type GqlContextType, GqlExecutionContext } from '@nestjs/graphql';
import type { CommandMeta } from '@openpro/eventstore';
import { clip, isUuid, refuse, type Refusal, type Role } from '@openpro/kernel';
import { GraphQLError } from 'graphql';
import { wrongArgs } from './check-args.js';

/** Who asks, as the sign-in token says. The environment comes from here and from nowhere else. */
export interface Actor {
  readonly id: string;
  readonly name: string;
  readonly environment: string;
  readonly roles: readonly string[];
  /** That he is in now, whenever he signed in. */
  readonly groups: readonly string[];
  /** SHA-256 of the sign-in token; `null` for the platform itself. */
  readonly tokenHash: string | null;
  readonly expiresAt: number;
}

const NEED = 'openpro:need';

/** Every root field of the API carries one of these; a field without it does not start. */
export const Needs = (...anyOf: readonly Role[]) => SetMetadata(NEED, anyOf);

/** All that rights follow from. */
export type Rights = Pick<Actor, 'id' | 'environment' | 'roles'>;

export const has = (actor: Pick<Actor, 'roles'>, ...anyOf: readonly Role[]): boolean =>
  actor.roles.includes('administrator') || anyOf.some((role) => actor.roles.includes(role));

/** May the actor see this thing? In his environment: his own; an administrator or auditor sees all. */
export const maySee = (actor: Rights, thing: { environment: string; owner: string }): boolean =>
  thing.environment === actor.environment && (thing.owner === actor.id || has(actor, 'auditor'));

/** May the actor change this thing? In his environment: his own; an administrator may change all. */
export const mayChange = (actor: Rights, thing: { environment: string; owner: string }): boolean =>
  thing.environment === actor.environment && (thing.owner === actor.id || has(actor));

/** May the actor say who is in which group, there? */
export const mayManage = (actor: Rights, { environment }: { environment: string }): boolean =>
  environment === actor.environment && has(actor);

/** What rules, limits and quotas call groups: no group is called like a role, and roles count as groups. */
export const groupsOf = ({ roles, groups }: Pick<Actor, 'roles' | 'groups'>): readonly string[] => [
  ...roles,
  ...groups,
];

/** May he run jobs there? Asked again whenever a job runs that was asked for before. */
export const maySubmit = (person: Pick<Actor, 'environment' | 'roles'>, environment: string): boolean =>
  person.environment === environment && has(person, 'user');

export interface RequestContext {
  readonly actor: Actor | undefined;
  /** The address that the caller uses, for links that go back to him. */
  readonly publicUrl: string;
}

/** The one gate of the API: signed in, one of the roles that the field needs, and arguments that can be stored. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    if (context.getType<GqlContextType>() !== 'graphql') return true; // REST routes authenticate by their own secret
    const needs = this.reflector.get<readonly Role[] | undefined>(NEED, context.getHandler());
    const call = GqlExecutionContext.create(context);
    const { actor } = call.getContext<RequestContext>();
    if (!actor)
      throw new GraphQLError('You are not signed in, or your sign-in has ended', {
        extensions: { code: 'UNAUTHENTICATED' },
      });
    if (!needs || !has(actor, ...needs))
      throw new GraphQLError(`This needs the role ${(needs ?? []).join(' or ')}`, {
        extensions: { code: 'FORBIDDEN' },
      });
    const wrong = wrongArgs(call.getArgs<object>());
    if (wrong) throw wrong;
    return true;
  }
}

export const needsOf = (reflector: Reflector, handler: () => unknown): readonly Role[] | undefined =>
  reflector.get<readonly Role[] | undefined>(NEED, handler);

/** The envelope of a user's command; a command id that is no UUID is refused. */
export const metaOf = (actor: Actor, id: string): CommandMeta | Refusal =>
  isUuid(id)
    ? { commandId: id, actor: actor.id, roles: actor.roles }
    : refuse('BadInput', `commandId "${clip(id, 60)}" is not a UUID in lower case`, {
        field: 'commandId',
        limit: 'a UUID, for example of version 7',
      });
