import type { CaseHeader } from '../data/case.js';
import type { InterfaceDescription } from '../data/description.js';

/** Version of the contract between platform and engine. */
export const CONTRACT = 1;

/** Environment variables of an engine: where the platform listens, and how much memory (MiB) it grants. */
export const ENVIRONMENT = {
  socket: 'OPENPRO_SOCKET',
  token: 'OPENPRO_TOKEN',
  role: 'OPENPRO_ROLE',
  memory: 'OPENPRO_MEMORY_MIB',
} as const;

export type Role = 'data' | 'optimization' | 'check';

export interface SessionUser {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly language: string;
  readonly timeZone: string;
}

/** What a request answers, and the bytes that go with it. */
export interface Reply<Result> {
  readonly result: Result;
  readonly binary?: readonly Uint8Array[];
}

export interface Initialize {
  readonly contract: number;
  readonly role: Role;
  /** The data session, or the job. */
  readonly session: string;
  /** 0 in a data session. */
  readonly attempt: number;
  readonly user: SessionUser;
  readonly limits: { readonly memoryMiB: number; readonly logBytes: number };
}

export interface RunRequest {
  readonly procedure: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Seconds. */
  readonly timeLimit: number | null;
  /** Relative, 0.01 = 1 %. */
  readonly gap: number | null;
  readonly seed: number;
  /** Where the input case, then the warm start, lie in the binary part; null = the app's own data. */
  readonly input: CaseHeader | null;
  readonly warmStart: CaseHeader | null;
}

export type Outcome = 'completed' | 'interrupted' | 'timeLimit' | 'infeasible' | 'unbounded';

export interface RunResult {
  readonly outcome: Outcome;
  /** What the solver said at the end, in its own words. */
  readonly solverStatus: string;
  readonly objective: number | null;
  readonly bound: number | null;
  /** Relative, 0.01 = 1 %. */
  readonly gap: number | null;
  readonly statistics: Readonly<Record<string, number | string>>;
  /** Where the outputs lie in the binary part; null when there is no solution. */
  readonly output: CaseHeader | null;
}

/** A cell of an identifier: one element for each index set, and the value; null or none sets the default. */
export interface Cell {
  readonly tuple: readonly string[];
  readonly value?: unknown;
}

export interface RejectedCell {
  readonly tuple: readonly string[];
  readonly reason: string;
}

export interface IdentifierVersion {
  readonly identifier: string;
  readonly version: number;
}

export interface ModelProblem {
  readonly message: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/** Requests of the platform (section 6 of the contract). */
export interface EngineMethods {
  initialize: { params: Initialize; result: { readonly engine: string; readonly pid: number } };
  'app.load': { params: { readonly folder: string }; result: null };
  'app.check': {
    params: { readonly folder: string };
    result:
      | { readonly interface: InterfaceDescription; readonly defaultCase: CaseHeader | null }
      | { readonly errors: readonly ModelProblem[] };
  };
  'interface.describe': { params: null; result: InterfaceDescription };
  /** Whole identifiers as a case, with the sets that index them. */
  'data.get': { params: { readonly identifiers: readonly string[] }; result: CaseHeader };
  /** The reply's binary is a table: one column of text for each index, and the values. */
  'data.window': {
    params: { readonly identifier: string; readonly offset: number; readonly limit: number };
    result: { readonly total: number; readonly version: number };
  };
  'data.set': {
    params: { readonly identifier: string; readonly cells: readonly Cell[]; readonly ifVersion?: number };
    result: { readonly version: number; readonly rejected: readonly RejectedCell[] };
  };
  /** The reply's binary is one column of text. */
  'sets.get': { params: { readonly set: string }; result: { readonly version: number } };
  'case.save': { params: { readonly identifiers: readonly string[] | null }; result: CaseHeader };
  'case.load': { params: CaseHeader; result: null };
  'procedure.run': {
    params: { readonly procedure: string; readonly args: Readonly<Record<string, unknown>> };
    result: { readonly value: unknown; readonly changed: readonly string[] };
  };
  run: { params: RunRequest; result: RunResult };
  /** Answers at once; the reply of `run` follows when the solver has stopped. */
  interrupt: { params: null; result: null };
  ping: { params: null; result: null };
  /** No new work; what the engine holds is written. */
  shutdown: { params: null; result: null };
  /** A notification: the process ends now. */
  exit: { params: null; result: null };
}

/** Which session or attempt a message is about: what comes late from an earlier one is dropped. */
export interface From {
  readonly session: string;
  readonly attempt: number;
  readonly seq: number;
}

export interface Progress {
  readonly phase: 'load' | 'build' | 'presolve' | 'solve' | 'post';
  /** Seconds since the run started. */
  readonly elapsed: number;
  readonly objective: number | null;
  readonly bound: number | null;
  readonly gap: number | null;
  readonly nodes: number | null;
  readonly iterations: number | null;
  /** Solutions so far. */
  readonly incumbents: number;
  readonly text?: string;
}

export interface Incumbent {
  readonly number: number;
  readonly objective: number | null;
  readonly bound: number | null;
  readonly gap: number | null;
  /** Seconds since the run started. */
  readonly elapsed: number;
}

/** A job that a running one asks for: of the same app and data, its owner's, under its terms. */
export interface ChildOrder {
  readonly procedure: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly description?: string;
  /** It may only wait longer than the job that submits it. */
  readonly priority?: number;
  /** Seconds. */
  readonly timeLimit?: number;
  /** Relative, 0.01 = 1 %. */
  readonly gap?: number;
  readonly seed?: number;
}

/** Notifications of the engine, and what it asks for. */
export interface PlatformMethods {
  /** The first message on the socket. */
  hello: { params: { readonly token: string }; result: null };
  /** The engine has loaded what it needs and waits for `initialize`. */
  ready: { params: null; result: null };
  /** What changed, not the data. */
  'data.changed': { params: From & { readonly identifiers: readonly IdentifierVersion[] }; result: null };
  /** Whole lines. */
  log: { params: From & { readonly text: string }; result: null };
  progress: { params: From & Progress; result: null };
  /** The binary part is the case of the outputs that changed. */
  incumbent: { params: From & Incumbent & { readonly output: CaseHeader }; result: null };
  /** Needs the capability `delegateNested`. The same attempt made again gets the same jobs, in the same order. */
  'job.submit': { params: From & ChildOrder; result: { readonly job: string } };
}
