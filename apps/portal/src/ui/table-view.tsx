import { ActionIcon, Group, Text, TextInput, Tooltip } from '@mantine/core';
import { type ReactNode, useDeferredValue, useEffect, useState } from 'react';
import { type CellType, toCsv } from '../cells.js';
import { download } from '../download.js';
import { count } from '../format.js';
import { say } from '../notices.js';
import { useStore } from '../store.js';
import type { Row, TableSource } from '../table-source.js';
import { DataGrid, type Editing } from './data-grid.js';
import { Icon } from './icons.js';

/** A filter and an export read the whole table; beyond this they say that they did not. */
const WHOLE = 200_000;
const FILTERABLE = 20_000;

/** The rows whose elements or value contain the text; null while there is nothing to look for. */
const useFilter = (source: TableSource, text: string): readonly Row[] | null => {
  const { version, columns } = useStore(source);
  const [found, setFound] = useState<readonly Row[] | null>(null);
  const wanted = useDeferredValue(text.trim().toLowerCase());
  useEffect(() => {
    if (wanted === '' || columns === null) return setFound(null);
    let here = true;
    source.all(FILTERABLE).then(
      (rows) => {
        if (here)
          setFound(rows.filter((row) => row.some((value) => String(value).toLowerCase().includes(wanted))));
      },
      // The grid shows the source's problem.
      () => undefined,
    );
    return () => {
      here = false;
    };
  }, [source, wanted, version, columns]);
  return wanted === '' ? null : found;
};

/** A data table with its filter and its export. */
export const TableView = ({
  name,
  label,
  unit,
  source,
  cell,
  csvHref,
  editing,
  height,
  whenEmpty = 'There are no values here yet.',
  footer,
}: {
  name: string;
  label: string;
  unit?: string | null;
  source: TableSource;
  cell: CellType;
  /** Where the server gives the whole table; without it the page collects it. */
  csvHref?: string;
  editing?: Editing;
  height?: number;
  whenEmpty?: string;
  footer?: ReactNode;
}) => {
  const [filter, setFilter] = useState('');
  const { total, columns } = useStore(source);
  const only = useFilter(source, filter);
  const save = async () => {
    const rows = await source.all(WHOLE);
    download(`${name}.csv`, toCsv(columns ?? [], rows));
    if (rows.length < total)
      say({
        kind: 'info',
        title: 'Not all of it',
        text: `The file has the first ${count(rows.length, 'row')} of ${total}.`,
      });
  };
  return (
    <div>
      <Group gap="xs" mb={6} justify="space-between">
        <TextInput
          size="xs"
          aria-label={`Filter ${label}`}
          placeholder="Filter"
          leftSection={<Icon name="search" size={14} />}
          value={filter}
          onChange={({ currentTarget }) => setFilter(currentTarget.value)}
          w={170}
        />
        <Group gap={6}>
          <Text size="xs" c="dimmed" aria-live="polite">
            {only ? `${count(only.length, 'row')} of ${total.toLocaleString('en')}` : count(total, 'row')}
            {unit && ` · ${unit}`}
          </Text>
          <Tooltip label="Save as CSV">
            <ActionIcon
              variant="subtle"
              size="sm"
              aria-label={`Save ${label} as CSV`}
              {...(csvHref
                ? { component: 'a' as const, href: csvHref, download: `${name}.csv` }
                : { onClick: () => void save() })}
            >
              <Icon name="download" size={16} />
            </ActionIcon>
          </Tooltip>
        </Group>
      </Group>
      {filter !== '' && total > FILTERABLE && (
        <Text size="xs" c="dimmed" mb={6}>
          The filter looks at the first {FILTERABLE.toLocaleString('en')} rows.
        </Text>
      )}
      <DataGrid
        label={label}
        source={source}
        cell={cell}
        only={only}
        {...(editing ? { editing } : {})}
        {...(height ? { height } : {})}
      />
      {columns !== null && total === 0 && (
        <Text size="xs" c="dimmed" mt={6}>
          {whenEmpty}
        </Text>
      )}
      {footer}
    </div>
  );
};
