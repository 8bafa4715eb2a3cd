import { Badge, SegmentedControl, Text } from '@mantine/core';
import { CasesDocument } from '../generated/graphql.js';
import { Link, useFilters } from '../router.js';
import { pathTo } from '../routes.js';
import { Ago, Empty, Page } from '../ui/bits.js';
import { List } from '../ui/list.js';
import { usePages } from './pages.js';

const KINDS = ['saved', 'input', 'result'];

export const Cases = () => {
  const [filters, setFilters] = useFilters();
  const kind = filters.get('kind') ?? 'all';
  const pages = usePages(CasesDocument, { kind: kind === 'all' ? null : kind }, ({ cases }) => cases);
  return (
    <Page
      title="Cases"
      help="A case keeps all data of an app at one moment: saved by you, or the input and the result of a job. It never changes."
      actions={
        <SegmentedControl
          aria-label="Kind of case"
          value={kind}
          onChange={(value) => setFilters({ kind: value === 'all' ? null : value })}
          data={[
            { value: 'all', label: 'All' },
            ...KINDS.map((value) => ({ value, label: value.charAt(0).toUpperCase() + value.slice(1) })),
          ]}
        />
      }
    >
      <List
        label="Cases"
        pages={pages}
        empty={
          <Empty icon="cases" title="There are no cases here yet">
            In a session, <b>Cases → Save as a case</b> keeps its data; every job keeps its input and its
            result.
          </Empty>
        }
        columns={[
          {
            title: 'Case',
            cell: ({ id, name }) => (
              <Link className="main" href={pathTo('case', { id })}>
                {name}
              </Link>
            ),
          },
          {
            title: 'Kind',
            cell: (row) => (
              <Badge variant="default" tt="none">
                {row.kind}
              </Badge>
            ),
          },
          {
            title: 'App',
            cell: ({ app, version }) => (
              <>
                {app}{' '}
                <Text span size="xs" c="dimmed">
                  {version}
                </Text>
              </>
            ),
          },
          {
            title: 'Job',
            cell: ({ job }) => job && <Link href={pathTo('job', { id: job })}>Open the job</Link>,
          },
          { title: 'Owner', cell: ({ owner }) => owner.name },
          { title: 'Made', cell: ({ createdAt }) => <Ago at={createdAt} /> },
        ]}
      />
    </Page>
  );
};
