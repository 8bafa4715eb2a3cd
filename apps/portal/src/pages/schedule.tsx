import { Alert, Anchor, SimpleGrid, Table, Text } from '@mantine/core';
import { useSubscription } from 'urql';
import { useLive } from '../api.js';
import { formatDuration, formatTime } from '../format.js';
import {
  JobsChangedDocument,
  JobsDocument,
  SchedulePageDocument,
  type SchedulePageQuery,
} from '../generated/graphql.js';
import { useNames } from '../names.js';
import { Link, navigate } from '../router.js';
import { pathTo } from '../routes.js';
import { ScheduleButtons } from '../schedule/buttons.js';
import { NextTimes } from '../schedule/next-times.js';
import { eventDetail, eventTitle, MISSED, OVERLAPS, STATES, whenText } from '../schedule/words.js';
import { Ago, Empty, Loading, NotThere, Page, Pill, Problem, Section, useNow } from '../ui/bits.js';
import { List } from '../ui/list.js';
import { jobColumns } from './jobs.js';
import { usePages, usePoll, useSoon } from './pages.js';

type Schedule = NonNullable<SchedulePageQuery['schedule']>;

const POLL_MS = 5000;

const Terms = ({ schedule }: { schedule: Schedule }) => {
  const { timeLimit, priority, overlap, missed, atMost, state } = schedule;
  const lines = [
    ['State', <Pill color={STATES[state].color}>{STATES[state].label}</Pill>],
    ['Runs', whenText(schedule)],
    ['While a run has not ended', OVERLAPS[overlap]],
    ['Times when no server ran', missed === 'ALL' ? `${MISSED.ALL}, at most ${atMost}` : MISSED[missed]],
    ['Time limit of each run', timeLimit === null ? 'none' : formatDuration(timeLimit)],
    ['Priority of each run', priority],
  ] as const;
  return (
    <Section title="What and when">
      <Table fz="sm" aria-label="What and when">
        <Table.Tbody>
          {lines.map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th w="45%">{name}</Table.Th>
              <Table.Td>{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Section>
  );
};

const Happened = ({ schedule, nameOf }: { schedule: Schedule; nameOf: (id: string) => string }) => (
  <Section title="What happened last">
    <ol className="timeline">
      {[...schedule.timeline].reverse().map(({ position, type, at, actor, data }) => (
        <li key={position}>
          <Text size="sm" fw={600}>
            {eventTitle(type)}
          </Text>
          <Text size="xs" c="dimmed">
            {formatTime(at, Date.now())}
            {actor.startsWith('process:') ? '' : ` · ${nameOf(actor)}`}
            {eventDetail(data) && ` · ${eventDetail(data)}`}
          </Text>
        </li>
      ))}
    </ol>
  </Section>
);

const Runs = ({ id }: { id: string }) => {
  const pages = usePages(JobsDocument, { filter: { schedule: id } }, ({ jobs }) => jobs);
  const [{ data: changed }] = useSubscription({ query: JobsChangedDocument, variables: {} });
  useSoon(pages.again, changed);
  usePoll(pages.again, POLL_MS);
  const now = useNow(
    1000,
    pages.rows.some(({ state }) => state === 'RUNNING'),
  );
  return (
    <List
      label="Runs"
      pages={pages}
      columns={jobColumns(now)}
      empty={
        <Empty icon="jobs" title="It has not run yet">
          Its jobs will be listed here.
        </Empty>
      }
    />
  );
};

export const SchedulePage = ({ params: { id = '' } }: { params: Readonly<Record<string, string>> }) => {
  const [{ data, error }, again] = useLive(SchedulePageDocument, { id });
  const schedule = data?.schedule;
  const nameOf = useNames(schedule ? [schedule.owner] : []);
  const refresh = () => again({ requestPolicy: 'network-only' });
  usePoll(refresh, POLL_MS, schedule !== null);
  if (error && !data) return <Problem error={error} again={refresh} />;
  if (schedule === undefined) return <Loading />;
  if (schedule === null) return <NotThere what="schedule" />;
  const { name, app, procedure, owner, madeAt, pausedBecause, lastSkipped, next } = schedule;
  return (
    <Page
      title={name}
      help={
        <>
          {app.title} {app.version} · {procedure} · {owner.name} · made <Ago at={madeAt} />
        </>
      }
      actions={
        <>
          <Anchor component={Link} href={pathTo('schedules')} size="sm">
            All schedules
          </Anchor>
          <ScheduleButtons
            schedule={schedule}
            onChange={refresh}
            onGone={() => navigate(pathTo('schedules'))}
          />
        </>
      }
    >
      {pausedBecause !== null && (
        <Alert color="yellow" title="Paused: it does not run">
          {pausedBecause}
        </Alert>
      )}
      {lastSkipped !== null && pausedBecause === null && (
        <Alert color="gray" title="Its last time had no run">
          {lastSkipped}
        </Alert>
      )}
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Terms schedule={schedule} />
        <Section title="Next times">
          {next.length > 0 ? (
            <NextTimes of={next} />
          ) : (
            <Text size="sm" c="dimmed">
              {pausedBecause === null ? 'It has no further time.' : 'None while it is paused.'}
            </Text>
          )}
        </Section>
      </SimpleGrid>
      <Runs id={id} />
      <Happened schedule={schedule} nameOf={nameOf} />
    </Page>
  );
};
