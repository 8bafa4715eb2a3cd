import { Badge, Group, Text } from '@mantine/core';
import { NodesDocument } from '../generated/graphql.js';
import { Ago, Empty, Page, Pill } from '../ui/bits.js';
import { List } from '../ui/list.js';
import { usePages, usePoll } from './pages.js';

const COLORS: Record<string, string> = { joined: 'green', dead: 'red', left: 'gray' };
const POLL_MS = 5000;

export const Nodes = () => {
  const pages = usePages(NodesDocument, {}, ({ nodes }) => nodes);
  usePoll(pages.again, POLL_MS);
  return (
    <Page title="Servers" help="The machines that run sessions and jobs. The leader decides what runs where.">
      <List
        label="Servers"
        pages={pages}
        empty={<Empty icon="nodes" title="No server has joined" />}
        columns={[
          {
            title: 'Server',
            cell: ({ name, version, leader }) => (
              <>
                <Group gap={6}>
                  <Text size="sm" fw={600}>
                    {name}
                  </Text>
                  {leader && (
                    <Badge size="sm" variant="light" tt="none">
                      leader
                    </Badge>
                  )}
                </Group>
                <Text size="xs" c="dimmed">
                  OpenPRO {version}
                </Text>
              </>
            ),
          },
          { title: 'State', cell: ({ state }) => <Pill color={COLORS[state] ?? 'gray'}>{state}</Pill> },
          { title: 'Roles', cell: ({ roles }) => roles.join(', ') },
          { title: 'Jobs', number: true, cell: ({ runningJobs, slots }) => `${runningJobs} of ${slots}` },
          { title: 'Sessions', number: true, cell: ({ sessions }) => sessions },
          { title: 'Sessions kept apart by', cell: ({ isolation }) => isolation },
          { title: 'Joined', cell: ({ joinedAt }) => <Ago at={joinedAt} /> },
          { title: 'Epoch', number: true, cell: ({ epoch }) => epoch },
        ]}
      />
    </Page>
  );
};
