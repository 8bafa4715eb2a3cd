import { Chip, Group, MultiSelect, Text, TextInput } from '@mantine/core';
import { useDeferredValue } from 'react';
import { useSubscription } from 'urql';
import { formatDuration, formatGap, formatKpi } from '../format.js';
import {
  JobsChangedDocument,
  JobsDocument,
  type JobRowFragment,
  type JobState,
} from '../generated/graphql.js';
import { isOverseer, useMe } from '../me.js';
import { Link, useFilters } from '../router.js';
import { pathTo } from '../routes.js';
import { Ago, Empty, Page, StatePill, STATES, useNow } from '../ui/bits.js';
import { Icon } from '../ui/icons.js';
import { type Column, List } from '../ui/list.js';
import { usePages, usePoll, useSoon } from './pages.js';

const JOB_STATES: readonly JobState[] = [
  'QUEUED',
  'RUNNING',
  'COMPLETED',
  'INTERRUPTED',
  'TIME_LIMIT',
  'INFEASIBLE',
  'UNBOUNDED',
  'FAILED',
  'CANCELLED',
  'ABANDONED',
];
/** Other people's jobs are not pushed to an administrator: their list is read again now and then. */
const OVERSEER_POLL_MS = 10_000;

export const jobColumns = (now: number): readonly Column<JobRowFragment>[] => [
  {
    title: 'Job',
    cell: ({ id, app, procedure, description }) => (
      <>
        <Link className="main" href={pathTo('job', { id })}>
          {description || `${app.title}: ${procedure}`}
        </Link>
        <Text size="xs" c="dimmed">
          {app.title} {app.version} · {procedure}
        </Text>
      </>
    ),
  },
  {
    title: 'State',
    cell: ({ state, waitingFor }) => (
      <>
        <StatePill state={state} />
        {waitingFor && (
          <Text size="xs" c="dimmed" mt={2}>
            {waitingFor}
          </Text>
        )}
      </>
    ),
  },
  { title: 'Objective', number: true, cell: ({ objective }) => formatKpi(objective) },
  { title: 'Gap', number: true, cell: ({ gap }) => formatGap(gap) },
  {
    title: 'Run time',
    number: true,
    cell: ({ startedAt, endedAt }) =>
      formatDuration(startedAt === null ? null : ((endedAt ?? now) - startedAt) / 1000),
  },
  { title: 'Queued', cell: ({ queuedAt }) => <Ago at={queuedAt} /> },
];

export const Jobs = () => {
  const me = useMe();
  const overseer = isOverseer(me);
  const [filters, setFilters] = useFilters();
  const search = filters.get('search') ?? '';
  const mine = filters.get('mine') === '1';
  const states = JOB_STATES.filter((state) => filters.get('state')?.split(',').includes(state));
  const batch = filters.get('batch') ?? '';
  const filtered = search !== '' || mine || states.length > 0 || batch !== '';
  const pages = usePages(
    JobsDocument,
    {
      filter: {
        search: useDeferredValue(search) || null,
        owner: mine ? me.id : null,
        states: states.length > 0 ? states : null,
        batch: batch || null,
      },
    },
    ({ jobs }) => jobs,
  );
  const [{ data: changed }] = useSubscription({ query: JobsChangedDocument, variables: {} });
  useSoon(pages.again, changed);
  usePoll(pages.again, OVERSEER_POLL_MS, overseer && !mine);
  const now = useNow(
    1000,
    pages.rows.some(({ state }) => state === 'RUNNING'),
  );

  return (
    <Page
      title="Jobs"
      help="Every run of an optimization procedure: waiting, running and ended. The list keeps itself up to date."
    >
      <Group gap="sm">
        <TextInput
          aria-label="Search jobs"
          placeholder="Description, app, procedure"
          leftSection={<Icon name="search" size={16} />}
          value={search}
          onChange={({ currentTarget }) => setFilters({ search: currentTarget.value })}
          w={260}
        />
        <MultiSelect
          aria-label="States"
          placeholder={states.length > 0 ? '' : 'Any state'}
          data={JOB_STATES.map((state) => ({ value: state, label: STATES[state].label }))}
          value={states}
          onChange={(chosen) => setFilters({ state: chosen.join(',') })}
          clearable
          miw={200}
        />
        {batch !== '' && (
          <Chip checked onChange={() => setFilters({ batch: null })}>
            Of one batch
          </Chip>
        )}
        {overseer && (
          <Chip checked={mine} onChange={(on) => setFilters({ mine: on ? '1' : null })}>
            Mine only
          </Chip>
        )}
      </Group>
      <List
        label="Jobs"
        pages={pages}
        columns={[
          ...jobColumns(now),
          ...(overseer ? [{ title: 'Owner', cell: ({ owner }: JobRowFragment) => owner.name }] : []),
        ]}
        empty={
          filtered ? (
            <Empty icon="search" title="No job matches these filters" />
          ) : (
            <Empty icon="jobs" title="There are no jobs yet">
              Launch an app and press its Run button, or submit one from a terminal with{' '}
              <b>npx openpro job submit</b>.
            </Empty>
          )
        }
      />
    </Page>
  );
};
