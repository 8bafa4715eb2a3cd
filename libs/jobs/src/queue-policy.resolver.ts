import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import { checkJson, isRefusal, type Refusal } from '@openpro/kernel';
import {
  type Actor,
  answer,
  Commands,
  metaOf,
  type MutationSetQueuePolicyArgs,
  Needs,
  pageRequest,
  type QueryQueuePolicyHistoryArgs,
} from '@openpro/platform';
import { ForQueuePolicy } from './jobs.commands.js';
import { QueuePolicies } from './queue-policy.queries.js';
import { queuePolicyList } from './queue-policy.projection.js';
import { POLICY_ID, type Policy } from './queue-policy.js';

const MAX_POLICY_BYTES = 512 * 1024;

@Resolver()
export class QueuePolicyResolver {
  constructor(
    private readonly policies: QueuePolicies,
    private readonly commands: Commands,
  ) {}

  @Query()
  @Needs('administrator', 'auditor')
  queuePolicy(@Context('actor') actor: Actor) {
    return this.policies.current(actor);
  }

  @Query()
  @Needs('administrator', 'auditor')
  queuePolicyHistory(@Context('actor') actor: Actor, @Args() { first, after }: QueryQueuePolicyHistoryArgs) {
    return this.policies.history(actor, pageRequest(first ?? 50, after, 'number'));
  }

  @Mutation()
  @Needs('administrator')
  async setQueuePolicy(@Context('actor') actor: Actor, @Args() args: MutationSetQueuePolicyArgs) {
    const command = this.command(actor, args);
    return answer(
      'QueuePolicy',
      await this.commands.change(command, queuePolicyList.name, () => this.policies.current(actor)),
    );
  }

  private command(
    actor: Actor,
    { policy: sent, reason, basedOn, commandId }: MutationSetQueuePolicyArgs,
  ): ForQueuePolicy | Refusal {
    const meta = metaOf(actor, commandId);
    if (isRefusal(meta)) return meta;
    const wrong = checkJson('policy', sent, MAX_POLICY_BYTES);
    if (wrong) return wrong;
    const policy = this.policies.sealing.sealed(sent as Partial<Policy>);
    return isRefusal(policy)
      ? policy
      : new ForQueuePolicy(POLICY_ID, { type: 'SetQueuePolicy', policy, reason, basedOn }, meta);
  }
}
