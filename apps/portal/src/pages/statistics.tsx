import { Button, Card, Group, SegmentedControl, Select, SimpleGrid, Table, Text } from '@mantine/core';
import { lazy, Suspense, useMemo, useState } from 'react';
import { reader, useLive } from '../api.js';
import { errorText } from '../answers.js';
import { download } from '../download.js';
import { formatDuration, formatKpi, formatNumber } from '../format.js';
import {
  JobStatisticsDocument,
  type StatisticsBy,
  type StatisticsRowFieldsFragment as Row,
  TariffDocument,
} from '../generated/graphql.js';
import { isAdministrator, isOverseer, useMe } from '../me.js';
import { say } from '../notices.js';
import { useFilters } from '../router.js';
import { TariffDialog, TariffLine } from '../statistics/tariff.js';
import { COLUMNS, isTime, PARTS, periodOf, PERIODS } from '../statistics/words.js';
import { Empty, Loading, Page, Problem, Section } from '../ui/bits.js';
import { Icon } from '../ui/icons.js';

const Bars = lazy(() => import('../charts/bars.js'));

/** Names beside the chart are read; more of them are not. */
const NAMES_SHOWN = 15;

const Figure = ({ title, value, note }: { title: string; value: string; note?: string }) => (
  <Card>
    <Text size="xs" c="dimmed">
      {title}
    </Text>
    <Text fw={600} size="xl">
      {value}
    </Text>
    {note && (
      <Text size="xs" c="dimmed">
        {note}
      </Text>
    )}
  </Card>
);

const Figures = ({ total, currency }: { total: Row; currency: string }) => (
  <SimpleGrid cols={{ base: 2, md: 5 }}>
    <Figure
      title="Jobs"
      value={formatNumber(total.jobs)}
      note={`${total.failed} failed, ${total.cancelled} cancelled`}
    />
    <Figure
      title="Waited, median"
      value={formatDuration(total.queue?.p50)}
      note={`95 % at most ${formatDuration(total.queue?.p95)}`}
    />
    <Figure
      title="Ran, median"
      value={formatDuration(total.run?.p50)}
      note={`95 % at most ${formatDuration(total.run?.p95)}`}
    />
    <Figure
      title="Core-hours kept"
      value={formatKpi(total.coreHours)}
      note={`${formatKpi(total.cpuHours)} CPU-hours used`}
    />
    <Figure title="Cost" value={`${formatKpi(total.cost)} ${currency}`.trim()} />
  </SimpleGrid>
);

const Picture = ({ rows, by }: { rows: readonly Row[]; by: StatisticsBy }) => {
  const shown = useMemo(() => (isTime(by) ? rows : rows.slice(0, NAMES_SHOWN)), [rows, by]);
  const labels = useMemo(() => shown.map(({ label }) => label), [shown]);
  const stacks = useMemo(
    () =>
      [
        { name: 'Completed', color: 'objective', values: shown.map(({ completed }) => completed) },
        { name: 'Failed', color: 'bound', values: shown.map(({ failed }) => failed) },
        { name: 'Cancelled', color: 'muted', values: shown.map(({ cancelled }) => cancelled) },
      ] as const,
    [shown],
  );
  return (
    <Suspense fallback={<Loading />}>
      <Bars
        labels={labels}
        stacks={stacks}
        lying={!isTime(by)}
        label={`Jobs by ${by.toLowerCase()}: ${shown.map(({ label, jobs }) => `${label} ${jobs}`).join(', ')}`}
        height={isTime(by) ? 260 : 60 + 30 * shown.length}
      />
    </Suspense>
  );
};

const Rows = ({
  rows,
  total,
  head,
  currency,
}: {
  rows: readonly Row[];
  total: Row;
  head: string;
  currency: string;
}) => {
  const line = (row: Row, name: string) => (
    <Table.Tr key={name} {...(row === total ? { fw: 600 } : {})}>
      <Table.Td>{name}</Table.Td>
      {COLUMNS.map(({ title, of }) => (
        <Table.Td key={title} className="num">
          {of(row)}
        </Table.Td>
      ))}
      <Table.Td className="num">{formatKpi(row.cost)}</Table.Td>
    </Table.Tr>
  );
  return (
    <Card p={0} className="list">
      <Table.ScrollContainer minWidth={1100}>
        <Table highlightOnHover verticalSpacing={8} horizontalSpacing="md" aria-label={`By ${head}`}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{head}</Table.Th>
              {COLUMNS.map(({ title }) => (
                <Table.Th key={title} className="num">
                  {title}
                </Table.Th>
              ))}
              <Table.Th className="num">{`Cost ${currency}`.trim()}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>{rows.map((row) => line(row, row.label))}</Table.Tbody>
          <Table.Tfoot>{line(total, 'Total')}</Table.Tfoot>
        </Table>
      </Table.ScrollContainer>
    </Card>
  );
};

export const StatisticsPage = () => {
  const me = useMe();
  const [filters, setFilters] = useFilters();
  const by = PARTS.find(({ value }) => value === filters.get('by'))?.value ?? 'DAY';
  const days = filters.get('days') ?? PERIODS[2].value;
  const [now] = useState(Date.now);
  const period = useMemo(() => periodOf(days, by, now), [days, by, now]);
  const [timeZone] = useState(() => Intl.DateTimeFormat().resolvedOptions().timeZone);
  const asked = { ...period, by, timeZone };
  const [{ data, error }, again] = useLive(JobStatisticsDocument, { ...asked, csv: false });
  const [{ data: prices }, readPrices] = useLive(TariffDocument, {});
  const [pricing, setPricing] = useState(false);
  const found = data?.jobStatistics;
  const head = PARTS.find(({ value }) => value === by)?.label ?? '';
  const save = async () => {
    const { data: file, error: problem } = await reader
      .query(JobStatisticsDocument, { ...asked, csv: true })
      .toPromise();
    if (file) download(`jobs-by-${by.toLowerCase()}.csv`, file.jobStatistics.csv ?? '');
    else if (problem) say({ kind: 'problem', title: 'Not saved', text: errorText(problem) });
  };
  const retry = () => again({ requestPolicy: 'network-only' });
  return (
    <Page
      title="Statistics"
      help={`What has run, how long it waited and ran, and what it used. ${isOverseer(me) ? 'Of everybody.' : 'Of your own jobs.'} A job counts when it has ended.`}
      actions={
        <>
          {isAdministrator(me) && prices && (
            <Button variant="default" onClick={() => setPricing(true)}>
              Tariff…
            </Button>
          )}
          <Button
            variant="default"
            leftSection={<Icon name="download" size={16} />}
            disabled={!found?.total}
            onClick={save}
          >
            Save as CSV
          </Button>
        </>
      }
    >
      <Group gap="sm">
        <SegmentedControl
          aria-label="Period"
          data={[...PERIODS]}
          value={days}
          onChange={(chosen) => setFilters({ days: chosen })}
        />
        <Select
          aria-label="By"
          data={[...PARTS]}
          value={by}
          allowDeselect={false}
          onChange={(chosen) => setFilters({ by: chosen })}
          w={140}
        />
      </Group>
      {error && !found ? (
        <Problem error={error} again={retry} />
      ) : !found ? (
        <Loading />
      ) : !found.total ? (
        <Card p={0}>
          <Empty icon="jobs" title="No job has ended in this period">
            Run a procedure of an app, or choose a longer period.
          </Empty>
        </Card>
      ) : (
        <>
          <Figures total={found.total} currency={found.currency} />
          <Section title={`Jobs by ${head.toLowerCase()}`}>
            <Picture rows={found.rows} by={by} />
          </Section>
          <Rows rows={found.rows} total={found.total} head={head} currency={found.currency} />
          {found.more && <Text size="sm">These are the first 1,000 rows; the total is of all.</Text>}
        </>
      )}
      {prices && <TariffLine tariff={prices.tariff} />}
      {pricing && prices && (
        <TariffDialog
          tariff={prices.tariff}
          onClose={(changed) => {
            setPricing(false);
            if (!changed) return;
            readPrices({ requestPolicy: 'network-only' });
            retry();
          }}
        />
      )}
    </Page>
  );
};
