import { Button, Group, Modal, NumberInput, Stack, TagsInput, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { command } from '../commands.js';
import {
  DefineLicenceDocument,
  FreeSeatDocument,
  type LicenceFieldsFragment as Licence,
  type SeatFieldsFragment as Seat,
} from '../generated/graphql.js';

const MAX_REASON = 500;
const MAX_SEATS = 10_000;

const Reason = ({ value, onChange }: { value: string; onChange: (reason: string) => void }) => (
  <TextInput
    label="Reason"
    description="For the record, and for those whom it touches."
    maxLength={MAX_REASON}
    value={value}
    onChange={(event) => onChange(event.target.value)}
  />
);

export const FreeDialog = ({
  licence,
  seat,
  onClose,
}: {
  licence: Licence;
  seat: Seat;
  onClose: () => void;
}) => {
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const free = async () => {
    setBusy(true);
    await command(FreeSeatDocument, { licence: licence.name, holder: seat.id, reason: reason.trim() });
    onClose();
  };
  return (
    <Modal opened onClose={onClose} title={<Text fw={600}>Free the seat of {seat.user.name}?</Text>}>
      <Stack gap="sm">
        <Text size="sm">
          {seat.job === null
            ? 'The session ends, with all that share its seat. Its data is kept as it was a moment ago: it can be opened again when there is a seat.'
            : 'The attempt is given back: the job waits again and starts anew, and no attempt is charged.'}
        </Text>
        <Text size="sm">
          {licence.waiting > 0 && seat.job === null
            ? 'Who waits next gets the seat at once.'
            : 'The seat is there for whoever comes next.'}
        </Text>
        <Reason value={reason} onChange={setReason} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose} data-autofocus>
            Keep as it is
          </Button>
          <Button color="red.8" loading={busy} onClick={() => void free()}>
            Free the seat
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
};

const NEW = { name: '', title: '', dataSeats: 1, optimizationSeats: 1, holdS: 60, users: [] } as const;

/** @param licence the one to change; null for a new one */
export const DefineDialog = ({ licence, onClose }: { licence: Licence | null; onClose: () => void }) => {
  const [now, setNow] = useState(() => {
    const { name, title, dataSeats, optimizationSeats, holdS, users } = licence ?? NEW;
    return { name, title, dataSeats, optimizationSeats, holdS, users: users.map((user) => user.name) };
  });
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const change = (to: Partial<typeof now>) => setNow((before) => ({ ...before, ...to }));
  const define = async () => {
    setBusy(true);
    const title = now.title.trim() || now.name;
    const basedOn = licence?.version ?? 0; // so that nothing is undone that another one has set meanwhile
    const done = await command(DefineLicenceDocument, { ...now, title, reason: reason.trim(), basedOn });
    setBusy(false);
    if (done) onClose();
  };
  const number = (label: string, field: 'dataSeats' | 'optimizationSeats' | 'holdS', description: string) => (
    <NumberInput
      label={label}
      description={description}
      min={field === 'holdS' ? 1 : 0}
      max={field === 'holdS' ? 3600 : MAX_SEATS}
      allowDecimal={false}
      value={now[field]}
      onChange={(value) => change({ [field]: Number(value) })}
    />
  );
  return (
    <Modal
      opened
      onClose={onClose}
      title={<Text fw={600}>{licence ? `Change ${licence.title}` : 'Define a licence'}</Text>}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void define();
        }}
      >
        <Stack gap="sm">
          {!licence && (
            <TextInput
              label="Name"
              description="As the manifests of apps call it: lower-case letters, digits and dashes."
              required
              maxLength={64}
              value={now.name}
              onChange={(event) => change({ name: event.target.value })}
            />
          )}
          <TextInput
            label="Title"
            maxLength={100}
            value={now.title}
            onChange={(event) => change({ title: event.target.value })}
          />
          {number('Data seats', 'dataSeats', 'For open sessions: one per user and device.')}
          {number('Optimization seats', 'optimizationSeats', 'For attempts of jobs that run.')}
          {number('Hold, in seconds', 'holdS', 'How long a place in the line is kept for who does not look.')}
          <TagsInput
            label="Only for"
            description="Names of users; nobody named: everybody."
            value={now.users}
            onChange={(users) => change({ users })}
          />
          <Reason value={reason} onChange={setReason} />
          <Text size="sm" c="dimmed">
            It takes effect at once. Fewer seats than are taken: nobody loses one, and nobody gets one until
            it fits.
          </Text>
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Keep as it is
            </Button>
            <Button type="submit" loading={busy}>
              {licence ? 'Change' : 'Define'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
};
