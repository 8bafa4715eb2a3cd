import { setTimeout as sleep } from 'node:timers/promises';
import { uuidv7 } from '@openpro/kernel';
import type { Login } from './credentials.js';
import { EXIT, type ExitCode, Failure } from './failure.js';
import type { TypedDocumentString } from './generated/graphql.js';

export interface ApiError {
  readonly message: string;
  readonly extensions?:
    { readonly code?: string; readonly field?: string; readonly limit?: string } | undefined;
}

const REFUSALS = ['NotAllowed', 'NotFound', 'BadInput', 'Conflict'] as const;
type RefusalName = (typeof REFUSALS)[number];
export type Accepted<Answer extends { __typename: string }> = Exclude<Answer, { __typename: RefusalName }>;

const REFUSAL_EXIT: { readonly [Name in RefusalName]: ExitCode } = {
  NotAllowed: EXIT.refused,
  NotFound: EXIT.notFound,
  BadInput: EXIT.usage,
  Conflict: EXIT.refused,
};

const ERROR_EXIT: { readonly [code: string]: ExitCode } = {
  UNAUTHENTICATED: EXIT.notSignedIn,
  FORBIDDEN: EXIT.refused,
  BAD_USER_INPUT: EXIT.usage,
};

/** Nothing was answered, or only that nothing can be answered now: the same request may be sent again. */
export class Unreachable extends Error {}

export const failureOf = ({ message, extensions }: ApiError): Failure =>
  new Failure(ERROR_EXIT[extensions?.code ?? ''] ?? EXIT.bug, message, {
    ...extensions,
    ...(extensions?.code === 'UNAUTHENTICATED' ? { hint: 'Sign in: openpro login LINK' } : {}),
  });

const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { code, message } = cause as NodeJS.ErrnoException;
  return code ?? (message || String(cause));
};

export const patiently = async <T>(
  seconds: number,
  work: (attempt: number) => Promise<T>,
  onWait?: () => void,
): Promise<T> => {
  const deadline = performance.now() + seconds * 1000;
  for (let attempt = 1, pause = 100; ; attempt++, pause = Math.min(2000, pause * 2)) {
    try {
      return await work(attempt);
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      if (performance.now() + pause > deadline)
        throw new Failure(EXIT.unreachable, error.message, {
          code: 'Unreachable',
          hint: 'Is the server running? `npm start` starts one on this computer.',
        });
      if (attempt === 1) onWait?.();
      await sleep(pause);
    }
  }
};

export interface ApiOptions {
  /** Seconds to keep trying while the server does not answer. */
  readonly wait: number;
  readonly onWait: () => void;
  /** Another sign-in, when this one is no longer valid. */
  readonly renew: () => Promise<Login | null>;
}

/** The server's API as one signed-in user. */
export class Api {
  constructor(
    private login: Login,
    private readonly options: ApiOptions,
  ) {}

  get url(): string {
    return this.login.url;
  }

  get token(): string {
    return this.login.token;
  }

  get wait(): number {
    return this.options.wait;
  }

  /** The same, more patient or less. */
  waiting(seconds: number): Api {
    return new Api(this.login, { ...this.options, wait: seconds });
  }

  async query<Result, Variables>(
    document: TypedDocumentString<Result, Variables>,
    variables: Variables,
  ): Promise<Result> {
    const body = JSON.stringify({ query: document.toString(), variables });
    const send = () => patiently(this.options.wait, () => this.#post<Result>(body), this.options.onWait);
    try {
      return await send();
    } catch (error) {
      const login = isSignedOut(error) ? await this.options.renew() : null;
      if (!login) throw error;
      this.login = login;
      return send();
    }
  }

  /**
   * One command. It gets its id here, once: however often the request is repeated because no answer came,
   * it happens once. A refusal is thrown as a `Failure`.
   */
  async mutate<Answer extends { __typename: string }, Variables extends { commandId: string }>(
    document: TypedDocumentString<{ readonly [field: string]: Answer }, Variables>,
    variables: Omit<Variables, 'commandId'>,
  ): Promise<Omit<Accepted<Answer>, '__typename'>> {
    const result = await this.query(document, { ...variables, commandId: uuidv7() } as Variables);
    const [answer] = Object.values(result);
    if (!answer) throw new Failure(EXIT.bug, 'The server answered nothing', { code: 'EmptyAnswer' });
    const refusal = REFUSALS.find((name) => name === answer.__typename);
    if (refusal) {
      const { code, message, field, limit } = answer as Answer & ApiRefusal;
      throw new Failure(REFUSAL_EXIT[refusal], message, { code, field, limit });
    }
    const { __typename: _name, ...accepted } = answer;
    return accepted as Omit<Accepted<Answer>, '__typename'>;
  }

  /** A file of the server's REST routes. */
  async get(path: string): Promise<Response> {
    return patiently(
      this.options.wait,
      async () => {
        const response = await this.#fetch(path, {});
        if (response.ok) return response;
        const { code, message } = (await response.json().catch(() => ({}))) as Partial<ApiRefusal>;
        const exit =
          response.status === 404 ? EXIT.notFound : response.status === 401 ? EXIT.notSignedIn : EXIT.bug;
        throw new Failure(exit, message ?? `${path} answered ${response.status}`, { code });
      },
      this.options.onWait,
    );
  }

  async #post<Result>(body: string): Promise<Result> {
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    const response = await this.#fetch('/graphql', { method: 'POST', headers, body });
    const text = await response.text().catch((error: unknown) => {
      throw new Unreachable(`${this.url} broke off its answer (${reasonOf(error)})`);
    });
    const answer = parseAnswer<Result>(text);
    if (!answer)
      throw new Failure(
        EXIT.unreachable,
        `${this.url} does not answer as OpenPRO does (HTTP ${response.status})`,
        {
          code: 'NotOpenPro',
        },
      );
    const [error] = answer.errors ?? [];
    if (error?.extensions?.code === 'UNAVAILABLE') throw new Unreachable(error.message);
    if (error) throw failureOf(error);
    if (!answer.data) throw new Failure(EXIT.bug, 'The server answered nothing', { code: 'EmptyAnswer' });
    return answer.data;
  }

  async #fetch(path: string, init: { method?: string; headers?: object; body?: string }): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(new URL(path, this.url), {
        ...init,
        headers: { ...init.headers, authorization: `Bearer ${this.token}` },
        redirect: 'error',
      });
    } catch (error) {
      throw new Unreachable(`${this.url} cannot be reached (${reasonOf(error)})`);
    }
    if ([502, 503, 504].includes(response.status))
      throw new Unreachable(`${this.url} is not ready (HTTP ${response.status})`);
    return response;
  }
}

interface ApiRefusal {
  readonly code: string;
  readonly message: string;
  readonly field: string | null;
  readonly limit: string | null;
}

const isSignedOut = (error: unknown): boolean => error instanceof Failure && error.exit === EXIT.notSignedIn;

const parseAnswer = <Result>(text: string): { data?: Result | null; errors?: ApiError[] } | null => {
  try {
    const answer = JSON.parse(text) as { data?: Result | null; errors?: ApiError[] };
    return typeof answer === 'object' && ('data' in answer || 'errors' in answer) ? answer : null;
  } catch {
    return null;
  }
};

/** Trades a one-time link for a token. Not repeated: a link opens once. */
export const redeemLink = async (
  url: string,
  token: string,
): Promise<{ token: string; user: { id: string; name: string; environment: string; roles: string[] } }> => {
  const response = await fetch(new URL('/api/sign-in', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, client: 'cli' }),
    redirect: 'error',
  }).catch((error: unknown) => {
    throw new Failure(EXIT.unreachable, `${url} cannot be reached (${reasonOf(error)})`, {
      code: 'Unreachable',
    });
  });
  const answer = (await response.json().catch(() => ({}))) as Partial<ApiRefusal> &
    Partial<Awaited<ReturnType<typeof redeemLink>>>;
  if (response.ok && answer.token && answer.user) return { token: answer.token, user: answer.user };
  throw new Failure(EXIT.notSignedIn, answer.message ?? `${url} answered ${response.status}`, {
    code: answer.code ?? 'SignInFailed',
    hint: 'Ask for a new link: in the portal under your name, or by starting the server again.',
  });
};
