import { Button, SegmentedControl, Text } from '@mantine/core';
import { useState } from 'react';
import { command } from '../commands.js';
import { formatDuration } from '../format.js';
import { EndSessionDocument, SessionsDocument, type SessionRowFragment } from '../generated/graphql.js';
import { endReasonText } from '../session/layout.js';
import { OpenAgain, useCanOpenAgain } from '../session/open-again.js';
import { isOverseer, useMe } from '../me.js';
import { Link, useFilters } from '../router.js';
import { pathTo } from '../routes.js';
import { Ago, Confirm, Empty, Page, StatePill, useNow } from '../ui/bits.js';
import { List } from '../ui/list.js';
import { usePages } from './pages.js';

/** Why it ended, and the way back into it. */
const Remarks = ({ session }: { session: SessionRowFragment }) => (
  <>
    <Text size="xs" c="dimmed">
      {session.endReason && endReasonText(session.endReason)}
    </Text>
    {useCanOpenAgain(session) && <OpenAgain session={session} short size="compact-xs" variant="default" />}
  </>
);

export const Sessions = () => {
  const me = useMe();
  const [filters, setFilters] = useFilters();
  const open = filters.get('state') !== 'all';
  const pages = usePages(SessionsDocument, open ? { state: 'READY' } : {}, ({ sessions }) => sessions);
  const [ending, setEnding] = useState<SessionRowFragment | null>(null);
  const now = useNow();
  return (
    <Page
      title="Sessions"
      help="A session is an app that you have open. It goes on when you close the browser, for a while, and you can come back to it from any device."
      actions={
        <SegmentedControl
          aria-label="Which sessions"
          value={open ? 'open' : 'all'}
          onChange={(value) => setFilters({ state: value === 'all' ? 'all' : null })}
          data={[
            { value: 'open', label: 'Open' },
            { value: 'all', label: 'All' },
          ]}
        />
      }
    >
      <List
        label="Sessions"
        pages={pages}
        empty={
          <Empty icon="sessions" title={open ? 'No session is open' : 'There are no sessions yet'}>
            Launch an app to open one.
          </Empty>
        }
        columns={[
          {
            title: 'App',
            cell: ({ id, app }) => (
              <>
                <Link className="main" href={pathTo('session', { id })}>
                  {app.title}
                </Link>{' '}
                <Text span size="xs" c="dimmed">
                  {app.version}
                </Text>
              </>
            ),
          },
          { title: 'State', cell: ({ state }) => <StatePill state={state} /> },
          ...(isOverseer(me)
            ? [{ title: 'Owner', cell: ({ owner }: SessionRowFragment) => owner.name }]
            : []),
          { title: 'Opened', cell: ({ requestedAt }) => <Ago at={requestedAt} /> },
          {
            title: 'Waited',
            cell: ({ waited, waitingFor }) => (
              <Text size="xs" c="dimmed">
                {waitingFor ?? waited}
              </Text>
            ),
          },
          {
            title: 'Open for',
            number: true,
            cell: ({ requestedAt, endedAt }) => formatDuration(((endedAt ?? now) - requestedAt) / 1000),
          },
          {
            title: 'Remarks',
            cell: (session) =>
              session.state === 'ENDED' ? (
                <Remarks session={session} />
              ) : (
                <Button
                  size="compact-xs"
                  variant="default"
                  aria-label={`End the session of ${session.app.title}`}
                  onClick={() => setEnding(session)}
                >
                  End
                </Button>
              ),
          },
        ]}
      />
      {ending && (
        <Confirm
          title={`End ${ending.app.title}?`}
          consequence="Its data is kept as it was a moment ago: you can open it again from this list. Jobs that were submitted from it go on."
          yes="End the session"
          danger
          onClose={() => setEnding(null)}
          onYes={async () => {
            await command(EndSessionDocument, { id: ending.id });
            pages.again();
          }}
        />
      )}
    </Page>
  );
};
