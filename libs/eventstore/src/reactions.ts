import { uuidv5 } from '@openpro/kernel';
import { PoisonEvent } from './catch-up.js';
import type { Position, Recorded } from './event-store.js';
import type { Reaction, TimerFired } from './read-side.js';

/** Every process, whatever its states and events. */
export interface AnyProcess {
  readonly name: string;
  readonly version: number;
  readonly on: readonly string[];
  keyOf(recorded: Recorded): string | undefined;
  react(state: unknown, recorded: Recorded): Reaction<unknown>;
}

export interface Timer {
  readonly due: number;
  /** Of the event that set it. */
  readonly correlation: string;
  readonly causation: string;
}

/** What a process keeps under one key; `state: undefined` = nothing. */
export interface Kept {
  readonly state: unknown;
  readonly timers: ReadonlyMap<string, Timer>;
}

export const NOTHING: Kept = { state: undefined, timers: new Map() };

export interface IssuedCommand {
  /** Those of one key are executed one after the other. */
  readonly key: string;
  readonly commandId: string;
  readonly to: string;
  readonly id: string;
  readonly command: object;
  readonly correlation: string;
  readonly causation: string;
}

/** Namespace of the ids of fired timers (a random UUID, fixed for ever). */
const TIMERS = '5d0ea1c1-6a0f-4d3c-9f0b-0f7f2c1b7a64';

/** A timer that has come due, as its process meets it: the same timer and due time, the same id. */
export const timerFired = (
  process: string,
  key: string,
  timer: string,
  { due, correlation, causation }: Timer,
  now: { readonly position: Position; readonly at: number },
): Recorded<TimerFired> => {
  const id = uuidv5(TIMERS, JSON.stringify([process, key, timer, due]));
  return {
    id,
    commandId: id,
    context: 'process',
    stream: `process-${process}`,
    version: 0,
    event: { type: 'TimerFired', timer },
    actor: `process:${process}`,
    roles: [],
    fingerprint: '',
    correlation,
    causation,
    ...now,
  };
};

/** One batch of a process in memory: what it keeps per key, step by step, and the commands that come of it. */
export class Reactions {
  readonly after: Map<string, Kept>;
  readonly commands: IssuedCommand[] = [];

  /** @param before what is kept now, for every key that will occur */
  constructor(
    private readonly process: AnyProcess,
    readonly before: ReadonlyMap<string, Kept>,
  ) {
    this.after = new Map(before);
  }

  /** @param silent the commands have been issued before, by the process's former version */
  meet(recorded: Recorded, key: string, silent = false): void {
    const kept = this.after.get(key) ?? NOTHING;
    try {
      const reaction = this.process.react(kept.state, recorded);
      this.after.set(key, { state: reaction.state, timers: this.timersAfter(kept, reaction, recorded) });
      if (!silent) this.issue(reaction.commands ?? [], recorded, key);
    } catch (error) {
      throw new PoisonEvent(recorded, error);
    }
  }

  /** Meets the timer if it is still set. */
  fire(
    key: string,
    timer: string,
    { due }: Timer,
    now: { readonly position: Position; readonly at: number },
  ): void {
    const kept = this.after.get(key) ?? NOTHING;
    const set = kept.timers.get(timer);
    if (set?.due !== due) return;
    const timers = new Map(kept.timers);
    timers.delete(timer);
    this.after.set(key, { ...kept, timers });
    const recorded = timerFired(this.process.name, key, timer, set, now);
    this.meet(recorded, key);
    const again = this.after.get(key)?.timers.get(timer);
    if (again && again.due <= due)
      throw new PoisonEvent(
        recorded,
        new Error(`timer ${timer} sets itself again to a time that has passed`),
      );
  }

  private timersAfter(kept: Kept, { state, timers }: Reaction<unknown>, recorded: Recorded): Kept['timers'] {
    const changes = Object.entries(timers ?? {});
    if (state === undefined) {
      if (changes.some(([, due]) => due !== null)) throw new Error('a timer needs a state to come back to');
      return NOTHING.timers;
    }
    if (changes.length === 0) return kept.timers;
    const next = new Map(kept.timers);
    for (const [timer, due] of changes)
      if (due === null) next.delete(timer);
      else if (Number.isSafeInteger(due)) next.set(timer, { due, ...causeOf(recorded) });
      else throw new Error(`timer ${timer} is due at ${due}: not whole milliseconds since 1970`);
    return next;
  }

  private issue(commands: NonNullable<Reaction<unknown>['commands']>, recorded: Recorded, key: string): void {
    commands.forEach(({ to, id, command, line }, index) => {
      const commandId = uuidv5(recorded.id, `${this.process.name}:${index}`);
      const inLine = line === undefined ? key : `${key} ${line}`;
      this.commands.push({ key: inLine, commandId, to, id, command, ...causeOf(recorded) });
    });
  }
}

/** A fired timer stands in no log: its cause is the event that set it. */
const causeOf = ({
  id,
  event,
  correlation,
  causation,
}: Recorded): { correlation: string; causation: string } => ({
  correlation,
  causation: event.type === 'TimerFired' ? (causation ?? id) : id,
});
