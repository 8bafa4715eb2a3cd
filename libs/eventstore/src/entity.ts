import type { DomainEvent } from '@openpro/kernel';
import { type DataSource, EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';
import type { ColumnType, Projection } from './read-side.js';

const numberFromInt8 = {
  to: (value: number | null) => value,
  from: (value: string | null) => (value === null ? null : Number(value)),
};

const columnOf = (type: ColumnType, isKey: boolean): EntitySchemaColumnOptions => ({
  type,
  primary: isKey,
  nullable: !isKey,
  ...(type === 'text' ? { collation: 'C' } : {}), // as all text of the read model: in byte order
  ...(type === 'int8' ? { transformer: numberFromInt8 } : {}),
});

const entities = new WeakMap<object, EntitySchema>();

/** The TypeORM entity of a projection's table: the read model is declared once, in the projection. */
export const entityOf = <Row extends object, E extends DomainEvent>(
  projection: Projection<Row, E>,
): EntitySchema<Row> => {
  const made = entities.get(projection);
  if (made) return made as EntitySchema<Row>;
  const columns = Object.entries<ColumnType>(projection.columns).map(
    ([column, type]) => [column, columnOf(type, column === projection.key)] as const,
  );
  const entity = new EntitySchema({ name: projection.name, columns: Object.fromEntries(columns) });
  entities.set(projection, entity);
  return entity as EntitySchema<Row>;
};

/** Migrations may be stricter than a projection, which knows neither NOT NULL nor indexes. */
const STRICTER = /^DROP INDEX|ALTER COLUMN "\w+" DROP NOT NULL$/;

/** What would have to change in the database so that the entities of `dataSource` fit: nothing, after all migrations. */
export const schemaDrift = async (dataSource: DataSource): Promise<readonly string[]> => {
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
  return upQueries.map(({ query }) => query).filter((query) => !STRICTER.test(query));
};
