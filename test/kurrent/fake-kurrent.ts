import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

export interface Faults {
  /** Answers to appends come so late. */
  delayMs?: number;
  /** So many next appends are answered with a wrong version, and not written. */
  wrongVersions?: number;
  /** So many next appends are written and never answered. */
  silentAppends?: number;
  /** So many next appends are written; then all connections break instead of the answer. */
  lostAnswers?: number;
  /** The next append is written; then the process ends. */
  crash?: boolean;
  /** The server's clock is so far ahead. */
  clockMs?: number;
}

export interface FakeOptions {
  /** Nodes of a cluster, one of them leading. */
  readonly nodes?: number;
  /** Keeps the log over a crash. */
  readonly file?: string;
  /** `name:password` that every caller must give. */
  readonly user?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** The server of server.mjs in a process of its own. */
export class FakeKurrent {
  private calls = 0;

  static async start(options: FakeOptions = {}, port = 0): Promise<FakeKurrent> {
    const args = Object.entries({ port, ...options }).flatMap(([name, value]) => [
      `--${name}`,
      String(value),
    ]);
    const child = fork(path.resolve('test/kurrent/server.mjs'), args, {
      execArgv: [],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    const [{ ports }] = (await once(child, 'message')) as [{ ports: number[] }];
    return new FakeKurrent(child, options, ports);
  }

  private constructor(
    private child: ChildProcess,
    private readonly options: FakeOptions,
    readonly ports: readonly number[],
  ) {}

  get url(): string {
    return `esdb://127.0.0.1:${this.ports[0]}?tls=false`;
  }

  /** With the certificate's name, and the file of the authority that signed it. */
  tlsUrl(caFile: string, user = ''): string {
    return `esdb://${user && `${user}@`}localhost:${this.ports[0]}?tlsCAFile=${encodeURIComponent(caFile)}`;
  }

  /** Every node named, so that the client asks them who leads. */
  get clusterUrl(): string {
    return `esdb://${this.ports.map((port) => `127.0.0.1:${port}`).join(',')}?tls=false`;
  }

  /** See `commands` in server.mjs. */
  async tell<T = unknown>(command: string, given: object = {}): Promise<T> {
    const id = (this.calls += 1);
    const answered = new Promise<T>((resolve) => {
      const listen = (message: { id: number; result: T }): void => {
        if (message.id !== id) return;
        this.child.off('message', listen);
        resolve(message.result);
      };
      this.child.on('message', listen);
    });
    this.child.send({ id, command, ...given });
    return answered;
  }

  faults(faults: Faults): Promise<unknown> {
    return this.tell('faults', faults);
  }

  /** After a crash: the same ports, and the log that the file has kept. */
  async restart(): Promise<void> {
    if (this.child.exitCode === null) await once(this.child, 'exit');
    this.child = (await FakeKurrent.start(this.options, this.ports[0])).child;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}
