import { type DomainEvent, uuidv5 } from '@openpro/kernel';
import type { Append, Position, Recorded } from './event-store.js';
import { check, checkSize } from './record.js';

/**
 * How an append stands in KurrentDB: the event as JSON data, everything else about it as custom metadata, where
 * `$correlationId` and `$causationId` are the names that KurrentDB's own projections know.
 */
interface Metadata {
  readonly $correlationId: string;
  readonly $causationId?: string | undefined;
  readonly commandId: string;
  readonly actor: string;
  readonly roles: readonly string[];
  readonly epoch?: number | undefined;
  readonly fingerprint: string;
  /** Names the call that wrote it: to the same ids at the same place KurrentDB says yes once more, and writes nothing. */
  readonly call: string;
  /** The time of the newest event that the writer knew: the leader's clock may jump back, the log's must not. */
  readonly notBefore?: number | undefined;
  /** Of an event that was moved here from another store: when it happened. */
  readonly at?: number | undefined;
}

/** What an append's call adds to it. */
export type Stamp = Pick<Metadata, 'call' | 'notBefore' | 'at'>;

export interface ProposedEvent {
  readonly id: string;
  readonly type: string;
  readonly data: Buffer;
  readonly metadata: Buffer;
}

export interface KurrentAppend {
  readonly stream: string;
  readonly expected: number;
  readonly call: string;
  readonly events: readonly ProposedEvent[];
}

/** An event as KurrentDB gives it back; 64-bit numbers as text. */
export interface KurrentEvent {
  readonly id: string;
  readonly stream: string;
  readonly revision: string;
  readonly commit: string;
  readonly prepare: string;
  readonly type: string;
  readonly data: string;
  readonly metadata: string;
  /** In ticks of 100 ns since 1970. */
  readonly created: string;
}

/** An event, and the call that wrote it. */
export interface Arrival {
  readonly recorded: Recorded;
  readonly call: string;
}

/** @throws BadAppend */
export const encodeForKurrent = (append: Append, { call, notBefore, at }: Stamp): KurrentAppend => {
  check(append);
  const { stream, expected, context, events, meta, fingerprint } = append;
  const { commandId, actor, roles, correlation = commandId, causation, epoch } = meta;
  const about: Metadata = {
    $correlationId: correlation,
    $causationId: causation,
    commandId,
    actor,
    roles,
    epoch,
    fingerprint,
    call,
    notBefore,
    at,
  };
  const metadata = Buffer.from(JSON.stringify(about));
  let bytes = 0;
  const proposed = events.map((event, index): ProposedEvent => {
    const type = `${context}.${event.type}`;
    const data = Buffer.from(JSON.stringify(event));
    bytes += 2 * type.length + data.length + metadata.length; // as the server counts
    return { id: uuidv5(commandId, String(index)), type, data, metadata };
  });
  checkSize(bytes, meta);
  return { stream, expected, call, events: proposed };
};

/** A place in the log file has up to 20 digits; with leading zeros text order is log order. */
const DIGITS = 20;
const LAST = 2n ** 63n - 1n;

const padded = (place: string): string => place.padStart(DIGITS, '0');

/**
 * The commit position, followed by the prepare position where it is another one. That is so only for events of
 * explicit transactions, which no commit position shares with any other event: text order stays log order.
 */
export const positionAt = (commit: string, prepare: string): Position =>
  (commit === prepare ? padded(commit) : `${padded(commit)}.${padded(prepare)}`) as Position;

const placeOf = (digits: string): string => {
  const place = BigInt(digits);
  return String(place > LAST ? LAST : place); // of a made-up cursor
};

export const placesOf = (position: Position): { readonly commit: string; readonly prepare: string } => {
  const [commit = '0', prepare = commit] = position.split('.');
  return { commit: placeOf(commit), prepare: placeOf(prepare) };
};

/** @throws when the event was not written by this adapter */
export const decodeFromKurrent = (event: KurrentEvent): Arrival => {
  try {
    const about = JSON.parse(event.metadata) as Metadata;
    const created = Number(BigInt(event.created) / 10_000n);
    const recorded: Recorded = {
      id: event.id,
      context: event.type.slice(0, event.type.indexOf('.')),
      commandId: about.commandId,
      actor: about.actor,
      roles: about.roles,
      correlation: about.$correlationId,
      ...(about.$causationId === undefined ? {} : { causation: about.$causationId }),
      ...(about.epoch === undefined ? {} : { epoch: about.epoch }),
      fingerprint: about.fingerprint,
      event: JSON.parse(event.data) as DomainEvent,
      position: positionAt(event.commit, event.prepare),
      stream: event.stream,
      version: Number(event.revision) + 1,
      at: about.at ?? Math.max(created, about.notBefore ?? 0),
    };
    return { recorded, call: about.call };
  } catch (error) {
    throw new Error(`Event ${event.revision}@${event.stream} in KurrentDB was not written by OpenPRO`, {
      cause: error,
    });
  }
};
