import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import { isRefusal, refuse, type Refusal } from '@openpro/kernel';
import {
  type Actor,
  answer,
  Commands,
  fingerprintOf,
  metaOf,
  type MutationDefineLicenceArgs,
  type MutationFreeSeatArgs,
  Needs,
  pageRequest,
  type QueryLicencesArgs,
} from '@openpro/platform';
import { checkLicenceName, type LicenceCommand } from './licence.js';
import { licenceList } from './licence-list.projection.js';
import { licenceUse } from './licence-use.projection.js';
import { ForLicence } from './licensing.commands.js';
import { LicenceQueries } from './licensing.queries.js';

const DEFAULT_HOLD_S = 60;
const DEFAULT_LEASE_S = 60;

@Resolver()
export class LicensingResolver {
  constructor(
    private readonly queries: LicenceQueries,
    private readonly commands: Commands,
  ) {}

  @Query()
  @Needs('auditor')
  licences(@Context('actor') actor: Actor, @Args() { first, after }: QueryLicencesArgs) {
    return this.queries.page(actor, pageRequest(first ?? 50, after, 'text'));
  }

  @Query()
  @Needs('auditor')
  licence(@Context('actor') actor: Actor, @Args('name') name: string) {
    return this.queries.one(actor, name);
  }

  @Mutation()
  @Needs()
  async defineLicence(@Context('actor') actor: Actor, @Args() args: MutationDefineLicenceArgs) {
    const { commandId, ...asked } = args;
    return this.change(actor, args.name, await this.definition(actor, args), commandId, asked);
  }

  @Mutation()
  @Needs()
  freeSeat(
    @Context('actor') actor: Actor,
    @Args() { licence, holder, reason, commandId }: MutationFreeSeatArgs,
  ) {
    const command = { type: 'FreeSeat', holder, reason: reason ?? '' } as const;
    return this.change(actor, licence, command, commandId, command);
  }

  /** What is not given stays as it is. */
  private async definition(actor: Actor, args: MutationDefineLicenceArgs): Promise<LicenceCommand | Refusal> {
    const wrong = checkLicenceName('name', args.name);
    if (wrong) return wrong;
    const before = await this.queries.row(actor.environment, args.name);
    const users = args.users ? await this.queries.usersNamed(actor, args.users) : (before?.users ?? []);
    if (isRefusal(users)) return users;
    return {
      type: 'DefineLicence',
      environment: actor.environment,
      name: args.name,
      title: args.title ?? before?.title ?? args.name,
      dataSeats: args.dataSeats ?? before?.data_seats ?? 0,
      optimizationSeats: args.optimizationSeats ?? before?.optimization_seats ?? 0,
      holdS: args.holdS ?? before?.hold_s ?? DEFAULT_HOLD_S,
      leaseS: args.leaseS ?? before?.lease_s ?? DEFAULT_LEASE_S,
      users,
      reason: args.reason ?? '',
      basedOn: args.basedOn ?? before?.version ?? 0,
    };
  }

  private async change(
    actor: Actor,
    name: string,
    command: LicenceCommand | Refusal,
    commandId: string,
    asked: object,
  ) {
    const meta = metaOf(actor, commandId);
    if (isRefusal(meta)) return answer('Licence', meta);
    if (isRefusal(command)) return answer('Licence', command);
    if (checkLicenceName('licence', name))
      return answer('Licence', refuse('NoSuchLicence', 'There is no such licence', { field: 'licence' }));
    // What stays as it is may have changed when the request is repeated: it is the same request nevertheless.
    const request = fingerprintOf(actor.id, asked);
    const change = new ForLicence(`${actor.environment}:${name}`, command, meta, request);
    return answer(
      'Licence',
      await this.commands.change(change, [licenceList.name, licenceUse.name], () =>
        this.queries.one(actor, name),
      ),
    );
  }
}
