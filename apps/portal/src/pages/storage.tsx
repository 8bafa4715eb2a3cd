import { Button, Card, Checkbox, Progress, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useLive } from '../api.js';
import { count, formatBytes } from '../format.js';
import { StorageDocument, StorageUseDocument } from '../generated/graphql.js';
import { Link } from '../router.js';
import { pathTo } from '../routes.js';
import { Ago, Empty, Page } from '../ui/bits.js';
import { Icon } from '../ui/icons.js';
import { List } from '../ui/list.js';
import { RemoveDialog } from '../ui/remove-dialog.js';
import { usePages } from './pages.js';

/** As many as the server removes at once. */
const MAX_AT_ONCE = 200;
const UPLOADS = ['engine', 'app', 'file'];

const Use = ({ label, used, limit }: { label: string; used: number; limit: number }) => (
  <div>
    <Text size="sm">
      {label}: {formatBytes(used)} of {formatBytes(limit)}
    </Text>
    <Progress
      aria-label={label}
      value={limit > 0 ? Math.min(100, (100 * used) / limit) : 100}
      color={used >= limit ? 'red' : used >= 0.9 * limit ? 'yellow' : 'blue'}
    />
  </div>
);

export const StoragePage = () => {
  const [{ data }, useAgain] = useLive(StorageUseDocument, {});
  const listed = usePages(StorageDocument, {}, ({ storage }) => storage.kept);
  // Only the first page is read again.
  const [gone, setGone] = useState<ReadonlySet<string>>(new Set());
  const pages = { ...listed, rows: listed.rows.filter(({ id }) => !gone.has(id)) };
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [asking, setAsking] = useState(false);
  const rows = pages.rows.filter(({ id }) => chosen.has(id));
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  const ids = (uploads: boolean) =>
    rows.filter(({ kind }) => UPLOADS.includes(kind) === uploads).map(({ id }) => id);
  return (
    <Page
      title="Storage"
      help="What you keep, largest first: your cases, the input and the result of your jobs, and what you have uploaded. Equal data count once."
      actions={
        <>
          <Button
            variant="default"
            disabled={pages.rows.length === 0}
            onClick={() =>
              setChosen(new Set(rows.length > 0 ? [] : pages.rows.slice(0, MAX_AT_ONCE).map(({ id }) => id)))
            }
          >
            {rows.length > 0 ? 'Choose none' : 'Choose all shown'}
          </Button>
          <Button
            variant="light"
            color="red"
            leftSection={<Icon name="close" size={16} />}
            disabled={rows.length === 0 || rows.length > MAX_AT_ONCE}
            onClick={() => setAsking(true)}
          >
            {rows.length > 0 ? `Remove ${count(rows.length, 'item')}` : 'Remove'}
          </Button>
        </>
      }
    >
      {data && (
        <Card>
          <Stack gap="xs">
            <Text size="sm">
              You keep {formatBytes(data.storage.used)}
              {data.storage.quotas.length === 0 ? '; no quota limits it' : ''}.
            </Text>
            {data.storage.quotas.map(({ per, name, used, limit }) => (
              <Use
                key={`${per} ${name}`}
                label={per === 'user' ? 'Your quota' : `All of group ${name}`}
                used={used}
                limit={limit}
              />
            ))}
          </Stack>
        </Card>
      )}
      <List
        label="What you keep"
        pages={pages}
        empty={
          <Empty icon="save" title="You keep nothing here yet">
            Cases that you save, the data of your jobs and what you upload will stand here.
          </Empty>
        }
        columns={[
          {
            title: '',
            cell: ({ id, name }) => (
              <Checkbox aria-label={`Choose ${name}`} checked={chosen.has(id)} onChange={() => toggle(id)} />
            ),
          },
          {
            title: 'Name',
            cell: ({ id, kind, name }) =>
              UPLOADS.includes(kind) ? (
                name
              ) : (
                <Link className="main" href={pathTo('case', { id })}>
                  {name}
                </Link>
              ),
          },
          {
            title: 'Kind',
            cell: ({ kind }) => (UPLOADS.includes(kind) ? `uploaded ${kind}` : kind),
          },
          { title: 'App', cell: ({ app }) => app },
          { title: 'Size', number: true, cell: ({ bytes }) => formatBytes(bytes) },
          {
            title: 'Job',
            cell: ({ job }) => job && <Link href={pathTo('job', { id: job })}>Open the job</Link>,
          },
          { title: 'Made', cell: ({ createdAt }) => <Ago at={createdAt} /> },
        ]}
      />
      {asking && (
        <RemoveDialog
          cases={ids(false)}
          uploads={ids(true)}
          onClose={() => setAsking(false)}
          onGone={() => {
            setGone(new Set([...gone, ...rows.map(({ id }) => id)]));
            setChosen(new Set());
            pages.again();
            useAgain({ requestPolicy: 'network-only' });
          }}
        />
      )}
    </Page>
  );
};
