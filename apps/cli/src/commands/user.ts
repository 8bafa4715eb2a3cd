import type { Command } from 'commander';
import { action, type Context } from '../context.js';
import { badInput, EXIT, Failure } from '../failure.js';
import { fields, table } from '../format.js';
import {
  GroupsDocument,
  SetUserGroupsDocument,
  type UserFieldsFragment as User,
  UsersDocument,
} from '../generated/graphql.js';
import { addLimit, allPages, type PageOptions } from '../pages.js';

/** So many users are looked through for one of a name. */
const MAX_FOUND = 5000;

interface ListOptions extends PageOptions {
  readonly search?: string;
  readonly group?: string;
}

const list = async (context: Context, { limit, search, group }: ListOptions) => {
  const api = await context.api();
  const users = await allPages(
    limit,
    async (page) => (await api.query(UsersDocument, { ...page, search, group })).users,
  );
  context.screen.result(users, () =>
    table(
      ['name', 'roles', 'groups', 'id'],
      users.map(({ name, roles, groups, id }) => [name, roles.join(', '), groups.join(', '), id]),
    ),
  );
};

const find = async (context: Context, user: string): Promise<User> => {
  const api = await context.api();
  const alike = await allPages(
    MAX_FOUND,
    async (page) => (await api.query(UsersDocument, { ...page, search: user })).users,
  );
  const [found, another] = alike.filter(({ id, name }) => id === user || name === user);
  if (!found)
    throw new Failure(EXIT.notFound, `There is no user "${user}"`, {
      code: 'NoSuchUser',
      hint: 'openpro user list shows them',
    });
  if (another) throw badInput('user', `Several users are called "${user}"`, 'the id of one of them');
  return found;
};

interface GroupsOptions {
  readonly add?: string[];
  readonly remove?: string[];
  readonly reason?: string;
}

const groups = async (context: Context, name: string, options: GroupsOptions) => {
  const { add = [], remove = [], reason } = options;
  const found = await find(context, name);
  const missing = remove.find((group) => !found.groups.includes(group));
  if (missing !== undefined)
    throw badInput(
      'remove',
      `${found.name} is not in group "${missing}"`,
      found.groups.join(', ') || 'no group',
    );
  const user =
    add.length + remove.length === 0
      ? found
      : await (
          await context.api()
        ).mutate(SetUserGroupsDocument, {
          user: found.id,
          groups: [...found.groups.filter((group) => !remove.includes(group)), ...add],
          basedOn: found.groups,
          reason,
        });
  context.screen.result(user, () =>
    fields([
      ['user', user.name],
      ['roles', user.roles.join(', ')],
      ['groups', user.groups.join(', ') || 'none'],
    ]),
  );
};

const listGroups = async (context: Context, { limit }: PageOptions) => {
  const api = await context.api();
  const found = await allPages(limit, async (page) => (await api.query(GroupsDocument, page)).groups);
  context.screen.result(found, () =>
    table(
      ['group', 'members'],
      found.map(({ name, members }) => [name, members]),
    ),
  );
};

/** Users, and the groups that policies, limits and quotas name. */
export const addUser = (program: Command): void => {
  const user = program.command('user').description('users, their roles and their groups');
  action(
    addLimit(user.command('list').description('list the users of your environment'))
      .option('--search <text>', 'a part of the name')
      .option('--group <name>', 'only those in this group, or with this role'),
    list,
  );
  action(
    user
      .command('groups')
      .description('show or change the groups that a user is in; it holds for what he submits then')
      .argument('<user>', 'name or id')
      .option('--add <group...>', 'puts him into these')
      .option('--remove <group...>', 'takes him out of these')
      .option('--reason <text>', 'for the record'),
    groups,
  );
  const group = program.command('group').description('groups of users');
  action(
    addLimit(group.command('list').description('list the groups with the number of their members')),
    listGroups,
  );
};
