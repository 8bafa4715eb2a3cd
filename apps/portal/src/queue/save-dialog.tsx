import { Alert, Button, Group, List, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { refusalText } from '../answers.js';
import { send } from '../commands.js';
import { SetQueuePolicyDocument } from '../generated/graphql.js';
import { say } from '../notices.js';
import { changesOf, consequencesOf, documentOf, type Draft } from './draft.js';

const MAX_REASON = 500;

/** Says what changes and what follows, and asks why. */
export const SaveDialog = ({
  before,
  after,
  version,
  use,
  onSaved,
  onClose,
}: {
  before: Draft;
  after: Draft;
  version: number;
  use: readonly { readonly running: number; readonly waiting: number }[];
  onSaved: () => void;
  onClose: () => void;
}) => {
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const save = async () => {
    setBusy(true);
    setRefused(null);
    const outcome = await send(SetQueuePolicyDocument, {
      policy: documentOf(after),
      reason: reason.trim(),
      basedOn: version,
    });
    setBusy(false);
    if (outcome.is === 'refused') return setRefused(refusalText(outcome.refusal));
    if (outcome.is === 'failed') return;
    say({
      kind: 'info',
      title: `Version ${outcome.value.version} of the policy holds now`,
      text: outcome.value.warnings.join('\n'),
    });
    onSaved();
  };
  return (
    <Modal opened onClose={onClose} size="lg" title={<Text fw={600}>Set this policy?</Text>}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (reason.trim()) void save();
        }}
      >
        <Stack gap="sm">
          <List size="sm">
            {[...changesOf(before, after), ...consequencesOf(before, after, use)].map((sentence) => (
              <List.Item key={sentence}>{sentence}</List.Item>
            ))}
          </List>
          <Text size="sm" c="dimmed">
            It holds at once for what starts from now on. Nothing that runs is ended, and jobs that wait keep
            their priority.
          </Text>
          <TextInput
            label="Reason"
            description="For the record: it stands in the history of the policy."
            maxLength={MAX_REASON}
            value={reason}
            required
            data-autofocus
            onChange={(event) => setReason(event.target.value)}
          />
          {refused && (
            <Alert color="red" title="Not set">
              {refused}
            </Alert>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Go on editing
            </Button>
            <Button type="submit" loading={busy} disabled={!reason.trim()}>
              Set the policy
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
};
