import { Alert, Anchor, Button, Card, SimpleGrid, Table, Text, Tooltip } from '@mantine/core';
import { useState } from 'react';
import { command } from '../commands.js';
import { formatDuration, formatTime } from '../format.js';
import { RepeatJobDocument } from '../generated/graphql.js';
import { CloneButton } from '../job/clone-button.js';
import { ChildJobs } from '../job/child-jobs.js';
import { CompareAttempts } from '../job/compare-attempts.js';
import { eventDetails, eventTitle, outcomeText } from '../job/progress.js';
import { Dependencies } from '../job/dependencies.js';
import { ProgressCard } from '../job/progress-card.js';
import { isOver, type JobDetails, useJob } from '../job/use-job.js';
import { useNames } from '../names.js';
import { Link, navigate } from '../router.js';
import { pathTo } from '../routes.js';
import { CaseTables } from '../ui/case-tables.js';
import { Ago, Loading, NotThere, Page, Problem, Section, useNow } from '../ui/bits.js';
import { Icon } from '../ui/icons.js';

type Names = (id: string) => string;

const Attempts = ({ job }: { job: JobDetails }) => {
  const now = useNow(1000, job.state === 'RUNNING');
  return (
    <Section title="Attempts">
      {job.attempts.length === 0 ? (
        <Text size="sm" c="dimmed">
          It has not started yet.
        </Text>
      ) : (
        <Table fz="sm" aria-label="Attempts">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>No.</Table.Th>
              <Table.Th>Server</Table.Th>
              <Table.Th>Started</Table.Th>
              <Table.Th className="num">Ran for</Table.Th>
              <Table.Th>Outcome</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {job.attempts.map(({ number, node, nodeName, startedAt, endedAt, outcome }) => (
              <Table.Tr key={number}>
                <Table.Td>{number}</Table.Td>
                <Table.Td title={node}>{nodeName}</Table.Td>
                <Table.Td>{formatTime(startedAt, now)}</Table.Td>
                <Table.Td className="num">{formatDuration(((endedAt ?? now) - startedAt) / 1000)}</Table.Td>
                <Table.Td>{outcomeText(outcome)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Section>
  );
};

const Timeline = ({ job, nameOf }: { job: JobDetails; nameOf: Names }) => (
  <Section title="Timeline">
    {job.timeline[0] && !job.timeline[0].type.endsWith('JobQueued') && (
      <Text size="xs" c="dimmed">
        Only the last {job.timeline.length} events are shown.
      </Text>
    )}
    <ol className="timeline">
      {job.timeline.map(({ position, type, at, actor, data }) => (
        <li key={position}>
          <Text size="sm" fw={600}>
            {eventTitle(type)}
          </Text>
          <Text size="xs" c="dimmed">
            {formatTime(at, Date.now())} · {nameOf(actor)}
            {eventDetails(data, nameOf) && ` · ${eventDetails(data, nameOf)}`}
          </Text>
        </li>
      ))}
    </ol>
  </Section>
);

/** The same once more: it keeps nothing back, so that two runs can be compared. */
const RepeatButton = ({ id }: { id: string }) => {
  const [busy, setBusy] = useState(false);
  const repeat = async () => {
    setBusy(true);
    const again = await command(RepeatJobDocument, { id });
    setBusy(false);
    if (again) navigate(pathTo('job', { id: again.id }));
  };
  return (
    <Tooltip label="The same engine, app, data, limits and seed; what both find is compared">
      <Button
        variant="default"
        size="xs"
        loading={busy}
        leftSection={<Icon name="redo" size={15} />}
        onClick={() => void repeat()}
      >
        Run again, exactly
      </Button>
    </Tooltip>
  );
};

export const JobPage = ({ params: { id = '' } }: { params: Readonly<Record<string, string>> }) => {
  const { job, error, again } = useJob(id);
  const nameOf = useNames(job ? [job.owner] : []);
  if (error) return <Problem error={error} again={again} />;
  if (job === undefined) return <Loading />;
  if (job === null) return <NotThere what="job" />;
  return (
    <Page
      title={job.description || `${job.app.title}: ${job.procedure}`}
      help={
        <>
          {job.app.title} {job.app.version} · {job.procedure} · {job.owner.name} · queued{' '}
          <Ago at={job.queuedAt} />
          {job.timeLimit !== null && ` · time limit ${formatDuration(job.timeLimit)}`} · priority{' '}
          {job.priority}
          {job.profile !== null && ` · profile ${job.profile}`}
          {job.waited !== null && ` · waited ${job.waited}`}
          {job.parent !== null && (
            <>
              {' · submitted by '}
              <Anchor component={Link} href={pathTo('job', { id: job.parent })} inherit>
                another job
              </Anchor>
            </>
          )}
          {job.batch !== null && (
            <>
              {` · scenario ${(job.scenario ?? 0) + 1} of `}
              <Anchor component={Link} href={pathTo('batch', { id: job.batch })} inherit>
                a batch
              </Anchor>
            </>
          )}
          {job.schedule !== null && (
            <>
              {' · run of a '}
              <Anchor component={Link} href={pathTo('schedule', { id: job.schedule })} inherit>
                schedule
              </Anchor>
            </>
          )}
          {job.repeats !== null && (
            <>
              {' · repeats '}
              <Anchor component={Link} href={pathTo('job', { id: job.repeats })} inherit>
                another run
              </Anchor>
            </>
          )}
        </>
      }
      actions={
        <>
          <Anchor component={Link} href={pathTo('jobs')} size="sm">
            All jobs
          </Anchor>
          <CloneButton job={job} />
          {isOver(job.state) && <RepeatButton id={job.id} />}
          {job.session && (
            <Button
              component={Link}
              href={pathTo('session', { id: job.session })}
              variant="default"
              size="xs"
              leftSection={<Icon name="sessions" size={15} />}
            >
              Its session
            </Button>
          )}
        </>
      }
    >
      {job.compared !== null && (
        <Alert
          color={job.compared.startsWith('It differs') ? 'yellow' : 'green'}
          title="Compared with the first run"
        >
          {job.compared}
        </Alert>
      )}
      {job.clones !== null && (
        <Alert color="blue" title="Made after another job">
          {job.differs}{' '}
          <Anchor component={Link} href={pathTo('job', { id: job.clones })} inherit>
            That job
          </Anchor>
        </Alert>
      )}
      {job.stoppedBy !== null && (
        <Alert color="gray" icon={<Icon name="stop" />} title={`Stopped by ${job.stoppedBy}`}>
          {job.stopReason ?? 'No reason was given.'}
        </Alert>
      )}
      <ProgressCard job={job} onJobPage />
      <Dependencies job={job} />
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Attempts job={job} />
        <Timeline job={job} nameOf={nameOf} />
      </SimpleGrid>
      <CompareAttempts job={job} />
      <ChildJobs id={job.id} running={!isOver(job.state)} />
      <SimpleGrid cols={{ base: 1, lg: job.result && job.input ? 2 : 1 }}>
        {job.result && (
          <Section title="Result">
            <CaseTables id={job.result.id} />
          </Section>
        )}
        {job.input && (
          <Section title="Input">
            <CaseTables id={job.input.id} />
          </Section>
        )}
      </SimpleGrid>
      {!job.input && !job.result && <Card>No data of this job is kept.</Card>}
    </Page>
  );
};
