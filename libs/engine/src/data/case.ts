import { encodeColumns } from '../wire/cols1.js';
import { EngineError } from '../wire/engine-error.js';

/**
 * A snapshot of an app's data. Each set is a `cols1` column of text, each identifier a `cols1` table whose
 * positions are those of the sets beside it. Equal data gives equal bytes.
 */
export interface CaseData {
  readonly sets: ReadonlyMap<string, Uint8Array>;
  readonly identifiers: ReadonlyMap<string, Uint8Array>;
}

/** Names and sizes of a case's blobs in the order in which they lie in a binary part, each at a multiple of 8. */
export interface CaseHeader {
  readonly sets: readonly (readonly [name: string, bytes: number])[];
  readonly identifiers: readonly (readonly [name: string, bytes: number])[];
}

const padded = (length: number): number => Math.ceil(length / 8) * 8;
const PADDING = new Uint8Array(8);

const headerOf = (blobs: ReadonlyMap<string, Uint8Array>): CaseHeader['sets'] =>
  [...blobs].map(([name, { byteLength }]) => [name, byteLength]);

/** A case as the parts of a binary part; nothing is copied. */
export const packCase = ({ sets, identifiers }: CaseData): { header: CaseHeader; parts: Uint8Array[] } => ({
  header: { sets: headerOf(sets), identifiers: headerOf(identifiers) },
  parts: [...sets.values(), ...identifiers.values()].flatMap((blob) => [
    blob,
    PADDING.subarray(0, padded(blob.byteLength) - blob.byteLength),
  ]),
});

/**
 * The cases that lie in a binary part one after the other, as views.
 * @throws EngineError `BadMessage` when headers and bytes do not agree.
 */
export const unpackCases = (
  headers: readonly (CaseHeader | null)[],
  binary: Uint8Array,
): (CaseData | null)[] => {
  let at = 0;
  const blob = ([name, bytes]: CaseHeader['sets'][number]): [string, Uint8Array] => {
    if (typeof name !== 'string' || !Number.isSafeInteger(bytes) || bytes < 0 || at + bytes > binary.length)
      throw new EngineError('BadMessage', `The data of ${String(name)} is not where the message says`);
    const start = at;
    at += padded(bytes);
    return [name, binary.subarray(start, start + bytes)];
  };
  const list = (value: unknown): CaseHeader['sets'] => {
    if (Array.isArray(value) && value.every((entry): entry is [string, number] => Array.isArray(entry)))
      return value;
    throw new EngineError('BadMessage', 'The header of a case must have lists of names and sizes');
  };
  return headers.map((header) =>
    header
      ? {
          sets: new Map(list(header.sets).map(blob)),
          identifiers: new Map(list(header.identifiers).map(blob)),
        }
      : null,
  );
};

export const unpackCase = (header: CaseHeader, binary: Uint8Array): CaseData =>
  unpackCases([header], binary)[0]!;

/** A case of one scalar text, for example an uploaded file. */
export const textCase = (identifier: string, text: string): CaseData => ({
  sets: new Map(),
  identifiers: new Map([[identifier, encodeColumns([{ name: 'value', type: 'utf8', values: [text] }])]]),
});
