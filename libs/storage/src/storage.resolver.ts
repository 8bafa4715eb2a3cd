import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import {
  type Actor,
  answer,
  type MutationRemoveStoredArgs,
  type MutationRequestUploadArgs,
  Needs,
  pageRequest,
  type QueryCasesArgs,
} from '@openpro/platform';
import { CaseQueries } from './case.queries.js';
import type { FileKind } from './file.js';
import { KeptQueries } from './kept.queries.js';
import { Removing } from './removing.js';
import { Uploads } from './uploads.js';

@Resolver()
export class StorageResolver {
  constructor(
    private readonly cases: CaseQueries,
    private readonly uploads: Uploads,
    private readonly kept: KeptQueries,
    private readonly removing: Removing,
  ) {}

  @Query('cases')
  @Needs('user', 'auditor')
  list(@Context('actor') actor: Actor, @Args() { first, after, app, kind }: QueryCasesArgs) {
    return this.cases.page(actor, pageRequest(first ?? 50, after, 'time', 'text'), {
      app: app ?? null,
      kind: kind ?? null,
    });
  }

  @Query('case')
  @Needs('user', 'auditor')
  one(@Context('actor') actor: Actor, @Args('id') id: string) {
    return this.cases.one(actor, id);
  }

  @Query()
  @Needs('user', 'auditor', 'app-publisher', 'engine-publisher')
  storage(@Context('actor') actor: Actor) {
    return this.kept.of(actor);
  }

  @Mutation()
  @Needs('user', 'app-publisher', 'engine-publisher')
  async removeStored(
    @Context('actor') actor: Actor,
    @Args() { cases, uploads, commandId }: MutationRemoveStoredArgs,
  ) {
    const refused = await this.removing.remove(
      actor,
      { cases: cases ?? [], uploads: uploads ?? [] },
      commandId,
    );
    return answer('Storage', refused ?? (await this.kept.of(actor)));
  }

  @Mutation()
  @Needs('user', 'app-publisher', 'engine-publisher')
  async requestUpload(
    @Context('actor') actor: Actor,
    @Context('publicUrl') publicUrl: string,
    @Args() { kind: wanted, name, size, commandId }: MutationRequestUploadArgs,
  ) {
    const kind = wanted.toLowerCase() as FileKind;
    return answer('Upload', await this.uploads.request(actor, kind, name, size, commandId, publicUrl));
  }
}
