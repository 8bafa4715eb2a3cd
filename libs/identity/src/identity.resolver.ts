import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import { isRefusal, refuse, type Refusal } from '@openpro/kernel';
import {
  type Actor,
  answer,
  Commands,
  mayManage,
  metaOf,
  type MutationSetUserGroupsArgs,
  type MutationSignOutArgs,
  Needs,
  type OkResult,
  pageRequest,
  type QueryGroupsArgs,
  type QueryUsersArgs,
  type SignInLinkResult,
  type User,
  type UserResult,
} from '@openpro/platform';
import { ForUser } from './identity.commands.js';
import { IdentityQueries } from './identity.queries.js';
import { SignInLinks } from './sign-in-links.js';
import { signInList } from './sign-in.projection.js';
import { userList } from './user-list.projection.js';

@Resolver()
export class IdentityResolver {
  constructor(
    private readonly commands: Commands,
    private readonly links: SignInLinks,
    private readonly people: IdentityQueries,
  ) {}

  @Query()
  @Needs('user', 'auditor')
  me(@Context('actor') { id, name, environment, roles, groups }: Actor): User {
    return { id, name, environment, roles: [...roles], groups: [...groups] };
  }

  @Query()
  @Needs('auditor')
  users(@Context('actor') actor: Actor, @Args() { first, after, search, group }: QueryUsersArgs) {
    const page = pageRequest(first ?? 50, after, 'text', 'text');
    return this.people.users(actor, page, { search: search ?? '', group: group ?? '' });
  }

  @Query()
  @Needs('auditor')
  groups(@Context('actor') actor: Actor, @Args() { first, after }: QueryGroupsArgs) {
    return this.people.groups(actor, pageRequest(first ?? 50, after, 'text'));
  }

  @Mutation()
  @Needs()
  async setUserGroups(
    @Context('actor') actor: Actor,
    @Args() args: MutationSetUserGroupsArgs,
  ): Promise<UserResult> {
    const command = await this.groupsCommand(actor, args);
    return answer(
      'User',
      await this.commands.change(command, userList.name, async () => this.people.user(args.user)),
    );
  }

  @Mutation()
  @Needs('user', 'auditor')
  async issueSignInLink(
    @Context('actor') actor: Actor,
    @Context('publicUrl') publicUrl: string,
    @Args('commandId') commandId: string,
  ): Promise<SignInLinkResult> {
    const meta = metaOf(actor, commandId);
    return answer(
      'SignInLink',
      isRefusal(meta) ? meta : await this.links.issue(actor.id, meta, { publicUrl }),
    );
  }

  @Mutation()
  @Needs('user', 'auditor')
  async signOut(
    @Context('actor') actor: Actor,
    @Args() { commandId }: MutationSignOutArgs,
  ): Promise<OkResult> {
    const meta = metaOf(actor, commandId);
    return answer(
      'Ok',
      await this.commands.change(
        isRefusal(meta)
          ? meta
          : new ForUser(actor.id, { type: 'SignOut', tokenHash: actor.tokenHash ?? '' }, meta),
        signInList.name,
        () => Promise.resolve({ ok: true }),
      ),
    );
  }

  private async groupsCommand(
    actor: Actor,
    { user, groups, basedOn, reason, commandId }: MutationSetUserGroupsArgs,
  ): Promise<ForUser | Refusal> {
    const meta = metaOf(actor, commandId);
    if (isRefusal(meta)) return meta;
    const row = await this.people.row(user);
    return row && mayManage(actor, row)
      ? new ForUser(user, { type: 'SetUserGroups', groups, basedOn, reason: reason ?? '' }, meta)
      : refuse('NoSuchUser', 'There is no such user', { field: 'user' });
  }
}
