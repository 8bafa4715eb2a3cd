import { Anchor, Button, Center, Group, Text } from '@mantine/core';
import { ClusterTimelineDocument } from '../generated/graphql.js';
import { usePages, useSoon } from '../pages/pages.js';
import { Link } from '../router.js';
import { pathTo } from '../routes.js';
import { Ago, Empty, Loading, Problem, Section } from '../ui/bits.js';
import { Icon } from '../ui/icons.js';
import { iconOf, isAlarm } from './words.js';

/** What moved where and why, newest first; read again when `newest` is another one. */
export const ClusterTimeline = ({ newest }: { newest: string | null | undefined }) => {
  const { rows, error, loading, again, more } = usePages(
    ClusterTimelineDocument,
    {},
    ({ clusterTimeline }) => clusterTimeline,
  );
  useSoon(again, newest);
  return (
    <Section title="What moved where and why">
      {error ? (
        <Problem error={error} again={again} />
      ) : loading ? (
        <Loading />
      ) : rows.length === 0 ? (
        <Empty icon="events" title="Nothing has happened yet" />
      ) : (
        <ol className="happenings" aria-label="Timeline of the cluster, newest first">
          {rows.map(({ id, at, type, text, by, job, session }) => (
            <li key={id}>
              <span className="mark" data-alarm={isAlarm(type) || undefined}>
                <Icon name={iconOf(type)} size={15} />
              </span>
              <div>
                <Text size="sm">{text}</Text>
                <Group gap={6}>
                  <Text size="xs" c="dimmed">
                    <Ago at={at} /> · by {by}
                  </Text>
                  {job && (
                    <Anchor component={Link} size="xs" href={pathTo('job', { id: job })}>
                      The job
                    </Anchor>
                  )}
                  {session && (
                    <Anchor component={Link} size="xs" href={pathTo('session', { id: session })}>
                      The session
                    </Anchor>
                  )}
                </Group>
              </div>
            </li>
          ))}
        </ol>
      )}
      {more && (
        <Center p="sm">
          <Button variant="subtle" size="xs" loading={more.busy} onClick={more.load}>
            Show more
          </Button>
        </Center>
      )}
    </Section>
  );
};
