import type { Brand, DomainEvent } from '@openpro/kernel';

/**
 * Where an event stands in the log of all streams. Opaque outside the adapters, but every adapter
 * makes it so that plain string comparison is log order: `a < b` means a was appended before b.
 */
export type Position = Brand<string, 'Position'>;

/** Before the first event. */
export const START = '' as Position;

/** `aggregate-id`, for example `job-0198…`. */
export type StreamName = string;

/** Who did what through which command; the same for every event of one append. */
export interface CommandMeta {
  /** The caller's idempotency key (a UUID): the same id never has two effects. */
  readonly commandId: string;
  /** The user's id, or `process:<name>`, `node:<id>`, `system`. */
  readonly actor: string;
  /** The actor's roles at that moment. */
  readonly roles: readonly string[];
  /** The command that started it all; its own id when absent. */
  readonly correlation?: string;
  /** The event that caused the command, when a process issued it. */
  readonly causation?: string;
  /** The leader's epoch, for what only a leader does. */
  readonly epoch?: number;
}

export interface Append {
  readonly stream: StreamName;
  /** The version of the stream's last event; 0 = the stream must not exist. There is no "any version". */
  readonly expected: number;
  /** Wire prefix of the event types, for example `jobs` in `jobs.JobQueued`. */
  readonly context: string;
  readonly events: readonly DomainEvent[];
  readonly meta: CommandMeta;
  /** Tells two commands under one id apart: a digest of the payload and its actor. */
  readonly fingerprint: string;
}

/** One event as it stands in the log. */
export interface Recorded<E extends DomainEvent = DomainEvent> extends CommandMeta {
  /** UUIDv5 of command id and index. */
  readonly id: string;
  readonly context: string;
  readonly event: E;
  readonly position: Position;
  readonly stream: StreamName;
  /** 1 for the first event of the stream. */
  readonly version: number;
  /** The store's clock, milliseconds since 1970. */
  readonly at: number;
  readonly fingerprint: string;
  readonly correlation: string;
}

export type AppendResult =
  | { readonly is: 'appended'; readonly events: readonly Recorded[] }
  /** Somebody else wrote first; `version` is the stream's version now. */
  | { readonly is: 'conflict'; readonly version: number }
  /** By a leader whose term is over, where the store can tell: nothing was written. */
  | { readonly is: 'deposed' };

/**
 * The one log. One append writes one stream, at the version that the caller has seen.
 * After any thrown error (connection lost, time-out) the outcome is unknown: repeat the same
 * command id; the handler recognises what has already happened.
 */
export interface EventStore {
  append(append: Append): Promise<AppendResult>;
  /** The events of one stream with a version above `after`, oldest first: all of them, or the first `limit`. */
  readStream(stream: StreamName, after?: number, limit?: number): Promise<readonly Recorded[]>;
  /** The first event of each of these streams, in their order; `undefined` where there is none. */
  readFirst(streams: readonly StreamName[]): Promise<readonly (Recorded | undefined)[]>;
  /** The last events of one stream, newest first, at most `limit`. */
  readStreamBack(stream: StreamName, limit: number): Promise<readonly Recorded[]>;
  /** The last events of each of these streams, in their order: of each newest first, at most `limit`. */
  readLast(streams: readonly StreamName[], limit: number): Promise<readonly (readonly Recorded[])[]>;
  /**
   * The next events of the log, oldest first, at most `limit`. A missing position is an error
   * (`LogGap`), never silently skipped. Fewer than `limit` events means: that was the end, as far as
   * this server has heard; `onNews` calls back when there is more.
   */
  readAll(after: Position, limit: number): Promise<readonly Recorded[]>;
  /** The last events before `before` (of the whole log without it), newest first, at most `limit`. */
  readBack(limit: number, before?: Position): Promise<readonly Recorded[]>;
  /** The position of the last event, `START` when the log is empty. */
  head(): Promise<Position>;
  /** Calls back after new events may have arrived, from any server; may call too often, never too rarely. */
  onNews(listener: () => void): () => void;
  close(): Promise<void>;
}

/** A reader met a position that does not follow its predecessor: stop and alarm, never go on. */
export class LogGap extends Error {
  constructor(after: Position, found: Position) {
    super(`The log has a gap: ${found} follows ${after || 'the start'}`);
    this.name = 'LogGap';
  }
}

/**
 * The log cannot be reached, or the connection broke before its answer: what was to be appended may or may not
 * stand in the log. Safe to repeat with the same command id.
 */
export class StoreUnavailable extends Error {
  constructor(cause: unknown) {
    super(`The event log cannot be reached: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
    this.name = 'StoreUnavailable';
  }
}

/** The caller has a bug: the message names the field, its problem and the limit. Nothing was written. */
export class BadAppend extends Error {
  constructor(problem: string) {
    super(`Not appended: ${problem}`);
    this.name = 'BadAppend';
  }
}
