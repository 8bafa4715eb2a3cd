import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { entityOf, type Projection } from '@openpro/eventstore';
import fc from 'fast-check';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { type FreshDatabase, freshDatabase } from '../../../test/harness/database.js';
import { connection, pageRequest } from './answers.js';
import { readPage, Where } from './read-page.js';

interface CityRow {
  readonly id: string;
  readonly state: string;
  readonly people: number;
  readonly secret: string;
}

const cities: Projection<CityRow> = {
  name: 'city',
  version: 1,
  columns: { id: 'text', state: 'text', people: 'int4', secret: 'text' },
  key: 'id',
  on: [],
  keyOf: () => undefined,
  evolve: (row) => row,
};

describe('a page of a projection', () => {
  let database: FreshDatabase;
  let db: DataSource;

  beforeAll(async () => {
    database = await freshDatabase();
    const owner = new pg.Client({ connectionString: database.ownerUrl });
    await owner.connect();
    await owner.query(
      `CREATE TABLE city (id text COLLATE "C" PRIMARY KEY, state text NOT NULL, people int4 NOT NULL, secret text NOT NULL);
       GRANT ALL ON city TO openpro_app`,
    );
    await owner.end();
    db = new DataSource({ type: 'postgres', url: database.appUrl, entities: [entityOf(cities)] });
    await db.initialize();
  });
  afterAll(async () => {
    await db.destroy();
    await database.drop();
  });

  const fill = async (rows: readonly CityRow[]): Promise<void> => {
    await db.query('TRUNCATE city');
    await db.query('INSERT INTO city SELECT * FROM jsonb_populate_recordset(null::city, $1)', [
      JSON.stringify(rows),
    ]);
  };

  const read = async (where: Where, direction: 'ASC' | 'DESC', first: number, after: string | null) => {
    const page = pageRequest(first, after, 'number', 'text');
    const rows = await readPage(db, cities, {
      columns: ['id', 'people'],
      where,
      order: ['people', 'id'],
      direction,
      page,
    });
    return connection(
      rows,
      first,
      (row) => row,
      (row) => [row.people, row.id],
    );
  };

  it('leads through all rows that meet the conditions, in order, none twice, with no other column', async () => {
    const city = fc.record({
      id: fc.uuid(),
      state: fc.constantFrom('NY', "O'Hio", '$1', 'TX'),
      people: fc.integer({ min: 0, max: 3 }),
      secret: fc.constant('s'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(city, { selector: ({ id }) => id, maxLength: 12 }),
        fc.uniqueArray(fc.constantFrom('NY', "O'Hio", '$1', 'none'), { minLength: 1 }),
        fc.constantFrom('ASC' as const, 'DESC' as const),
        fc.integer({ min: 1, max: 5 }),
        async (rows, states, direction, first) => {
          await fill(rows);
          const seen: object[] = [];
          for (let after: string | null = null, more = true; more;) {
            const where = new Where().and`state = ANY(${states})`.and`people > ${0}`;
            const { nodes, pageInfo } = await read(where, direction, first, after);
            expect(nodes.length).toBeLessThanOrEqual(first);
            seen.push(...nodes);
            after = pageInfo.endCursor;
            more = pageInfo.hasNextPage;
          }
          const expected = rows
            .filter(({ state, people }) => states.includes(state as never) && people > 0)
            .sort((a, b) => a.people - b.people || (a.id < b.id ? -1 : 1))
            .map(({ id, people }) => ({ id, people }));
          expect(seen).toEqual(direction === 'ASC' ? expected : expected.reverse());
        },
      ),
      { numRuns: 40 },
    );
  });

  it('takes every value as a value', () => {
    const where = new Where().and`a = ${"'; DROP TABLE city; --"}`.and`b > ${1} OR b < ${2}`;
    expect(where.sql).toBe('(a = $1) AND (b > $2 OR b < $3)');
    expect(where.values).toEqual(["'; DROP TABLE city; --", 1, 2]);
  });
});
