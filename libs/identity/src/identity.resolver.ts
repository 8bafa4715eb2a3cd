import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import { isRefusal } from '@openpro/kernel';
import {
  type Actor,
  answer,
  Commands,
  metaOf,
  type MutationSignOutArgs,
  Needs,
  type OkResult,
  type SignInLinkResult,
  type User,
} from '@openpro/platform';
import { ForUser } from './identity.commands.js';
import { SignInLinks } from './sign-in-links.js';
import { signInList } from './sign-in.projection.js';

@Resolver()
export class IdentityResolver {
  constructor(
    private readonly commands: Commands,
    private readonly links: SignInLinks,
  ) {}

  @Query()
  @Needs('user', 'auditor')
  me(@Context('actor') { id, name, environment, roles }: Actor): User {
    return { id, name, environment, roles: [...roles] };
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
}
