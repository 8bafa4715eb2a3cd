import {
  ActionIcon,
  Autocomplete,
  Button,
  NativeSelect,
  Table,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import type { ReactNode } from 'react';
import { Section } from '../ui/bits.js';
import { Icon } from '../ui/icons.js';
import type { Row } from './draft.js';

export interface Column {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly choices?: readonly string[];
  /** Several lines of text. */
  readonly long?: boolean;
  /** What may be meant; anything else may be typed as well. */
  readonly suggested?: (row: Row) => readonly string[];
  readonly width?: string;
}

const Cell = ({
  column: { name, label, hint, choices, long, suggested },
  row,
  onChange,
}: {
  column: Column;
  row: Row;
  onChange: ((text: string) => void) | null;
}) => {
  const text = row[name] ?? '';
  if (!onChange)
    return (
      <Text size="sm" style={{ whiteSpace: 'pre-line' }}>
        {text}
      </Text>
    );
  const shared = {
    ...{ 'aria-label': label, size: 'xs' as const, name, value: text },
    onChange: (event: { readonly target: { readonly value: string } }) => onChange(event.target.value),
  };
  if (choices) return <NativeSelect {...shared} data={[...choices]} />;
  const suggestions = suggested?.(row) ?? [];
  if (suggestions.length > 0)
    return <Autocomplete {...shared} data={[...suggestions]} placeholder={hint ?? ''} onChange={onChange} />;
  return long ? (
    <Textarea {...shared} autosize minRows={1} maxRows={6} placeholder={hint ?? ''} />
  ) : (
    <TextInput {...shared} placeholder={hint ?? ''} />
  );
};

/** One part of the policy: a table whose cells are typed into, with what there is now of each row. */
export const Rows = ({
  title,
  noun,
  help,
  columns,
  rows,
  first,
  now,
  onChange,
}: {
  title: string;
  noun: string;
  help: ReactNode;
  columns: readonly Column[];
  rows: readonly Row[];
  /** What a new row says. */
  first: Row;
  now: { readonly label: string; readonly of: (index: number) => ReactNode };
  /** Null for who may only look. */
  onChange: ((rows: readonly Row[]) => void) | null;
}) => (
  <Section
    title={title}
    actions={
      onChange && (
        <Button
          size="xs"
          variant="default"
          leftSection={<Icon name="plus" size={14} />}
          onClick={() => onChange([...rows, first])}
        >
          Add a {noun}
        </Button>
      )
    }
  >
    <Text size="sm" c="dimmed" maw="46rem" mb={rows.length > 0 ? 'sm' : 0}>
      {help}
    </Text>
    {rows.length > 0 && (
      <Table.ScrollContainer minWidth={720}>
        <Table fz="sm" aria-label={title} verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              {columns.map(({ name, label, width }) => (
                <Table.Th key={name} w={width}>
                  {label}
                </Table.Th>
              ))}
              <Table.Th>{now.label}</Table.Th>
              {onChange && <Table.Th w="2.5rem" />}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row, index) => (
              <Table.Tr key={index}>
                {columns.map((column) => (
                  <Table.Td key={column.name}>
                    <Cell
                      column={column}
                      row={row}
                      onChange={
                        onChange && ((text) => onChange(rows.with(index, { ...row, [column.name]: text })))
                      }
                    />
                  </Table.Td>
                ))}
                <Table.Td c="dimmed" style={{ whiteSpace: 'pre-line' }}>
                  {now.of(index)}
                </Table.Td>
                {onChange && (
                  <Table.Td>
                    <ActionIcon
                      variant="subtle"
                      color="gray"
                      aria-label={`Remove ${noun} ${index + 1}`}
                      onClick={() => onChange(rows.toSpliced(index, 1))}
                    >
                      <Icon name="close" size={15} />
                    </ActionIcon>
                  </Table.Td>
                )}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    )}
  </Section>
);
