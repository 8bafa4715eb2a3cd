/** What became of one request. `unknown`: no answer, or one that says to ask again. */
export type Answer =
  | { readonly is: 'done'; readonly id: string }
  | { readonly is: 'refused'; readonly code: string }
  | { readonly is: 'unknown'; readonly error: string };

/** A mutation and the GraphQL types of its arguments, besides the command id. */
export interface Mutation {
  readonly field: string;
  readonly types: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, unknown>>;
  readonly thing: 'Job' | 'Session' | 'Node' | 'Schedule';
}

const TIMEOUT_MS = 10_000;

/** Recorded, though the lists do not show it yet: as good as done. */
const RECORDED = 'NotYetVisible';

const textOf = ({ field, types, thing }: Mutation): string => {
  const names = Object.keys(types);
  const declared = names.map((name) => `$${name}: ${types[name]}, `).join('');
  const given = names.map((name) => `${name}: $${name}, `).join('');
  return `mutation(${declared}$commandId: ID!) { answer: ${field}(${given}commandId: $commandId) {
    __typename ... on ${thing} { id } ... on Refusal { code } } }`;
};

interface Body {
  readonly data?: { readonly answer: { readonly id?: string; readonly code?: string } } | null;
  readonly errors?: readonly { readonly message: string }[];
}

/** Signs in with a link of `npm start`; the token is good at every server. */
export const signIn = async (url: string, link: string): Promise<string> => {
  const response = await fetch(`${url}/api/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: link.split('#')[1], client: 'cli' }),
  });
  if (!response.ok) throw new Error(`Sign-in: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { token: string }).token;
};

/** Sends a mutation once. Never rejects. */
export const send = async (
  url: string,
  token: string,
  mutation: Mutation,
  commandId: string,
  own: string,
): Promise<Answer> => {
  try {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: textOf(mutation), variables: { ...mutation.values, commandId } }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const { data, errors } = (await response.json()) as Body;
    const { id, code } = data?.answer ?? {};
    if (id !== undefined || code === RECORDED) return { is: 'done', id: id ?? own };
    if (code !== undefined) return { is: 'refused', code };
    return { is: 'unknown', error: errors?.[0]?.message ?? `status ${response.status}` };
  } catch (error) {
    const { message, cause } = error as Error;
    return { is: 'unknown', error: cause instanceof Error ? cause.message : message };
  }
};
