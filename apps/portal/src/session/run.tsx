import {
  ActionIcon,
  Button,
  Group,
  NumberInput,
  Popover,
  Progress,
  Stack,
  TextInput,
  Tooltip,
} from '@mantine/core';
import { useState } from 'react';
import { command } from '../commands.js';
import { RequestUploadDocument, RunProcedureDocument, SubmitJobDocument } from '../generated/graphql.js';
import { NO_TERMS, type Terms, termsInput } from '../job/terms.js';
import { AfterField, QueueFields } from '../job/terms-fields.js';
import { say } from '../notices.js';
import { Icon } from '../ui/icons.js';
import { putFile } from '../upload.js';
import type { SessionData } from './data.js';

interface Procedure {
  readonly name: string;
  readonly label: string;
  readonly where: string;
  readonly text: string | null;
}

interface Options extends Terms {
  readonly description: string;
  readonly timeLimit: number | '';
  readonly gapPercent: number | '';
}

const NO_OPTIONS: Options = { description: '', timeLimit: '', gapPercent: '', ...NO_TERMS };
/** Mantine's popover would go together with the list that Escape is meant for; its dialogs know by this mark. */
const inOpenList = (target: EventTarget): boolean =>
  (target as HTMLElement).dataset.mantineStopPropagation === 'true';
const numeric = (value: string | number): number | '' => (typeof value === 'number' ? value : '');

/** Sends the files that wait; null when one could not be sent. */
const uploadAll = async (files: ReadonlyMap<string, File>, onProgress: (share: number) => void) => {
  const sent: { identifier: string; upload: string }[] = [];
  for (const [identifier, file] of files) {
    const place = await command(RequestUploadDocument, { name: file.name, size: file.size });
    if (!place) return null;
    try {
      await putFile(place.url, file, onProgress);
    } catch (error) {
      say({
        kind: 'problem',
        title: `${file.name} was not uploaded`,
        text: error instanceof Error ? error.message : String(error),
      });
      return null;
    }
    sent.push({ identifier, upload: place.id });
  }
  return sent;
};

export const RunButton = ({
  session,
  app,
  procedure,
  data,
  onJob,
}: {
  session: string;
  app: { readonly name: string; readonly version: string };
  procedure: Procedure;
  data: SessionData;
  onJob: (id: string) => void;
}) => {
  const [options, setOptions] = useState(NO_OPTIONS);
  const [uploading, setUploading] = useState<number | null>(null);
  const [busy, setBusy] = useState(false);
  const [opened, setOpened] = useState(false);
  const set = (changes: Partial<Options>) => setOptions((now) => ({ ...now, ...changes }));

  const run = async () => {
    setBusy(true);
    setOpened(false);
    const waiting = data.files.get();
    if (waiting.size > 0) setUploading(0);
    const files = await uploadAll(waiting, setUploading);
    setUploading(null);
    const { description, timeLimit, gapPercent } = options;
    const job =
      files &&
      (await command(SubmitJobDocument, {
        input: {
          session,
          procedure: procedure.name,
          ...(files.length > 0 ? { files } : {}),
          ...(description ? { description } : {}),
          ...(timeLimit !== '' ? { timeLimit } : {}),
          ...(gapPercent !== '' ? { gap: gapPercent / 100 } : {}),
          ...termsInput(options),
        },
      }));
    setBusy(false);
    if (!job) return;
    set({ after: [] }); // what it waited for is not what the next one waits for
    onJob(job.id);
  };

  return (
    <Group gap={1} wrap="nowrap">
      <Tooltip label={procedure.text} disabled={!procedure.text}>
        <Button
          leftSection={<Icon name="play" size={15} />}
          loading={busy && uploading === null}
          disabled={uploading !== null}
          onClick={run}
          style={{ borderTopRightRadius: 0, borderBottomRightRadius: 0 }}
        >
          {uploading === null ? (
            procedure.label
          ) : (
            <Progress w={110} value={uploading * 100} aria-label="Uploading" />
          )}
        </Button>
      </Tooltip>
      <Popover
        opened={opened}
        onChange={setOpened}
        closeOnEscape={false}
        position="bottom-end"
        trapFocus
        returnFocus
        withArrow
        shadow="md"
      >
        <Popover.Target>
          <ActionIcon
            size={36}
            aria-label={`Options of ${procedure.label}`}
            aria-expanded={opened}
            disabled={busy}
            onClick={() => setOpened(!opened)}
            style={{ borderTopLeftRadius: 0, borderBottomLeftRadius: 0 }}
          >
            <Icon name="down" size={16} />
          </ActionIcon>
        </Popover.Target>
        <Popover.Dropdown
          onKeyDownCapture={({ key, target }) => {
            if (key === 'Escape' && !inOpenList(target)) setOpened(false);
          }}
        >
          <Stack gap="xs" w={290}>
            <TextInput
              size="xs"
              label="Description"
              description="How this run appears in the list of jobs"
              value={options.description}
              maxLength={200}
              onChange={({ currentTarget }) => set({ description: currentTarget.value })}
            />
            <NumberInput
              size="xs"
              label="Time limit"
              description="In seconds; the best solution by then is kept"
              suffix=" s"
              min={1}
              value={options.timeLimit}
              onChange={(value) => set({ timeLimit: numeric(value) })}
            />
            <NumberInput
              size="xs"
              label="Stop at a gap of"
              suffix=" %"
              min={0}
              max={100}
              decimalScale={4}
              value={options.gapPercent}
              onChange={(value) => set({ gapPercent: numeric(value) })}
            />
            <QueueFields size="xs" app={app.name} version={app.version} terms={options} set={set} />
            <AfterField terms={options} set={set} />
            <Button size="xs" onClick={run} leftSection={<Icon name="play" size={14} />}>
              {procedure.label}
            </Button>
          </Stack>
        </Popover.Dropdown>
      </Popover>
    </Group>
  );
};

/** A procedure of the session itself: short, without a solver, changes data in place. */
export const DataButton = ({
  session,
  procedure,
  data,
}: {
  session: string;
  procedure: Procedure;
  data: SessionData;
}) => {
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    const done = await command(RunProcedureDocument, { session, procedure: procedure.name });
    setBusy(false);
    if (!done) return;
    for (const identifier of done.changed) data.changed(identifier);
    const value =
      done.value === null || done.value === undefined || typeof done.value === 'object'
        ? ''
        : String(done.value);
    say({ kind: 'done', title: procedure.label, text: value || 'Done' });
  };
  return (
    <Tooltip label={procedure.text} disabled={!procedure.text}>
      <Button variant="default" loading={busy} onClick={run}>
        {procedure.label}
      </Button>
    </Tooltip>
  );
};
