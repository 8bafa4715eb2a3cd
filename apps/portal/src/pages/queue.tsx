import { Alert, Button, List, Switch, Table, Text } from '@mantine/core';
import { useState } from 'react';
import { useLive } from '../api.js';
import { formatTime } from '../format.js';
import {
  type PolicyFieldsFragment as Policy,
  QueuePolicyDocument,
  QueuePolicyHistoryDocument,
} from '../generated/graphql.js';
import { isAdministrator, useMe } from '../me.js';
import { type Draft, draftOf, type Part } from '../queue/draft.js';
import { type Column, Rows } from '../queue/rows.js';
import { SaveDialog } from '../queue/save-dialog.js';
import { Loading, Page, Problem, Section } from '../ui/bits.js';
import { Icon } from '../ui/icons.js';
import { useKnownGroups } from '../users/known-groups.js';
import { usePoll } from './pages.js';

const WHO: readonly Column[] = [
  { name: 'user', label: 'User' },
  { name: 'group', label: 'Group' },
  { name: 'app', label: 'App' },
  { name: 'version', label: 'Version' },
];
const RULES: readonly Column[] = [{ name: 'priority', label: 'Priority', width: '7rem' }, ...WHO];
const LIMITS: readonly Column[] = [
  { name: 'per', label: 'Of each', choices: ['user', 'group', 'app', 'server'], width: '8rem' },
  { name: 'pattern', label: 'Whose name fits' },
  { name: 'running', label: 'Running at most', width: '9rem' },
];
const PROFILES: readonly Column[] = [
  { name: 'name', label: 'Name' },
  { name: 'capacity', label: 'At once', width: '5rem' },
  { name: 'memoryMiB', label: 'Memory, MiB', width: '7rem' },
  { name: 'cores', label: 'Cores', width: '5rem' },
  { name: 'labels', label: 'Labels' },
  { name: 'environment', label: 'Variables', hint: 'NAME=value', long: true },
  { name: 'for', label: 'For', hint: 'everybody', long: true },
];
const QUOTAS: readonly Column[] = [
  { name: 'per', label: 'Of each', choices: ['user', 'group'], width: '8rem' },
  { name: 'pattern', label: 'Whose name fits' },
  { name: 'jobs', label: 'Jobs at most', width: '9rem' },
  { name: 'coreHours', label: 'Core-hours a month', width: '10rem' },
  { name: 'storageGiB', label: 'Storage, GiB', width: '8rem' },
];

/** Offers known groups where the name of one is typed. */
const offering = (columns: readonly Column[], groups: readonly string[]): readonly Column[] =>
  columns.map((column) => {
    if (column.name === 'group') return { ...column, suggested: () => groups };
    if (column.name !== 'pattern') return column;
    return { ...column, suggested: ({ per }) => (per === 'group' ? groups : []) };
  });

type Uses = readonly { readonly name: string; readonly count: number }[];

const usesText = (uses: Uses | undefined): string =>
  !uses
    ? 'not set yet'
    : uses.length === 0
      ? 'none'
      : uses.map(({ name, count }) => `${name} ${count}`).join(', ');

const keptText = (uses: Uses = []): readonly string[] =>
  uses.length === 0
    ? []
    : [`keeps ${uses.map(({ name, count }) => `${name} ${count.toLocaleString('en')} MiB`).join(', ')}`];

const POLL_MS = 5000;

export const Queue = () => {
  const [{ data, error }, repeat] = useLive(QueuePolicyDocument, {});
  const again = () => repeat({ requestPolicy: 'network-only' });
  usePoll(again, POLL_MS);
  const policy = data?.queuePolicy;
  if (error && !policy) return <Problem error={error} again={again} />;
  return policy ? <Shown policy={policy} again={again} /> : <Loading />;
};

const Shown = ({ policy, again }: { policy: Policy; again: () => void }) => {
  const editable = isAdministrator(useMe());
  // What is being edited stays based on the version that it was begun with.
  const [editing, setEditing] = useState<{ readonly from: Policy; readonly draft: Draft } | null>(null);
  const [saving, setSaving] = useState(false);
  const { from, draft } = editing ?? { from: policy, draft: draftOf(policy.document) };
  const edit = (change: Partial<Draft>) => setEditing({ from, draft: { ...draft, ...change } });
  const onChange = (part: Part) => (editable ? (rows: Draft[Part]) => edit({ [part]: rows }) : null);
  const { use } = policy;
  const { all: groups } = useKnownGroups();
  const same = from.version === policy.version;
  return (
    <Page
      title="Queue"
      help={
        <>
          By what the queue decides who starts next. In a pattern * stands for any characters. A group is a
          role, or a group that users are in (see Users).
          {policy.version > 0 &&
            ` Version ${policy.version}, set ${policy.setAt === null ? '' : formatTime(policy.setAt, Date.now())} by ${policy.setBy?.name ?? 'somebody'}: ${policy.reason}`}
        </>
      }
      actions={
        editing && (
          <>
            <Button variant="default" size="xs" onClick={() => setEditing(null)}>
              Discard changes
            </Button>
            <Button size="xs" leftSection={<Icon name="save" size={15} />} onClick={() => setSaving(true)}>
              Save…
            </Button>
          </>
        )
      }
    >
      {!same && (
        <Alert color="yellow" title="Somebody else has set another policy meanwhile">
          Your changes are based on version {from.version}, and version {policy.version} holds by now. Discard
          them to see it.
        </Alert>
      )}
      {policy.warnings.length > 0 && (
        <Alert color="yellow" title="You may not have meant this">
          <List size="sm">
            {policy.warnings.map((warning) => (
              <List.Item key={warning}>{warning}</List.Item>
            ))}
          </List>
        </Alert>
      )}
      <Rows
        title="Priorities"
        noun="rule"
        help="Of the rules that fit a new job the lowest number wins; without one it has 100. Its owner may only make it worse. Jobs that wait already keep theirs."
        columns={offering(RULES, groups)}
        rows={draft.rules}
        first={{ priority: '100' }}
        now={{ label: 'Waiting now', of: (index) => (editing ? '' : use.rules[index]) }}
        onChange={onChange('rules')}
      />
      <Rows
        title="Limits"
        noun="limit"
        help="How many jobs may run at once. Of several limits for one the lowest counts."
        columns={offering(LIMITS, groups)}
        rows={draft.limits}
        first={{ per: 'user', pattern: '*', running: '10' }}
        now={{ label: 'Running now', of: (index) => (editing ? '' : usesText(use.limits[index])) }}
        onChange={onChange('limits')}
      />
      <Rows
        title="Worker profiles"
        noun="profile"
        help="How jobs of a kind run: so many at once in the cluster, what each takes of its server, the labels that its server must have, and variables for its process, whose values only administrators see. An app or a job names its profile. “For” says who may use it, a line each: user=ada app=planning, or group=planners."
        columns={PROFILES}
        rows={draft.profiles}
        first={{ name: '', capacity: '1' }}
        now={{
          label: 'Now',
          of: (index) => {
            const now = editing ? undefined : use.profiles[index];
            return now && `${now.running} running, ${now.waiting} waiting`;
          },
        }}
        onChange={onChange('profiles')}
      />
      <Rows
        title="Quotas"
        noun="quota"
        help="How many jobs each user, or each group together, may have waiting and running, and how many core-hours they may use in a calendar month, and how much they may keep in the storage: cases, uploads, packages, data and results of jobs. What is more is refused. Whatever they say, a user may have about 20,000 jobs at most."
        columns={offering(QUOTAS, groups)}
        rows={draft.quotas}
        first={{ per: 'user', pattern: '*', jobs: '1000' }}
        now={{
          label: 'Jobs and storage now',
          of: (index) =>
            editing ? '' : [usesText(use.quotas[index]), ...keptText(use.storage[index])].join('\n'),
        }}
        onChange={onChange('quotas')}
      />
      <Section title="Fairness">
        <Switch
          label="Of the owners whose jobs have equal priority, whoever has fewer running goes first"
          checked={draft.fair}
          disabled={!editable}
          onChange={(event) => edit({ fair: event.target.checked })}
        />
      </Section>
      <History key={policy.version} />
      {saving && editing && (
        <SaveDialog
          before={draftOf(from.document)}
          after={draft}
          version={from.version}
          use={same ? use.profiles : []}
          onSaved={() => {
            setSaving(false);
            setEditing(null);
            again();
          }}
          onClose={() => setSaving(false)}
        />
      )}
    </Page>
  );
};

const VERSIONS = 20;

const History = () => {
  const [{ data }] = useLive(QueuePolicyHistoryDocument, { first: VERSIONS });
  const versions = data?.queuePolicyHistory.nodes ?? [];
  return (
    <Section title="History">
      {versions.length === 0 ? (
        <Text size="sm" c="dimmed">
          Nobody has set a policy yet: jobs start by their priority, and among equal ones the oldest first.
        </Text>
      ) : (
        <Table fz="sm" aria-label="History">
          <Table.Thead>
            <Table.Tr>
              <Table.Th w="6rem">Version</Table.Th>
              <Table.Th>Set</Table.Th>
              <Table.Th>By</Table.Th>
              <Table.Th>Reason</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {versions.map(({ version, setAt, setBy, reason }) => (
              <Table.Tr key={version}>
                <Table.Td>{version}</Table.Td>
                <Table.Td>{setAt !== null && formatTime(setAt, Date.now())}</Table.Td>
                <Table.Td>{setBy?.name}</Table.Td>
                <Table.Td>{reason}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Section>
  );
};
