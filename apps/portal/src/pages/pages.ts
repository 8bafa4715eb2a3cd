import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { useCallback, useEffect, useRef, useState } from 'react';
import { client, useLive } from '../api.js';

interface Connection<Node> {
  readonly nodes: readonly Node[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** A list that grows by pages; its first page is read again after changes, further ones stay below it. */
export const usePages = <
  Data,
  Variables extends { after?: string | null | undefined },
  Node extends { id: string },
>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  pick: (data: Data) => Connection<Node>,
) => {
  const [{ data, error, fetching }, repeat] = useLive(document, variables);
  const key = JSON.stringify(variables);
  const [more, setMore] = useState<{ key: string; pages: readonly Connection<Node>[] }>({ key, pages: [] });
  const [busy, setBusy] = useState(false);
  const pages = [...(data ? [pick(data)] : []), ...(more.key === key ? more.pages : [])];
  const end = pages.at(-1)?.pageInfo;
  // A row may move from one page to another between two readings: shown once, as last read.
  const rows = [...new Map(pages.flatMap(({ nodes }) => nodes).map((node) => [node.id, node])).values()];

  const again = useCallback(() => repeat({ requestPolicy: 'network-only' }), [repeat]);

  const loadMore = async () => {
    setBusy(true);
    const next = await client.query(document, { ...variables, after: end?.endCursor ?? null }).toPromise();
    setBusy(false);
    if (next.data) setMore({ key, pages: [...(more.key === key ? more.pages : []), pick(next.data)] });
  };

  return {
    rows,
    error: data ? undefined : error,
    loading: fetching && !data,
    again,
    more: end?.hasNextPage ? { busy, load: loadMore } : null,
  };
};

const SOON_MS = 300;

/** Calls `act` soon after `change` becomes another one; a burst of changes is one call. */
export const useSoon = (act: () => void, change: unknown): void => {
  const latest = useRef(act);
  const due = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => {
    latest.current = act;
  });
  useEffect(() => {
    if (change === undefined || due.current !== null) return;
    due.current = setTimeout(() => {
      due.current = null;
      latest.current();
    }, SOON_MS);
  }, [change]);
};

/** Calls `act` now and then while the page is looked at. */
export const usePoll = (act: () => void, everyMs: number, on = true): void => {
  useEffect(() => {
    if (!on) return;
    const timer = setInterval(() => {
      if (!document.hidden) act();
    }, everyMs);
    return () => clearInterval(timer);
  }, [act, everyMs, on]);
};
