import {
  Button,
  Group,
  Menu,
  Modal,
  ScrollArea,
  Stack,
  Text,
  TextInput,
  UnstyledButton,
} from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useLive } from '../api.js';
import { refusalText } from '../answers.js';
import { command, send } from '../commands.js';
import { CasesDocument, LoadCaseDocument, SaveCaseDocument } from '../generated/graphql.js';
import { emptyHistory } from '../history.js';
import { say } from '../notices.js';
import { Ago, Empty, Loading } from '../ui/bits.js';
import { Icon } from '../ui/icons.js';
import type { SessionData } from './data.js';

/** Replaces the data of a session by a case's. */
export const loadCase = async (
  session: string,
  id: string,
  name: string,
  data: SessionData,
): Promise<void> => {
  if (!(await command(LoadCaseDocument, { session, case: id }))) return;
  data.changedAll();
  data.history.set(emptyHistory);
  say({ kind: 'done', title: 'Case loaded', text: name });
};

const SaveDialog = ({ session, onClose }: { session: string; onClose: () => void }) => {
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const save = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get('name')).trim();
    setBusy(true);
    const outcome = await send(SaveCaseDocument, { session, name });
    setBusy(false);
    if (outcome.is === 'refused') return setProblem(refusalText(outcome.refusal));
    if (outcome.is === 'failed') return;
    say({ kind: 'done', title: 'Case saved', text: name });
    onClose();
  };
  return (
    <Modal opened onClose={onClose} title={<Text fw={600}>Save as a case</Text>}>
      <form onSubmit={save}>
        <TextInput
          name="name"
          label="Name"
          description="Keeps all data of this session as it is now"
          required
          maxLength={200}
          data-autofocus
          error={problem}
          onChange={() => setProblem(null)}
        />
        <Group justify="flex-end" mt="md">
          <Button type="submit" loading={busy} leftSection={<Icon name="save" size={16} />}>
            Save
          </Button>
        </Group>
      </form>
    </Modal>
  );
};

const LoadDialog = ({
  session,
  app,
  data,
  onClose,
}: {
  session: string;
  app: string;
  data: SessionData;
  onClose: () => void;
}) => {
  const [{ data: read }] = useLive(CasesDocument, { app });
  const [busy, setBusy] = useState(false);
  const cases = read?.cases.nodes ?? [];
  return (
    <Modal opened onClose={onClose} title={<Text fw={600}>Load a case</Text>} size="lg">
      <Text size="sm" c="dimmed" mb="sm">
        Replaces all data of this session. What is not saved as a case is lost.
      </Text>
      {!read && <Loading />}
      {read && cases.length === 0 && (
        <Empty icon="cases" title="There is no case of this app yet">
          Save one here, or run a job: its input and result are cases too.
        </Empty>
      )}
      <ScrollArea.Autosize mah={420}>
        <Stack gap={2}>
          {cases.map(({ id, name, kind, createdAt, owner }) => (
            <UnstyledButton
              key={id}
              className="nav-link"
              disabled={busy}
              onClick={async () => {
                setBusy(true);
                await loadCase(session, id, name, data);
                onClose();
              }}
            >
              <Icon name={kind === 'saved' ? 'save' : 'jobs'} />
              <Text size="sm" flex={1}>
                {name}
              </Text>
              <Text size="xs" c="dimmed">
                {kind} · {owner.name} · <Ago at={createdAt} />
              </Text>
            </UnstyledButton>
          ))}
        </Stack>
      </ScrollArea.Autosize>
    </Modal>
  );
};

export const CasesMenu = ({ session, app, data }: { session: string; app: string; data: SessionData }) => {
  const [open, setOpen] = useState<'save' | 'load' | null>(null);
  const close = () => setOpen(null);
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" leftSection={<Icon name="cases" size={16} />}>
            Cases
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Icon name="save" size={16} />} onClick={() => setOpen('save')}>
            Save as a case
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="open" size={16} />} onClick={() => setOpen('load')}>
            Load a case
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {open === 'save' && <SaveDialog session={session} onClose={close} />}
      {open === 'load' && <LoadDialog session={session} app={app} data={data} onClose={close} />}
    </>
  );
};
