import { Alert, Button, Group, List, Modal, Stack, TagsInput, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { refusalText } from '../answers.js';
import { send } from '../commands.js';
import { SetUserGroupsDocument, type UserRowFragment as User } from '../generated/graphql.js';
import { useKnownGroups } from './known-groups.js';
import { consequencesOf } from './words.js';

const MAX_GROUPS = 50;
const MAX_REASON = 500;

/** Says what follows before it is done. */
export const GroupsDialog = ({ user, onClose }: { user: User; onClose: (changed: boolean) => void }) => {
  const [groups, setGroups] = useState<string[]>([...user.groups]);
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const known = useKnownGroups();
  const consequences = consequencesOf(user, groups);
  const change = async () => {
    setBusy(true);
    setRefused(null);
    const outcome = await send(SetUserGroupsDocument, {
      user: user.id,
      groups,
      basedOn: user.groups,
      reason: reason.trim(),
    });
    setBusy(false);
    if (outcome.is === 'refused') setRefused(refusalText(outcome.refusal));
    else if (outcome.is === 'done') onClose(true);
  };
  return (
    <Modal opened onClose={() => onClose(false)} title={<Text fw={600}>Groups of {user.name}</Text>}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (consequences.length > 0) void change();
        }}
      >
        <Stack gap="sm">
          <TagsInput
            label="Groups"
            description="Type a name and press Enter. A group exists while somebody is in it. Roles count as groups by themselves."
            data={[...known.groups]}
            value={groups}
            onChange={setGroups}
            maxTags={MAX_GROUPS}
            data-autofocus
          />
          <TextInput
            label="Reason"
            description="For the record; it may stay empty."
            maxLength={MAX_REASON}
            value={reason}
            onChange={({ currentTarget }) => setReason(currentTarget.value)}
          />
          {consequences.length > 0 && (
            <List size="sm" aria-label="What follows">
              {consequences.map((sentence) => (
                <List.Item key={sentence}>{sentence}</List.Item>
              ))}
            </List>
          )}
          {refused && (
            <Alert color="red" title="Not changed">
              {refused}
            </Alert>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={() => onClose(false)}>
              Keep as it is
            </Button>
            <Button type="submit" loading={busy} disabled={consequences.length === 0}>
              Change groups
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
};
