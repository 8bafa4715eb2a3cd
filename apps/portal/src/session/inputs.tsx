import { Card, Stack, Title } from '@mantine/core';
import type { Identifier, SessionData } from './data.js';
import type { Group } from './layout.js';
import { Scalar } from './scalar.js';
import { TableTabs } from './tables.js';
import { TextBox } from './text-box.js';

/** One heading of the app's inputs. */
export const InputGroup = ({
  group: { title, scalars, texts, tables },
  data,
}: {
  group: Group<Identifier>;
  data: SessionData;
}) => (
  <Card component="section" aria-label={title}>
    <Title order={2} mb="sm">
      {title}
    </Title>
    <Stack gap="md">
      {scalars.length > 0 && (
        <div className="scalars">
          {scalars.map((identifier) => (
            <Scalar key={identifier.name} identifier={identifier} data={data} />
          ))}
        </div>
      )}
      {texts.map((identifier) => (
        <TextBox key={identifier.name} identifier={identifier} data={data} />
      ))}
      <TableTabs tables={tables} data={data} />
    </Stack>
  </Card>
);
