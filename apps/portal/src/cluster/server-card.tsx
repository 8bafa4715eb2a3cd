import { ActionIcon, Badge, Card, Group, Menu, Progress, Text } from '@mantine/core';
import { command } from '../commands.js';
import { count, formatDuration } from '../format.js';
import { ResumeNodeDocument } from '../generated/graphql.js';
import { Ago, Pill, useNow } from '../ui/bits.js';
import { Icon } from '../ui/icons.js';
import { mayDrain, runs, type Server, stateOf, workOf } from './words.js';

const Actions = ({
  server,
  onDrain,
  onRemove,
}: {
  server: Server;
  onDrain: () => void;
  onRemove: () => void;
}) => (
  <Menu position="bottom-end" withinPortal>
    <Menu.Target>
      <ActionIcon variant="subtle" color="gray" aria-label={`Actions for ${server.name}`}>
        <Icon name="dots" />
      </ActionIcon>
    </Menu.Target>
    <Menu.Dropdown>
      {mayDrain(server) && (
        <Menu.Item leftSection={<Icon name="pause" size={16} />} onClick={onDrain}>
          Drain…
        </Menu.Item>
      )}
      {server.drain && (
        <Menu.Item
          leftSection={<Icon name="play" size={16} />}
          onClick={() => void command(ResumeNodeDocument, { id: server.id })}
        >
          Resume
        </Menu.Item>
      )}
      <Menu.Item color="red" leftSection={<Icon name="close" size={16} />} onClick={onRemove}>
        Remove…
      </Menu.Item>
    </Menu.Dropdown>
  </Menu>
);

const Draining = ({ server }: { server: Server }) => {
  const now = useNow(1000);
  if (!server.drain) return null;
  const { reason, until } = server.drain;
  const work = workOf(server);
  const left = (until - now) / 1000;
  return (
    <Text size="sm" mt="xs">
      No new work{reason && `: ${reason}`}.{' '}
      {work === ''
        ? 'Nothing runs here any more.'
        : `${work} still here${left > 0 ? `, at most ${formatDuration(left)} more` : ''}.`}
    </Text>
  );
};

export const ServerCard = ({
  server,
  actions,
}: {
  server: Server;
  /** What may be done with it; null for those who may not. */
  actions: { readonly onDrain: () => void; readonly onRemove: () => void } | null;
}) => {
  const { name, state, leader, roles, labels, version, slots, runningJobs, sessions, joinedAt, isolation } =
    server;
  const { label, color } = stateOf(server);
  const up = runs(server);
  return (
    <Card component="article" aria-label={name} className={up ? undefined : 'faded'}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Group gap={8}>
          <Text fw={650}>{name}</Text>
          <Pill color={color}>{label}</Pill>
          {leader && (
            <Badge size="sm" variant="light" tt="none">
              leader
            </Badge>
          )}
        </Group>
        {actions && <Actions server={server} {...actions} />}
      </Group>
      <Text size="xs" c="dimmed">
        {version ? `OpenPRO ${version} · ` : ''}
        {roles.join(', ')}
        {isolation && ` · sessions kept apart by ${isolation}`}
      </Text>
      {labels.length > 0 && (
        <Group gap={4} mt={6} aria-label="Labels">
          {labels.map((each) => (
            <Badge key={each} variant="default" size="sm" tt="none">
              {each}
            </Badge>
          ))}
        </Group>
      )}
      {up && (
        <>
          <Group justify="space-between" mt="sm" mb={4}>
            <Text size="sm">
              {runningJobs} of {count(slots, 'slot')} taken
            </Text>
            <Text size="sm">{count(sessions, 'session')}</Text>
          </Group>
          <Progress
            value={slots === 0 ? 0 : Math.min(100, (runningJobs / slots) * 100)}
            color={state === 'draining' ? 'yellow' : 'ocean'}
            aria-label={`Slots taken on ${name}`}
          />
        </>
      )}
      <Draining server={server} />
      <Text size="xs" c="dimmed" mt="xs">
        {joinedAt === null ? (
          'Has not joined yet'
        ) : (
          <>
            Joined <Ago at={joinedAt} />
          </>
        )}
        {server.lastBeat !== null && (
          <>
            {' · heard '}
            <Ago at={server.lastBeat} />
          </>
        )}
        {server.epoch > 1 && ` · start no. ${server.epoch}`}
      </Text>
    </Card>
  );
};
