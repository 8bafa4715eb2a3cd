import { Args, Context, Query, Resolver } from '@nestjs/graphql';
import { CatalogueQueries } from '@openpro/catalogue';
import { type Actor, groupsOf, type JobChoices, Needs, type QueryJobChoicesArgs } from '@openpro/platform';
import { mayUse, priorityOf } from './policy-index.js';
import { QueuePolicies } from './queue-policy.queries.js';

/** For the forms that submit jobs: what the policy leaves to who asks, and nothing of what it says about others. */
@Resolver()
export class JobChoicesResolver {
  constructor(
    private readonly policies: QueuePolicies,
    private readonly catalogue: CatalogueQueries,
  ) {}

  @Query()
  @Needs('user')
  async jobChoices(
    @Context('actor') actor: Actor,
    @Args() { app, version }: QueryJobChoicesArgs,
  ): Promise<JobChoices | null> {
    const row = await this.catalogue.versionRow(actor.environment, app, version);
    if (!row) return null;
    const policy = await this.policies.policy();
    const subject = { ownerName: actor.name, groups: groupsOf(actor), app: row.name, version: row.version };
    const profiles = policy.profiles
      .filter((profile) => mayUse(profile, subject))
      .map(({ name, capacity, memoryMiB, cores, labels = [] }) => ({
        name,
        capacity,
        memoryMiB: memoryMiB ?? null,
        cores: cores ?? null,
        labels: [...labels],
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    return { priority: priorityOf(policy, subject), profiles, profile: row.manifest.profile ?? null };
  }
}
