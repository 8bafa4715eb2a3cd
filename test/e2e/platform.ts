import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const root = process.cwd(); // npm runs tests and benches there

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** The whole platform as `npm start` starts it, in a data folder of its own. */
export class Platform {
  output = '';
  url = '';
  link = '';
  private launcher: ChildProcess | null = null;

  constructor(
    readonly dataDir = mkdtempSync(path.join(os.tmpdir(), 'openpro-e2e-')),
    private readonly args: readonly string[] = [],
    private readonly env: NodeJS.ProcessEnv = {},
  ) {}

  async start(): Promise<this> {
    this.output = '';
    const launcher = spawn(
      process.execPath,
      [path.join(root, 'dist/server/local.mjs'), '--data', this.dataDir, '--port', '0', ...this.args],
      {
        env: { ...process.env, NODE_OPTIONS: '', DATABASE_URL: '', ...this.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.launcher = launcher;
    launcher.stderr.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    await this.until(launcher, /Stop: +Ctrl-C/);
    this.url = /running at (\S+)/.exec(this.output)?.[1] ?? '';
    this.link = /(http\S+sign-in#\S+)/.exec(this.output)?.[1] ?? '';
    return this;
  }

  /** Resolves when the launcher has printed it; fails when it ends before. */
  private until(launcher: ChildProcess, text: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      launcher.stdout?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
        if (text.test(this.output)) resolve();
      });
      // All that it has said has been read by then, as it has not at its exit.
      launcher.once('close', (code) =>
        reject(new Error(`The launcher ended with ${code}:\n${this.output}${this.log()}`)),
      );
    });
  }

  /** Resolves when the launcher says it again, counted from now. */
  says(text: RegExp): Promise<void> {
    const from = this.output.length;
    return new Promise((resolve) => {
      const look = (): void => {
        if (!text.test(this.output.slice(from))) return;
        this.launcher?.stdout?.off('data', look);
        resolve();
      };
      this.launcher?.stdout?.on('data', look);
    });
  }

  log(): string {
    const file = path.join(this.dataDir, 'logs/server.log');
    return existsSync(file) ? readFileSync(file, 'utf8').slice(-3000) : '';
  }

  get launcherPid(): number {
    return this.launcher?.pid ?? 0;
  }

  get serverPid(): number {
    return (JSON.parse(readFileSync(path.join(this.dataDir, 'server.json'), 'utf8')) as { pid: number }).pid;
  }

  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<Ended> {
    const { launcher } = this;
    if (!launcher || launcher.exitCode !== null || launcher.signalCode !== null)
      return { code: null, output: this.output };
    const closed = once(launcher, 'close');
    launcher.kill(signal);
    const [code] = (await closed) as [number | null];
    return { code, output: this.output };
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.dataDir, { recursive: true, force: true, maxRetries: 10 });
  }

  async signIn(link = this.link): Promise<Api> {
    const response = await fetch(`${this.url}/api/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: link.split('#')[1], client: 'cli' }),
    });
    if (!response.ok) throw new Error(`Sign-in: ${response.status} ${await response.text()}`);
    return new Api(this.url, ((await response.json()) as { token: string }).token);
  }

  /** The command line, signed in by the launcher's own link file. */
  async cli(...args: string[]): Promise<Ended & { readonly errors: string }> {
    const child = spawn(process.execPath, [path.join(root, 'apps/cli/openpro.mjs'), ...args], {
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        OPENPRO_HOME: path.join(this.dataDir, 'cli-home'),
        OPENPRO_DATA: this.dataDir,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output, errors };
  }
}

/** What a running job has reported. */
interface Point {
  readonly phase: string;
  readonly objective: number | null;
  readonly incumbents: number;
}

/** A signed-in caller of the API. */
export class Api {
  constructor(
    readonly url: string,
    readonly token: string | null,
  ) {}

  async raw(
    query: string,
    variables: object = {},
  ): Promise<{
    status: number;
    body: { data?: unknown; errors?: { message: string; extensions: Record<string, unknown> }[] };
  }> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(this.token ? { authorization: `Bearer ${this.token}` } : {}),
      },
      body: JSON.stringify({ query, variables }),
    });
    return { status: response.status, body: (await response.json()) as never };
  }

  /** The data; an error of the API fails the test. */
  async ask<T>(query: string, variables: object = {}): Promise<T> {
    const { body } = await this.raw(query, variables);
    if (body.errors) throw new Error(JSON.stringify(body.errors));
    return body.data as T;
  }

  /** A mutation's answer under a fresh command id. */
  async change<T = Record<string, unknown>>(
    field: string,
    types: string,
    args: Record<string, unknown>,
    selection: string,
    commandId: string = randomUUID(),
  ): Promise<T & { __typename: string }> {
    const names = Object.keys(args);
    const call = [...names.map((name) => `${name}: $${name}`), 'commandId: $commandId'].join(', ');
    const data = await this.ask<Record<string, T & { __typename: string }>>(
      `mutation(${types}${types ? ', ' : ''}$commandId: ID!) { answer: ${field}(${call}) { __typename ${selection} ... on Refusal { code message field limit } } }`,
      { ...args, commandId },
    );
    return data['answer'] as T & { __typename: string };
  }

  /** Follows a subscription until `wanted` accepts a message; resolves with it. */
  async until<T>(
    query: string,
    variables: Record<string, unknown>,
    wanted: (data: T) => boolean | Promise<boolean>,
  ): Promise<T> {
    const client = createClient({
      url: `${this.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { token: this.token },
      retryAttempts: 50,
      shouldRetry: () => true,
      retryWait: () => new Promise((resolve) => setTimeout(resolve, 200)),
    });
    try {
      for await (const { data, errors } of client.iterate<T>({ query, variables })) {
        if (errors) throw new Error(JSON.stringify(errors));
        if (data && (await wanted(data))) return data;
      }
      throw new Error('The subscription ended before');
    } finally {
      await client.dispose();
    }
  }

  /** Follows a job until it is as wanted; resolves with what is asked of it. */
  async job<Job>(id: string, fields: string, wanted: (job: Job) => boolean): Promise<Job> {
    const query = `subscription($id: ID!) { jobChanged(id: $id) { ${fields} } }`;
    const found = await this.until<{ jobChanged: Job }>(query, { id }, ({ jobChanged }) =>
      wanted(jobChanged),
    );
    return found.jobChanged;
  }

  /** Where the log ends now: who listens from there misses nothing, however late he begins. */
  async endOfLog(): Promise<string> {
    const { events } = await this.ask<{ events: { pageInfo: { endCursor: string } } }>(
      '{ events(last: 1) { pageInfo { endCursor } } }',
    );
    return events.pageInfo.endCursor;
  }

  /** The first such event after this place in the log, whether it has happened or will. */
  async event<Data>(
    after: string,
    type: string,
    wanted: (event: { readonly stream: string; readonly data: Data }) => boolean = () => true,
  ): Promise<{ readonly stream: string; readonly data: Data }> {
    const { events } = await this.until<{ events: { stream: string; data: Data } }>(
      'subscription($after: String, $types: [String!]) { events(after: $after, types: $types) { stream data } }',
      { after, types: [type] },
      (message) => wanted(message.events),
    );
    return events;
  }

  /** Resolves when a job has reported such progress; what came before anybody listened is no news, but known. */
  async progress(job: string, wanted: (point: Point) => boolean = () => true): Promise<void> {
    const POINT = '{ phase objective incumbents }';
    await this.until<{ jobProgress: { points: Point[]; job: { progress: Point[] } } }>(
      `subscription($job: ID!) { jobProgress(id: $job) { points ${POINT} job { progress ${POINT} } } }`,
      { job },
      ({ jobProgress: { points, job: known } }) => [...points, ...known.progress].some(wanted),
    );
  }

  /** Looks again whenever servers, jobs or sessions have changed: one list may show what another does not show yet. */
  async eventually<T>(look: () => Promise<T>, wanted: (seen: T) => boolean): Promise<T> {
    let seen!: T;
    const query = 'subscription { clusterChanged { nodes { id } } }';
    await this.until(query, {}, async () => wanted((seen = await look())));
    return seen;
  }

  async upload(kind: 'ENGINE' | 'APP' | 'FILE', name: string, bytes: Buffer): Promise<string> {
    const ticket = await this.change<{ id: string; url: string }>(
      'requestUpload',
      '$kind: UploadKind!, $name: String!, $size: Float!',
      { kind, name, size: bytes.length },
      '... on Upload { id url }',
    );
    const response = await fetch(ticket.url, {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream' },
      body: new Uint8Array(bytes),
    });
    if (!response.ok) throw new Error(await response.text());
    const { digest } = (await response.json()) as { digest: string };
    if (digest !== createHash('sha256').update(bytes).digest('hex')) throw new Error('The digest is wrong');
    return ticket.id;
  }
}

/** Processes below this one, with their command lines. */
export const descendants = (pid: number): { pid: number; command: string }[] => {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
  return children.flatMap((child) => {
    try {
      const command = readFileSync(`/proc/${child}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return [{ pid: child, command }, ...descendants(child)];
    } catch {
      return []; // it has just ended
    }
  });
};

/** Does it run? One that has ended and waits to be reaped by its parent does not. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};
