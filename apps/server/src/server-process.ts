import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { FENCED, type FromServer, type LinkFor, type ToServer } from './messages.js';

const RESTART_MS = [0, 500, 1000, 2000, 5000];
const STABLE_MS = 60_000;
const STOP_MS = 15_000;
const REAPED_MS = 5_000;

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** What ends by itself is started again, at first at once; what does not stay up is given up. */
export class Restarts {
  private ends: number[] = [];

  /** Milliseconds until the next try; undefined after too many. */
  next(): number | undefined {
    const now = Date.now();
    this.ends = [...this.ends.filter((at) => now - at < STABLE_MS), now];
    return RESTART_MS[this.ends.length - 1];
  }
}

export interface ServerPlace {
  readonly name: string;
  /** The program: `main.mjs` with `pro`, `front.mjs` without. */
  readonly program: string;
  readonly dataDir: string;
  readonly logFile: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface ServerEvents {
  say(text: string): void;
  /** It runs again after it had ended by itself. */
  back(): void;
  /** It does not stay up, or its settings are wrong. */
  givenUp(): void;
}

/** One server, as a process of its own; started again when it ends by itself. */
export class ServerProcess {
  private child: ChildProcess | null = null;
  private stopping = false;
  private waitsFor = '';
  private readonly restarts = new Restarts();

  constructor(
    readonly place: ServerPlace,
    private readonly events: ServerEvents,
  ) {}

  get launched(): boolean {
    return this.child !== null;
  }

  get connected(): boolean {
    return this.child?.connected ?? false;
  }

  /** Resolves with its address once it is ready. */
  launch(): Promise<string> {
    const { program, dataDir, logFile, env } = this.place;
    mkdirSync(path.dirname(logFile), { recursive: true });
    mkdirSync(dataDir, { recursive: true });
    const log = createWriteStream(logFile, { flags: 'a' });
    const child = spawn(process.execPath, ['--enable-source-maps', program], {
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true, // Ctrl-C reaches the launcher only, which stops the server in order
    });
    this.child = child;
    const outputs = [child.stdout, child.stderr];
    for (const output of outputs) output?.pipe(log, { end: false });
    child.once('close', () => log.end());
    log.once('error', (error) => {
      this.events.say(`! ${this.place.name} goes on without a log until its next start: ${error.message}`);
      for (const output of outputs) output?.resume(); // it must not wait for somebody to read it
    });
    return new Promise((resolve, reject) => {
      child.on('message', (message: FromServer) => {
        if (message.is === 'ready') {
          const about = { url: message.url, pid: child.pid, launcher: process.pid };
          writeFileSync(path.join(dataDir, 'server.json'), JSON.stringify(about), { mode: 0o600 });
          resolve(message.url);
        }
        if (message.is === 'waiting') this.waits(message.for);
        if (message.is === 'failed') reject(new Error(message.message));
      });
      child.once('exit', (code, signal) => {
        reject(new Error(`${this.place.name} ended (${signal ?? code}); see ${logFile}`));
        this.restart(code, signal);
      });
    });
  }

  async stop(): Promise<void> {
    this.stopping = true;
    const { child } = this;
    if (!child) return; // what is in the folder is of another one that runs there
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      const kill = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      child.kill('SIGTERM');
      await ended;
      clearTimeout(kill);
    }
    rmSync(path.join(this.place.dataDir, 'server.json'), { force: true });
  }

  /** A fresh sign-in link for the administrator. */
  link(use: LinkFor): Promise<string> {
    const { child } = this;
    return new Promise((resolve) => {
      const listen = (message: FromServer): void => {
        if (message.is !== 'sign-in-link' || message.for !== use) return;
        child?.off('message', listen);
        resolve(message.link);
      };
      child?.on('message', listen);
      child?.send({ ask: 'sign-in-link', for: use } satisfies ToServer);
    });
  }

  private waits(what: string): void {
    if (what !== this.waitsFor) this.events.say(`! ${this.place.name} waits for ${what}`);
    this.waitsFor = what;
  }

  private restart(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.stopping) return;
    const { name, logFile } = this.place;
    const pause = this.restarts.next();
    if (code === 2 || pause === undefined) {
      this.events.say(`✗ ${name} does not stay up; see ${logFile}`);
      return this.events.givenUp();
    }
    const why = code === FENCED ? 'ended because the others had given it up' : `ended (${signal ?? code})`;
    this.events.say(`! ${name} ${why} and is started again`);
    setTimeout(() => {
      if (this.stopping) return;
      this.launch().then(
        () => {
          this.events.say(`✓ ${name} is back`);
          this.events.back();
        },
        () => undefined, // its exit has been handled
      );
    }, pause);
  }
}

/** After a `kill -9` of the launcher its server ends by itself, in order; the port is free then. */
export const formerServer = (dataDir: string): { ends(): Promise<void> } | null => {
  const file = path.join(dataDir, 'server.json');
  if (!existsSync(file)) return null;
  const { pid, launcher } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number; launcher: number };
  if (!isAlive(pid)) return null;
  const began = Date.now();
  // A launcher that was killed may look alive until it is reaped; one that is alive keeps its server.
  const patience = () => (isAlive(launcher) ? REAPED_MS : STOP_MS);
  return {
    ends: async () => {
      while (isAlive(pid) && Date.now() - began < patience()) await delay(100);
    },
  };
};
