import { Table } from '@mantine/core';
import { useLive } from '../api.js';
import { JobsDocument } from '../generated/graphql.js';
import { usePoll } from '../pages/pages.js';
import { Link } from '../router.js';
import { pathTo } from '../routes.js';
import { Ago, Section, StatePill } from '../ui/bits.js';

const POLL_MS = 3000;

/** What a job has submitted while it ran; nothing where there is none. */
export const ChildJobs = ({ id, running }: { id: string; running: boolean }) => {
  const [{ data }, again] = useLive(JobsDocument, { filter: { parent: id } });
  const jobs = data?.jobs.nodes ?? [];
  const unfinished = jobs.some(({ state }) => state === 'QUEUED' || state === 'RUNNING');
  usePoll(() => again({ requestPolicy: 'network-only' }), POLL_MS, running || unfinished);
  if (jobs.length === 0) return null;
  return (
    <Section title="Jobs that it has submitted">
      <Table fz="sm" aria-label="Jobs that it has submitted">
        <Table.Tbody>
          {jobs.map((job) => (
            <Table.Tr key={job.id}>
              <Table.Td>
                <Link href={pathTo('job', { id: job.id })}>{job.description || job.procedure}</Link>
              </Table.Td>
              <Table.Td>
                <StatePill state={job.state} />
              </Table.Td>
              <Table.Td>
                <Ago at={job.queuedAt} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Section>
  );
};
