import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { entityOf, type Projection, schemaDrift } from '@openpro/eventstore';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { type FreshDatabase, freshDatabase } from './harness/database.js';

const libs = fileURLToPath(new URL('../libs', import.meta.url));
const files = readdirSync(libs, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.projection.ts'),
);

type AnyProjection = Projection<Record<string, unknown>>;
const isProjection = (value: unknown): value is AnyProjection =>
  typeof value === 'object' && value !== null && 'columns' in value && 'keyOf' in value;

const projections: AnyProjection[] = [];
for (const file of files) {
  const exports = (await import(pathToFileURL(path.join(libs, file)).href)) as object;
  projections.push(...Object.values(exports).filter(isProjection));
}

const SQL_TYPES: { readonly [type: string]: string } = {
  text: 'text',
  int4: 'integer',
  int8: 'bigint',
  float8: 'double precision',
  bool: 'boolean',
  jsonb: 'jsonb',
};

describe('the tables of the read model', () => {
  let database: FreshDatabase;
  let client: pg.Client;

  beforeAll(async () => {
    database = await freshDatabase();
    client = new pg.Client({ connectionString: database.appUrl });
    await client.connect();
  });

  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  it('need no change to fit the entities that the queries use', async () => {
    const entities = projections.map((projection) => entityOf(projection));
    const dataSource = await new DataSource({
      type: 'postgres',
      url: database.ownerUrl,
      entities,
    }).initialize();
    const drift = await schemaDrift(dataSource);
    await dataSource.destroy();
    expect(drift).toStrictEqual([]);
  });

  it('are as many as there are projections', () => expect(projections.length).toBe(19));

  it.each(projections.map((projection) => [projection.name, projection] as const))(
    '%s has the columns and the key of its projection, and the program may write it',
    async (table, { columns, key }) => {
      const { rows } = await client.query<{ name: string; type: string }>(
        'SELECT column_name AS name, data_type AS type FROM information_schema.columns WHERE table_name = $1',
        [table],
      );
      expect(Object.fromEntries(rows.map(({ name, type }) => [name, type]))).toStrictEqual(
        Object.fromEntries(Object.entries(columns).map(([name, type]) => [name, SQL_TYPES[type]])),
      );
      const keys = await client.query<{ name: string }>(
        `SELECT attname AS name FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
          WHERE indisprimary AND indrelid = $1::regclass`,
        [table],
      );
      expect(keys.rows).toStrictEqual([{ name: key }]);
      await client.query(`DELETE FROM ${table}`);
      await expect(client.query(`ALTER TABLE ${table} ADD COLUMN extra int`)).rejects.toThrow(
        'must be owner',
      );
    },
  );
});
