import { Args, Context, Query, Resolver, Subscription } from '@nestjs/graphql';
import { type EventStore, follow, type Position, type Recorded } from '@openpro/eventstore';
import {
  type Actor,
  EVENT_STORE,
  LiveQueue,
  Needs,
  pageRequest,
  type QueryEventsArgs,
  type QueryNodesArgs,
  type SubscriptionEventsArgs,
} from '@openpro/platform';
import { Inject } from '@nestjs/common';
import { ClusterQueries, toLogEvent } from './cluster.queries.js';

/** Type names with or without the context: `JobQueued` and `jobs.JobQueued` are the same. */
const shortNames = (types: readonly string[] | null | undefined): string[] | null =>
  types?.length ? types.map((type) => type.slice(type.lastIndexOf('.') + 1)) : null;

@Resolver()
export class ClusterResolver {
  constructor(
    private readonly queries: ClusterQueries,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  @Query()
  @Needs('user', 'auditor')
  nodes(@Args() { first, after }: QueryNodesArgs) {
    return this.queries.nodes(pageRequest(first ?? 50, after, 'text'));
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
