import { setImmediate } from 'node:timers/promises';
import { packCase, unpackCase, type CaseData } from '../data/case.js';
import { EngineError } from '../wire/engine-error.js';
import { FrameError } from '../wire/frame.js';
import {
  type ChildOrder,
  CONTRACT,
  type Incumbent,
  type Outcome,
  type Progress,
  type SessionUser,
} from '../wire/protocol.js';
import { readResult } from './checked-messages.js';
import type { EnginePool } from './engine-pool.js';
import type { EngineProcess } from './engine-process.js';
import type { InstalledApp, InstalledEngine } from './installed.js';

export interface AttemptLimits {
  readonly memoryMiB: number;
  /** Seconds between asking the solver to stop and ending its process. */
  readonly interruptGraceS: number;
  readonly logBytes: number;
}

export interface AttemptOptions {
  readonly engine: InstalledEngine;
  readonly app: InstalledApp;
  readonly job: string;
  readonly attempt: number;
  readonly user: SessionUser;
  readonly procedure: string;
  /** Values by name; what JSON can hold. */
  readonly args: object;
  /** Null = the app's own data. */
  readonly input: CaseData | null;
  /** Seconds. */
  readonly timeLimit: number | null;
  /** Relative gap at which the solver may stop. */
  readonly gap: number | null;
  readonly seed: number | null;
  readonly limits: AttemptLimits;
  /** Who may follow in the same process: the same app of the same owner. */
  readonly reuseKey?: string;
  /** Variables for its process, which is nobody else's then. */
  readonly environment?: { readonly [name: string]: string };
  /** Outputs of an earlier attempt to start from. */
  readonly warmStart?: CaseData | undefined;
  /** The job submits another one; resolves with its id. Asked for by engines that delegate. */
  onSubmit?(order: ChildOrder): Promise<string>;
  onStarted(pid: number): void;
  onProgress(point: Progress): void;
  onIncumbent(info: Incumbent, outputs: CaseData): void;
  onLog(text: string): void;
}

/** What an attempt has used. */
export interface AttemptUse {
  /** From the request for a process until it had the app loaded and ran. */
  readonly launchMs: number;
  /** CPU time of all its threads. */
  readonly cpuMs: number;
  readonly peakMiB: number;
}

export type AttemptResult =
  | {
      readonly is: 'ended';
      readonly outcome: Outcome;
      /** The process had to be ended; the result is the last incumbent. */
      readonly forced: boolean;
      readonly solverStatus: string;
      readonly objective: number | null;
      readonly bound: number | null;
      readonly gap: number | null;
      readonly statistics: Readonly<Record<string, number | string>>;
      /** Null when there is no solution. */
      readonly output: CaseData | null;
    }
  /** The model or its data is wrong: another attempt would end the same. */
  | {
      readonly is: 'failed';
      readonly error: { readonly code: string; readonly message: string; readonly where?: string };
    }
  /** The process died or was lost: another attempt may succeed. */
  | { readonly is: 'crashed'; readonly message: string }
  | { readonly is: 'terminated' };

export interface Attempt {
  /** Never rejects. */
  readonly result: Promise<AttemptResult>;
  /** So far; after the end, in all. */
  use(): AttemptUse;
  /** Asks the solver to stop, and ends its process when it has not after the grace; the last incumbent is kept. */
  interrupt(): void;
  /** Ends the process at once; nothing is kept. */
  terminate(): void;
}

const START_MS = 20_000;
/** So many processes may turn out to have died while they waited. */
const MAX_DEAD = 3;
/** Timers of Node end at 2^31 ms. */
const MAX_TIMER = 2 ** 31 - 1;

/** Runs a procedure of an app in an optimization process of the pool. */
export const runAttempt = (pool: EnginePool, options: AttemptOptions): Attempt => {
  const run = new Run(pool, options);
  return {
    result: run.result(),
    use: () => run.use(),
    interrupt: () => run.stop('interrupted'),
    terminate: () => run.terminate(),
  };
};

class Run {
  #process: EngineProcess | undefined;
  #running = false;
  /** How many processes had ended before they knew of this run. */
  #dead = 0;
  #begun = false;
  /** Why it is to stop; the first reason counts. */
  #stopping: 'interrupted' | 'timeLimit' | undefined;
  #forced = false;
  #terminated = false;
  #last: { readonly info: Incumbent; readonly outputs: CaseData } | undefined;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #began = performance.now();
  #launchMs: number | undefined;
  #used: EngineProcess['use'] | undefined;

  constructor(
    private readonly pool: EnginePool,
    private readonly options: AttemptOptions,
  ) {}

  use(): AttemptUse {
    const { cpuMs, peakBytes } = this.#used ?? this.#process?.use ?? { cpuMs: 0, peakBytes: 0 };
    return {
      launchMs: Math.round(this.#launchMs ?? performance.now() - this.#began),
      cpuMs,
      peakMiB: Math.round(peakBytes / 1024 ** 2),
    };
  }

  async result(): Promise<AttemptResult> {
    const { engine, reuseKey, environment, limits, onStarted } = this.options;
    let process: EngineProcess;
    try {
      process = await this.pool.acquire({
        engine,
        role: 'optimization',
        memoryMiB: limits.memoryMiB,
        ...(reuseKey ? { reuseKey } : {}),
        ...(environment ? { environment } : {}),
      });
    } catch (error) {
      return this.#terminated ? { is: 'terminated' } : crashed((error as Error).message);
    }
    this.#process = process;
    let clean = false;
    try {
      if (this.#terminated) return { is: 'terminated' };
      this.#assign(process);
      onStarted(process.pid);
      const result = await this.#run(process);
      this.#used = process.use;
      process.end();
      clean = true;
      return result;
    } catch (error) {
      this.#used = process.use;
      const result = await this.#failure(process, error as Error);
      const takenUp = this.#begun || this.#stopping;
      if (result.is !== 'crashed' || takenUp || ++this.#dead > MAX_DEAD) return result;
    } finally {
      this.#launchMs ??= performance.now() - this.#began;
      for (const timer of this.#timers) clearTimeout(timer);
      await this.pool.release(process, clean && !this.#forced && !environment ? reuseKey : undefined);
    }
    this.#launchMs = undefined;
    return this.result(); // nothing of the run was there yet: another process takes it
  }

  stop(why: 'interrupted' | 'timeLimit'): void {
    if (this.#stopping) return;
    this.#stopping = why;
    this.#after(this.options.limits.interruptGraceS, () => {
      this.#forced = true;
      void this.#process?.terminate({ code: 'Terminated', message: 'The solver did not stop in time' });
    });
    this.#tellEngine();
  }

  terminate(): void {
    this.#terminated = true;
    void this.#process?.terminate();
  }

  #assign(process: EngineProcess): void {
    const { engine, job, attempt, limits, onLog, onProgress, onIncumbent, onSubmit } = this.options;
    process.assign({
      ...(onSubmit && engine.manifest.capabilities.delegateNested ? { onSubmit } : {}),
      session: job,
      attempt,
      memoryMiB: limits.memoryMiB,
      logBytes: limits.logBytes,
      onLog,
      onProgress,
      onIncumbent: (info, part) => {
        const outputs = this.#whole(part);
        this.#last = { info, outputs };
        onIncumbent(info, outputs);
      },
    });
  }

  async #run(process: EngineProcess): Promise<AttemptResult> {
    const { app, job, attempt, user, limits, procedure, args, timeLimit, gap, seed } = this.options;
    const { memoryMiB, logBytes } = limits;
    const start = { contract: CONTRACT, role: 'optimization', session: job, attempt, user } as const;
    await process.request(
      'initialize',
      { ...start, limits: { memoryMiB, logBytes } },
      { timeoutMs: START_MS },
    );
    this.#begun = true;
    if (timeLimit !== null) this.#after(timeLimit, () => this.stop('timeLimit'));
    await process.request('app.load', { folder: app.folder });
    const input = this.options.input && packCase(this.options.input);
    const warmStart = this.options.warmStart && packCase(this.options.warmStart);
    this.#launchMs = performance.now() - this.#began;
    const running = process.request(
      'run',
      {
        procedure,
        args: { ...args },
        timeLimit,
        gap,
        seed: seed ?? 0,
        input: input?.header ?? null,
        warmStart: warmStart?.header ?? null,
      },
      { binary: [...(input?.parts ?? []), ...(warmStart?.parts ?? [])] },
    );
    this.#running = true;
    if (this.#stopping) this.#tellEngine();
    const { result, binary } = await running;
    await setImmediate(); // what it printed before that comes by another pipe: it is there by now, and read first
    const { output, outcome, ...rest } = readResult(result);
    return {
      is: 'ended',
      // The engine cannot tell the user's stop from the clock's.
      outcome: outcome === 'interrupted' && this.#stopping ? this.#stopping : outcome,
      forced: false,
      ...rest,
      output: output && this.#whole(unpackCase(output, binary)),
    };
  }

  async #failure(process: EngineProcess, error: Error): Promise<AttemptResult> {
    const ended =
      error instanceof EngineError && error.code === 'ConnectionClosed' ? await process.exited : null;
    if (this.#terminated || ended?.code === 'Closed') return { is: 'terminated' };
    if (this.#forced) return this.#keepIncumbent();
    if (ended)
      return ended.code === 'MemoryLimit' ? failed(ended.code, ended.message) : crashed(ended.message);
    if (error instanceof FrameError) return failed('TooLarge', error.message);
    if (error instanceof EngineError && error.code !== 'TimeOut')
      return failed(error.code, error.message, error.where);
    return crashed(error.message);
  }

  #keepIncumbent(): AttemptResult {
    const { info, outputs } = this.#last ?? {};
    return {
      is: 'ended',
      outcome: this.#stopping ?? 'interrupted',
      forced: true,
      solverStatus: 'Stopped by force',
      objective: info?.objective ?? null,
      bound: info?.bound ?? null,
      gap: info?.gap ?? null,
      statistics: {},
      output: outputs ?? null,
    };
  }

  /** The engine sends only sets that changed: those of the input complete a case. */
  #whole({ sets, identifiers }: CaseData): CaseData {
    return { sets: new Map([...(this.options.input?.sets ?? []), ...sets]), identifiers };
  }

  #tellEngine(): void {
    if (this.#running) this.#process?.request('interrupt', null).catch(() => undefined); // it has ended by itself
  }

  #after(seconds: number, act: () => void): void {
    this.#timers.push(setTimeout(act, Math.min(seconds * 1000, MAX_TIMER)));
  }
}

const crashed = (message: string): AttemptResult => ({ is: 'crashed', message });

const failed = (code: string, message: string, where?: string): AttemptResult => ({
  is: 'failed',
  error: { code, message, ...(where === undefined ? {} : { where }) },
});
