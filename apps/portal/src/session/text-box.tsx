import { ActionIcon, Button, FileButton, Group, Stack, Text, Textarea, Tooltip } from '@mantine/core';
import { useState } from 'react';
import { tupleKey } from '../cells.js';
import { download } from '../download.js';
import { count, formatBytes } from '../format.js';
import { useStore } from '../store.js';
import { Icon } from '../ui/icons.js';
import { type Props, useScalar } from './scalar.js';

/** Texts beyond this go as an upload with the next run instead of through the session. */
const TYPED_BYTES = 200_000;

/** A model or other text: typed, pasted, chosen or dropped. */
export const TextBox = ({ identifier, data }: Props) => {
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
