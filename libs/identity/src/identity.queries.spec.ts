import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ReadSide } from '@openpro/eventstore';
import type { Actor } from '@openpro/platform';
import { DataSource } from 'typeorm';
import { freshDatabase, type FreshDatabase } from '../../../test/harness/database.js';
import { IdentityQueries } from './identity.queries.js';

let database: FreshDatabase;
let db: DataSource;
let people: IdentityQueries;

const PEOPLE = [
  ['1', 'ROOT', 'Ada', ['administrator'], ['night', 'planners']],
  ['2', 'ROOT', 'Ben', ['user'], ['planners']],
  ['3', 'ROOT', 'Ben', ['user', 'auditor'], []],
  ['4', 'OTHER', 'Olga', ['user'], ['100% sure', 'night']],
] as const;

beforeAll(async () => {
  database = await freshDatabase();
  db = await new DataSource({ type: 'postgres', url: database.appUrl }).initialize();
  people = new IdentityQueries(db, { onCommitted: () => () => undefined } as unknown as ReadSide);
  for (const [id, environment, name, roles, groups] of PEOPLE)
    await db.query(
      'INSERT INTO user_list (id, environment, name, roles, groups, created_at) VALUES ($1, $2, $3, $4, $5, 0)',
      [id, environment, name, JSON.stringify(roles), JSON.stringify(groups)],
    );
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

const ada: Actor = {
  id: '1',
  name: 'Ada',
  environment: 'ROOT',
  roles: ['administrator'],
  groups: [],
  tokenHash: null,
  expiresAt: 0,
};

describe('users', () => {
  const idsOf = async (
    asked: { search?: string; group?: string },
    first = 50,
    after: string[] | null = null,
  ) =>
    (await people.users(ada, { first, after }, { search: '', group: '', ...asked })).nodes.map(
      ({ id }) => id,
    );

  it('are listed by name, in the environment of who asks, a page at a time', async () => {
    expect(await idsOf({})).toEqual(['1', '2', '3']);
    const { pageInfo } = await people.users(ada, { first: 2, after: null }, { search: '', group: '' });
    expect(pageInfo.hasNextPage).toBe(true);
    expect(await idsOf({}, 2, ['Ben', '2'])).toEqual(['3']);
  });

  it('are found by a part of the name, by id, by group and by role', async () => {
    expect(await idsOf({ search: 'eN' })).toEqual(['2', '3']);
    expect(await idsOf({ search: '1' })).toEqual(['1']);
    expect(await idsOf({ search: '%' })).toEqual([]);
    expect(await idsOf({ search: 'Olga' })).toEqual([]);
    expect(await idsOf({ group: 'planners' })).toEqual(['1', '2']);
    expect(await idsOf({ group: 'auditor' })).toEqual(['3']);
    expect(await idsOf({ group: 'planners', search: 'ad' })).toEqual(['1']);
    await expect(idsOf({ group: 'x'.repeat(101) })).rejects.toMatchObject({ extensions: { field: 'group' } });
  });
});

describe('groups', () => {
  it('are listed with the number of their members, in the environment of who asks', async () => {
    const page = await people.groups(ada, { first: 1, after: null });
    expect(page.nodes).toEqual([{ name: 'night', members: 1 }]);
    expect(page.pageInfo.hasNextPage).toBe(true);
    const rest = await people.groups(ada, { first: 1, after: ['night'] });
    expect(rest).toMatchObject({
      nodes: [{ name: 'planners', members: 2 }],
      pageInfo: { hasNextPage: false },
    });
  });

  it('are known by patterns, of all environments, and no sign of a pattern but * means more than itself', async () => {
    const asked = ['planners', 'plan*', '*ight', 'n_ght', 'day', '100%*', '10%', '100\\%*'];
    expect(await people.withoutMembers(asked)).toEqual(['n_ght', 'day', '10%', '100\\%*']);
    expect(await people.withoutMembers([])).toEqual([]);
  });
});
