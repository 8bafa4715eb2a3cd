import { useEffect, useMemo, useState } from 'react';
import { client, connection, useLive } from '../api.js';
import {
  SessionChangedDocument,
  SessionPageDocument,
  type SessionRowFragment,
} from '../generated/graphql.js';
import { useStore } from '../store.js';
import { sessionData } from './data.js';

/** A session as it is and as it changes; while this listens the session stays attached. */
export const useSession = (id: string) => {
  const data = useMemo(() => sessionData(id), [id]);
  const [pushed, setPushed] = useState<SessionRowFragment | null>(null);
  const [{ data: read, error, fetching }, again] = useLive(SessionPageDocument, { id });
  const { epoch } = useStore(connection);
  const found = read?.session;
  const known = found !== null && found !== undefined;

  useEffect(() => {
    if (!known) return;
    const { unsubscribe } = client.subscription(SessionChangedDocument, { id }).subscribe((result) => {
      const change = result.data?.sessionChanged;
      if (!change) return;
      setPushed(change.session);
      for (const { identifier, version } of change.changed) data.changed(identifier, version);
    });
    return unsubscribe;
  }, [id, known, data]);

  useEffect(() => {
    if (epoch > 0) data.changedAll();
  }, [epoch, data]);

  const session = pushed ?? found;
  const app = found?.interface;
  const missing = session?.state === 'READY' && !app && !fetching;
  useEffect(() => {
    if (missing) again({ requestPolicy: 'network-only' });
  }, [missing, again]);

  return { session, app, data, error: read ? undefined : error, again };
};
