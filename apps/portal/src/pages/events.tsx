import { Button, Card, Code, Group, Table, TagsInput, Text } from '@mantine/core';
import { Fragment, useMemo, useState } from 'react';
import { useSubscription } from 'urql';
import { useLive } from '../api.js';
import { formatTime } from '../format.js';
import {
  type EventFieldsFragment,
  EventTailDocument,
  type EventTailSubscription,
  type EventTailSubscriptionVariables,
  RecentEventsDocument,
} from '../generated/graphql.js';
import { useNames } from '../names.js';
import { useFilters } from '../router.js';
import { Empty, Loading, Page, Problem } from '../ui/bits.js';

const SHOWN = 300;
type Entry = EventFieldsFragment;

const Tail = ({ types }: { types: readonly string[] }) => {
  const filter = types.length > 0 ? { types: [...types] } : {};
  const [{ data, error }, again] = useLive(RecentEventsDocument, filter);
  const before = useMemo(() => [...(data?.events.nodes ?? [])].reverse(), [data]);
  const [{ data: live }] = useSubscription<
    EventTailSubscription,
    readonly Entry[],
    EventTailSubscriptionVariables
  >({ query: EventTailDocument, variables: filter, pause: !data }, (seen = [], { events }) =>
    [events, ...seen].slice(0, SHOWN),
  );
  const nameOf = useNames();
  const [open, setOpen] = useState<string | null>(null);
  if (error && !data) return <Problem error={error} again={again} />;
  if (!data) return <Loading />;
  const rows = [
    ...new Map([...(live ?? []), ...before].map((event) => [event.position, event])).values(),
  ].slice(0, SHOWN);
  if (rows.length === 0) return <Empty icon="events" title="No such event has happened yet" />;
  return (
    <Card p={0} className="list">
      <Table highlightOnHover verticalSpacing={6} horizontalSpacing="md" aria-label="Events, newest first">
        <Table.Thead>
          <Table.Tr>
            <Table.Th className="num">Position</Table.Th>
            <Table.Th>Event</Table.Th>
            <Table.Th>Stream</Table.Th>
            <Table.Th>Actor</Table.Th>
            <Table.Th>Time</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((event) => (
            <Fragment key={event.position}>
              <Table.Tr>
                <Table.Td className="num">{event.position.replace(/^0+(?=.)/, '')}</Table.Td>
                <Table.Td>
                  <Button
                    variant="transparent"
                    size="compact-sm"
                    p={0}
                    aria-expanded={open === event.position}
                    onClick={() => setOpen(open === event.position ? null : event.position)}
                  >
                    {event.type}
                  </Button>
                </Table.Td>
                <Table.Td className="mono">
                  {event.stream} <Text span c="dimmed" inherit>{`@${event.version}`}</Text>
                </Table.Td>
                <Table.Td className="mono">{nameOf(event.actor)}</Table.Td>
                <Table.Td>{formatTime(event.at, Date.now())}</Table.Td>
              </Table.Tr>
              {open === event.position && (
                <Table.Tr>
                  <Table.Td colSpan={5}>
                    <Code block>
                      {JSON.stringify(
                        {
                          data: event.data,
                          id: event.id,
                          commandId: event.commandId,
                          causation: event.causation,
                        },
                        null,
                        2,
                      )}
                    </Code>
                  </Table.Td>
                </Table.Tr>
              )}
            </Fragment>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
};

export const Events = () => {
  const [filters, setFilters] = useFilters();
  const types = filters.get('types')?.split(',').filter(Boolean) ?? [];
  return (
    <Page
      title="Events"
      help="The log: everything that ever happened here, newest first, as it happens. Nothing in it can be changed."
    >
      <Group>
        <TagsInput
          label="Only these types"
          placeholder={types.length > 0 ? '' : 'for example jobs.JobQueued, then Enter'}
          value={types}
          onChange={(chosen) => setFilters({ types: chosen.join(',') })}
          miw={360}
        />
      </Group>
      <Tail key={types.join()} types={types} />
    </Page>
  );
};
