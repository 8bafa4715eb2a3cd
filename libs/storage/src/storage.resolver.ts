import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import {
  type Actor,
  answer,
  type MutationRequestUploadArgs,
  Needs,
  pageRequest,
  type QueryCasesArgs,
} from '@openpro/platform';
import { CaseQueries } from './case.queries.js';
import type { FileKind } from './file.js';
import { Uploads } from './uploads.js';

@Resolver()
export class StorageResolver {
  constructor(
    private readonly cases: CaseQueries,
    private readonly uploads: Uploads,
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
