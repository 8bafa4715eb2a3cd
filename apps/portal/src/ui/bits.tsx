import {
  Anchor,
  Badge,
  Button,
  Card,
  Code,
  Group,
  Loader,
  Modal,
  Stack,
  Text,
  Title,
  Tooltip,
} from '@mantine/core';
import { type ReactNode, useEffect, useState } from 'react';
import type { CombinedError } from 'urql';
import { errorText } from '../answers.js';
import { formatAgo, formatTime } from '../format.js';
import type { JobState, SessionState } from '../generated/graphql.js';
import { Link } from '../router.js';
import { Icon, type IconName } from './icons.js';

/** Title, one line of help, and what one can do here. */
export const Page = ({
  title,
  help,
  actions,
  children,
}: {
  title: ReactNode;
  help?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) => (
  <Stack gap="lg">
    <Group justify="space-between" align="flex-end" gap="sm">
      <div>
        <Title order={1}>{title}</Title>
        {help && (
          <Text c="dimmed" size="sm" component="div" maw="46rem">
            {help}
          </Text>
        )}
      </div>
      {actions && <Group gap="xs">{actions}</Group>}
    </Group>
    {children}
  </Stack>
);

export const Section = ({
  title,
  actions,
  children,
}: {
  title: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) => (
  <Card component="section">
    <Group justify="space-between" mb="sm" gap="xs">
      <Title order={2}>{title}</Title>
      {actions && <Group gap="xs">{actions}</Group>}
    </Group>
    {children}
  </Card>
);

/** Nothing here yet, and what to do about it. */
export const Empty = ({ icon, title, children }: { icon: IconName; title: string; children?: ReactNode }) => (
  <Stack align="center" gap="xs" py={56} px="md" ta="center" className="empty">
    <span className="empty-icon">
      <Icon name={icon} size={26} />
    </span>
    <Text fw={600}>{title}</Text>
    <Text c="dimmed" size="sm" maw="34rem" component="div">
      {children}
    </Text>
  </Stack>
);

export const Loading = ({ what = 'Loading' }: { what?: string }) => (
  <Group justify="center" py={56} role="status">
    <Loader size="sm" />
    <Text c="dimmed" size="sm">
      {what}…
    </Text>
  </Group>
);

export const Problem = ({ error, again }: { error: CombinedError; again: () => void }) => (
  <Stack align="center" gap="xs" py={40} ta="center" role="alert">
    <Text c="var(--problem)">
      <Icon name="warning" size={28} />
    </Text>
    <Text fw={600}>This could not be shown</Text>
    <Text size="sm" c="dimmed" maw="38rem">
      {errorText(error)}
    </Text>
    <Button variant="light" size="xs" onClick={again}>
      Try again
    </Button>
  </Stack>
);

export const NotThere = ({ what }: { what: string }) => (
  <Empty icon="search" title={`There is no such ${what}`}>
    It may have been removed, or it is not shared with you.{' '}
    <Anchor component={Link} href="/" underline="always">
      Back to the apps
    </Anchor>
  </Empty>
);

export const STATES: Record<JobState | SessionState, { label: string; color: string }> = {
  QUEUED: { label: 'Queued', color: 'gray' },
  RUNNING: { label: 'Running', color: 'blue' },
  COMPLETED: { label: 'Completed', color: 'green' },
  INTERRUPTED: { label: 'Interrupted', color: 'yellow' },
  TIME_LIMIT: { label: 'Time limit', color: 'yellow' },
  INFEASIBLE: { label: 'Infeasible', color: 'orange' },
  UNBOUNDED: { label: 'Unbounded', color: 'orange' },
  FAILED: { label: 'Failed', color: 'red' },
  CANCELLED: { label: 'Cancelled', color: 'gray' },
  ABANDONED: { label: 'Abandoned', color: 'red' },
  REQUESTED: { label: 'Requested', color: 'gray' },
  STARTING: { label: 'Starting', color: 'blue' },
  READY: { label: 'Ready', color: 'green' },
  ENDED: { label: 'Ended', color: 'gray' },
};

export const Pill = ({ color, children }: { color: string; children: ReactNode }) => (
  <Badge
    className="pill"
    variant="light"
    color={color}
    tt="none"
    leftSection={<span className="dot" style={{ background: `var(--mantine-color-${color}-6)` }} />}
  >
    {children}
  </Badge>
);

export const StatePill = ({ state }: { state: JobState | SessionState }) => (
  <Pill color={STATES[state].color}>{STATES[state].label}</Pill>
);

/** The clock, for everything that says "ago" or counts; ticks only while it is on screen. */
export const useNow = (everyMs = 10_000, on = true): number => {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!on) return;
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, on]);
  return now;
};

export const Ago = ({ at }: { at: number }) => {
  const now = useNow();
  return (
    <Tooltip label={formatTime(at, 0)}>
      <time dateTime={new Date(at).toISOString()} tabIndex={-1}>
        {formatAgo(at, now)}
      </time>
    </Tooltip>
  );
};

/** Asks before what cannot be taken back; `consequence` says what will be lost. */
export const Confirm = ({
  title,
  consequence,
  yes,
  danger = false,
  onYes,
  onClose,
}: {
  title: string;
  consequence: ReactNode;
  yes: string;
  danger?: boolean;
  onYes: () => Promise<unknown>;
  onClose: () => void;
}) => {
  const [busy, setBusy] = useState(false);
  return (
    <Modal opened onClose={onClose} title={<Text fw={600}>{title}</Text>}>
      <Text size="sm" component="div">
        {consequence}
      </Text>
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" onClick={onClose} data-autofocus>
          Keep as it is
        </Button>
        <Button
          loading={busy}
          {...(danger ? { color: 'red.8' } : {})}
          onClick={async () => {
            setBusy(true);
            await onYes();
            onClose();
          }}
        >
          {yes}
        </Button>
      </Group>
    </Modal>
  );
};

export const Command = ({ children }: { children: string }) => (
  <Code block className="command">
    {children}
  </Code>
);
