import {
  Button,
  Group,
  Input,
  Modal,
  NumberInput,
  SegmentedControl,
  Select,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { type FormEvent, useDeferredValue, useState } from 'react';
import { errorText } from '../answers.js';
import { useLive } from '../api.js';
import { command } from '../commands.js';
import {
  AppProceduresDocument,
  AppsDocument,
  CasesDocument,
  ChangeScheduleDocument,
  DueTimesDocument,
  MakeScheduleDocument,
  type MissedRuns,
  type Overlap,
  type ScheduleRowFragment,
} from '../generated/graphql.js';
import { NO_TERMS, type Terms, termsInput } from '../job/terms.js';
import { QueueFields } from '../job/terms-fields.js';
import { NextTimes } from './next-times.js';
import { type Draft, draftOf, MISSED, OVERLAPS, whenOf } from './words.js';

const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const ZONES = [...new Set([HERE, 'UTC', ...Intl.supportedValuesOf('timeZone')])];
const EVERY_WORKDAY = '30 6 * * MON-FRI';
const options = <Value extends string>(texts: Record<Value, string>) =>
  (Object.entries(texts) as [Value, string][]).map(([value, label]) => ({ value, label }));

/** What the next times would be, or why there are none: asked while one writes. */
const Preview = ({ draft }: { draft: Draft }) => {
  const when = useDeferredValue(whenOf(draft));
  const [{ data, error }] = useLive(DueTimesDocument, { when: when ?? {} }, when === null);
  return (
    <Input.Wrapper label="Next times" component="div">
      <div aria-live="polite" style={{ minHeight: '7.5rem' }}>
        {when === null ? (
          <Text size="sm" c="dimmed">
            They are shown here as soon as it is clear when it runs.
          </Text>
        ) : error ? (
          <Text size="sm" c="var(--problem)" role="alert">
            {errorText(error)}
          </Text>
        ) : (
          data && <NextTimes of={data.dueTimes} />
        )}
      </div>
    </Input.Wrapper>
  );
};

const WhenFields = ({ draft, set }: { draft: Draft; set: (changes: Partial<Draft>) => void }) => (
  <>
    <Input.Wrapper label="It runs" component="div">
      <SegmentedControl
        fullWidth
        aria-label="It runs"
        value={draft.kind}
        onChange={(kind) => set({ kind: kind as Draft['kind'] })}
        data={[
          { value: 'cron', label: 'Again and again' },
          { value: 'at', label: 'Once, at a date' },
          { value: 'in', label: 'Once, in a while' },
        ]}
      />
    </Input.Wrapper>
    {draft.kind === 'in' && (
      <NumberInput
        label="Minutes from now"
        min={1}
        value={draft.minutes}
        onChange={(minutes) => set({ minutes: typeof minutes === 'number' ? minutes : '' })}
      />
    )}
    {draft.kind === 'at' && (
      <TextInput
        type="datetime-local"
        label="Date and time"
        value={draft.at}
        onChange={({ currentTarget }) => set({ at: currentTarget.value })}
      />
    )}
    {draft.kind === 'cron' && (
      <TextInput
        label="Cron expression"
        description="Minute, hour, day of the month, month, day of the week: 30 6 * * MON-FRI is 6:30 on workdays"
        value={draft.cron}
        onChange={({ currentTarget }) => set({ cron: currentTarget.value })}
      />
    )}
    {draft.kind !== 'in' && (
      <Select
        label="Time zone"
        searchable
        allowDeselect={false}
        data={ZONES}
        value={draft.zone}
        onChange={(zone) => set({ zone: zone ?? HERE })}
      />
    )}
    <Preview draft={draft} />
  </>
);

interface What extends Pick<Terms, 'priority' | 'profile'> {
  readonly app: string | null;
  readonly procedure: string | null;
  readonly case: string | null;
  readonly timeLimit: number | '';
}

/** Which procedure of which app, with which data. */
const WhatFields = ({ what, set }: { what: What; set: (changes: Partial<What>) => void }) => {
  const [{ data: apps }] = useLive(AppsDocument, {});
  const [{ data: found }] = useLive(AppProceduresDocument, { name: what.app ?? '' }, what.app === null);
  const [{ data: cases }] = useLive(CasesDocument, { app: what.app }, what.app === null);
  const procedures = (found?.app?.name === what.app ? found?.app?.latest.procedures : []) ?? [];
  return (
    <>
      <Select
        label="App"
        description="In the version that is the latest now"
        searchable
        required
        data-autofocus
        data={(apps?.apps.nodes ?? []).map(({ name, title }) => ({ value: name, label: title }))}
        value={what.app}
        onChange={(app) => set({ app, procedure: null, case: null, profile: null })}
      />
      <Select
        label="Procedure"
        required
        disabled={what.app === null}
        data={procedures
          .filter(({ where }) => where === 'optimization')
          .map(({ name, label }) => ({ value: name, label }))}
        value={what.procedure}
        onChange={(procedure) => set({ procedure })}
      />
      <Select
        label="Data"
        description="As it is now, each time the same"
        placeholder="The app’s own data"
        clearable
        searchable
        disabled={what.app === null}
        data={(cases?.cases.nodes ?? []).map(({ id, name }) => ({ value: id, label: name }))}
        value={what.case}
        onChange={(chosen) => set({ case: chosen })}
      />
      <NumberInput
        label="Time limit"
        description="Of each run, in seconds; the best solution by then is kept"
        suffix=" s"
        min={1}
        value={what.timeLimit}
        onChange={(limit) => set({ timeLimit: typeof limit === 'number' ? limit : '' })}
      />
      {what.app !== null && <QueueFields app={what.app} version={null} terms={what} set={set} />}
    </>
  );
};

/** Makes a schedule, or changes when one runs. */
export const ScheduleForm = ({
  of,
  onDone,
  onClose,
}: {
  of?: ScheduleRowFragment;
  onDone: (id: string) => void;
  onClose: () => void;
}) => {
  const [what, setWhat] = useState<What>({
    ...NO_TERMS,
    app: null,
    procedure: null,
    case: null,
    timeLimit: '',
  });
  const [draft, setDraft] = useState<Draft>(
    of ? draftOf(of, HERE) : { kind: 'cron', at: '', minutes: '', cron: EVERY_WORKDAY, zone: HERE },
  );
  const [name, setName] = useState(of?.name ?? '');
  const [overlap, setOverlap] = useState<Overlap>(of?.overlap ?? 'SKIP');
  const [missed, setMissed] = useState<MissedRuns>(of?.missed ?? 'ONCE');
  const [atMost, setAtMost] = useState<string | number>(of?.atMost ?? 10);
  const [busy, setBusy] = useState(false);
  const when = whenOf(draft);
  const ready = name.trim() !== '' && when !== null && (of || (what.app && what.procedure));

  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (!ready || !when) return;
    setBusy(true);
    const terms = { name: name.trim(), when, overlap, missed, atMost: Number(atMost) };
    const { app, procedure, case: data, timeLimit, priority, profile } = what;
    const saved = of
      ? await command(ChangeScheduleDocument, { id: of.id, terms })
      : await command(MakeScheduleDocument, {
          job: {
            app,
            procedure: procedure ?? '',
            description: name.trim(),
            ...(data ? { case: data } : {}),
            ...(timeLimit === '' ? {} : { timeLimit }),
            ...termsInput({ ...NO_TERMS, priority, profile }),
          },
          terms,
        });
    setBusy(false);
    if (saved) onDone(saved.id);
  };

  return (
    <Modal
      opened
      size="lg"
      onClose={onClose}
      title={<Text fw={600}>{of ? `Change ${of.name}` : 'New schedule'}</Text>}
    >
      <form onSubmit={(event) => void save(event)}>
        <Stack gap="sm">
          {!of && <WhatFields what={what} set={(changes) => setWhat((now) => ({ ...now, ...changes }))} />}
          <TextInput
            label="Name"
            description="Of the schedule and its runs"
            required
            maxLength={100}
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
          />
          <WhenFields draft={draft} set={(changes) => setDraft((now) => ({ ...now, ...changes }))} />
          <Group grow align="flex-start">
            <Select
              label="While a run has not ended"
              allowDeselect={false}
              data={options(OVERLAPS)}
              value={overlap}
              onChange={(value) => setOverlap(value ?? 'SKIP')}
            />
            <Select
              label="Times when no server ran"
              allowDeselect={false}
              data={options(MISSED)}
              value={missed}
              onChange={(value) => setMissed(value ?? 'ONCE')}
            />
          </Group>
          {missed === 'ALL' && (
            <NumberInput
              label="At most so many of them"
              min={1}
              max={100}
              allowDecimal={false}
              value={atMost}
              onChange={setAtMost}
            />
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {of ? 'Keep as it is' : 'Cancel'}
            </Button>
            <Button type="submit" loading={busy} disabled={!ready}>
              {of ? 'Change' : 'Make the schedule'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
};
