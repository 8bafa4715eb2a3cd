import pg from 'pg';
import type { Writes } from './checkpoint.js';
import type { Recorded } from './event-store.js';
import type { ColumnType } from './read-side.js';

/** Every projection, whatever its rows and events. */
export interface AnyProjection {
  readonly name: string;
  readonly version: number;
  readonly columns: { readonly [column: string]: ColumnType };
  readonly key: string;
  readonly on: readonly string[];
  keyOf(recorded: Recorded): string | undefined;
  evolve(row: object | undefined, recorded: Recorded): object | undefined;
}

type Row = Readonly<Record<string, unknown>>;

const INT8 = 20;

/** `int8` holds milliseconds and byte counts: numbers, below 2^53. */
export const numbersFromInt8: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === INT8 ? Number : (pg.types.getTypeParser(oid, format ?? 'text') as (value: string) => unknown),
};

/** PostgreSQL holds neither U+0000 nor half a surrogate pair; a user's text must not stop a projection. */
const storable = (text: string): string => Buffer.from(text).toString().replaceAll('\0', '\uFFFD');

export const jsonText = (value: unknown): string => {
  const text = JSON.stringify(value);
  return /\\u(0000|d[89a-f])/.test(text)
    ? JSON.stringify(value, (_key, part: unknown) => (typeof part === 'string' ? storable(part) : part))
    : text;
};

const needsQuoting = /["\\]/;
const quoted = (text: string): string =>
  `"${needsQuoting.test(text) ? text.replaceAll(/["\\]/g, '\\$&') : text}"`;

const element = (type: ColumnType, value: unknown): string => {
  if (value === null) return 'NULL';
  if (type === 'jsonb') return quoted(jsonText(value));
  return type === 'text' && typeof value === 'string'
    ? quoted(value.includes('\0') ? storable(value) : value)
    : quoted(String(value));
};

/** A PostgreSQL array in its text form: one parameter carries a column of ten thousand rows. */
export const arrayOf = (type: ColumnType, values: readonly unknown[]): string =>
  `{${values.map((value) => element(type, value)).join(',')}}`;

/** One table of rows by key, read and written many rows at a time. */
export class RowTable {
  private readonly columns: readonly string[];
  private readonly types: readonly ColumnType[];
  private readonly id: string;

  /** @param schema where the table is; the projection's name is its name there */
  constructor(
    private readonly projection: AnyProjection,
    private readonly schema: string,
  ) {
    this.columns = Object.keys(projection.columns);
    this.types = Object.values(projection.columns);
    this.id = `${schema}.${projection.name}@${projection.version}`;
  }

  get sqlName(): string {
    return `${pg.escapeIdentifier(this.schema)}.${pg.escapeIdentifier(this.projection.name)}`;
  }

  /** For INSERT and SELECT. */
  get sqlColumns(): string {
    return this.columns.map((column) => pg.escapeIdentifier(column)).join(', ');
  }

  get sqlKey(): string {
    return pg.escapeIdentifier(this.projection.key);
  }

  /** `ON CONFLICT …`: the new row replaces the old one. */
  get sqlReplace(): string {
    const others = this.columns
      .filter((column) => column !== this.projection.key)
      .map((c) => pg.escapeIdentifier(c));
    const sets = others.map((column) => `${column} = excluded.${column}`).join(', ');
    return `ON CONFLICT (${this.sqlKey}) DO ${sets ? `UPDATE SET ${sets}` : 'NOTHING'}`;
  }

  /** True when two rows are alike in every column. */
  sqlSame(one: string, other: string): string {
    const of = (row: string): string =>
      this.columns.map((column) => `${row}.${pg.escapeIdentifier(column)}`).join(', ');
    return `ROW(${of(one)}) IS NOT DISTINCT FROM ROW(${of(other)})`;
  }

  async load(db: pg.Pool, keys: readonly string[]): Promise<Map<string, object>> {
    const { rows } = await db.query<Row>({
      name: `load_${this.id}`,
      text: `SELECT ${this.sqlColumns} FROM ${this.sqlName} WHERE ${this.sqlKey} = ANY ($1::text[])`,
      values: [arrayOf('text', keys)],
      types: numbersFromInt8,
    });
    return new Map(rows.map((row) => [String(row[this.projection.key]), row]));
  }

  /** What `commit` needs to write these rows and remove those keys. */
  writes(rows: readonly object[], removed: readonly string[]): Writes {
    const arrays = this.types.map((type, index) => `$${8 + index}::${type}[]`).join(', ');
    return {
      name: this.id,
      ctes: `
        removed AS (
          DELETE FROM ${this.sqlName} WHERE ${this.sqlKey} = ANY ($7::text[]) AND EXISTS (SELECT FROM moved)
        ),
        written AS (
          INSERT INTO ${this.sqlName} (${this.sqlColumns})
          SELECT * FROM unnest(${arrays}) WHERE EXISTS (SELECT FROM moved)
          ${this.sqlReplace}
        )`,
      values: [
        arrayOf('text', removed),
        ...this.columns.map((column, index) =>
          arrayOf(
            this.types[index]!,
            rows.map((row) => (row as Row)[column]),
          ),
        ),
      ],
    };
  }

  /** @throws when a projection's row is not what its columns say */
  check(row: object, key: string): void {
    for (const column of this.columns)
      if ((row as Row)[column] === undefined)
        throw new TypeError(`${this.projection.name}: the row has no value (nor null) in column ${column}`);
    if ((row as Row)[this.projection.key] !== key)
      throw new TypeError(
        `${this.projection.name}: the row's ${this.projection.key} is ${String((row as Row)[this.projection.key])}, but keyOf says ${key}`,
      );
  }
}
