import { Button, Group, Modal, NumberInput, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { command } from '../commands.js';
import { type JobRowFragment, PrioritizeJobDocument } from '../generated/graphql.js';
import { isAdministrator, useMe } from '../me.js';
import { Icon } from '../ui/icons.js';

const BEST = 1;
const WORST = 10_000;

/** For a job that waits: its owner lets others pass, an administrator also lets it pass others. */
export const PriorityButton = ({ job }: { job: JobRowFragment }) => {
  const [open, setOpen] = useState(false);
  if (job.state !== 'QUEUED') return null;
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<Icon name="jobs" size={14} />}
        onClick={() => setOpen(true)}
      >
        Priority
      </Button>
      {open && <PriorityDialog job={job} onClose={() => setOpen(false)} />}
    </>
  );
};

const PriorityDialog = ({ job, onClose }: { job: JobRowFragment; onClose: () => void }) => {
  const administrator = isAdministrator(useMe());
  const [priority, setPriority] = useState<string | number>(job.priority);
  const [busy, setBusy] = useState(false);
  const wrong = typeof priority !== 'number' || priority < BEST || priority > WORST;
  const change = async () => {
    setBusy(true);
    await command(PrioritizeJobDocument, { id: job.id, priority: Number(priority) });
    onClose();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={<Text fw={600}>Priority of {job.description || job.procedure}</Text>}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!wrong) void change();
        }}
      >
        <Stack gap="sm">
          <NumberInput
            label="Priority"
            description={
              administrator
                ? 'Lower runs first. A lower number than others have lets it pass them.'
                : 'Lower runs first. The best that you may choose is what the rules of the queue gave it: a higher number lets others pass.'
            }
            min={BEST}
            max={WORST}
            allowDecimal={false}
            value={priority}
            onChange={setPriority}
            error={wrong && `A whole number from ${BEST} to ${WORST}`}
            data-autofocus
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Keep as it is
            </Button>
            <Button type="submit" loading={busy} disabled={wrong}>
              Change
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
};
