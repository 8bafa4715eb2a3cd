import type { CombinedError } from 'urql';

/** An expected "no", as every mutation may give it. */
export interface Refusal {
  readonly __typename: 'NotAllowed' | 'NotFound' | 'BadInput' | 'Conflict';
  readonly code: string;
  readonly message: string;
  readonly field: string | null;
  readonly limit: string | null;
}

/** What a mutation gives when it is not refused: `{ submitJob: Job | NotAllowed | … }` becomes `Job`. */
export type Granted<Data> = Exclude<Data[keyof Data], Refusal>;

export type Outcome<Value> =
  | { readonly is: 'done'; readonly value: Value }
  | { readonly is: 'refused'; readonly refusal: Refusal }
  | { readonly is: 'failed'; readonly message: string };

const REFUSALS: ReadonlySet<string> = new Set<Refusal['__typename']>([
  'NotAllowed',
  'NotFound',
  'BadInput',
  'Conflict',
]);

const isRefusal = (answer: unknown): answer is Refusal =>
  typeof answer === 'object' &&
  answer !== null &&
  '__typename' in answer &&
  REFUSALS.has(String(answer.__typename));

/** The one place where an answer is told from a refusal. */
export const settle = <Data extends object>(data: Data): Outcome<Granted<Data>> => {
  const [answer] = Object.values(data) as [Granted<Data> | Refusal];
  return isRefusal(answer) ? { is: 'refused', refusal: answer } : { is: 'done', value: answer };
};

/** "Priority is 50. Allowed: 100 to 999" */
export const refusalText = ({ message, limit }: Pick<Refusal, 'message' | 'limit'>): string => {
  const sentence = /[.!?]$/.test(message) ? message : `${message}.`;
  return limit && !message.includes(limit) ? `${sentence} Allowed: ${limit}.` : sentence;
};

export const isSignedOut = (error: CombinedError | undefined): boolean =>
  error !== undefined &&
  ((error.response as Response | undefined)?.status === 401 ||
    error.graphQLErrors.some(({ extensions }) => extensions['code'] === 'UNAUTHENTICATED'));

/** Whether the same request may succeed in a moment: no answer came, or the database was away. */
export const isPassing = ({ networkError, graphQLErrors }: CombinedError): boolean =>
  networkError !== undefined || graphQLErrors.some(({ extensions }) => extensions['code'] === 'UNAVAILABLE');

/** What went wrong in words; a bug on the server shows the id under which it was logged. */
export const errorText = (error: CombinedError): string => {
  const [first] = error.graphQLErrors;
  if (!first) return 'The server does not answer. Check that it runs and that you can reach it.';
  const id = first.extensions['id'];
  return typeof id === 'string' && !first.message.includes(id)
    ? `${first.message} (error ${id})`
    : first.message;
};
