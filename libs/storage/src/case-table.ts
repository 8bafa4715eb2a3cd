import { type Column, decodeColumns, FLAGS } from '@openpro/engine';
import { csvLine } from '@openpro/kernel';

/** One window of an identifier's tuples, in the form of the API. */
export interface CaseTable {
  readonly identifier: string;
  readonly version: number;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  readonly total: number;
}

export type Cell = string | number | boolean | null;

/** An identifier's blob: index columns first (positions in a set), then the values, then flags where there are any. */
export interface Decoded {
  readonly index: readonly (Column & { readonly type: 'i32' })[];
  readonly value: Exclude<Column, { readonly type: 'flags' }>;
  readonly flags: Uint8Array | undefined;
  readonly count: number;
}

export const decode = (name: string, bytes: Uint8Array): Decoded => {
  const columns = decodeColumns(bytes);
  const flags = columns.at(-1)?.type === 'flags' ? (columns.pop()?.values as Uint8Array) : undefined;
  const value = columns.pop();
  if (!value || value.type === 'flags') throw new TypeError(`The table of ${name} has no values`);
  const index = columns.filter((column) => column.type === 'i32');
  if (index.length !== columns.length)
    throw new TypeError(`The table of ${name} has an index that is no position`);
  return { index, value, flags, count: value.values.length };
};

export const typeOf = (value: Decoded['value']): string => (value.type === 'u8' ? 'bool' : value.type);
export const domainOf = ({ index }: Decoded): string[] => index.map(({ set, name }) => set ?? name);

const FLAG_TEXT = new Map<number, string>([
  [FLAGS.notAvailable, 'NA'],
  [FLAGS.plusInfinity, 'INF'],
  [FLAGS.minusInfinity, '-INF'],
  [FLAGS.undefined, 'UNDF'],
]);

/** The elements of a set, in their order. */
export type Elements = (set: string) => readonly string[];

/** A value as JSON can hold it: whole numbers beyond 2^53 as text, moments in ISO 8601. */
const valueAt = ({ value, flags }: Decoded, row: number, elements: Elements): Cell => {
  const flag = flags && FLAG_TEXT.get(flags[row]!);
  if (flag !== undefined) return flag;
  switch (value.type) {
    case 'u8':
      return value.values[row] !== 0;
    case 'i64': {
      const whole = value.values[row]!;
      return Number.isSafeInteger(Number(whole)) ? Number(whole) : String(whole);
    }
    case 'datetime':
      return isoOf(value.values[row]!);
    case 'element': {
      const position = value.values[row]!;
      return position < 0 ? null : (elements(value.set)[position] ?? null);
    }
    case 'f64': {
      const number = value.values[row]!;
      return Number.isFinite(number) ? number : Number.isNaN(number) ? 'NA' : number > 0 ? 'INF' : '-INF';
    }
    default:
      return value.values[row]!;
  }
};

const isoOf = (microseconds: bigint): string => {
  const date = new Date(Number(microseconds / 1000n));
  return Number.isNaN(date.getTime()) ? String(microseconds) : date.toISOString();
};

const rowAt = (decoded: Decoded, row: number, elements: Elements): Cell[] => [
  ...decoded.index.map((column) => elements(column.set ?? column.name)[column.values[row]!] ?? null),
  valueAt(decoded, row, elements),
];

const columnsOf = (identifier: string, decoded: Decoded): string[] => [...domainOf(decoded), identifier];

/** One window of an identifier. A case never changes: version 1. */
export const tableOf = (
  identifier: string,
  decoded: Decoded,
  elements: Elements,
  offset: number,
  limit: number,
): CaseTable => {
  const rows: Cell[][] = [];
  for (let row = Math.max(0, offset); row < Math.min(decoded.count, offset + limit); row++)
    rows.push(rowAt(decoded, row, elements));
  return { identifier, version: 1, columns: columnsOf(identifier, decoded), rows, total: decoded.count };
};

const ROWS_PER_CHUNK = 1000;

/** An identifier as CSV, a thousand rows at a time. */
export function* csvOf(identifier: string, decoded: Decoded, elements: Elements): Generator<string> {
  let chunk = csvLine(columnsOf(identifier, decoded));
  for (let row = 0; row < decoded.count; row++) {
    chunk += csvLine(rowAt(decoded, row, elements));
    if (row % ROWS_PER_CHUNK === ROWS_PER_CHUNK - 1) {
      yield chunk;
      chunk = '';
    }
  }
  if (chunk) yield chunk;
}
