import { Buffer } from 'node:buffer';

/*
 * `cols1`: a table as columns, in one block of bytes that says itself what it is.
 *
 *   u32 length of the header (LE) | header JSON | zeros up to a multiple of 8 | column | zeros | column …
 *
 * Numbers are little-endian, columns start at multiples of 8: they are read where they lie. The same table gives
 * the same bytes, so that equal data is stored once.
 */

interface Of<Type extends string, Values> {
  readonly name: string;
  readonly type: Type;
  readonly values: Values;
}

export type Column =
  /** Positions in the set of that name. */
  | (Of<'i32', Int32Array> & { readonly set?: string })
  | Of<'f64', Float64Array>
  | Of<'i64', BigInt64Array>
  /** `bool`: 0 or 1. */
  | Of<'u8', Uint8Array>
  | Of<'utf8', readonly string[]>
  /** Microseconds since 1970-01-01T00:00Z; `zone` is how they are shown. */
  | (Of<'datetime', BigInt64Array> & { readonly zone: string })
  /** Positions in the set of that name; -1 = none. */
  | (Of<'element', Int32Array> & { readonly set: string })
  /** One of `FLAGS` for each row: special values that stand above the value column's. */
  | Of<'flags', Uint8Array>;

export const FLAGS = { none: 0, notAvailable: 1, plusInfinity: 2, minusInfinity: 3, undefined: 4 } as const;

/** The bytes are not a `cols1` table; the message names the column. */
export class Cols1Error extends Error {
  override readonly name = 'Cols1Error';
}

const LIMITS = { header: 4 * 1024 ** 2, columns: 100, rows: 2 ** 31 - 1 } as const;
const WIDTH = { i32: 4, element: 4, f64: 8, i64: 8, datetime: 8, u8: 1, flags: 1 } as const;
const padded = (length: number): number => Math.ceil(length / 8) * 8;
const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

interface Part {
  readonly column: Record<string, unknown>;
  readonly blocks: readonly Uint8Array[];
}

const utf8Blocks = (values: readonly string[]): Uint8Array[] => {
  const offsets = new Int32Array(values.length + 1);
  const joined = values.join('');
  const bytes = Buffer.from(joined);
  const ascii = bytes.length === joined.length;
  let at = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    offsets[i + 1] = at += ascii ? value.length : Buffer.byteLength(value);
  }
  if (at !== bytes.length) throw new Cols1Error('A text ends within a character');
  return [bytesOf(offsets), bytes];
};

const partOf = (column: Column, rows: number): Part => {
  const { name, type, values } = column;
  if (values.length !== rows)
    throw new Cols1Error(`The column ${name} has ${values.length} rows and the first one ${rows}`);
  if (type === 'utf8') {
    const blocks = utf8Blocks(values);
    return { column: { name, type, bytes: blocks[1]!.byteLength }, blocks };
  }
  const set = 'set' in column && column.set !== undefined ? { set: column.set } : {};
  const zone = type === 'datetime' ? { zone: column.zone } : {};
  return { column: { name, type, ...set, ...zone }, blocks: [bytesOf(values)] };
};

/** @throws Cols1Error when the columns differ in length. */
export const encodeColumns = (columns: readonly Column[]): Uint8Array => {
  const rows = columns[0]?.values.length ?? 0;
  const parts = columns.map((column) => partOf(column, rows));
  const header = Buffer.from(JSON.stringify({ rows, columns: parts.map(({ column }) => column) }));
  const blocks = parts.flatMap((part) => part.blocks);
  const size = blocks.reduce((sum, block) => sum + padded(block.byteLength), padded(4 + header.length));
  const out = new Uint8Array(size);
  new DataView(out.buffer).setUint32(0, header.length, true);
  out.set(header, 4);
  let at = padded(4 + header.length);
  for (const block of blocks) {
    out.set(block, at);
    at += padded(block.byteLength);
  }
  return out;
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const decodeText = (name: string, offsets: Int32Array, bytes: Uint8Array): string[] => {
  const rows = offsets.length - 1;
  if (offsets[0] !== 0 || offsets[rows] !== bytes.length)
    throw new Cols1Error(`The offsets of the column ${name} do not span its ${bytes.length} bytes`);
  for (let i = 0; i < rows; i++)
    if (offsets[i]! > offsets[i + 1]!) throw new Cols1Error(`The offsets of the column ${name} go back`);
  const values = new Array<string>(rows);
  try {
    const all = utf8.decode(bytes);
    const ascii = all.length === bytes.length;
    for (let i = 0; i < rows; i++)
      values[i] = ascii
        ? all.slice(offsets[i], offsets[i + 1])
        : utf8.decode(bytes.subarray(offsets[i], offsets[i + 1]));
  } catch {
    throw new Cols1Error(`The column ${name} is not UTF-8`);
  }
  return values;
};

interface Header {
  readonly rows: number;
  readonly columns: readonly Readonly<Record<string, unknown>>[];
}

const isWhole = (value: unknown, max: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max;

const readHeader = (bytes: Uint8Array): { header: Header; end: number } => {
  if (bytes.byteLength < 4)
    throw new Cols1Error(`A table has at least 4 bytes; these are ${bytes.byteLength}`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (length > Math.min(LIMITS.header, bytes.byteLength - 4))
    throw new Cols1Error(`The table's header claims ${length} bytes of ${bytes.byteLength}`);
  let header: Partial<Header> | null;
  try {
    header = JSON.parse(utf8.decode(bytes.subarray(4, 4 + length))) as Partial<Header> | null;
  } catch {
    throw new Cols1Error("The table's header is not JSON");
  }
  const { rows, columns } = header ?? {};
  if (!isWhole(rows, LIMITS.rows))
    throw new Cols1Error(`The table's rows must be a whole number up to ${LIMITS.rows}`);
  if (!Array.isArray(columns) || columns.length > LIMITS.columns)
    throw new Cols1Error(`The table's columns must be a list of at most ${LIMITS.columns}`);
  return { header: { rows, columns }, end: padded(4 + length) };
};

/**
 * Reads a table; its numbers are views of `bytes` where these lie at a multiple of 8.
 * @throws Cols1Error when anything is missing, too much, or of another form.
 */
export const decodeColumns = (bytes: Uint8Array): Column[] => {
  const { header, end } = readHeader(bytes);
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes); // slice() of a Buffer copies nothing
  let at = end;
  const block = (name: string, length: number): [buffer: ArrayBuffer, offset: number] => {
    if (at + length > aligned.byteLength)
      throw new Cols1Error(
        `The column ${name} needs ${length} bytes; ${Math.max(aligned.byteLength - at, 0)} are left`,
      );
    const offset = aligned.byteOffset + at;
    at += padded(length);
    return [aligned.buffer as ArrayBuffer, offset];
  };
  const columns = header.columns.map((column) => readColumn(column, header.rows, block));
  if (padded(at) !== padded(aligned.byteLength))
    throw new Cols1Error(`The table ends at byte ${at} of ${aligned.byteLength}`);
  return columns;
};

const readColumn = (
  column: Readonly<Record<string, unknown>> | null,
  rows: number,
  block: (name: string, length: number) => [buffer: ArrayBuffer, offset: number],
): Column => {
  const { name, type, set, zone, bytes } = column ?? {};
  if (typeof name !== 'string') throw new Cols1Error('A column has no name');
  if (type === 'utf8') {
    if (!isWhole(bytes, LIMITS.rows)) throw new Cols1Error(`The column ${name} does not tell its bytes`);
    const offsets = new Int32Array(...block(name, 4 * (rows + 1)), rows + 1);
    return { name, type, values: decodeText(name, offsets, new Uint8Array(...block(name, bytes), bytes)) };
  }
  const known = Object.entries(WIDTH).find(([one]) => one === type);
  if (!known) throw new Cols1Error(`The column ${name} is of the unknown type ${String(type)}`);
  const [buffer, offset] = block(name, rows * known[1]);
  switch (known[0] as keyof typeof WIDTH) {
    case 'i32':
      return {
        name,
        type: 'i32',
        ...(typeof set === 'string' ? { set } : {}),
        values: new Int32Array(buffer, offset, rows),
      };
    case 'element':
      if (typeof set !== 'string') throw new Cols1Error(`The column ${name} does not tell its set`);
      return { name, type: 'element', set, values: new Int32Array(buffer, offset, rows) };
    case 'f64':
      return { name, type: 'f64', values: new Float64Array(buffer, offset, rows) };
    case 'i64':
      return { name, type: 'i64', values: new BigInt64Array(buffer, offset, rows) };
    case 'datetime':
      if (typeof zone !== 'string') throw new Cols1Error(`The column ${name} does not tell its time zone`);
      return { name, type: 'datetime', zone, values: new BigInt64Array(buffer, offset, rows) };
    case 'u8':
      return { name, type: 'u8', values: new Uint8Array(buffer, offset, rows) };
    case 'flags':
      return { name, type: 'flags', values: new Uint8Array(buffer, offset, rows) };
  }
};

/** A set's elements, in their order. */
export const encodeElements = (elements: readonly string[]): Uint8Array =>
  encodeColumns([{ name: 'element', type: 'utf8', values: elements }]);

/** @throws Cols1Error when the bytes are not one column of text. */
export const decodeElements = (bytes: Uint8Array): readonly string[] => {
  const [column, ...more] = decodeColumns(bytes);
  if (column?.type !== 'utf8' || more.length) throw new Cols1Error('A set must be one column of text');
  return column.values;
};
