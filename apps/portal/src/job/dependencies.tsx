import { Anchor, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from '../router.js';
import { pathTo } from '../routes.js';
import { Section, StatePill } from '../ui/bits.js';
import type { JobDetails } from './use-job.js';

const Line = ({ id, title, children }: { id: string; title: string; children: ReactNode }) => (
  <Group gap="xs">
    <Anchor component={Link} href={pathTo('job', { id })} size="sm">
      {title}
    </Anchor>
    {children}
  </Group>
);

/** What must end before this job starts, and what starts after its end; nothing where there is neither. */
export const Dependencies = ({ job: { dependsOn, neededBy } }: { job: JobDetails }) => {
  if (dependsOn.length === 0 && neededBy.length === 0) return null;
  return (
    <SimpleGrid cols={{ base: 1, lg: dependsOn.length > 0 && neededBy.length > 0 ? 2 : 1 }}>
      {dependsOn.length > 0 && (
        <Section title="Depends on">
          <Stack gap={6}>
            {dependsOn.map(({ job, on, title, state }) => (
              <Line key={job} id={job} title={title ?? job}>
                {state && <StatePill state={state} />}
                <Text size="xs" c="dimmed">
                  {on === 'ANY' ? 'must have ended, in any way' : 'must have succeeded'}
                </Text>
              </Line>
            ))}
          </Stack>
        </Section>
      )}
      {neededBy.length > 0 && (
        <Section title="Needed by">
          <Stack gap={6}>
            {neededBy.map(({ id, description, procedure, state }) => (
              <Line key={id} id={id} title={description || procedure}>
                <StatePill state={state} />
              </Line>
            ))}
          </Stack>
        </Section>
      )}
    </SimpleGrid>
  );
};
