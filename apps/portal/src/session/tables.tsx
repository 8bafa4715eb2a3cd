import { Alert, Button, Group, Tabs, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { parseCell } from '../cells.js';
import { count } from '../format.js';
import { useStore } from '../store.js';
import { showValue } from '../ui/data-grid.js';
import { Icon } from '../ui/icons.js';
import { TableView } from '../ui/table-view.js';
import type { Identifier, SessionData } from './data.js';
import type { Props } from './scalar.js';

/** A tuple that the table does not have yet. */
const AddRow = ({ identifier, data }: Props) => {
  const [open, setOpen] = useState(false);
  const add = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const [value = '', ...tuple] = [...new FormData(form).values()].map(String).reverse();
    const cell = { tuple: tuple.reverse().map((element) => element.trim()) };
    const parsed = parseCell(value, identifier);
    if ('problem' in parsed) data.reject(identifier.name, [{ ...cell, reason: parsed.problem }]);
    else
      void data
        .edit(identifier, [{ ...cell, value: parsed.value }], identifier.label)
        .then(() => form.reset());
  };
  if (!open)
    return (
      <Button
        size="compact-xs"
        variant="subtle"
        mt={6}
        leftSection={<Icon name="plus" size={14} />}
        onClick={() => setOpen(true)}
      >
        Add a row
      </Button>
    );
  return (
    <form onSubmit={add}>
      <Group gap={6} mt={6} align="flex-end" wrap="nowrap">
        {[...identifier.domain, identifier.label].map((label, index) => (
          <TextInput
            key={index}
            name={String(index)}
            size="xs"
            label={label}
            required={index < identifier.domain.length}
            autoFocus={index === 0}
            flex={1}
          />
        ))}
        <Button size="xs" type="submit">
          Add
        </Button>
      </Group>
    </form>
  );
};

const SHOWN_REASONS = 4;

/** A table of the session; inputs can be edited, cell by cell or by a block from a spreadsheet. */
const SessionTable = ({ identifier, data, height }: Props & { height?: number }) => {
  const rejections = data.rejected(identifier.name);
  const rejected = useStore(rejections);
  const editable = identifier.kind === 'input' && !identifier.readOnly;
  return (
    <>
      {identifier.text && (
        <Text size="xs" c="dimmed" mb={6}>
          {identifier.text}
        </Text>
      )}
      {rejected.size > 0 && (
        <Alert
          color="red"
          mb="xs"
          icon={<Icon name="warning" />}
          title={`${count(rejected.size, 'cell')} not accepted`}
          withCloseButton
          closeButtonLabel="Dismiss"
          onClose={() => rejections.set(new Map())}
        >
          {[...rejected].slice(0, SHOWN_REASONS).map(([key, reason]) => (
            <Text size="xs" key={key}>
              <b>{key.split('\u001f').join(', ')}</b>: {reason}
            </Text>
          ))}
          {rejected.size > SHOWN_REASONS && <Text size="xs">and {rejected.size - SHOWN_REASONS} more</Text>}
        </Alert>
      )}
      <TableView
        name={identifier.name}
        label={identifier.label}
        unit={identifier.unit}
        source={data.source(identifier.name)}
        cell={identifier}
        {...(height ? { height } : {})}
        {...(editable
          ? {
              editing: {
                rejected,
                onChange: (cells, label) => void data.edit(identifier, cells, label),
                onReject: (cells) => data.reject(identifier.name, cells),
              },
              whenEmpty: `All values are at their default${
                identifier.default === null || identifier.default === undefined
                  ? ''
                  : ` (${showValue(identifier.default)})`
              }: add a row for what differs.`,
              footer: <AddRow identifier={identifier} data={data} />,
            }
          : {})}
      />
    </>
  );
};

/** Several tables share the space of one. */
export const TableTabs = ({
  tables,
  data,
  height,
}: {
  tables: readonly Identifier[];
  data: SessionData;
  height?: number;
}) => {
  const [first] = tables;
  const [chosen, setChosen] = useState<string | null>(first?.name ?? null);
  if (!first) return null;
  const shown = tables.find(({ name }) => name === chosen) ?? first;
  return (
    <Tabs
      value={shown.name}
      onChange={setChosen}
      variant={tables.length > 1 ? 'default' : 'none'}
      keepMounted={false}
    >
      {tables.length > 1 ? (
        <Tabs.List mb="sm">
          {tables.map(({ name, label }) => (
            <Tabs.Tab key={name} value={name}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      ) : (
        <Text size="sm" fw={500} mb={6}>
          {shown.label}
        </Text>
      )}
      <Tabs.Panel value={shown.name}>
        <SessionTable key={shown.name} identifier={shown} data={data} {...(height ? { height } : {})} />
      </Tabs.Panel>
    </Tabs>
  );
};
