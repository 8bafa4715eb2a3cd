import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import { isRefusal } from '@openpro/kernel';
import {
  type Actor,
  answer,
  Commands,
  metaOf,
  type MutationSetTariffArgs,
  Needs,
  pageRequest,
  type QueryJobStatisticsArgs,
  type QueryTariffHistoryArgs,
} from '@openpro/platform';
import { ForTariff } from './jobs.commands.js';
import { StatisticsQueries } from './statistics.queries.js';
import { tariffList } from './tariff.projection.js';
import { TARIFF_ID } from './tariff.js';

@Resolver()
export class StatisticsResolver {
  constructor(
    private readonly queries: StatisticsQueries,
    private readonly commands: Commands,
  ) {}

  @Query()
  @Needs('user', 'auditor')
  jobStatistics(@Context('actor') actor: Actor, @Args() args: QueryJobStatisticsArgs) {
    return this.queries.statistics(actor, args);
  }

  @Query()
  @Needs('user', 'auditor')
  tariff() {
    return this.queries.tariff();
  }

  @Query()
  @Needs('auditor')
  tariffHistory(@Args() { first, after }: QueryTariffHistoryArgs) {
    return this.queries.history(pageRequest(first ?? 50, after, 'number'));
  }

  @Mutation()
  @Needs('administrator')
  async setTariff(
    @Context('actor') actor: Actor,
    @Args() { tariff, reason, basedOn, commandId }: MutationSetTariffArgs,
  ) {
    const { currency, job, coreHour, gibHour, cpuHour } = tariff;
    const prices = { job: job ?? 0, coreHour: coreHour ?? 0, gibHour: gibHour ?? 0, cpuHour: cpuHour ?? 0 };
    const meta = metaOf(actor, commandId);
    const command = isRefusal(meta)
      ? meta
      : new ForTariff(
          TARIFF_ID,
          { type: 'SetTariff', tariff: { currency, ...prices }, reason, basedOn },
          meta,
        );
    return answer(
      'Tariff',
      await this.commands.change(command, tariffList.name, () => this.queries.tariff()),
    );
  }
}
