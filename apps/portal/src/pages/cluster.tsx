import { Card, SimpleGrid } from '@mantine/core';
import { useState } from 'react';
import { useSubscription } from 'urql';
import { useLive } from '../api.js';
import { DrainDialog, RemoveDialog } from '../cluster/dialogs.js';
import { ServerCard } from '../cluster/server-card.js';
import { ClusterTimeline } from '../cluster/timeline.js';
import type { Server } from '../cluster/words.js';
import { ClusterChangedDocument, NodesDocument } from '../generated/graphql.js';
import { isAdministrator, isOverseer, useMe } from '../me.js';
import { Empty, Loading, Page, Problem } from '../ui/bits.js';

export const Cluster = () => {
  const me = useMe();
  const [{ data, error }, again] = useLive(NodesDocument, {});
  const [{ data: live }] = useSubscription({ query: ClusterChangedDocument, pause: !data });
  const [asking, setAsking] = useState<{ readonly what: 'drain' | 'remove'; readonly server: Server } | null>(
    null,
  );
  const servers = live?.clusterChanged.nodes ?? data?.nodes.nodes;
  const close = () => setAsking(null);
  return (
    <Page
      title="Cluster"
      help="The servers that run sessions and jobs. The leader decides what runs where; when a server is lost, its jobs start again on another."
    >
      {error && !data ? (
        <Problem error={error} again={() => again({ requestPolicy: 'network-only' })} />
      ) : !servers ? (
        <Loading />
      ) : servers.length === 0 ? (
        <Card p={0}>
          <Empty icon="nodes" title="No server has joined" />
        </Card>
      ) : (
        <SimpleGrid cols={{ base: 1, sm: 2, xl: 3 }}>
          {servers.map((server) => (
            <ServerCard
              key={server.id}
              server={server}
              actions={
                isAdministrator(me)
                  ? {
                      onDrain: () => setAsking({ what: 'drain', server }),
                      onRemove: () => setAsking({ what: 'remove', server }),
                    }
                  : null
              }
            />
          ))}
        </SimpleGrid>
      )}
      {isOverseer(me) && <ClusterTimeline newest={live?.clusterChanged.newest} />}
      {asking?.what === 'drain' && (
        <DrainDialog server={asking.server} servers={servers ?? []} onClose={close} />
      )}
      {asking?.what === 'remove' && (
        <RemoveDialog server={asking.server} servers={servers ?? []} onClose={close} />
      )}
    </Page>
  );
};
