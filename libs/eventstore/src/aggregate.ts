import type { Decider, DomainEvent, Refusal } from '@openpro/kernel';
import type { CommandMeta, EventStore, StreamName } from './event-store.js';

/** A decider and where its events live: in streams `name-id`, with types `context.Type` on the wire. */
export interface Aggregate<State, Command, Event extends DomainEvent, No extends Refusal = Refusal> {
  readonly name: string;
  readonly context: string;
  readonly decider: Decider<State, Command, Event, No>;
  /**
   * For a stream that never ends: only so many of its last commands are known again, so that it does not fill the
   * memory of every server. One that is repeated later is decided anew.
   */
  readonly remembers?: number;
  /**
   * For such a stream, too: its state is plain JSON and kept now and then, so that nobody has to read all of it. The
   * number says what the state looks like: another one, and what was kept before does not count.
   */
  readonly snapshot?: number;
}

/** A command on its way to one aggregate; each aggregate has one subclass, which the command bus routes by. */
export abstract class AggregateCommand<Command> {
  constructor(
    readonly id: string,
    readonly command: Command,
    readonly meta: CommandMeta,
    /** Tells two requests under one command id apart; by default actor and command do. */
    readonly fingerprint?: string,
  ) {}
}

export const streamOf = (aggregate: { readonly name: string }, id: string): StreamName =>
  `${aggregate.name}-${id}`;

/** The aggregate's state now, read from the log; its initial state when nothing has happened yet. */
export const fold = async <State, Event extends DomainEvent>(
  store: EventStore,
  aggregate: Aggregate<State, never, Event>,
  id: string,
): Promise<State> => {
  const recorded = await store.readStream(streamOf(aggregate, id));
  const { initial, evolve } = aggregate.decider;
  return recorded.reduce((state, { event }) => evolve(state, event as Event), initial);
};
