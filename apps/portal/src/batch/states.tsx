import { Group, Progress, Text } from '@mantine/core';
import type { JobState } from '../generated/graphql.js';
import { STATES } from '../ui/bits.js';
import { countsOf } from './cells.js';

export const labelOf = (state: JobState | null): string => (state ? STATES[state].label : 'No job yet');

/** A shade of the state's colour; what has not begun, and what was cancelled, stays in the background. */
export const colorOf = (state: JobState | null, dark: boolean): string => {
  if (state === null) return dark ? 'dark-5' : 'gray-2';
  if (state === 'QUEUED') return dark ? 'dark-3' : 'gray-4';
  if (state === 'CANCELLED') return dark ? 'dark-4' : 'gray-6';
  return `${STATES[state].color}-${state === 'ABANDONED' || state === 'UNBOUNDED' ? 8 : 6}`;
};

/** How far it is, one stretch per state, and the same in numbers. */
export const StateBar = ({ cells, dark }: { cells: string; dark: boolean }) => {
  const counts = countsOf(cells);
  return (
    <>
      <Progress.Root size="lg" aria-label="Progress">
        {counts.map(([state, count]) => (
          <Progress.Section
            key={state}
            value={(count / cells.length) * 100}
            color={`var(--mantine-color-${colorOf(state, dark)})`}
            aria-label={labelOf(state)}
          />
        ))}
      </Progress.Root>
      <Group gap="md" mt="xs">
        {counts.map(([state, count]) => (
          <Group key={state} gap={6}>
            <span className="dot" style={{ background: `var(--mantine-color-${colorOf(state, dark)})` }} />
            <Text size="sm">
              {labelOf(state)} <b className="num">{count.toLocaleString('en')}</b>
            </Text>
          </Group>
        ))}
      </Group>
    </>
  );
};
