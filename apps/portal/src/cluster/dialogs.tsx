import { Button, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { command } from '../commands.js';
import { DrainNodeDocument, RemoveNodeDocument } from '../generated/graphql.js';
import { drainConsequence, removeConsequence, type Server } from './words.js';

const GRACE = [
  { value: '0', label: 'none: move it at once' },
  { value: '60', label: '1 minute' },
  { value: '300', label: '5 minutes' },
  { value: '1800', label: '30 minutes' },
  { value: '7200', label: '2 hours' },
  { value: '86400', label: '24 hours' },
];
const DEFAULT_GRACE = '300';
const MAX_REASON = 500;

const Sentences = ({ of }: { of: readonly string[] }) => (
  <Stack gap={4}>
    {of.map((sentence) => (
      <Text key={sentence} size="sm">
        {sentence}
      </Text>
    ))}
  </Stack>
);

const Reason = ({ value, onChange }: { value: string; onChange: (reason: string) => void }) => (
  <TextInput
    label="Reason"
    description="For the record: it stands in the timeline."
    maxLength={MAX_REASON}
    value={value}
    onChange={(event) => onChange(event.target.value)}
  />
);

export const DrainDialog = ({
  server,
  servers,
  onClose,
}: {
  server: Server;
  servers: readonly Server[];
  onClose: () => void;
}) => {
  const [reason, setReason] = useState('');
  const [grace, setGrace] = useState(DEFAULT_GRACE);
  const [busy, setBusy] = useState(false);
  const drain = async () => {
    setBusy(true);
    await command(DrainNodeDocument, { id: server.id, reason: reason.trim(), graceS: Number(grace) });
    onClose();
  };
  return (
    <Modal opened onClose={onClose} title={<Text fw={600}>Drain {server.name}?</Text>}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void drain();
        }}
      >
        <Stack gap="sm">
          <Sentences of={drainConsequence(server, servers)} />
          <Reason value={reason} onChange={setReason} />
          <Select
            label="Grace time for what runs there"
            data={GRACE}
            value={grace}
            allowDeselect={false}
            onChange={(value) => setGrace(value ?? DEFAULT_GRACE)}
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose} data-autofocus>
              Keep as it is
            </Button>
            <Button type="submit" loading={busy}>
              Drain
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
};

export const RemoveDialog = ({
  server,
  servers,
  onClose,
}: {
  server: Server;
  servers: readonly Server[];
  onClose: () => void;
}) => {
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  // As it was when the dialog opened: what a person agrees to must not change under his hand.
  const [{ sentences, force }] = useState(() => removeConsequence(server, servers));
  const remove = async () => {
    setBusy(true);
    await command(RemoveNodeDocument, { id: server.id, reason: reason.trim(), force });
    onClose();
  };
  return (
    <Modal opened onClose={onClose} title={<Text fw={600}>Remove {server.name} from the cluster?</Text>}>
      <Stack gap="sm">
        <Sentences of={sentences} />
        <Reason value={reason} onChange={setReason} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose} data-autofocus>
            Keep as it is
          </Button>
          <Button color="red.8" loading={busy} onClick={() => void remove()}>
            {force ? 'Remove anyway' : 'Remove'}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
};
