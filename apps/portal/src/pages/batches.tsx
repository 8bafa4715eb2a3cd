import { Progress, Text } from '@mantine/core';
import { endedIn, failedIn } from '../batch/cells.js';
import { BatchesDocument, type BatchRowFragment, type BatchState } from '../generated/graphql.js';
import { isOverseer, useMe } from '../me.js';
import { Link } from '../router.js';
import { pathTo } from '../routes.js';
import { Ago, Empty, Page, Pill } from '../ui/bits.js';
import { type Column, List } from '../ui/list.js';
import { usePages, usePoll } from './pages.js';

const POLL_MS = 3000;

const STATES: Record<BatchState, { label: string; color: string }> = {
  CREATING: { label: 'Making its jobs', color: 'blue' },
  RUNNING: { label: 'Running', color: 'blue' },
  ENDED: { label: 'Ended', color: 'green' },
  CANCELLED: { label: 'Cancelled', color: 'gray' },
};

const COLUMNS: readonly Column<BatchRowFragment>[] = [
  {
    title: 'Batch',
    cell: ({ id, app, procedure, description }) => (
      <>
        <Link className="main" href={pathTo('batch', { id })}>
          {description || `${app.title}: ${procedure}`}
        </Link>
        <Text size="xs" c="dimmed">
          {app.title} {app.version} · {procedure}
        </Text>
      </>
    ),
  },
  { title: 'State', cell: ({ state }) => <Pill color={STATES[state].color}>{STATES[state].label}</Pill> },
  {
    title: 'Progress',
    cell: (batch) => (
      <>
        <Progress.Root size="sm" w={160} aria-label="Progress">
          <Progress.Section
            value={((endedIn(batch) - failedIn(batch)) / batch.scenarios) * 100}
            color="green.6"
          />
          <Progress.Section value={(failedIn(batch) / batch.scenarios) * 100} color="red.6" />
        </Progress.Root>
        <Text size="xs" c="dimmed" mt={2}>
          {endedIn(batch).toLocaleString('en')} of {batch.scenarios.toLocaleString('en')} ended
          {failedIn(batch) > 0 && `, ${failedIn(batch).toLocaleString('en')} failed`}
        </Text>
      </>
    ),
  },
  { title: 'Submitted', cell: ({ submittedAt }) => <Ago at={submittedAt} /> },
];

export const Batches = () => {
  const overseer = isOverseer(useMe());
  const pages = usePages(BatchesDocument, {}, ({ batches }) => batches);
  usePoll(
    pages.again,
    POLL_MS,
    pages.rows.some(({ state }) => state === 'CREATING' || state === 'RUNNING'),
  );
  return (
    <Page
      title="Batches"
      help="One procedure run for many scenarios: all combinations of some arguments, or a list. Each scenario is a job."
    >
      <List
        label="Batches"
        pages={pages}
        columns={[
          ...COLUMNS,
          ...(overseer ? [{ title: 'Owner', cell: ({ owner }: BatchRowFragment) => owner.name }] : []),
        ]}
        empty={
          <Empty icon="batches" title="There are no batches yet">
            Open a job, press Clone… and say which arguments vary, or submit one from a terminal:{' '}
            <b>npx openpro batch submit APP PROCEDURE --vary price=1,2,3 --vary seed=1..10</b>
          </Empty>
        }
      />
    </Page>
  );
};
