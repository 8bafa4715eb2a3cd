import { Button, Card, Center, Table } from '@mantine/core';
import type { ReactNode } from 'react';
import type { CombinedError } from 'urql';
import { Loading, Problem } from './bits.js';

interface Pages<Row> {
  readonly rows: readonly Row[];
  readonly error: CombinedError | undefined;
  readonly loading: boolean;
  readonly again: () => void;
  readonly more: { readonly busy: boolean; readonly load: () => void } | null;
}

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => ReactNode;
  readonly number?: boolean;
}

/** The portal's one list: every page of things looks and behaves the same. */
export const List = <Row extends { readonly id: string }>({
  label,
  pages: { rows, error, loading, again, more },
  columns,
  empty,
}: {
  label: string;
  pages: Pages<Row>;
  columns: readonly Column<Row>[];
  empty: ReactNode;
}) => {
  if (error) return <Problem error={error} again={again} />;
  if (loading) return <Loading />;
  if (rows.length === 0) return <Card p={0}>{empty}</Card>;
  return (
    <Card p={0} className="list">
      <Table highlightOnHover verticalSpacing={8} horizontalSpacing="md" aria-label={label}>
        <Table.Thead>
          <Table.Tr>
            {columns.map(({ title, number }) => (
              <Table.Th key={title} className={number ? 'num' : undefined}>
                {title}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.id}>
              {columns.map(({ title, cell, number }) => (
                <Table.Td key={title} className={number ? 'num' : undefined}>
                  {cell(row)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {more && (
        <Center p="sm">
          <Button variant="subtle" size="xs" loading={more.busy} onClick={more.load}>
            Show more
          </Button>
        </Center>
      )}
    </Card>
  );
};
