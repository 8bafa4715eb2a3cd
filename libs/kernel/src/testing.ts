import { expect } from '@jest/globals';
import type { Decider, DomainEvent } from './decider.js';
import { isRefusal, type Refusal } from './refusal.js';

/**
 * Given/when/then for a decider: `given(...events).when(command).then(...events)`.
 * The comparison is exact: order, count and every field; `then()` means that nothing happened.
 */
export const specFor =
  <State, Command, Event extends DomainEvent, No extends Refusal>(
    decider: Decider<State, Command, Event, No>,
  ) =>
  (...history: readonly Event[]) => ({
    when: (command: Command) => {
      const outcome = decider.decide(command, history.reduce(decider.evolve, decider.initial));
      return {
        then: (...events: readonly Event[]) => expect(outcome).toStrictEqual(events),
        thenRefused: (code: No['refused'], details: Partial<Refusal> = {}) => {
          expect(isRefusal(outcome)).toBe(true);
          expect(outcome).toMatchObject({ refused: code, ...details });
        },
      };
    },
  });
