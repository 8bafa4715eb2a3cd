import type { Projection } from '@openpro/eventstore';
import type { DataSource } from 'typeorm';
import type { PageRequest } from './answers.js';

/** Conditions that must all hold: `` new Where().and`owner = ${id}` ``. Every value travels as a parameter. */
export class Where {
  readonly values: unknown[] = [];
  private readonly parts: string[] = [];

  and(sql: TemplateStringsArray, ...values: readonly unknown[]): this {
    const parameters = values.map((value) => `$${this.values.push(value)}`);
    this.parts.push(`(${String.raw({ raw: sql }, ...parameters)})`);
    return this;
  }

  get sql(): string {
    return this.parts.join(' AND ');
  }
}

export interface PageOf<Row, Column> {
  readonly columns: readonly Column[];
  readonly where: Where;
  /** All in one direction; the last one is unique. They are the cursor's parts. */
  readonly order: readonly (keyof Row & string)[];
  readonly direction: 'ASC' | 'DESC';
  readonly page: PageRequest;
}

/** The rows of one page of a list and one more, which tells whether another page follows. */
export const readPage = <Row extends object, Column extends keyof Row & string>(
  db: DataSource,
  projection: Projection<Row>,
  { columns, where, order, direction, page: { first, after } }: PageOf<Row, Column>,
): Promise<Pick<Row, Column>[]> => {
  const last = after?.map((part) => `$${where.values.push(part)}`);
  const beyond = last
    ? ` AND (${order.join(', ')}) ${direction === 'ASC' ? '>' : '<'} (${last.join(', ')})`
    : '';
  return db.query(
    `SELECT ${columns.join(', ')} FROM ${projection.name} WHERE ${where.sql}${beyond}
     ORDER BY ${order.map((column) => `${column} ${direction}`).join(', ')} LIMIT ${first + 1}`,
    where.values,
  );
};

/** The rows with these keys, for a data loader: each in its key's place, `null` where there is none. */
export const readRows = async <Row extends object, Column extends keyof Row & string>(
  db: DataSource,
  { name, key }: Projection<Row>,
  /** The key's own is one of them. */
  columns: readonly Column[],
  keys: readonly string[],
): Promise<(Pick<Row, Column> | null)[]> => {
  const sql = `SELECT ${columns.join(', ')} FROM ${name} WHERE ${key} = ANY($1)`;
  const rows = await db.query<Pick<Row, Column>[]>(sql, [[...new Set(keys)]]);
  const byKey = new Map(rows.map((row) => [String((row as Row)[key]), row]));
  return keys.map((one) => byKey.get(one) ?? null);
};
