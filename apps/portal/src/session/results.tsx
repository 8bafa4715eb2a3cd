import { Button, Card, Group, Stack, Text, Title } from '@mantine/core';
import { download } from '../download.js';
import { formatKpi, NONE } from '../format.js';
import { showValue } from '../ui/data-grid.js';
import type { Identifier, SessionData } from './data.js';
import { groupsOf } from './layout.js';
import { useScalar } from './scalar.js';
import { TableTabs } from './tables.js';

const Kpi = ({ identifier, data }: { identifier: Identifier; data: SessionData }) => {
  const { value } = useScalar({ identifier, data });
  return (
    <div className="kpi" title={identifier.text ?? undefined}>
      <dt>{identifier.label}</dt>
      <dd>
        {typeof value === 'number' ? formatKpi(value) : showValue(value) || NONE}{' '}
        {identifier.unit && value !== null && <small>{identifier.unit}</small>}
      </dd>
    </div>
  );
};

const LongText = ({ identifier, data }: { identifier: Identifier; data: SessionData }) => {
  const { value } = useScalar({ identifier, data });
  const text = typeof value === 'string' ? value : '';
  return text === '' ? null : (
    <div>
      <Group justify="space-between" mb={4}>
        <Text size="sm" fw={500}>
          {identifier.label}
        </Text>
        <Button
          size="compact-xs"
          variant="subtle"
          onClick={() => download(`${identifier.name}.txt`, text, 'text/plain')}
        >
          Save as a file
        </Button>
      </Group>
      <pre className="log" tabIndex={0}>
        {text}
      </pre>
    </div>
  );
};

/** The figures of the last run, or of the app's own formulas: what one wants to see first. */
export const Figures = ({ identifiers, data }: { identifiers: readonly Identifier[]; data: SessionData }) =>
  groupsOf(identifiers, 'Results').map(
    ({ title, scalars }) =>
      scalars.length > 0 && (
        <Card key={title} component="section" aria-label={title}>
          <Title order={2} mb="sm">
            {title}
          </Title>
          <dl className="kpis" style={{ margin: 0 }}>
            {scalars.map((identifier) => (
              <Kpi key={identifier.name} identifier={identifier} data={data} />
            ))}
          </dl>
        </Card>
      ),
  );

/** Its tables and texts. */
export const Details = ({ identifiers, data }: { identifiers: readonly Identifier[]; data: SessionData }) =>
  groupsOf(identifiers, 'Result tables').map(
    ({ title, texts, tables }) =>
      texts.length + tables.length > 0 && (
        <Card key={title} component="section" aria-label={title}>
          <Title order={2} mb="sm">
            {title}
          </Title>
          <Stack gap="md">
            <TableTabs tables={tables} data={data} height={300} />
            {texts.map((identifier) => (
              <LongText key={identifier.name} identifier={identifier} data={data} />
            ))}
          </Stack>
        </Card>
      ),
  );
