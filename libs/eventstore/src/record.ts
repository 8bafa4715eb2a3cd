import { isUuid, uuidv5 } from '@openpro/kernel';
import {
  type Append,
  BadAppend,
  type CommandMeta,
  type Position,
  type Recorded,
  START,
} from './event-store.js';

/** Every adapter refuses larger appends: large things belong into the blob store, by their digest. */
export const MAX_APPEND_BYTES = 1024 * 1024;

const STREAM = /^[^\s\p{Cc}\p{Cs}]{1,400}$/u;
const MAX_VERSION = 2 ** 31 - 1;
const CONTEXT = /^[a-z][a-z0-9-]{0,59}$/;
const POSITION_DIGITS = 16; // as many as Number.MAX_SAFE_INTEGER has

/** Positions count from 1 without a gap; with leading zeros text order is log order. */
export const positionOf = (count: number): Position =>
  String(count).padStart(POSITION_DIGITS, '0') as Position;

/** Of any text that looks like a position, also one of another store: it comes from a cursor, which anybody can make up. */
export const countOf = (position: Position): number =>
  position === START ? 0 : Math.min(Number.parseInt(position, 10), Number.MAX_SAFE_INTEGER);

/** What stands in `body`: everything about an event that the log itself does not number. */
type Body = Omit<Recorded, 'position' | 'stream' | 'version' | 'at'>;

/** An append, checked and as the lines that will be stored: JSON text contains no line feed. */
export interface EncodedAppend {
  readonly stream: string;
  readonly expected: number;
  readonly bodies: readonly string[];
  /** Of the leader who appends it. */
  readonly epoch: number | undefined;
  readonly bytes: number;
}

const problemOf = ({ stream, expected, context, events, meta, fingerprint }: Append): string | undefined => {
  if (!STREAM.test(stream))
    return `stream "${stream.slice(0, 80)}" must have 1 to 400 characters without white space`;
  if (!Number.isInteger(expected) || expected < 0 || expected >= MAX_VERSION)
    return `expected version ${expected} is not a whole number from 0 to ${MAX_VERSION - 1}`;
  if (!CONTEXT.test(context))
    return `context "${context.slice(0, 80)}" must be 1 to 60 lower-case letters, digits or dashes`;
  if (events.length === 0) return 'events is empty';
  if (events.some(({ type }) => !type)) return 'an event has no type';
  if (!isUuid(meta.commandId))
    return `commandId "${String(meta.commandId).slice(0, 80)}" is not a lower-case UUID`;
  if (!meta.actor) return 'actor is missing';
  if (!fingerprint) return 'fingerprint is missing';
  return undefined;
};

/** @throws BadAppend */
export const check = (append: Append): void => {
  const problem = problemOf(append);
  if (problem) throw new BadAppend(problem);
};

/** @throws BadAppend */
export const checkSize = (bytes: number, { commandId }: CommandMeta): void => {
  if (bytes > MAX_APPEND_BYTES)
    throw new BadAppend(
      `the events of command ${commandId} have ${bytes} bytes; the limit is ${MAX_APPEND_BYTES}`,
    );
};

export const encode = (append: Append): EncodedAppend => {
  check(append);
  const { stream, expected, context, events, meta, fingerprint } = append;
  const { commandId, actor, roles, correlation = commandId, causation, epoch } = meta;
  let bytes = 0;
  const bodies = events.map((event, index) => {
    const id = uuidv5(commandId, String(index));
    const body = { id, context, commandId, actor, roles, correlation, causation, epoch, fingerprint, event };
    const text = JSON.stringify(body satisfies { [Field in keyof Body]: Body[Field] | undefined });
    bytes += Buffer.byteLength(text);
    return text;
  });
  checkSize(bytes, meta);
  return { stream, expected, bodies, epoch, bytes };
};

/** From the stored text, also right after an append: nobody sees an event that differs from what a replay shows. */
export const decode = (
  count: number,
  stream: string,
  version: number,
  at: number,
  body: string,
): Recorded => {
  const recorded = JSON.parse(body) as { -readonly [Field in keyof Recorded]: Recorded[Field] };
  recorded.position = positionOf(count);
  recorded.stream = stream;
  recorded.version = version;
  recorded.at = at;
  return recorded;
};
