import { expect } from '@jest/globals';
import type { Brand } from './brand.js';
import type { Decider, DomainEvent } from './decider.js';
import { uuidv5 } from './ids.js';
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

/** Whoever changes a state or an event in place is found out by a TypeError. */
const frozen = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value))
    Object.values(Object.freeze(value)).forEach(frozen);
  return value;
};

/** Gives the commands to the decider one after the other, as a server would: the history and state that result. */
export const play = <State, Command, Event extends DomainEvent, No extends Refusal>(
  decider: Decider<State, Command, Event, No>,
  commands: readonly Command[],
): { readonly history: readonly Event[]; readonly state: State } => {
  const history: Event[] = [];
  let state = frozen(decider.initial);
  for (const command of commands) {
    const outcome = decider.decide(frozen(command), state);
    if (isRefusal(outcome)) continue;
    for (const event of outcome) {
      history.push(frozen(event));
      state = frozen(decider.evolve(state, event));
      expect(state).toBeDefined();
    }
  }
  return { history, state };
};

const NAMESPACE = 'b0b0b0b0-0000-4000-8000-000000000000';

/**
 * Events as the log holds them, one after the other, for tests of projections and processes:
 * `const record = recorder(); record('job-1', event, { at: 1000 })`. Without `at`, one second later each.
 */
export const recorder = () => {
  const versions = new Map<string, number>();
  let count = 0;
  return <E extends DomainEvent>(stream: string, event: E, { at = ++count * 1000, actor = 'ada' } = {}) => {
    const version = (versions.get(stream) ?? 0) + 1;
    versions.set(stream, version);
    const commandId = uuidv5(NAMESPACE, `${stream}@${version}`);
    return {
      id: uuidv5(commandId, '0'),
      context: 'test',
      event,
      position: `${stream}@${version}` as Brand<string, 'Position'>,
      stream,
      version,
      at,
      fingerprint: '',
      commandId,
      correlation: commandId,
      actor,
      roles: [] as readonly string[],
    };
  };
};

type Logged = ReturnType<ReturnType<typeof recorder>>;

/** The rows of a projection after these events, by key. Every row must have exactly the declared columns. */
export const project = <Row extends object>(
  projection: {
    readonly columns: object;
    readonly on: readonly string[];
    keyOf(recorded: never): string | undefined;
    evolve(row: Row | undefined, recorded: never): Row | undefined;
  },
  log: readonly Logged[],
): ReadonlyMap<string, Row> => {
  const rows = new Map<string, Row>();
  for (const recorded of log) {
    if (!projection.on.includes(recorded.event.type)) continue;
    const key = projection.keyOf(recorded as never);
    if (key === undefined) continue;
    const row = projection.evolve(rows.get(key), recorded as never);
    if (row === undefined) rows.delete(key);
    else rows.set(key, frozen(row));
  }
  for (const row of rows.values()) {
    expect(Object.keys(row).sort()).toStrictEqual(Object.keys(projection.columns).sort());
    expect(Object.values(row)).not.toContain(undefined);
  }
  return rows;
};

/** A process under test: what it commands when it sees an event, or when a timer that it has set comes due. */
export const processUnderTest = <State, Command>(process: {
  readonly on: readonly string[];
  keyOf(recorded: never): string | undefined;
  react(
    state: State | undefined,
    recorded: never,
  ): {
    state: State | undefined;
    commands?: readonly Command[];
    timers?: { readonly [name: string]: number | null };
  };
}) => {
  const states = new Map<string, State>();
  const timers = new Map<string, { key: string; timer: string; at: number }>();
  const react = (key: string, recorded: Logged): readonly Command[] => {
    const reaction = process.react(states.get(key), recorded as never);
    if (reaction.state === undefined) {
      states.delete(key);
      for (const [id, timer] of timers) if (timer.key === key) timers.delete(id);
    } else states.set(key, frozen(reaction.state));
    for (const [timer, at] of Object.entries(reaction.timers ?? {}))
      if (at === null) timers.delete(`${key} ${timer}`);
      else timers.set(`${key} ${timer}`, { key, timer, at });
    return reaction.commands ?? [];
  };
  return {
    states: states as ReadonlyMap<string, State>,
    see(recorded: Logged): readonly Command[] {
      const key = process.on.includes(recorded.event.type) ? process.keyOf(recorded as never) : undefined;
      return key === undefined ? [] : react(key, recorded);
    },
    /** When the next timer comes due; `undefined` = none is set. */
    nextTimer: (): number | undefined => [...timers.values()].sort((a, b) => a.at - b.at)[0]?.at,
    /** Lets time pass to `at`: what the timers that come due until then command. */
    advance(at: number): readonly Command[] {
      const due = [...timers].filter(([, timer]) => timer.at <= at).sort(([, a], [, b]) => a.at - b.at);
      return due.flatMap(([id, { key, timer, at: firedAt }]) => {
        if (!timers.delete(id)) return [];
        return react(key, recorder()('timer', { type: 'TimerFired', timer } as DomainEvent, { at: firedAt }));
      });
    },
  };
};
