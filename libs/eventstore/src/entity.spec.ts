import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { entityOf, schemaDrift } from './entity.js';
import { notes, noted, appendTo, Servers } from './read-side.fixture.js';

let servers: Servers;
beforeAll(async () => {
  servers = await Servers.open();
}, 60_000);
afterAll(() => servers.close());

const connect = (projection: typeof notes): Promise<DataSource> =>
  new DataSource({
    type: 'postgres',
    url: servers.database.ownerUrl,
    entities: [entityOf(projection)],
  }).initialize();

it('reads rows with the types that the projection declares', async () => {
  const server = servers.start({ projections: [notes] });
  const position = await appendTo(servers.store, 'thing-a', noted('one', 5));
  await server.waitFor('notes', position, 20_000);
  const dataSource = await connect(notes);
  const row = await dataSource.getRepository(entityOf(notes)).findOneBy({ id: 'thing-a' });
  const [recorded] = await servers.events();
  expect({ ...row }).toEqual({
    id: 'thing-a',
    text: 'one',
    weight: 5,
    applied: [1],
    last_at: recorded?.at,
    heavy: false,
    share: 5 / 3,
  });
  await dataSource.destroy();
});

it('sees no drift when the migrations made what the projection declares', async () => {
  const dataSource = await connect(notes);
  expect(await schemaDrift(dataSource)).toEqual([]);
  await dataSource.destroy();
});

it('sees a column that is missing, of another type or without a place in the projection', async () => {
  const { heavy, ...others } = notes.columns;
  expect(heavy).toBe('bool');
  const changed = {
    ...notes,
    columns: { ...others, weight: 'int8', colour: 'text' },
  } as unknown as typeof notes;
  const dataSource = await connect(changed);
  const drift = (await schemaDrift(dataSource)).join('\n');
  expect(drift).toContain('ADD "colour" text');
  expect(drift).toContain('"weight"');
  expect(drift).toContain('DROP COLUMN "heavy"');
  await dataSource.destroy();
});

it('is the same entity for the same projection', () => {
  expect(entityOf(notes)).toBe(entityOf(notes));
});
