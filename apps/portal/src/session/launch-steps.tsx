import { Button, Card, Loader, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { command } from '../commands.js';
import { formatDuration } from '../format.js';
import { LeaveLineDocument, type SessionRowFragment } from '../generated/graphql.js';
import { useNow } from '../ui/bits.js';
import { Icon } from '../ui/icons.js';

const SEAT = ['seat', 'A seat of its licence is free'] as const;
const STEPS = [
  ['server', 'A server is found'],
  ['packages', 'Engine and app are there'],
  ['app', 'The app is open'],
] as const;

/** Where it stands in the line for its seat, and the way out of it. */
const InLine = ({ id, waitingFor }: { id: string; waitingFor: string }) => {
  const [busy, setBusy] = useState(false);
  const leave = async () => {
    setBusy(true);
    if (!(await command(LeaveLineDocument, { session: id }))) setBusy(false);
  };
  return (
    <Stack gap="xs" mb="lg" align="flex-start">
      <Text size="sm" role="status">
        {waitingFor}.
      </Text>
      <Text size="sm" c="dimmed">
        It opens by itself when its turn has come. Stay on this page: the place is kept for a short while only
        when nobody looks.
      </Text>
      <Button variant="default" size="xs" loading={busy} onClick={() => void leave()}>
        Leave the line
      </Button>
    </Stack>
  );
};

/** How the launch goes, step by step, with the time that each took. */
export const LaunchSteps = ({ session }: { session: SessionRowFragment }) => {
  const { id, app, licence, requestedAt, steps, waitingFor, waited } = session;
  const now = useNow(100);
  const all = licence === null ? STEPS : [SEAT, ...STEPS];
  const current = all.find(([name]) => !steps.some((step) => step.name === name))?.[0];
  const before = (at: number) =>
    steps.reduce((latest, step) => (step.at < at && step.at > latest ? step.at : latest), requestedAt);
  return (
    <Card maw={460} mx="auto" mt="xl" p="xl">
      <Title order={1} mb={4}>
        Opening {app.title}
      </Title>
      <Text size="sm" c="dimmed" mb="lg">
        Version {app.version}
      </Text>
      {waitingFor && <InLine id={id} waitingFor={waitingFor} />}
      <ol className="steps" aria-live="polite">
        {all.map(([name, label]) => {
          const done = steps.find((step) => step.name === name);
          return (
            <li key={name} {...(done ? { 'data-done': true } : {})}>
              <span className="mark">
                {done ? <Icon name="check" size={15} /> : name === current ? <Loader size={14} /> : null}
              </span>
              <Text size="sm" flex={1}>
                {label}
              </Text>
              <Text size="xs" className="num" aria-hidden={!done}>
                {done
                  ? formatDuration((done.at - before(done.at)) / 1000)
                  : name === current &&
                    formatDuration((now - Math.max(requestedAt, ...steps.map(({ at }) => at))) / 1000)}
              </Text>
            </li>
          );
        })}
      </ol>
      {waited && (
        <Text size="sm" c="dimmed" mt="lg">
          Waited {waited}.
        </Text>
      )}
    </Card>
  );
};
