import { Card, Loader, Text, Title } from '@mantine/core';
import { formatDuration } from '../format.js';
import type { SessionRowFragment } from '../generated/graphql.js';
import { useNow } from '../ui/bits.js';
import { Icon } from '../ui/icons.js';

const STEPS: readonly (readonly [name: string, label: string])[] = [
  ['server', 'A server is found'],
  ['packages', 'Engine and app are there'],
  ['app', 'The app is open'],
];

/** How the launch goes, step by step, with the time that each took. */
export const LaunchSteps = ({ session: { app, requestedAt, steps } }: { session: SessionRowFragment }) => {
  const now = useNow(100);
  const current = STEPS.find(([name]) => !steps.some((step) => step.name === name))?.[0];
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
      <ol className="steps" aria-live="polite">
        {STEPS.map(([name, label]) => {
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
    </Card>
  );
};
