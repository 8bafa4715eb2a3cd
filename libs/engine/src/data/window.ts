import type { ValueType } from '../sdk/app.js';
import { decodeColumns, encodeColumns, FLAGS, type Column } from '../wire/cols1.js';
import type { PlainValue } from './cells.js';

/** Some rows of an identifier, as people read them. */
export interface Window {
  /** Index sets, then the identifier. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly PlainValue[])[];
  /** Tuples in all. */
  readonly total: number;
  readonly version: number;
}

const INFINITY = { inf: Infinity, '-inf': -Infinity } as const;

const valueColumn = (name: string, type: ValueType, values: readonly PlainValue[]): Column => {
  switch (type) {
    case 'bool':
      return { name, type: 'u8', values: Uint8Array.from(values, Number) };
    case 'f64':
    case 'i64':
      return {
        name,
        type: 'f64',
        values: Float64Array.from(
          values,
          (value) => INFINITY[value as keyof typeof INFINITY] ?? Number(value),
        ),
      };
    case 'utf8':
    case 'datetime':
    case 'element':
      return { name, type: 'utf8', values: values.map((value) => (value === null ? '' : String(value))) };
  }
};

/** A window's rows as a table of names and values; a flag stands where there is no value. */
export const encodeWindow = ({ columns, rows }: Window, type: ValueType): Uint8Array => {
  const at = columns.length - 1;
  const values = rows.map((row) => row[at] ?? null);
  const flags = Uint8Array.from(values, (value) => (value === null ? FLAGS.notAvailable : FLAGS.none));
  return encodeColumns([
    ...columns
      .slice(0, at)
      .map((name, k): Column => ({ name, type: 'utf8', values: rows.map((row) => String(row[k])) })),
    valueColumn(columns[at]!, type, values),
    { name: 'flags', type: 'flags', values: flags },
  ]);
};

/** @throws Cols1Error */
export const decodeWindow = (bytes: Uint8Array): Pick<Window, 'columns' | 'rows'> => {
  const all = decodeColumns(bytes);
  const flags = all.find(({ type }) => type === 'flags')?.values;
  const columns = all.filter(({ type }) => type !== 'flags');
  const last = columns.length - 1;
  const cell = ({ type, values }: Column, i: number): PlainValue => {
    const value = values[i] ?? null;
    if (type === 'u8') return value !== 0;
    if (value === Infinity || value === -Infinity) return value > 0 ? 'inf' : '-inf';
    return typeof value === 'bigint' ? Number(value) : value;
  };
  const rows = Array.from({ length: columns[0]?.values.length ?? 0 }, (_, i) =>
    columns.map((column, k) => (k === last && flags?.[i] ? null : cell(column, i))),
  );
  return { columns: columns.map(({ name }) => name), rows };
};
