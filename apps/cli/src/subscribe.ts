import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, type ApiError, failureOf } from './api.js';
import { EXIT, Failure } from './failure.js';
import type { TypedDocumentString } from './generated/graphql.js';

const PING_MS = 10_000;
const SILENCE_MS = 5_000;
const SIGNED_OUT = new Set([4401, 4403]);

/**
 * A subscription that outlives its connection: when the server goes away it connects again for as long as the API's
 * patience lasts, with fresh variables, so that a log continues where it stopped. Ends when the server ends it.
 */
export async function* follow<Result, Variables>(
  api: Api,
  document: TypedDocumentString<Result, Variables>,
  variables: () => Variables,
  { signal, onLost }: { signal: AbortSignal; onLost: () => void },
): AsyncGenerator<Result, void> {
  const [{ createClient }, { WebSocket }] = await Promise.all([import('graphql-ws/client'), import('ws')]);
  let deadline = performance.now() + api.wait * 1000;
  let lost = false;
  for (let pause = 100; !signal.aborted; pause = Math.min(2000, pause * 2)) {
    let silence: NodeJS.Timeout | undefined;
    const client = createClient({
      url: new URL('/graphql', api.url).href.replace(/^http/, 'ws'),
      connectionParams: { token: api.token },
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      keepAlive: PING_MS,
      on: {
        // A server that has gone without a word, by a pulled cable or a lost machine, answers no ping.
        ping: (received) => {
          if (!received) silence = setTimeout(() => client.terminate(), SILENCE_MS);
        },
        pong: (received) => {
          if (received) clearTimeout(silence);
        },
      },
    });
    const messages = client.iterate<Result>({
      query: document.toString(),
      variables: variables() as object as Record<string, unknown>,
    });
    const stop = () => void messages.return?.();
    signal.addEventListener('abort', stop, { once: true });
    try {
      for await (const { data, errors } of messages) {
        const [error] = errors ?? [];
        if (error) throw failureOf(error as ApiError);
        if (data) yield data;
        [pause, lost] = [100, false];
        deadline = performance.now() + api.wait * 1000;
      }
      return;
    } catch (error) {
      if (signal.aborted) return;
      const failure = fatal(error);
      if (failure) throw failure;
      if (performance.now() + pause > deadline)
        throw new Failure(EXIT.unreachable, `${api.url} cannot be reached`, { code: 'Unreachable' });
      if (!lost) onLost();
      lost = true;
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    } finally {
      clearTimeout(silence);
      signal.removeEventListener('abort', stop);
    }
  }
}

/** What trying again would not change; null for a connection that was lost or not made. */
const fatal = (error: unknown): Failure | null => {
  if (error instanceof Failure) return error;
  if (Array.isArray(error)) {
    const [first] = error as ApiError[];
    if (first?.extensions?.code === 'UNAVAILABLE') return null;
    return failureOf(first ?? { message: 'The subscription was refused' });
  }
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'number' && SIGNED_OUT.has(code))
    return failureOf({
      message: 'You are not signed in, or your sign-in has ended',
      extensions: { code: 'UNAUTHENTICATED' },
    });
  return null;
};
