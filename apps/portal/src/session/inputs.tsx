import {
  ActionIcon,
  Alert,
  Button,
  Card,
  FileButton,
  Group,
  Stack,
  Switch,
  Tabs,
  Text,
  Textarea,
  TextInput,
  Title,
  Tooltip,
} from '@mantine/core';
import { type FormEvent, useEffect, useState } from 'react';
import { parseCell, tupleKey } from '../cells.js';
import { download } from '../download.js';
import { count, formatBytes } from '../format.js';
import { useStore } from '../store.js';
import { showValue } from '../ui/data-grid.js';
import { Icon } from '../ui/icons.js';
import { TableView } from '../ui/table-view.js';
import type { Identifier, SessionData } from './data.js';
import type { Group as Inputs } from './layout.js';

interface Props {
  readonly identifier: Identifier;
  readonly data: SessionData;
}

/** Texts beyond this go as an upload with the next run instead of through the session. */
const TYPED_BYTES = 200_000;

const rangeOf = ({ min, max }: Identifier): string => {
  if (min !== null && max !== null) return `${showValue(min)} to ${showValue(max)}`;
  if (min !== null) return `at least ${showValue(min)}`;
  return max !== null ? `at most ${showValue(max)}` : '';
};

/** A longer unit would leave no room for the number. */
const SHORT_UNIT = 8;

const useScalar = ({ identifier, data }: Props) => {
  const source = data.source(identifier.name);
  const { columns, problem, tick } = useStore(source);
  useEffect(() => source.need(0, 1), [source]);
  const value = source.row(0)?.at(-1) ?? identifier.default ?? null;
  return { value, ready: columns !== null, problem, tick };
};

const Scalar = ({ identifier, data }: Props) => {
  const { value, ready, problem } = useScalar({ identifier, data });
  const rejected = useStore(data.rejected(identifier.name)).get(tupleKey([]));
  const [draft, setDraft] = useState<string | null>(null);
  const shown = draft ?? (value === null ? '' : String(value));
  const change = (next: unknown) => data.edit(identifier, [{ tuple: [], value: next }], identifier.label);
  const commit = () => {
    if (draft === null) return;
    const parsed = parseCell(draft, identifier);
    if ('problem' in parsed) return data.reject(identifier.name, [{ tuple: [], reason: parsed.problem }]);
    if (parsed.value !== value) void change(parsed.value).then(() => setDraft(null));
    else {
      data.rejected(identifier.name).set(new Map());
      setDraft(null);
    }
  };
  const unit = identifier.unit ?? '';
  const short = unit.length <= SHORT_UNIT;
  const description = [short ? '' : unit, identifier.text, rangeOf(identifier)].filter(Boolean).join(' · ');
  if (identifier.type === 'bool')
    return (
      <Switch
        mt={26}
        label={identifier.label}
        description={description}
        checked={value === true || value === 1}
        disabled={!ready || identifier.readOnly}
        error={rejected ?? problem}
        onChange={({ currentTarget }) => void change(currentTarget.checked)}
      />
    );
  return (
    <TextInput
      label={identifier.label}
      description={description}
      inputWrapperOrder={['label', 'input', 'error', 'description']}
      value={shown}
      disabled={!ready}
      readOnly={identifier.readOnly}
      inputMode={identifier.type === 'f64' || identifier.type === 'i64' ? 'decimal' : 'text'}
      error={rejected ?? problem}
      rightSection={
        short &&
        unit && (
          <Text size="xs" c="dimmed" pr={8}>
            {unit}
          </Text>
        )
      }
      rightSectionWidth={short && unit ? 18 + 8 * unit.length : 0}
      rightSectionPointerEvents="none"
      onChange={({ currentTarget }) => setDraft(currentTarget.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === 'Enter') commit();
        if (event.key === 'Escape') setDraft(null);
      }}
    />
  );
};

/** A model or other text: typed, pasted, chosen or dropped. */
const TextBox = ({ identifier, data }: Props) => {
  const { value, ready, problem } = useScalar({ identifier, data });
  const rejected = useStore(data.rejected(identifier.name)).get(tupleKey([]));
  const files = useStore(data.files);
  const file = files.get(identifier.name);
  const [draft, setDraft] = useState<string | null>(null);
  const [over, setOver] = useState(false);
  const text = draft ?? (typeof value === 'string' ? value : '');
  const long = text.length > TYPED_BYTES;
  const write = async (next: string) => {
    await data.edit(identifier, [{ tuple: [], value: next === '' ? null : next }], identifier.label);
    setDraft(null);
  };
  const attach = (next: File | null) =>
    data.files.set((now) => {
      const changed = new Map(now);
      if (next) changed.set(identifier.name, next);
      else changed.delete(identifier.name);
      return changed;
    });
  const take = async (next: File | null | undefined) => {
    if (!next) return;
    if (next.size > TYPED_BYTES) return attach(next);
    attach(null);
    await write(await next.text());
  };
  return (
    <Stack gap={6}>
      <Text size="sm" fw={500}>
        {identifier.label}
      </Text>
      {identifier.text && (
        <Text size="xs" c="dimmed">
          {identifier.text}
        </Text>
      )}
      {!identifier.readOnly && (
        <div
          className="drop"
          {...(over ? { 'data-over': true } : {})}
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={(event) => {
            event.preventDefault();
            setOver(false);
            void take(event.dataTransfer.files[0]);
          }}
        >
          {file ? (
            <Group gap="xs" justify="center">
              <Icon name="file" />
              <Text size="sm">
                <b>{file.name}</b>, {formatBytes(file.size)}: goes with the next run
              </Text>
              <Tooltip label="Do not use this file">
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={`Remove ${file.name}`}
                  onClick={() => attach(null)}
                >
                  <Icon name="close" size={16} />
                </ActionIcon>
              </Tooltip>
            </Group>
          ) : (
            <Group gap="xs" justify="center">
              <Text size="sm" c="dimmed">
                Drop a file here, or
              </Text>
              <FileButton onChange={(next) => void take(next)}>
                {(props) => (
                  <Button {...props} size="xs" variant="light" leftSection={<Icon name="upload" size={14} />}>
                    Choose a file
                  </Button>
                )}
              </FileButton>
            </Group>
          )}
        </div>
      )}
      {!file && (
        <Textarea
          aria-label={`${identifier.label} as text`}
          placeholder="… or paste the text here"
          rows={8}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12 } }}
          spellCheck={false}
          value={long ? `${text.slice(0, 4000)}\n…` : text}
          disabled={!ready}
          readOnly={identifier.readOnly || long}
          error={rejected ?? problem}
          onChange={({ currentTarget }) => setDraft(currentTarget.value)}
          onBlur={() => draft !== null && void write(draft)}
        />
      )}
      {text !== '' && !file && (
        <Group justify="space-between">
          <Text size="xs" c="dimmed">
            {count(text.length, 'character')}
            {long && ', of which the first 4,000 are shown'}
          </Text>
          <Button
            size="compact-xs"
            variant="subtle"
            onClick={() => download(`${identifier.name}.txt`, text, 'text/plain')}
          >
            Save as a file
          </Button>
        </Group>
      )}
    </Stack>
  );
};

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
export const SessionTable = ({ identifier, data, height }: Props & { height?: number }) => {
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

/** One heading of the app's inputs. */
export const InputGroup = ({
  group: { title, scalars, texts, tables },
  data,
}: {
  group: Inputs<Identifier>;
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
