import { Args, Context, Mutation, Query, Resolver, Subscription } from '@nestjs/graphql';
import { type EventStore, follow, type Position, type Recorded } from '@openpro/eventstore';
import { isRefusal, isUuid, refuse } from '@openpro/kernel';
import {
  type Actor,
  answer,
  Commands,
  EVENT_STORE,
  fingerprintOf,
  LiveQueue,
  metaOf,
  type MutationDrainNodeArgs,
  type MutationInviteServerArgs,
  type MutationRemoveNodeArgs,
  type MutationResumeNodeArgs,
  Needs,
  pageRequest,
  type QueryEventsArgs,
  type QueryNodesArgs,
  type SubscriptionEventsArgs,
} from '@openpro/platform';
import { Inject } from '@nestjs/common';
import { ForNode } from './cluster.commands.js';
import { ClusterQueries, toLogEvent } from './cluster.queries.js';
import { Joining } from './joining.js';
import { DRAIN_GRACE_S, type NodeCommand } from './node.js';
import { nodeList } from './node-list.projection.js';

/** Type names with or without the context: `JobQueued` and `jobs.JobQueued` are the same. */
const shortNames = (types: readonly string[] | null | undefined): string[] | null =>
  types?.length ? types.map((type) => type.slice(type.lastIndexOf('.') + 1)) : null;

@Resolver()
export class ClusterResolver {
  constructor(
    private readonly queries: ClusterQueries,
    private readonly commands: Commands,
    private readonly joining: Joining,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  @Query()
  @Needs('user', 'auditor')
  nodes(@Args() { first, after, removed }: QueryNodesArgs) {
    return this.queries.nodes(pageRequest(first ?? 50, after, 'text'), removed ?? false);
  }

  @Mutation()
  @Needs()
  drainNode(
    @Context('actor') actor: Actor,
    @Args() { id, reason, graceS, commandId }: MutationDrainNodeArgs,
  ) {
    const command = { type: 'DrainNode', reason: reason ?? '', graceS: graceS ?? DRAIN_GRACE_S } as const;
    return this.change(actor, id, command, commandId);
  }

  @Mutation()
  @Needs()
  resumeNode(@Context('actor') actor: Actor, @Args() { id, commandId }: MutationResumeNodeArgs) {
    return this.change(actor, id, { type: 'ResumeNode' }, commandId);
  }

  @Mutation()
  @Needs()
  async removeNode(
    @Context('actor') actor: Actor,
    @Args() { id, reason, force, commandId }: MutationRemoveNodeArgs,
  ) {
    const working = await this.queries.working(id);
    const command = { type: 'RemoveNode', reason: reason ?? '', force: force ?? false, working } as const;
    // What is there may have changed when the request is repeated: it is the same request nevertheless.
    const request = fingerprintOf(actor.id, id, command.reason, command.force);
    return this.change(actor, id, command, commandId, request);
  }

  @Mutation()
  @Needs()
  async inviteServer(
    @Context('actor') actor: Actor,
    @Args() { name, roles, commandId }: MutationInviteServerArgs,
  ) {
    const invitation = await this.joining.invite(actor, name, roles, commandId);
    return answer('ServerInvitation', isRefusal(invitation) ? invitation : { ...invitation, name, roles });
  }

  private async change(
    actor: Actor,
    id: string,
    command: NodeCommand,
    commandId: string,
    fingerprint?: string,
  ) {
    const meta = metaOf(actor, commandId);
    if (isRefusal(meta)) return answer('Node', meta);
    if (!isUuid(id)) return answer('Node', refuse('NoSuchNode', 'There is no such server', { field: 'id' }));
    const change = new ForNode(id, command, meta, fingerprint);
    return answer('Node', await this.commands.change(change, nodeList.name, () => this.queries.one(id)));
  }

  @Query('events')
  @Needs('auditor')
  page(@Args() { first, after, last, stream, types }: QueryEventsArgs) {
    return this.queries.events(
      pageRequest(first ?? 50, after, 'position'),
      last ?? null,
      stream ?? null,
      shortNames(types),
    );
  }

  @Subscription('events')
  @Needs('auditor')
  async stream(@Context('actor') _actor: Actor, @Args() { after, types }: SubscriptionEventsArgs) {
    const start = after
      ? (pageRequest(1, after, 'position').after?.[0] as Position)
      : await this.store.head();
    const wanted = shortNames(types);
    // Bounded by taking no more from the log than the subscriber has taken from us.
    let taken = (): void => undefined;
    const queue = new LiveQueue<Recorded>((push) => {
      const follower = follow(this.store, start, async (events) => {
        const fresh = events.filter(({ event }) => !wanted || wanted.includes(event.type));
        if (fresh.length === 0) return;
        fresh.forEach(push);
        await new Promise<void>((resolve) => (taken = resolve));
      });
      return () => {
        taken();
        void follower.stop();
      };
    }, 100_000);
    return queue.map((recorded) => {
      if (queue.isEmpty) taken();
      return Promise.resolve({ events: toLogEvent(recorded) });
    });
  }
}
