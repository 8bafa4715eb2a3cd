/** What the page of users says. Pure. */
import { toCsv } from '../cells.js';
import type { UserRowFragment as User } from '../generated/graphql.js';

const without = (some: readonly string[], others: readonly string[]): readonly string[] =>
  some.filter((one) => !others.includes(one));

const and = (names: readonly string[]): string => names.join(' and ');

/** What follows from other groups, one sentence each; none where they are the same. */
export const consequencesOf = (
  { name, groups }: Pick<User, 'name' | 'groups'>,
  after: readonly string[],
): readonly string[] => {
  const [joins, leaves] = [without(after, groups), without(groups, after)];
  if (joins.length + leaves.length === 0) return [];
  return [
    ...(joins.length > 0
      ? [`What the policy says of ${and(joins)} holds for the next jobs of ${name}, and they count there.`]
      : []),
    ...(leaves.length > 0
      ? [`What it says of ${and(leaves)} does not hold for the next jobs of ${name} any more.`]
      : []),
    'Jobs that wait or run keep the groups with which they were submitted; schedules take these at their next run.',
    'It takes effect at once, without signing in again.',
  ];
};

export const usersCsv = (users: readonly User[]): string =>
  toCsv(
    ['name', 'roles', 'groups', 'id'],
    users.map(({ name, roles, groups, id }) => [name, roles.join(', '), groups.join(', '), id]),
  );
