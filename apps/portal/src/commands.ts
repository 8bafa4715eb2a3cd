import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { errorText, type Granted, isPassing, type Outcome, refusalText, settle } from './answers.js';
import { client, signedOut } from './api.js';
import { offerRetry, say } from './notices.js';
import { uuidv7 } from './uuid.js';

const RETRY_MS = [400, 1000, 2000];

/**
 * One user action = one command id. When the connection fails, the same id goes out again: the server
 * recognises it, so that nothing happens twice. Returns how it ended and shows nothing but the offer to retry.
 */
export const send = async <Data extends object, Variables extends { commandId: string }>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Omit<Variables, 'commandId'>,
): Promise<Outcome<Granted<Data>>> => {
  const all = { ...variables, commandId: uuidv7() } as Variables;
  for (let attempt = 0; ; attempt++) {
    const { data, error } = await client.mutation(document, all).toPromise();
    if (data) return settle<Data>(data);
    const message = error ? errorText(error) : 'The server gave no answer';
    if (signedOut.get()) return { is: 'failed', message };
    const wait = RETRY_MS[attempt];
    if (!error || !isPassing(error)) {
      say({ kind: 'problem', title: 'This did not work', text: message });
      return { is: 'failed', message };
    }
    if (wait !== undefined) await new Promise((resolve) => setTimeout(resolve, wait));
    else if (!(await offerRetry('Not sent', message))) return { is: 'failed', message };
  }
};

/** As `send`, and shows a refusal as a notice; null when it did not happen. */
export const command = async <Data extends object, Variables extends { commandId: string }>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Omit<Variables, 'commandId'>,
): Promise<Granted<Data> | null> => {
  const outcome = await send(document, variables);
  if (outcome.is === 'refused')
    // Accepted, but the lists lag behind: not a failure.
    say({
      kind: outcome.refusal.code === 'NotYetVisible' ? 'info' : 'problem',
      title: outcome.refusal.code === 'NotYetVisible' ? 'Accepted' : 'Not done',
      text: refusalText(outcome.refusal),
    });
  return outcome.is === 'done' ? outcome.value : null;
};
