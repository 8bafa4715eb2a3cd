import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { FromServer, ToServer } from '../../apps/server/src/messages.js';
import type { History } from './history.js';
import { atExit, kill } from './scratch.js';
import type { TcpProxy } from './tcp-proxy.js';

const root = process.cwd(); // npm runs there
const STOP_MS = 20_000;
/** Who ends sooner than this after its start is not started again at once. */
const STABLE_MS = 3000;
const PAUSE_MS = 1000;

export interface ServerOptions {
  readonly name: string;
  readonly folder: string;
  readonly storage: string;
  readonly port: number;
  readonly slots: number;
  /** The program. */
  readonly main: string;
  readonly database: string;
  readonly proxy: TcpProxy;
  readonly history: History;
}

/** One server as `npm start` keeps it: it is started again whenever it has ended, and every start is a new life. */
export class Server {
  readonly name: string;
  readonly url: string;
  readonly dataDir: string;
  readonly log: string;
  readonly proxy: TcpProxy;
  private child: ChildProcess | null = null;
  private ready = false;
  private over = false;
  private startedAt = 0;
  /** Not started again before. */
  private awayUntil = 0;
  private readonly waiting = new Set<() => void>();

  constructor(private readonly options: ServerOptions) {
    this.name = options.name;
    this.url = `http://127.0.0.1:${options.port}`;
    this.dataDir = path.join(options.folder, options.name);
    this.log = path.join(options.folder, `${options.name}.log`);
    this.proxy = options.proxy;
    fs.mkdirSync(this.dataDir, { recursive: true, mode: 0o700 });
    atExit(() => kill(this.pid));
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** It has said so, and has not ended since. */
  get isReady(): boolean {
    return this.ready;
  }

  /** Its id in the log; empty before its first start. */
  get node(): string {
    try {
      return fs.readFileSync(path.join(this.dataDir, 'node-id'), 'utf8').trim();
    } catch {
      return '';
    }
  }

  start(): void {
    const { name, storage, port, slots, main, database, proxy, history } = this.options;
    const output = fs.openSync(this.log, 'a');
    const clock = pathToFileURL(path.join(root, 'test/faults/clock.mjs')).href;
    const child = spawn(process.execPath, ['--enable-source-maps', `--import=${clock}`, main], {
      env: {
        PATH: process.env['PATH'],
        NODE_ENV: 'production',
        OPENPRO_DATA: this.dataDir,
        OPENPRO_STORAGE: storage,
        OPENPRO_NODE_NAME: name,
        OPENPRO_SLOTS: String(slots),
        OPENPRO_PORT: String(port),
        OPENPRO_MEMORY_MIB: '384',
        DATABASE_URL: `postgres://openpro_app@127.0.0.1:${proxy.port}/${database}`,
      },
      cwd: this.dataDir,
      stdio: ['ignore', output, output, 'ipc'],
      detached: true, // Ctrl-C reaches the harness only, which ends everything in order
    });
    fs.closeSync(output);
    this.child = child;
    this.startedAt = performance.now();
    const pid = child.pid ?? 0;
    history.add({ kind: 'server-start', server: name, pid });
    child.on('message', (message: FromServer) => {
      if (message.is !== 'ready') return;
      history.add({ kind: 'server-ready', server: name, pid });
      this.ready = true;
      for (const resolve of this.waiting) resolve();
    });
    child.once('exit', (code, signal) => {
      history.add({ kind: 'server-exit', server: name, pid, code, signal });
      this.ready = false;
      this.child = null;
      if (this.over) return;
      const soon = performance.now() - this.startedAt < STABLE_MS ? PAUSE_MS : 0;
      setTimeout(() => this.over || this.start(), Math.max(soon, this.awayUntil - performance.now()));
    });
  }

  /** @param away how long it is not started again */
  kill(signal: NodeJS.Signals = 'SIGKILL', away = 0): void {
    this.awayUntil = performance.now() + away;
    if (signal === 'SIGKILL' || signal === 'SIGTERM') this.ready = false;
    if (this.child) kill(this.pid, signal);
  }

  /** True once it is ready; false when it was not in time. */
  async untilReady(ms: number): Promise<boolean> {
    if (this.ready) return true;
    let resolve = (): void => undefined;
    const ready = new Promise<void>((done) => (resolve = done));
    this.waiting.add(resolve);
    await Promise.race([ready, delay(ms)]);
    this.waiting.delete(resolve);
    return this.ready;
  }

  /** Its wall clock jumps; back with 0. */
  setClock(clockOffset: number): void {
    if (this.child?.connected) this.child.send({ clockOffset }, () => undefined);
  }

  /** A link that signs the administrator in. */
  link(): Promise<string> {
    const { child } = this;
    return new Promise((resolve) => {
      const listen = (message: FromServer): void => {
        if (message.is !== 'sign-in-link') return;
        child?.off('message', listen);
        resolve(message.link);
      };
      child?.on('message', listen);
      child?.send({ ask: 'sign-in-link', for: 'file' } satisfies ToServer);
    });
  }

  /** In order, and for good. */
  async stop(): Promise<void> {
    this.over = true;
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    kill(this.pid, 'SIGCONT');
    kill(this.pid, 'SIGTERM');
    const timer = setTimeout(() => kill(child.pid ?? 0), STOP_MS);
    await ended;
    clearTimeout(timer);
  }
}
