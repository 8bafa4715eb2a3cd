import { Button, Text } from '@mantine/core';
import { useState } from 'react';
import { useSubscription } from 'urql';
import { JobsChangedDocument, SchedulesDocument, type ScheduleRowFragment } from '../generated/graphql.js';
import { isOverseer, useMe } from '../me.js';
import { Link, navigate } from '../router.js';
import { pathTo } from '../routes.js';
import { ScheduleForm } from '../schedule/form.js';
import { STATES, whenText } from '../schedule/words.js';
import { Ago, Empty, Page, Pill, StatePill } from '../ui/bits.js';
import { Icon } from '../ui/icons.js';
import { type Column, List } from '../ui/list.js';
import { usePages, usePoll, useSoon } from './pages.js';

/** A schedule whose time comes changes without a job of one's own: its list is read again now and then. */
const POLL_MS = 10_000;

const COLUMNS: readonly Column<ScheduleRowFragment>[] = [
  {
    title: 'Schedule',
    cell: ({ id, name, app, procedure }) => (
      <>
        <Link className="main" href={pathTo('schedule', { id })}>
          {name}
        </Link>
        <Text size="xs" c="dimmed">
          {app.title} {app.version} · {procedure}
        </Text>
      </>
    ),
  },
  {
    title: 'State',
    cell: ({ state, pausedBecause }) => (
      <>
        <Pill color={STATES[state].color}>{STATES[state].label}</Pill>
        {pausedBecause && (
          <Text size="xs" c="dimmed" mt={2}>
            {pausedBecause}
          </Text>
        )}
      </>
    ),
  },
  {
    title: 'Next run',
    cell: (schedule) => (
      <>
        {schedule.next[0]?.text ?? '–'}
        <Text size="xs" c="dimmed">
          {whenText(schedule)}
        </Text>
      </>
    ),
  },
  {
    title: 'Last run',
    cell: ({ lastRun, lastSkipped }) => (
      <>
        {lastRun ? (
          <Link href={pathTo('job', { id: lastRun.id })}>
            <StatePill state={lastRun.state} /> <Ago at={lastRun.queuedAt} />
          </Link>
        ) : (
          '–'
        )}
        {lastSkipped && (
          <Text size="xs" c="dimmed">
            last time no run: {lastSkipped}
          </Text>
        )}
      </>
    ),
  },
];

export const Schedules = () => {
  const me = useMe();
  const [making, setMaking] = useState(false);
  const pages = usePages(SchedulesDocument, {}, ({ schedules }) => schedules);
  const [{ data: changed }] = useSubscription({ query: JobsChangedDocument, variables: {} });
  useSoon(pages.again, changed);
  usePoll(pages.again, POLL_MS);
  const add = (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setMaking(true)}>
      New schedule
    </Button>
  );
  return (
    <Page
      title="Schedules"
      help="Jobs that are submitted by themselves: once at a certain time, or again and again. Each run is a job like any other."
      actions={pages.rows.length > 0 && add}
    >
      <List
        label="Schedules"
        pages={pages}
        columns={[
          ...COLUMNS,
          ...(isOverseer(me)
            ? [{ title: 'Owner', cell: ({ owner }: ScheduleRowFragment) => owner.name }]
            : []),
        ]}
        empty={
          <Empty icon="clock" title="There are no schedules yet">
            <Text size="sm" mb="sm">
              Let a plan be made every morning before work begins, or once tonight when the servers are idle.
            </Text>
            {add}
          </Empty>
        }
      />
      {making && (
        <ScheduleForm
          onClose={() => setMaking(false)}
          onDone={(id) => navigate(pathTo('schedule', { id }))}
        />
      )}
    </Page>
  );
};
