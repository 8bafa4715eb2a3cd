import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { type Client as SocketClient, createClient as createSocketClient } from 'graphql-ws';
import { useEffect, useRef } from 'react';
import {
  type AnyVariables,
  cacheExchange,
  Client,
  type CombinedError,
  type Exchange,
  fetchExchange,
  mapExchange,
  subscriptionExchange,
  useQuery,
} from 'urql';
import { isSignedOut } from './answers.js';
import { MeDocument } from './generated/graphql.js';
import { store, useStore } from './store.js';

export type Connection = 'idle' | 'connecting' | 'online' | 'offline';

/** Whether the server is there; `epoch` counts reconnections, after which everything shown is read again. */
export const connection = store<{ state: Connection; epoch: number }>({ state: 'idle', epoch: 0 });

/** True once the server has said that nobody is signed in here. */
export const signedOut = store(false);

const note = (error: CombinedError | undefined) => {
  if (isSignedOut(error)) signedOut.set(true);
};

const UNAUTHORIZED = new Set([4401, 4403]);
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const openSocket = (): SocketClient =>
  createSocketClient({
    url: `${location.origin.replace(/^http/, 'ws')}/graphql`,
    // Always open: it is how the portal knows, without asking, that the server is there.
    lazy: false,
    keepAlive: 10_000,
    retryAttempts: Infinity,
    shouldRetry: () => !signedOut.get(),
    retryWait: async (retries) => {
      await pause(Math.min(5000, 300 * 2 ** retries) * (0.75 + Math.random() / 2));
      // A refused upgrade looks like a dead server to a browser: ask which it is.
      await reader.query(MeDocument, {}).toPromise();
    },
    onNonLazyError: () => connection.set((now) => ({ ...now, state: 'offline' })),
    on: {
      connecting: () =>
        connection.set((now) => (now.state === 'idle' ? { ...now, state: 'connecting' } : now)),
      connected: () =>
        connection.set(({ state, epoch }) => ({
          state: 'online',
          epoch: state === 'offline' ? epoch + 1 : epoch,
        })),
      closed: (event) => {
        connection.set((now) => ({ ...now, state: 'offline' }));
        if (event instanceof CloseEvent && UNAUTHORIZED.has(event.code)) signedOut.set(true);
      },
    },
  });

let socket: SocketClient | null = null;
/** Opens the live connection; called once somebody is signed in. */
export const goLive = (): SocketClient => (socket ??= openSocket());

const makeClient = (cache: readonly Exchange[]) =>
  new Client({
    url: '/graphql',
    preferGetMethod: false,
    requestPolicy: cache.length > 0 ? 'cache-and-network' : 'network-only',
    fetchOptions: { credentials: 'same-origin' },
    exchanges: [
      mapExchange({ onResult: ({ error }) => note(error) }),
      ...cache,
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = '', variables }) => ({
          subscribe: (sink) => ({
            unsubscribe: goLive().subscribe(
              { query, variables: (variables ?? {}) as Record<string, unknown> },
              {
                ...sink,
                next: ({ data = null, errors = [] }) =>
                  sink.next({ data, ...(errors.length > 0 ? { errors } : {}) }),
              },
            ),
          }),
        }),
      }),
    ],
  });

/** For pages and commands: going back shows at once what was there, and a command refreshes the lists it touches. */
export const client = makeClient([cacheExchange]);

/** For table windows and logs, of which a cache would only grow. */
export const reader = makeClient([]);

/** A query that is repeated when the server comes back; what was read stays on screen while it is away. */
export const useLive = <Data, Variables extends AnyVariables>(
  query: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  skip = false,
) => {
  const [result, again] = useQuery({ query, variables, pause: skip } as Parameters<
    typeof useQuery<Data, Variables>
  >[0]);
  const kept = useRef<{ key: number; data: Data } | null>(null);
  const key = result.operation?.key ?? 0;
  if (result.data !== undefined) kept.current = { key, data: result.data };
  const data = result.data ?? (kept.current?.key === key ? kept.current.data : undefined);
  const { epoch } = useStore(connection);
  useEffect(() => {
    if (epoch > 0 && !skip) again({ requestPolicy: 'network-only' });
  }, [epoch, skip, again]);
  return [{ ...result, data }, again] as const;
};
