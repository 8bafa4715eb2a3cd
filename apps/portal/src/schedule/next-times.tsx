import { Stack, Text } from '@mantine/core';
import type { ScheduleRowFragment } from '../generated/graphql.js';

/** As the clocks of its zone show them, with what is unusual about them. */
export const NextTimes = ({ of }: { of: ScheduleRowFragment['next'] }) => (
  <Stack gap={4} component="ol" m={0} pl={0} style={{ listStyle: 'none' }}>
    {of.map(({ at, text, note }) => (
      <li key={at}>
        <Text size="sm">{text}</Text>
        {note && (
          <Text size="xs" c="dimmed">
            {note}
          </Text>
        )}
      </li>
    ))}
  </Stack>
);
