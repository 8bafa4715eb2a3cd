import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { command } from '../commands.js';
import {
  DeleteScheduleDocument,
  PauseScheduleDocument,
  ResumeScheduleDocument,
  type ScheduleRowFragment as Schedule,
} from '../generated/graphql.js';
import { Confirm } from '../ui/bits.js';
import { Icon } from '../ui/icons.js';
import { ScheduleForm } from './form.js';

const PauseDialog = ({
  schedule,
  onPause,
  onClose,
}: {
  schedule: Schedule;
  onPause: (reason: string) => Promise<unknown>;
  onClose: () => void;
}) => {
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const pause = async () => {
    setBusy(true);
    await onPause(reason.trim());
    onClose();
  };
  return (
    <Modal opened onClose={onClose} title={<Text fw={600}>Pause {schedule.name}?</Text>}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (reason.trim()) void pause();
        }}
      >
        <Stack gap="sm">
          <Text size="sm">
            It does not run until it is resumed, and the times until then are left out. A run that has begun
            goes on; one that waits for its turn is dropped.
          </Text>
          <TextInput
            label="Reason"
            description="It is shown to whoever looks at the schedule."
            required
            maxLength={500}
            data-autofocus
            value={reason}
            onChange={({ currentTarget }) => setReason(currentTarget.value)}
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Keep as it is
            </Button>
            <Button type="submit" loading={busy} disabled={!reason.trim()}>
              Pause
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
};

/** What can be done with a schedule; each says before what will be lost. */
export const ScheduleButtons = ({
  schedule,
  onChange,
  onGone,
}: {
  schedule: Schedule;
  onChange: () => void;
  onGone: () => void;
}) => {
  const [asking, setAsking] = useState<'pause' | 'change' | 'remove' | null>(null);
  const [busy, setBusy] = useState(false);
  const { id, name, state } = schedule;
  const close = () => setAsking(null);
  const resume = async () => {
    setBusy(true);
    await command(ResumeScheduleDocument, { id });
    setBusy(false);
    onChange();
  };
  return (
    <>
      {state === 'ACTIVE' && (
        <Button
          size="xs"
          variant="default"
          leftSection={<Icon name="pause" size={14} />}
          onClick={() => setAsking('pause')}
        >
          Pause
        </Button>
      )}
      {state === 'PAUSED' && (
        <Button size="xs" loading={busy} leftSection={<Icon name="play" size={14} />} onClick={resume}>
          Resume
        </Button>
      )}
      <Button
        size="xs"
        variant="default"
        leftSection={<Icon name="clock" size={14} />}
        onClick={() => setAsking('change')}
      >
        Change
      </Button>
      <Button
        size="xs"
        variant="light"
        color="red"
        leftSection={<Icon name="close" size={14} />}
        onClick={() => setAsking('remove')}
      >
        Remove
      </Button>
      {asking === 'pause' && (
        <PauseDialog
          schedule={schedule}
          onClose={close}
          onPause={async (reason) => {
            await command(PauseScheduleDocument, { id, reason });
            onChange();
          }}
        />
      )}
      {asking === 'change' && (
        <ScheduleForm
          of={schedule}
          onClose={close}
          onDone={() => {
            close();
            onChange();
          }}
        />
      )}
      {asking === 'remove' && (
        <Confirm
          title={`Remove ${name}?`}
          consequence="It will not run again. Its jobs and their results stay, and those that run go on."
          yes="Remove the schedule"
          danger
          onClose={close}
          onYes={async () => {
            if (await command(DeleteScheduleDocument, { id })) onGone();
          }}
        />
      )}
    </>
  );
};
