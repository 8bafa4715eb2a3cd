import { Alert, Anchor, Button, Card, Group, Progress, SimpleGrid, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useSubscription } from 'urql';
import { useLive } from '../api.js';
import { count, formatDuration } from '../format.js';
import {
  EventTailDocument,
  LicencesDocument,
  type LicenceFieldsFragment as Licence,
  type SeatFieldsFragment as Seat,
  SeatsDocument,
} from '../generated/graphql.js';
import { DefineDialog, FreeDialog } from '../licences/dialogs.js';
import { isAdministrator, useMe } from '../me.js';
import { Link, useFilters } from '../router.js';
import { pathTo } from '../routes.js';
import { Ago, Command, Empty, Loading, Page, Problem, Section } from '../ui/bits.js';
import { Icon } from '../ui/icons.js';
import { type Column, List } from '../ui/list.js';
import { usePages, useSoon } from './pages.js';

/** What changes a seat or the line. */
const TYPES = [
  'LicenceDefined',
  'SeatQueued',
  'SeatGranted',
  'SeatReleased',
  'SeatExpired',
  'SeatFreed',
  'LineLeft',
];
const NOTHING = { nodes: [], pageInfo: { hasNextPage: false, endCursor: null } };

const Bar = ({ label, taken, seats }: { label: string; taken: number; seats: number }) => (
  <div>
    <Group justify="space-between" mb={4}>
      <Text size="sm">{label}</Text>
      <Text size="sm" className="num">
        {taken} of {seats} taken
      </Text>
    </Group>
    <Progress
      value={seats === 0 ? (taken > 0 ? 100 : 0) : Math.min(100, (taken / seats) * 100)}
      color={taken > seats ? 'orange' : taken === seats ? 'yellow' : 'ocean'}
      aria-label={`${label} taken`}
    />
  </div>
);

const LicenceCard = ({ licence, onChange }: { licence: Licence; onChange: (() => void) | null }) => (
  <Card component="article" aria-label={licence.title}>
    <Group justify="space-between" wrap="nowrap" gap="xs" mb="xs">
      <div>
        <Text fw={650}>{licence.title}</Text>
        <Text size="xs" c="dimmed">
          {licence.name} · for {licence.users.map(({ name }) => name).join(', ') || 'everybody'}
        </Text>
      </div>
      {onChange && (
        <Button variant="default" size="compact-sm" onClick={onChange}>
          Change…
        </Button>
      )}
    </Group>
    <Stack gap="xs">
      <Bar label="Data seats" taken={licence.dataTaken} seats={licence.dataSeats} />
      <Bar label="Optimization seats" taken={licence.optimizationTaken} seats={licence.optimizationSeats} />
    </Stack>
    <Group justify="space-between" mt="sm">
      <Text size="sm">
        {licence.waiting === 0 ? 'Nobody waits' : `${count(licence.waiting, 'place')} in the line`}
      </Text>
      <Anchor component={Link} href={`${pathTo('licences')}?licence=${licence.name}`} size="sm">
        Who has a seat, who waits
      </Anchor>
    </Group>
    {licence.note && (
      <Alert color="orange" mt="sm" p="xs" icon={<Icon name="warning" size={16} />}>
        {licence.note}.
      </Alert>
    )}
  </Card>
);

const COLUMNS: readonly Column<Seat>[] = [
  { title: 'User', cell: ({ user }) => user.name },
  {
    title: 'For',
    cell: ({ session, job, attempt }) =>
      job === null ? (
        <Anchor component={Link} href={pathTo('session', { id: session ?? '' })} size="sm">
          session
        </Anchor>
      ) : (
        <Anchor component={Link} href={pathTo('job', { id: job })} size="sm">
          attempt {attempt} of a job
        </Anchor>
      ),
  },
  { title: 'Since', cell: ({ since }) => <Ago at={since} /> },
];

const WAITED: Column<Seat> = {
  title: 'Waited',
  number: true,
  cell: ({ waitedMs }) => (waitedMs === null || waitedMs < 500 ? '' : formatDuration(waitedMs / 1000)),
};

const Seats = ({
  licence,
  news,
  onFree,
}: {
  licence: Licence;
  news: unknown;
  onFree: ((seat: Seat) => void) | null;
}) => {
  const { name } = licence;
  const held = usePages(SeatsDocument, { name, waiting: false }, (data) => data.licence?.seats ?? NOTHING);
  const line = usePages(SeatsDocument, { name, waiting: true }, (data) => data.licence?.seats ?? NOTHING);
  useSoon(() => {
    held.again();
    line.again();
  }, news);
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }}>
      <Section title={`${licence.title}: who has a seat`}>
        <List
          label="Seats that are taken"
          pages={held}
          empty={<Empty icon="licences" title="Nobody has a seat" />}
          columns={[
            ...COLUMNS,
            WAITED,
            ...(onFree
              ? [
                  {
                    title: '',
                    cell: (seat: Seat) => (
                      <Button variant="default" size="compact-xs" onClick={() => onFree(seat)}>
                        Free…
                      </Button>
                    ),
                  },
                ]
              : []),
          ]}
        />
      </Section>
      <Section title={`${licence.title}: who waits`}>
        <List
          label="The line for data seats"
          pages={line}
          empty={
            <Empty icon="sessions" title="Nobody waits">
              Jobs wait in the queue: the list of jobs says for what.
            </Empty>
          }
          columns={[{ title: 'Place', number: true, cell: ({ place }) => place }, ...COLUMNS]}
        />
      </Section>
    </SimpleGrid>
  );
};

export const Licences = () => {
  const mayChange = isAdministrator(useMe());
  const [filters] = useFilters();
  const [{ data, error }, again] = useLive(LicencesDocument, {});
  const [{ data: live }] = useSubscription({ query: EventTailDocument, variables: { types: TYPES } });
  const news = live?.events.position;
  useSoon(() => again({ requestPolicy: 'network-only' }), news);
  const [defining, setDefining] = useState<Licence | 'new' | null>(null);
  const [freeing, setFreeing] = useState<Seat | null>(null);
  const licences = data?.licences.nodes;
  const shown = licences?.find(({ name }) => name === filters.get('licence')) ?? licences?.[0];
  return (
    <Page
      title="Licences"
      help="How many may work at once with the apps that need a licence, who does just now, and who waits for a seat. A seat comes back when its session or attempt ends, whatever ended it."
      actions={
        mayChange &&
        licences !== undefined && (
          <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setDefining('new')}>
            Define a licence
          </Button>
        )
      }
    >
      {error && !data ? (
        <Problem error={error} again={() => again({ requestPolicy: 'network-only' })} />
      ) : !licences ? (
        <Loading />
      ) : licences.length === 0 ? (
        <Card p={0}>
          <Empty icon="licences" title="No licence is defined yet">
            <Stack gap="sm" mt="xs">
              Everybody may open every app. An app whose manifest names a licence waits for a seat of it:
              <Command>npx openpro licence define gurobi --data-seats 4 --optimization-seats 2</Command>
            </Stack>
          </Empty>
        </Card>
      ) : (
        <SimpleGrid cols={{ base: 1, sm: 2, xl: 3 }}>
          {licences.map((licence) => (
            <LicenceCard
              key={licence.name}
              licence={licence}
              onChange={mayChange ? () => setDefining(licence) : null}
            />
          ))}
        </SimpleGrid>
      )}
      {shown && <Seats licence={shown} news={news} onFree={mayChange ? setFreeing : null} />}
      {defining && (
        <DefineDialog licence={defining === 'new' ? null : defining} onClose={() => setDefining(null)} />
      )}
      {freeing && shown && <FreeDialog licence={shown} seat={freeing} onClose={() => setFreeing(null)} />}
    </Page>
  );
};
