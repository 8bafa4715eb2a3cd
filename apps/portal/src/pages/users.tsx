import { Badge, Button, Group, Select, Text, TextInput } from '@mantine/core';
import { useDeferredValue, useState } from 'react';
import { useSubscription } from 'urql';
import { errorText } from '../answers.js';
import { reader } from '../api.js';
import { download } from '../download.js';
import { EventTailDocument, type UserRowFragment as User, UsersDocument } from '../generated/graphql.js';
import { isAdministrator, useMe } from '../me.js';
import { say } from '../notices.js';
import { useFilters } from '../router.js';
import { Empty, Page } from '../ui/bits.js';
import { Icon } from '../ui/icons.js';
import { type Column, List } from '../ui/list.js';
import { GroupsDialog } from '../users/groups-dialog.js';
import { useKnownGroups } from '../users/known-groups.js';
import { usersCsv } from '../users/words.js';
import { usePages, useSoon } from './pages.js';

const TYPES = ['UserCreated', 'UserGroupsSet'];
const PAGE = 200;

const Names = ({ names }: { names: readonly string[] }) =>
  names.length === 0 ? (
    <Text size="sm" c="dimmed">
      none
    </Text>
  ) : (
    <Group gap={4}>
      {names.map((name) => (
        <Badge key={name} variant="default" tt="none">
          {name}
        </Badge>
      ))}
    </Group>
  );

const COLUMNS: readonly Column<User>[] = [
  { title: 'Name', cell: ({ name }) => name },
  { title: 'Roles', cell: ({ roles }) => roles.join(', ') },
  { title: 'Groups', cell: ({ groups }) => <Names names={groups} /> },
];

interface Filter {
  readonly search: string;
  readonly group: string;
}

const saveAll = async (filter: Filter): Promise<void> => {
  const users: User[] = [];
  for (let after: string | null = null; ;) {
    const { data, error } = await reader.query(UsersDocument, { ...filter, first: PAGE, after }).toPromise();
    if (!data) {
      if (error) say({ kind: 'problem', title: 'Not saved', text: errorText(error) });
      return;
    }
    users.push(...data.users.nodes);
    after = data.users.pageInfo.endCursor;
    if (!data.users.pageInfo.hasNextPage) break;
  }
  download('users.csv', usersCsv(users));
};

export const Users = () => {
  const mayChange = isAdministrator(useMe());
  const [filters, setFilters] = useFilters();
  const filter = { search: filters.get('search') ?? '', group: filters.get('group') ?? '' };
  const known = useKnownGroups();
  const pages = usePages(
    UsersDocument,
    { search: useDeferredValue(filter.search), group: filter.group },
    ({ users }) => users,
  );
  const [{ data: news }] = useSubscription({ query: EventTailDocument, variables: { types: TYPES } });
  useSoon(pages.again, news?.events.position);
  const [changing, setChanging] = useState<User | null>(null);
  return (
    <Page
      title="Users"
      help="Who may come in here, with which roles, and in which groups. A group is what the policy of the queue names: its rules, limits, quotas and worker profiles hold for all of its members."
      actions={
        <Button
          variant="default"
          leftSection={<Icon name="download" size={16} />}
          disabled={pages.rows.length === 0}
          onClick={() => void saveAll(filter)}
        >
          Save as CSV
        </Button>
      }
    >
      <Group gap="sm">
        <TextInput
          aria-label="Search users"
          placeholder="Name"
          leftSection={<Icon name="search" size={16} />}
          value={filter.search}
          onChange={({ currentTarget }) => setFilters({ search: currentTarget.value })}
          w={260}
        />
        <Select
          aria-label="Group"
          placeholder="Any group or role"
          data={[...known.all]}
          value={filter.group || null}
          onChange={(group) => setFilters({ group })}
          searchable
          clearable
        />
      </Group>
      <List
        label="Users"
        pages={pages}
        empty={<Empty icon="search" title="No user matches these filters" />}
        columns={[
          ...COLUMNS,
          ...(mayChange
            ? [
                {
                  title: '',
                  cell: (user: User) => (
                    <Button
                      variant="default"
                      size="compact-xs"
                      aria-label={`Change the groups of ${user.name}`}
                      onClick={() => setChanging(user)}
                    >
                      Groups…
                    </Button>
                  ),
                },
              ]
            : []),
        ]}
      />
      {changing && (
        <GroupsDialog
          user={changing}
          onClose={(changed) => {
            setChanging(null);
            if (changed) pages.again();
          }}
        />
      )}
    </Page>
  );
};
