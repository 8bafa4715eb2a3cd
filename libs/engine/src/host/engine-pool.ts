import { mkdir, readdir, rm } from 'node:fs/promises';
import { tmpdir, totalmem } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { EngineError } from '../wire/engine-error.js';
import type { Role } from '../wire/protocol.js';
import { EngineProcess, type ExitReason } from './engine-process.js';
import type { InstalledEngine } from './installed.js';
import { warmSize } from './warm-size.js';
import { Watchdog } from './watchdog.js';

export interface EnginePoolOptions {
  /** Where processes get their private folders; nobody else uses it. */
  readonly folder?: string;
  /** Of each process; a job may ask for another limit. */
  readonly memoryMiB?: number;
  /** Processes that wait for work, per engine and role, also when hardly any are wanted; 0 = none ever. */
  readonly warm?: number;
  /** So many, when they are wanted at once, as long as all that wait take no more memory than this. */
  readonly maxWarm?: number;
  readonly maxWarmMiB?: number;
  /** Engines that have processes waiting: those used last. */
  readonly maxWarmEngines?: number;
  /** Processes that wait to serve another run of the same app and owner, in all, and for how long. */
  readonly maxIdle?: number;
  readonly idleMs?: number;
  /** A process serves so many runs, and is given back only below this much memory. */
  readonly maxRuns?: number;
  readonly maxIdleMiB?: number;
  readonly heartbeat?: { readonly everyMs: number; readonly lostMs: number };
}

export interface Acquire {
  readonly engine: InstalledEngine;
  readonly role: Role;
  /** Who may follow whom in one process: the same app (by digest) of the same owner. */
  readonly reuseKey?: string;
  /** What other processes do not have: then it gets one that nobody has used or prepared. */
  readonly environment?: { readonly [name: string]: string };
  readonly memoryMiB?: number;
}

export interface PoolStats {
  readonly warm: number;
  readonly idle: number;
  readonly busy: number;
  readonly started: number;
  readonly reused: number;
}

interface Idle {
  readonly key: string;
  readonly process: EngineProcess;
  readonly timer: NodeJS.Timeout;
}

type WarmRole = 'data' | 'optimization';
const WARM_ROLES: readonly WarmRole[] = ['data', 'optimization'];

/** An engine whose processes wait for work. */
interface Warm {
  readonly engine: InstalledEngine;
  readonly waiting: EngineProcess[];
  /** When processes of it were wanted lately. */
  readonly wanted: { readonly [role in WarmRole]: number[] };
}

const REFILL_DELAY = 100;
/** Demand is remembered for so long; those who come within a burst come before a new process is ready. */
const DEMAND = { memoryMs: 600_000, burstMs: 3000, kept: 1000 };
const RESIZE_MS = 30_000;
/** What a process takes before the watchdog has seen it. */
const USUAL_BYTES = 96 * 1024 ** 2;

const DEFAULTS: Required<EnginePoolOptions> = {
  memoryMiB: 3072,
  folder: path.join(tmpdir(), `openpro-engines-${process.pid}`),
  warm: 1,
  maxWarm: 4,
  maxWarmMiB: totalmem() / 1024 ** 2 / 8,
  maxWarmEngines: 2,
  maxIdle: 8,
  idleMs: 60_000,
  maxRuns: 200,
  maxIdleMiB: 768,
  heartbeat: { everyMs: 3000, lostMs: 10_000 },
};

/**
 * Engine processes: warm ones that have loaded their modules and wait, and idle ones that have served a run and may
 * serve the next one of the same app and owner. New ones are started in the background, one at a time.
 */
export class EnginePool {
  readonly #options: Required<EnginePoolOptions>;
  readonly #watchdog = new Watchdog();
  /** By engine digest, the one used last at the end. */
  readonly #warm = new Map<string, Warm>();
  #idle: Idle[] = [];
  readonly #all = new Set<EngineProcess>();
  readonly #starting = new Set<Promise<unknown>>();
  #refilling: Promise<void> = Promise.resolve();
  readonly #resizing: NodeJS.Timeout;
  #folderReady: Promise<void> | undefined;
  #closed = false;
  #started = 0;
  #reused = 0;
  /** Why the last start of each engine failed, by its digest; null = it did not. */
  readonly #lastStarts = new Map<string, string | null>();

  constructor(options: EnginePoolOptions = {}) {
    this.#options = { ...DEFAULTS, ...options };
    this.#resizing = setInterval(() => this.#resize(), RESIZE_MS).unref();
  }

  /** Keeps processes of this engine waiting from now on. */
  warm(engine: InstalledEngine): void {
    const known = this.#warm.get(engine.digest);
    this.#warm.delete(engine.digest);
    this.#warm.set(engine.digest, known ?? { engine, waiting: [], wanted: { data: [], optimization: [] } });
    for (const [digest, old] of this.#warm) {
      if (this.#warm.size <= this.#options.maxWarmEngines) break;
      this.#warm.delete(digest);
      for (const process of old.waiting) void process.terminate();
    }
    this.#refill();
  }

  /**
   * A process that is ready for work: an idle one under the key, else a warm one, else a new one.
   * @throws EngineError `StartFailed` or `TimeOut` when a new one does not start, `Closed`.
   */
  async acquire({ engine, role, reuseKey, environment, memoryMiB = 0 }: Acquire): Promise<EngineProcess> {
    if (environment || memoryMiB > this.#options.memoryMiB)
      return this.#start(engine, role, {
        ...(environment ? { environment } : {}),
        memoryMiB: Math.max(memoryMiB, this.#options.memoryMiB),
      });
    const idle = reuseKey === undefined ? undefined : this.#takeIdle(idleKey(engine, role, reuseKey));
    if (idle) {
      this.#reused++;
      return idle;
    }
    if (role !== 'check') this.warm(engine);
    const { waiting = [], wanted } = this.#warm.get(engine.digest) ?? {};
    if (wanted && role !== 'check') {
      wanted[role].push(performance.now());
      if (wanted[role].length > DEMAND.kept) wanted[role].shift();
    }
    const at = waiting.findIndex((process) => process.role === role && process.alive);
    if (at < 0) return this.#start(engine, role);
    const [taken] = waiting.splice(at, 1);
    this.#refill();
    return taken!;
  }

  /**
   * Takes a process back: with a key, and when its run ended cleanly, it waits for the next run under that key;
   * else it is ended.
   */
  async release(process: EngineProcess, reuseKey?: string): Promise<void> {
    process.end();
    const { maxRuns, maxIdleMiB, maxIdle, idleMs } = this.#options;
    const fits = process.runs < maxRuns && process.rssBytes < maxIdleMiB * 1024 ** 2;
    if (reuseKey === undefined || !fits || !process.alive || this.#closed) {
      await process.terminate();
      return;
    }
    const timer = setTimeout(() => this.#dropIdle(process), idleMs).unref();
    this.#idle.push({ key: idleKey(process.engine, process.role, reuseKey), process, timer });
    if (this.#idle.length > maxIdle) this.#dropIdle(this.#idle[0]!.process);
  }

  stats(): PoolStats {
    const warm = [...this.#warm.values()].reduce((sum, { waiting }) => sum + waiting.length, 0);
    const idle = this.#idle.length;
    return { warm, idle, busy: this.#all.size - warm - idle, started: this.#started, reused: this.#reused };
  }

  /** Why processes cannot be started here; null while any engine could be: one broken package is its publisher's affair. */
  get startFailure(): string | null {
    const outcomes = [...this.#lastStarts.values()];
    return outcomes.includes(null) ? null : (outcomes.at(-1) ?? null);
  }

  /** Kills every process, also those in use, and waits until they are gone. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#resizing);
    const reason: ExitReason = { code: 'Closed', message: 'The server is stopping' };
    for (const { timer } of this.#idle) clearTimeout(timer);
    this.#idle = [];
    this.#warm.clear();
    await Promise.allSettled(this.#starting);
    await Promise.all([...this.#all].map((process) => process.terminate(reason)));
    await rm(this.#options.folder, { recursive: true, force: true });
  }

  #takeIdle(key: string): EngineProcess | undefined {
    const at = this.#idle.findLastIndex((idle) => idle.key === key && idle.process.alive);
    if (at < 0) return undefined;
    const [{ process, timer }] = this.#idle.splice(at, 1) as [Idle];
    clearTimeout(timer);
    return process;
  }

  #dropIdle(process: EngineProcess): void {
    this.#idle = this.#idle.filter((idle) => {
      if (idle.process !== process) return true;
      clearTimeout(idle.timer);
      return false;
    });
    void process.terminate();
  }

  #start(
    engine: InstalledEngine,
    role: Role,
    special: Pick<Acquire, 'environment' | 'memoryMiB'> = {},
  ): Promise<EngineProcess> {
    if (this.#closed) return Promise.reject(new EngineError('Closed', 'The server is stopping'));
    const { folder, memoryMiB, heartbeat } = this.#options;
    const start = async (): Promise<EngineProcess> => {
      await (this.#folderReady ??= emptyFolder(folder));
      const watchdog = this.#watchdog;
      const usual = { engine, role, folder, memoryMiB, heartbeat, watchdog };
      const started = await EngineProcess.start({ ...usual, ...special });
      this.#started++;
      this.#all.add(started);
      void started.exited.then(() => this.#forget(started));
      return started;
    };
    const starting = start();
    this.#starting.add(starting);
    const done = (failure: string | null): void => {
      this.#starting.delete(starting);
      // Whether an engine that is being published starts is its publisher's question.
      if (role !== 'check' && !this.#closed) this.#lastStarts.set(engine.digest, failure);
    };
    starting.then(
      () => done(null),
      (error: unknown) => done(String(error)),
    );
    return starting;
  }

  #forget(process: EngineProcess): void {
    this.#all.delete(process);
    this.#idle = this.#idle.filter((idle) => idle.process !== process);
    const waiting = this.#warm.get(process.engine.digest)?.waiting;
    const at = waiting?.indexOf(process) ?? -1;
    if (at >= 0) waiting!.splice(at, 1); // replaced after the next acquire: one that cannot live is not started in a loop
  }

  /** One at a time, and not at once: starting processes slows down the work that made them necessary. */
  #refill(): void {
    const later = wait(REFILL_DELAY, undefined, { ref: false });
    this.#refilling = this.#refilling.then(() => later).then(() => this.#fill());
  }

  async #fill(): Promise<void> {
    for (let missing = this.#missing(); missing && !this.#closed; missing = this.#missing()) {
      const { engine, role } = missing;
      const process = await this.#start(engine, role).catch(() => undefined);
      if (!process) return; // its next user sees why; refilled after the next acquire
      const place = this.#warm.get(engine.digest);
      if (place && process.alive) place.waiting.push(process);
      else void process.terminate();
    }
  }

  #missing(): { readonly engine: InstalledEngine; readonly role: WarmRole } | undefined {
    const engines = [...this.#warm.values()].reverse();
    for (const sizeOf of [() => this.#options.warm, (warm: Warm, role: WarmRole) => this.#sizeOf(warm, role)])
      for (const warm of engines)
        for (const role of WARM_ROLES) {
          const there = warm.waiting.filter((process) => process.role === role).length;
          if (there < sizeOf(warm, role) && (there < this.#options.warm || this.#fitsOneMore()))
            return { engine: warm.engine, role };
        }
    return undefined;
  }

  #sizeOf({ wanted }: Warm, role: WarmRole): number {
    const { warm: least, maxWarm } = this.#options;
    const most = least === 0 ? 0 : Math.max(least, maxWarm);
    return warmSize({ least, most, ...DEMAND }, wanted[role], performance.now());
  }

  #fitsOneMore(): boolean {
    const all = [...this.#warm.values()].flatMap(({ waiting }) => waiting);
    const bytes = all.reduce((sum, { rssBytes }) => sum + (rssBytes || USUAL_BYTES), USUAL_BYTES);
    return bytes <= this.#options.maxWarmMiB * 1024 ** 2;
  }

  /** Ends what waits for a demand that has passed. */
  #resize(): void {
    for (const warm of this.#warm.values())
      for (const role of WARM_ROLES) {
        const there = warm.waiting.filter((process) => process.role === role);
        for (const process of there.slice(this.#sizeOf(warm, role))) void process.terminate();
      }
  }
}

/** A server that was killed leaves its processes' folders behind. */
const emptyFolder = async (folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of await readdir(folder))
    await rm(path.join(folder, name), { recursive: true, force: true });
};

const idleKey = (engine: InstalledEngine, role: Role, reuseKey: string): string =>
  JSON.stringify([engine.digest, role, reuseKey]);
