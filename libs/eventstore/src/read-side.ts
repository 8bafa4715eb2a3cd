import type { DomainEvent } from '@openpro/kernel';
import type { Recorded } from './event-store.js';

/** PostgreSQL column types that a read model uses. `int8` holds milliseconds and byte counts (as number). */
export type ColumnType = 'text' | 'int4' | 'int8' | 'float8' | 'bool' | 'jsonb';

/**
 * One table of the read model: a row per key, folded from the events that `on` names.
 * Pure data and pure functions; the runner reads, folds and writes rows and checkpoint in one transaction.
 */
export interface Projection<Row extends object, E extends DomainEvent = DomainEvent> {
  /** Also the table's name, snake_case. */
  readonly name: string;
  /** Part of the checkpoint's name (`job_list@2`): a new version is rebuilt from zero. */
  readonly version: number;
  /** Every column; a row's `undefined` is not allowed, `null` is. */
  readonly columns: { readonly [Column in keyof Row & string]: ColumnType };
  /** The primary key, a text column. */
  readonly key: keyof Row & string;
  readonly on: readonly E['type'][];
  /** The row that the event changes; `undefined` = none. */
  keyOf(recorded: Recorded<E>): string | undefined;
  /** The row after the event; `undefined` removes it. */
  evolve(row: Row | undefined, recorded: Recorded<E>): Row | undefined;
}

/** A command that a process wants done: plain data, kept in the outbox until it is done. */
export interface ProcessCommand {
  /** The aggregate's name, as in the stream name before the dash. */
  readonly to: string;
  readonly id: string;
  readonly command: object;
  /** The commands of a key are executed one after the other; where that is too slow, those of one line of the key. */
  readonly line?: string;
}

/** What a process meets when a timer that it set has come due. */
export interface TimerFired extends DomainEvent {
  readonly type: 'TimerFired';
  readonly timer: string;
}

export interface Reaction<State> {
  /** The state to keep under the key; `undefined` forgets it (and its timers). */
  readonly state: State | undefined;
  readonly commands?: readonly ProcessCommand[];
  /** Timers of this key: due at milliseconds since 1970, or `null` to clear. */
  readonly timers?: { readonly [name: string]: number | null };
}

/**
 * A durable process (saga): pure `react(state, event)`, one state per key. State, checkpoint, timers
 * and outbox are written in one transaction; command ids are derived from the causing event, so a
 * crash anywhere repeats the same ids and the handler recognises them.
 */
export interface Process<State, E extends DomainEvent = DomainEvent> {
  /** Goal, verb first: `requeue-lost-jobs`. */
  readonly name: string;
  readonly version: number;
  readonly on: readonly E['type'][];
  keyOf(recorded: Recorded<E>): string | undefined;
  react(state: State | undefined, recorded: Recorded<E | TimerFired>): Reaction<State>;
}
