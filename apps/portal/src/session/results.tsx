import { Button, Card, Group, Stack, Text, Title } from '@mantine/core';
import { useSyncExternalStore } from 'react';
import { download } from '../download.js';
import { formatKpi, NONE } from '../format.js';
import { showValue } from '../ui/data-grid.js';
import type { Identifier, SessionData } from './data.js';
import { groupsOf } from './layout.js';
import { useScalar } from './scalar.js';
import { TableTabs } from './tables.js';

/** Whether any of these figures has been reached: before the first run all are at their defaults. */
const useSolved = (identifiers: readonly Identifier[], data: SessionData): boolean => {
  const sources = identifiers.map(({ name }) => data.source(name));
  return useSyncExternalStore(
    (listener) => {
      const stops = sources.map(({ subscribe }) => subscribe(listener));
      return () => stops.forEach((stop) => stop());
    },
    () =>
      identifiers.some(({ name, default: start }) => {
        const value = data.source(name).row(0)?.at(-1);
        return Boolean(value) && value !== start;
      }),
  );
};

const Kpi = ({
  identifier,
  data,
  solved,
}: {
  identifier: Identifier;
  data: SessionData;
  solved: boolean;
}) => {
  const { value: stored } = useScalar({ identifier, data });
  const value = solved || identifier.kind !== 'output' ? stored : null;
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

const FigureCard = ({
  title,
  scalars,
  data,
}: {
  title: string;
  scalars: readonly Identifier[];
  data: SessionData;
}) => {
  const solved = useSolved(
    scalars.filter(({ kind }) => kind === 'output'),
    data,
  );
  return (
    <Card component="section" aria-label={title}>
      <Title order={2} mb="sm">
        {title}
      </Title>
      <dl className="kpis" style={{ margin: 0 }}>
        {scalars.map((identifier) => (
          <Kpi key={identifier.name} identifier={identifier} data={data} solved={solved} />
        ))}
      </dl>
    </Card>
  );
};

/** The figures of the last run, or of the app's own formulas: what one wants to see first. */
export const Figures = ({ identifiers, data }: { identifiers: readonly Identifier[]; data: SessionData }) =>
  groupsOf(identifiers, 'Results').map(
    ({ title, scalars }) =>
      scalars.length > 0 && <FigureCard key={title} title={title} scalars={scalars} data={data} />,
  );

/** Its tables and texts. */
export const Details = ({ identifiers, data }: { identifiers: readonly Identifier[]; data: SessionData }) =>
  groupsOf(identifiers, 'Result tables').map(
    ({ title, scalars, texts, tables }) =>
      texts.length + tables.length > 0 && (
        <Card key={title} component="section" aria-label={`${title}: details`}>
          <Title order={2} mb="sm">
            {scalars.length > 0 ? `${title}: details` : title}
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
