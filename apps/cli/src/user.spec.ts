import { expect, it } from '@jest/globals';
import { cliForSuite } from './cli.testing.js';
import { ALICE } from './fake-platform.testing.js';

const { serve, openpro } = cliForSuite();

const page = (nodes: readonly object[]) => ({ nodes, pageInfo: { hasNextPage: false, endCursor: null } });
const ada = { ...ALICE, id: 'u1', name: 'Ada', roles: ['user'], groups: ['night', 'planners'] };
const tidy = (text: string) => text.split('\n').map((line) => line.replaceAll(/ +/g, ' ').trim());

it('lists users and groups', async () => {
  const fake = await serve({
    users: () => page([ada, ALICE]),
    groups: () => page([{ name: 'night', members: 1 }]),
  });
  const { stdout } = await openpro('user', 'list', '--group', 'night', '--search', 'a');
  expect(tidy(stdout).slice(0, 2)).toEqual(['name roles groups id', 'Ada user night, planners u1']);
  expect(fake.callsOf('Users')).toMatchObject([{ variables: { group: 'night', search: 'a' } }]);
  expect(tidy((await openpro('group', 'list')).stdout)).toEqual(['group members', 'night 1', '']);
});

it('shows the groups of a user, and changes them as they were seen', async () => {
  const fake = await serve({
    users: () => page([{ ...ada, id: 'u2', name: 'Adam' }, ada]),
    setUserGroups: ({ groups }) => ({ __typename: 'User', ...ada, groups }),
  });
  expect(tidy((await openpro('user', 'groups', 'Ada')).stdout)).toContain('groups night, planners');
  expect(fake.callsOf('SetUserGroups')).toEqual([]);
  const changed = await openpro(
    ...['user', 'groups', 'u1', '--add', 'rome', 'day shift', '--remove', 'night', '--reason', 'new team'],
  );
  expect(tidy(changed.stdout)).toContain('groups planners, rome, day shift');
  expect(fake.callsOf('SetUserGroups')).toMatchObject([
    {
      variables: {
        user: 'u1',
        groups: ['planners', 'rome', 'day shift'],
        basedOn: ['night', 'planners'],
        reason: 'new team',
      },
    },
  ]);
});

it('says whom it does not know, and of which group somebody is not', async () => {
  const fake = await serve({ users: () => page([ada, { ...ada, id: 'u2' }]) });
  expect((await openpro('user', 'groups', 'Eve')).code).toBe(4);
  const several = await openpro('user', 'groups', 'Ada');
  expect([several.code, several.stderr]).toEqual([2, expect.stringContaining('Several users')]);
  const wrong = await openpro('user', 'groups', 'u1', '--remove', 'day');
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('is not in group "day"')]);
  expect(fake.callsOf('SetUserGroups')).toEqual([]);
});
