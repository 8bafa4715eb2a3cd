import { packCase, unpackCase, type CaseData } from '../data/case.js';
import { checkInterface, type InterfaceDescription } from '../data/description.js';
import { decodeWindow, type Window } from '../data/window.js';
import { decodeElements } from '../wire/cols1.js';
import { EngineError } from '../wire/engine-error.js';
import { LOG_LIMITS } from '../wire/log-gate.js';
import {
  CONTRACT,
  type Cell,
  type EngineMethods,
  type IdentifierVersion,
  type RejectedCell,
  type SessionUser,
} from '../wire/protocol.js';
import type { EnginePool } from './engine-pool.js';
import type { EngineProcess, ExitReason } from './engine-process.js';
import type { InstalledApp, InstalledEngine } from './installed.js';

export interface DataSessionOptions {
  readonly engine: InstalledEngine;
  readonly app: InstalledApp;
  readonly sessionId: string;
  readonly user: SessionUser;
  readonly limits: {
    readonly memoryMiB: number;
    readonly logBytes?: number;
    /** Seconds an answer may take, and a procedure; then the session ends. */
    readonly requestS?: number;
    readonly procedureS?: number;
  };
  onChanged(identifiers: readonly IdentifierVersion[]): void;
  onLog(text: string): void;
  /** Once, whatever the reason. */
  onExit(reason: ExitReason): void;
}

/** One user's running app. Every method throws an EngineError with what the engine or app says. */
export interface DataSession {
  readonly pid: number;
  describe(): Promise<InterfaceDescription>;
  window(identifier: string, range: { offset: number; limit: number }): Promise<Window>;
  elements(set: string): Promise<readonly string[]>;
  set(
    identifier: string,
    cells: readonly Cell[],
    ifVersion?: number,
  ): Promise<{ readonly version: number; readonly rejected: readonly RejectedCell[] }>;
  run(
    procedure: string,
    args: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly value: unknown; readonly changed: readonly string[] }>;
  /** All inputs and outputs when none are named; derived ones when they are. */
  save(identifiers?: readonly string[]): Promise<CaseData>;
  load(data: CaseData): Promise<void>;
  /** Ends the session in order. */
  close(): Promise<void>;
  /** Ends its process group at once. */
  kill(): void;
}

const REQUEST_S = 60;
const PROCEDURE_S = 600;
/** Rows of a window. */
export const MAX_WINDOW = 10_000;

/**
 * Opens an app in a data process of the pool.
 * @throws EngineError when the engine does not start or the app does not load.
 */
export const openDataSession = async (
  pool: EnginePool,
  options: DataSessionOptions,
): Promise<DataSession> => {
  const { engine, app, sessionId, user, limits, onChanged, onLog, onExit } = options;
  const process = await pool.acquire({ engine, role: 'data' });
  const { memoryMiB, logBytes = LOG_LIMITS.total, requestS = REQUEST_S, procedureS = PROCEDURE_S } = limits;
  process.assign({ session: sessionId, attempt: 0, memoryMiB, logBytes, onLog, onChanged });
  const ask = asker(process);
  try {
    const start = { contract: CONTRACT, role: 'data', session: sessionId, attempt: 0, user } as const;
    await ask('initialize', { ...start, limits: { memoryMiB, logBytes } }, requestS);
    await ask('app.load', { folder: app.folder }, requestS);
  } catch (error) {
    await process.terminate();
    throw error;
  }
  void process.exited.then(onExit);

  return {
    pid: process.pid,
    describe: async () => checkInterface((await ask('interface.describe', null, requestS)).result),
    window: async (identifier, { offset, limit }) => {
      if (!isWhole(offset) || !isWhole(limit) || limit > MAX_WINDOW)
        throw new EngineError(
          'BadInput',
          `A window starts at a whole number and has at most ${MAX_WINDOW} rows`,
        );
      const { result, binary } = await ask('data.window', { identifier, offset, limit }, requestS);
      return { ...decodeWindow(binary), total: Number(result.total), version: Number(result.version) };
    },
    elements: async (set) => decodeElements((await ask('sets.get', { set }, requestS)).binary),
    set: async (identifier, cells, ifVersion) => {
      const params = { identifier, cells, ...(ifVersion === undefined ? {} : { ifVersion }) };
      const { version, rejected } = (await ask('data.set', params, requestS)).result;
      return {
        version: Number(version),
        rejected: rejected.map(({ tuple, reason }) => ({ tuple: tuple.map(String), reason: String(reason) })),
      };
    },
    run: async (procedure, args) => {
      const { value, changed } = (await ask('procedure.run', { procedure, args }, procedureS)).result;
      return { value, changed: changed.map(String) };
    },
    save: async (identifiers) => {
      const { result, binary } = await ask('case.save', { identifiers: identifiers ?? null }, requestS);
      return unpackCase(result, binary);
    },
    load: async (data) => {
      const { header, parts } = packCase(data);
      await ask('case.load', header, requestS, parts);
    },
    close: async () => void (await process.close()),
    kill: () => void process.terminate(),
  };
};

const isWhole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** Requests with a time-out; a process that lets one pass runs a loop, and is ended. */
const asker =
  (process: EngineProcess) =>
  async <M extends keyof EngineMethods>(
    method: M,
    params: EngineMethods[M]['params'],
    seconds: number,
    binary: readonly Uint8Array[] = [],
  ): Promise<{ result: EngineMethods[M]['result']; binary: Uint8Array }> => {
    try {
      return await process.request(method, params, { timeoutMs: seconds * 1000, binary });
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (error.code === 'TimeOut')
        void process.terminate({ code: 'TimeOut', message: `The app was ended: ${error.message}` });
      if (error.code !== 'ConnectionClosed') throw error;
      const { code, message } = await process.exited;
      throw new EngineError(code, message);
    }
  };
