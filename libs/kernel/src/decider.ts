import type { Refusal } from './refusal.js';

/** An event as the rules see it: its type and its data, flat. Who and when stand in the envelope. */
export interface DomainEvent {
  readonly type: string;
}

/**
 * A pure aggregate: `decide` says what happens, `evolve` says what it means.
 * Time and ids come in with the command, so the same input gives the same output.
 * `decide` returns `[]` when nothing has to happen (a repeated or late message).
 */
export interface Decider<State, Command, Event extends DomainEvent, No extends Refusal = Refusal> {
  readonly initial: State;
  decide(command: Command, state: State): readonly Event[] | No;
  evolve(state: State, event: Event): State;
}
