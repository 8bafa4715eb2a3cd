import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import path from 'node:path';
import { buildSchema, graphql, type GraphQLSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';

const SCHEMA = path.resolve(import.meta.dirname, '../../../schema');

const readSchema = (): GraphQLSchema =>
  buildSchema(
    readdirSync(SCHEMA)
      .filter((file) => file.endsWith('.graphql'))
      .map((file) => readFileSync(path.join(SCHEMA, file), 'utf8'))
      .join('\n'),
  );

export type Fields = Record<string, (args: Record<string, unknown>) => unknown>;

export interface Call {
  readonly operation: string;
  readonly variables: Record<string, unknown>;
}

/**
 * The platform as its clients see it: the real schema over HTTP and graphql-ws, with answers from a test.
 * What the schema does not know fails here as it would there.
 */
export class FakePlatform {
  readonly calls: Call[] = [];
  readonly uploads = new Map<string, Buffer>();
  readonly files = new Map<string, string>();
  /** Called before an answer is sent; true = the connection breaks instead. */
  breakAnswer: (operation: string) => boolean = () => false;
  readonly #schema = readSchema();
  readonly #sockets = new Set<Socket>();
  #http: Server | null = null;
  #ws: WebSocketServer | null = null;
  #port = 0;

  constructor(
    private readonly fields: Fields,
    readonly token = 'a-token-of-the-test',
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts it, after a stop at the same port. */
  async start(): Promise<this> {
    const http = createServer((request, response) => void this.#answer(request, response));
    http.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    const ws = new WebSocketServer({ server: http, path: '/graphql' });
    useServer(
      {
        schema: this.#schema,
        roots: { query: this.fields, mutation: this.fields, subscription: this.fields },
        onConnect: ({ connectionParams }) => connectionParams?.['token'] === this.token,
        onSubscribe: (_context, _id, { operationName, variables }) => {
          this.calls.push({ operation: operationName ?? 'subscription', variables: { ...variables } });
        },
      },
      ws,
    );
    await new Promise<void>((resolve) => http.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (http.address() as AddressInfo).port;
    [this.#http, this.#ws] = [http, ws];
    return this;
  }

  /** As a `kill -9` looks from outside: every connection breaks. */
  async stop(): Promise<void> {
    const http = this.#http;
    this.#ws?.close();
    this.#http = this.#ws = null;
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => (http ? http.close(() => resolve()) : resolve()));
  }

  callsOf(operation: string): Call[] {
    return this.calls.filter((call) => call.operation === operation);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const { pathname } = new URL(request.url ?? '/', this.url);
    const json = (status: number, value: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    if (pathname === '/api/sign-in') return json(...this.#signIn(body));
    if (request.method === 'PUT') {
      this.uploads.set(pathname.slice('/api/uploads/'.length), body);
      return json(200, { digest: '0'.repeat(64), size: body.length });
    }
    const file = this.files.get(pathname);
    if (file !== undefined) return void response.end(file);
    if (pathname !== '/graphql') return json(404, { code: 'NoSuchCase', message: 'There is nothing here' });
    if (request.headers.authorization !== `Bearer ${this.token}`)
      return json(200, {
        errors: [{ message: 'You are not signed in', extensions: { code: 'UNAUTHENTICATED' } }],
      });
    const { query, variables } = JSON.parse(body.toString()) as Call & { query: string };
    const operation = /^\s*(?:query|mutation) (\w+)/.exec(query)?.[1] ?? query;
    this.calls.push({ operation, variables });
    const answer = await graphql({
      schema: this.#schema,
      source: query,
      rootValue: this.fields,
      variableValues: variables,
    });
    if (this.breakAnswer(operation)) return void request.socket.destroy();
    json(200, answer);
  }

  #signIn(body: Buffer): [status: number, answer: object] {
    const { token, client } = JSON.parse(body.toString()) as { token: string; client: string };
    this.calls.push({ operation: 'sign-in', variables: { token, client } });
    return token === 'good'
      ? [200, { token: this.token, user: ALICE }]
      : [401, { code: 'LinkNotValid', message: 'This link is unknown, was used before or has expired' }];
  }
}

export const ALICE = {
  id: '0190a000-0000-7000-8000-00000000a11c',
  name: 'Alice',
  environment: 'ROOT',
  roles: ['administrator'],
  groups: [],
};
export const JOB_ID = '0190a000-0000-7000-8000-000000000001';
export const CASE_ID = '0190a000-0000-7000-8000-00000000000c';

const VERSION = {
  id: 'solve-file:1.0.0',
  name: 'solve-file',
  version: '1.0.0',
  title: 'Solve file',
  description: '',
  category: 'Tools',
  engine: { id: 'model-ts:1.0.0' },
  procedures: [],
  digest: '0'.repeat(64),
  size: 1,
  publishedAt: 0,
  publishedBy: ALICE.id,
  hidden: false,
  latest: true,
};

/** A job as the API shows it. */
export const job = (changes: object = {}): Record<string, unknown> => ({
  __typename: 'Job',
  id: JOB_ID,
  app: VERSION,
  procedure: 'solve',
  description: '',
  owner: ALICE,
  state: 'RUNNING',
  priority: 100,
  queuedAt: 1_700_000_000_000,
  startedAt: 1_700_000_001_000,
  attempts: [{ number: 1, node: 'n', startedAt: 1_700_000_001_000 }],
  progress: [],
  ...changes,
});

export const solved = (changes: object = {}): Record<string, unknown> =>
  job({
    state: 'COMPLETED',
    solverStatus: 'optimal',
    objective: 25779856.3717,
    bound: 25779856.3717,
    gap: 0,
    endedAt: 1_700_000_004_500,
    result: { id: CASE_ID },
    repeats: null,
    compared: null,
    ...changes,
  });

export const point = (changes: object = {}): Record<string, unknown> => ({
  at: 1_700_000_002_000,
  phase: 'solve',
  elapsed: 1,
  objective: 26_000_000,
  bound: 25_000_000,
  gap: 0.04,
  nodes: 10,
  iterations: 100,
  incumbents: 1,
  ...changes,
});
