import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { unpackCase, type CaseData } from '../data/case.js';
import { EngineError } from '../wire/engine-error.js';
import { LineSplitter, LogGate } from '../wire/log-gate.js';
import { Peer, type Handlers, type RequestOptions } from '../wire/peer.js';
import {
  type ChildOrder,
  ENVIRONMENT,
  type EngineMethods,
  type From,
  type IdentifierVersion,
  type Incumbent,
  type PlatformMethods,
  type Progress,
  type Role,
} from '../wire/protocol.js';
import { Throttle } from '../wire/throttle.js';
import { readChildOrder, readIncumbent, readProgress, readVersions } from './checked-messages.js';
import type { InstalledEngine } from './installed.js';
import { type GroupUse, readProcess, TICK_MS } from './process-groups.js';
import { forgetGroup, noteGroup } from './running-groups.js';
import type { Watchdog } from './watchdog.js';

export interface EngineProcessOptions {
  readonly engine: InstalledEngine;
  readonly role: Role;
  /** In it each process gets a folder of its own. */
  readonly folder: string;
  /** Half of it is the limit of V8's heap, the rest is for WebAssembly and buffers. */
  readonly memoryMiB: number;
  /** Variables besides the platform's own, which these never replace. */
  readonly environment?: { readonly [name: string]: string };
  readonly watchdog: Watchdog;
  /** Milliseconds between pings, and until one without an answer and without CPU time means that the process is lost. */
  readonly heartbeat: { readonly everyMs: number; readonly lostMs: number };
}

/** Why a process has ended; the codes `Crashed` and `Lost` are accidents, the others somebody's decision. */
export interface ExitReason {
  readonly code: 'Closed' | 'Terminated' | 'MemoryLimit' | 'TimeOut' | 'Crashed' | 'Lost';
  readonly message: string;
}

/** What one session or attempt wants to hear of its process. */
export interface Assignment {
  readonly session: string;
  readonly attempt: number;
  readonly memoryMiB: number;
  readonly logBytes: number;
  onLog(text: string): void;
  onProgress?(point: Progress): void;
  onIncumbent?(info: Incumbent, outputs: CaseData): void;
  onChanged?(identifiers: readonly IdentifierVersion[]): void;
  /** Resolves with the id of the job. */
  onSubmit?(order: ChildOrder): Promise<string>;
}

interface Listening extends Assignment {
  readonly gate: LogGate;
  readonly progress: Throttle<Progress>;
  readonly incumbents: Throttle<[Incumbent, CaseData]>;
}

/** Milliseconds between two progress points or incumbents of one run. */
const PROGRESS_INTERVAL = 50;
const SHUTDOWN_GRACE = 5000;
const STDERR_KEPT = 4000;
const MIB = 1024 ** 2;

let pdeathsig: boolean | undefined;
/** With `setpriv` the kernel ends an engine when the platform dies, even when it is killed. */
const diesWithParent = (): boolean =>
  (pdeathsig ??=
    process.platform === 'linux' && spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status === 0);

/** How well sessions are kept from each other and from the server, in words. */
export const isolationLevel = (): string =>
  diesWithParent() ? 'process group, ends with the server' : 'process group';

/**
 * One process of an engine, in a process group of its own. The platform's environment does not reach it; it gets
 * a socket in a private folder and a token that is good once. When it ends, its group and its folder go with it.
 */
export class EngineProcess {
  readonly engine: InstalledEngine;
  readonly role: Role;
  /** Settles when the process and its group are gone. */
  readonly exited: Promise<ExitReason>;
  /** Runs that it has served. */
  runs = 0;
  #peer: Peer<EngineMethods, PlatformMethods> | undefined;
  #assignment: Listening | undefined;
  #ending: ExitReason | undefined;
  #stderr = '';
  /** Its number may be another process's by now. */
  #gone = false;
  #use: GroupUse = { rssBytes: 0, cpuTicks: 0 };
  /** Since the start of the assignment. */
  #peakBytes = 0;
  #ticksBefore = 0;
  #heartbeat: NodeJS.Timeout | undefined;
  readonly #child: ChildProcess;
  readonly #options: EngineProcessOptions;

  /**
   * Starts a process and waits until it is ready for work.
   * @throws EngineError `StartFailed` with what it printed, or `TimeOut`.
   */
  static async start(options: EngineProcessOptions): Promise<EngineProcess> {
    const folder = await mkdtemp(path.join(options.folder, 'e-')); // with the mode 0700
    // The path of a socket has at most 107 bytes: in a deep folder it lies elsewhere.
    const door = folder.length < 100 ? folder : await mkdtemp(path.join(tmpdir(), 'openpro-'));
    const socketPath = path.join(door, 's');
    const token = randomBytes(32).toString('hex');
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(socketPath, resolve);
    });
    const started = new EngineProcess(options, folder, { socketPath, token });
    try {
      await started.#ready(server, token);
      return started;
    } catch (error) {
      await started.terminate();
      throw error;
    } finally {
      server.close();
      if (door !== folder) await rm(door, { recursive: true, force: true });
    }
  }

  private constructor(
    options: EngineProcessOptions,
    private readonly folder: string,
    door: { readonly socketPath: string; readonly token: string },
  ) {
    this.engine = options.engine;
    this.role = options.role;
    this.#options = options;
    this.#child = startChild(options, folder, door);
    if (this.#child.pid !== undefined) noteGroup(this.#child.pid);
    const stderr = new LineSplitter((line) => this.#log(line));
    const stdout = new LineSplitter((line) => this.#log(line));
    this.#child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-STDERR_KEPT);
      stderr.push(chunk);
    });
    this.exited = new Promise<[code: number | null, signal: string | null, problem?: string]>((resolve) => {
      this.#child.once('error', (error) => resolve([null, null, error.message]));
      this.#child.once('close', (code, signal) => resolve([code, signal]));
      this.#child.once('exit', () => {
        this.#kill(); // what it has started itself
        this.#gone = true;
        forgetGroup(this.pid);
        // A process that left the group may hold the pipes open: the end does not wait for it.
        setTimeout(
          () => [this.#child.stdout, this.#child.stderr].forEach((pipe) => pipe?.destroy()),
          1000,
        ).unref();
      });
    }).then(async (end) => {
      clearInterval(this.#heartbeat);
      options.watchdog.unwatch(this.pid);
      await this.#peer?.closed; // what it sent last may still be on its way
      stdout.end();
      stderr.end();
      const reason = this.#ending ?? this.#reason(...end);
      this.end();
      await rm(folder, { recursive: true, force: true }).catch(() => undefined);
      return reason;
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Its process group's resident memory, as the watchdog saw it last. */
  get rssBytes(): number {
    return this.#use.rssBytes;
  }

  /** What it has used since it was assigned; of one that is gone, as the watchdog saw it last. */
  get use(): { readonly cpuMs: number; readonly peakBytes: number } {
    const now = this.#gone ? undefined : readProcess(this.pid);
    const { rssBytes, cpuTicks } = this.#use;
    return {
      cpuMs: Math.max(0, Math.max(cpuTicks, now?.cpuTicks ?? 0) - this.#ticksBefore) * TICK_MS,
      peakBytes: Math.max(this.#peakBytes, rssBytes, now?.rssBytes ?? 0),
    };
  }

  /** False once it is ending: give it no more work. */
  get alive(): boolean {
    return !this.#ending && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** From now on the process works for this session or attempt, within its limits. */
  assign(assignment: Assignment): void {
    this.end();
    this.runs++;
    this.#use = readProcess(this.pid) ?? this.#use;
    this.#peakBytes = this.#use.rssBytes;
    this.#ticksBefore = this.#use.cpuTicks;
    this.#assignment = {
      ...assignment,
      gate: new LogGate({ total: assignment.logBytes }),
      progress: new Throttle(PROGRESS_INTERVAL, (point) => assignment.onProgress?.(point)),
      incumbents: new Throttle(PROGRESS_INTERVAL, ([info, outputs]) =>
        assignment.onIncumbent?.(info, outputs),
      ),
    };
  }

  /** Ends the assignment, after what it still waits for was passed on. */
  end(): void {
    const ending = this.#assignment;
    if (!ending) return;
    const rest = ending.gate.rest();
    if (rest) ending.onLog(rest);
    ending.incumbents.flush();
    ending.progress.flush();
    this.#assignment = undefined;
  }

  /** @throws EngineError with the engine's code; `ConnectionClosed` when the process ends before it answers. */
  request<M extends keyof EngineMethods>(
    method: M,
    params: EngineMethods[M]['params'],
    options?: RequestOptions,
  ): Promise<{ result: EngineMethods[M]['result']; binary: Uint8Array }> {
    if (!this.#peer) throw new EngineError('NotConnected', 'The engine has not connected');
    return this.#peer.request(method, params, options);
  }

  /** Kills the process group at once. */
  terminate(
    reason: ExitReason = { code: 'Terminated', message: 'The process was ended' },
  ): Promise<ExitReason> {
    this.#ending ??= reason;
    this.#kill();
    return this.exited;
  }

  /** Ends the process in order: it may write what it holds, and is killed after 5 s. */
  async close(): Promise<ExitReason> {
    const reason: ExitReason = { code: 'Closed', message: 'The process was closed' };
    this.#ending ??= reason;
    const timer = setTimeout(() => this.#kill(), SHUTDOWN_GRACE);
    await this.#peer?.request('shutdown', null, { timeoutMs: SHUTDOWN_GRACE }).catch(() => undefined);
    this.#peer?.notify('exit', null);
    return this.exited.finally(() => clearTimeout(timer));
  }

  #ready(server: Server, token: string): Promise<void> {
    const { name, version, manifest } = this.engine;
    const seconds = manifest.limits.startTimeoutS;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () =>
          reject(
            new EngineError('TimeOut', `The engine ${name}:${version} was not ready within ${seconds} s`),
          ),
        seconds * 1000,
      );
      void this.exited.then(({ message }) => {
        clearTimeout(timer);
        reject(new EngineError('StartFailed', `The engine ${name}:${version} did not start. ${message}`));
      });
      server.on('connection', (socket) => {
        const peer = new Peer<EngineMethods, PlatformMethods>(socket, {
          ...this.#handlers((given) => {
            if (this.#peer || !sameText(given, token))
              throw new EngineError('WrongToken', 'The token is wrong');
            this.#peer = peer;
            void peer.closed.then((error) => this.#connectionEnded(error));
          }),
          ready: () => {
            if (this.#peer !== peer) throw new EngineError('WrongToken', 'The token comes first');
            clearTimeout(timer);
            this.#watch();
            resolve();
          },
        });
      });
    });
  }

  #handlers(hello: (token: unknown) => void): Handlers<PlatformMethods> {
    const about = (from: From): Listening | undefined => {
      const now = this.#assignment; // none, or another one: it is late
      return now && from.session === now.session && from.attempt === now.attempt ? now : undefined;
    };
    return {
      hello: ({ token }) => hello(token),
      log: (params) => {
        for (const line of about(params) ? String(params.text).replace(/\n$/, '').split('\n') : [])
          this.#log(line);
      },
      progress: (params) => about(params)?.progress.push(readProgress(params)),
      incumbent: (params, { binary }) =>
        about(params)?.incumbents.push([readIncumbent(params), unpackCase(params.output, binary)]),
      'job.submit': async (params) => {
        const submit = about(params)?.onSubmit;
        if (!submit)
          throw new EngineError(
            'NotDelegating',
            'Only a running optimization of an engine that delegates submits jobs',
          );
        return { result: { job: await submit(readChildOrder(params)) } };
      },
      'data.changed': (params) => about(params)?.onChanged?.(readVersions(params.identifiers)),
    };
  }

  #log(line: string): void {
    const text = this.#assignment?.gate.pass(line);
    if (text) this.#assignment?.onLog(text);
  }

  #watch(): void {
    const { watchdog, heartbeat, memoryMiB } = this.#options;
    let answered = performance.now();
    let cpuTicks = 0;
    let active = answered;
    watchdog.watch(this.pid, (use) => {
      this.#use = use;
      this.#peakBytes = Math.max(this.#peakBytes, use.rssBytes);
      if (use.cpuTicks > cpuTicks) active = performance.now();
      cpuTicks = use.cpuTicks;
      const limit = this.#assignment?.memoryMiB ?? memoryMiB;
      if (use.rssBytes > limit * MIB) void this.terminate(memoryLimit(limit));
    });
    if (this.engine.manifest.capabilities.heartbeat === 'process') return;
    let waiting = false;
    this.#heartbeat = setInterval(() => {
      // A busy process may be late to answer: only one that does not even run is lost.
      if (performance.now() - Math.max(answered, active) > heartbeat.lostMs)
        void this.terminate({
          code: 'Lost',
          message: `The process neither answered nor ran for ${heartbeat.lostMs / 1000} s`,
        });
      if (waiting) return;
      waiting = true;
      this.request('ping', null).then(
        () => {
          waiting = false;
          answered = performance.now();
        },
        () => undefined,
      );
    }, heartbeat.everyMs).unref();
  }

  #connectionEnded(error: Error | undefined): void {
    if (!this.alive) return;
    // An engine ends itself when its connection does; one that broke the protocol is ended. A connection that was
    // reset is the end of a process that had something left to read.
    if (error && !('syscall' in error))
      void this.terminate({ code: 'Crashed', message: `The engine broke the connection: ${error.message}` });
    else setTimeout(() => this.#kill(), SHUTDOWN_GRACE).unref();
  }

  #kill(): void {
    const { pid } = this.#child;
    if (pid === undefined || this.#gone) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // no such group: all of it is gone
    }
  }

  #reason(code: number | null, signal: string | null, problem?: string): ExitReason {
    if (/heap out of memory|Allocation failed/.test(this.#stderr))
      return memoryLimit(this.#assignment?.memoryMiB ?? this.#options.memoryMiB);
    const how = problem ?? (signal ? `was ended by ${signal}` : `ended with the code ${code}`);
    const printed = this.#stderr.trim().split('\n').slice(-10).join('\n');
    return { code: 'Crashed', message: `The process ${how}${printed ? `: ${printed}` : ''}` };
  }
}

const memoryLimit = (mib: number): ExitReason => ({
  code: 'MemoryLimit',
  message: `The process needed more than its ${mib} MiB of memory`,
});

const sameText = (given: unknown, expected: string): boolean =>
  typeof given === 'string' &&
  given.length === expected.length &&
  timingSafeEqual(Buffer.from(given), Buffer.from(expected));

const startChild = (
  { engine, role, memoryMiB, environment = {} }: EngineProcessOptions,
  folder: string,
  door: { readonly socketPath: string; readonly token: string },
): ChildProcess => {
  const { entry } = engine.manifest;
  const { kind, file } =
    (role === 'check' ? entry.check : undefined) ?? entry[role === 'check' ? 'data' : role];
  const program = path.join(engine.folder, file);
  const command =
    kind === 'node'
      ? [process.execPath, `--max-old-space-size=${Math.floor(memoryMiB / 2)}`, program]
      : [program];
  const [first = program, ...args] = diesWithParent()
    ? ['setpriv', '--pdeathsig', 'KILL', '--', ...command]
    : command;
  return spawn(first, args, {
    cwd: folder,
    detached: true, // a process group of its own, which can be ended as a whole
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...environment,
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: folder,
      TMPDIR: folder,
      LANG: 'C.UTF-8',
      TZ: 'UTC',
      NODE_ENV: 'production',
      [ENVIRONMENT.socket]: door.socketPath,
      [ENVIRONMENT.token]: door.token,
      [ENVIRONMENT.role]: role,
      [ENVIRONMENT.memory]: String(memoryMiB),
    },
  });
};
