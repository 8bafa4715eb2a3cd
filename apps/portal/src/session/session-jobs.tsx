import { Button, Table } from '@mantine/core';
import { useSubscription } from 'urql';
import { formatGap, formatKpi } from '../format.js';
import { JobsChangedDocument, SessionJobsDocument, type SessionJobsQuery } from '../generated/graphql.js';
import { ProgressCard } from '../job/progress-card.js';
import { useJob } from '../job/use-job.js';
import { usePages, useSoon } from '../pages/pages.js';
import { Link } from '../router.js';
import { pathTo } from '../routes.js';
import { Ago, Section, StatePill } from '../ui/bits.js';
import { loadCase } from './cases-menu.js';
import type { SessionData } from './data.js';

type SessionJob = SessionJobsQuery['jobs']['nodes'][number];

/** Jobs that were submitted from this session, newest first. */
export const useSessionJobs = (session: string) => {
  const pages = usePages(SessionJobsDocument, { session }, ({ jobs }) => jobs);
  const [{ data: changed }] = useSubscription({ query: JobsChangedDocument, variables: { session } });
  useSoon(pages.again, changed);
  return pages;
};

export const ShownJob = ({ id }: { id: string }) => {
  const { job } = useJob(id);
  return job ? <ProgressCard job={job} /> : null;
};

const titleOf = ({ description, procedure }: SessionJob) => description || procedure;

export const PastJobs = ({
  session,
  jobs,
  data,
}: {
  session: string;
  jobs: readonly SessionJob[];
  data: SessionData;
}) => (
  <Section title="Runs of this session">
    <div className="list">
      <Table aria-label="Runs of this session" verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Run</Table.Th>
            <Table.Th>State</Table.Th>
            <Table.Th className="num">Objective</Table.Th>
            <Table.Th className="num">Gap</Table.Th>
            <Table.Th>Queued</Table.Th>
            <Table.Th />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {jobs.map((job) => (
            <Table.Tr key={job.id}>
              <Table.Td>
                <Link className="main" href={pathTo('job', { id: job.id })}>
                  {titleOf(job)}
                </Link>
              </Table.Td>
              <Table.Td>
                <StatePill state={job.state} />
              </Table.Td>
              <Table.Td className="num">{formatKpi(job.objective)}</Table.Td>
              <Table.Td className="num">{formatGap(job.gap)}</Table.Td>
              <Table.Td>
                <Ago at={job.queuedAt} />
              </Table.Td>
              <Table.Td className="num">
                {job.result && (
                  <Button
                    size="compact-xs"
                    variant="default"
                    aria-label={`Load the result of ${titleOf(job)}`}
                    onClick={() =>
                      job.result && void loadCase(session, job.result.id, `Result of ${titleOf(job)}`, data)
                    }
                  >
                    Load result
                  </Button>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  </Section>
);
