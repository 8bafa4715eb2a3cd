export { packCase, textCase, unpackCase, type CaseData, type CaseHeader } from './data/case.js';
export type { PlainValue } from './data/cells.js';
export { Dataset } from './data/dataset.js';
export type {
  IdentifierDescription,
  InterfaceDescription,
  ProcedureDescription,
  SetDescription,
} from './data/description.js';
export type { Window } from './data/window.js';
export {
  runAttempt,
  type Attempt,
  type AttemptOptions,
  type AttemptResult,
  type AttemptUse,
} from './host/attempt.js';
export { checkApp, type AppCheck } from './host/check-app.js';
export {
  MAX_WINDOW,
  openDataSession,
  type DataSession,
  type DataSessionOptions,
} from './host/data-session.js';
export { EnginePool, type Acquire, type EnginePoolOptions, type PoolStats } from './host/engine-pool.js';
export { isolationLevel, type EngineProcess, type ExitReason } from './host/engine-process.js';
export type { InstalledApp, InstalledEngine } from './host/installed.js';
export {
  Cols1Error,
  decodeColumns,
  decodeElements,
  encodeColumns,
  encodeElements,
  FLAGS,
  type Column,
} from './wire/cols1.js';
export { EngineError } from './wire/engine-error.js';
export type {
  Cell,
  ChildOrder,
  IdentifierVersion,
  Incumbent,
  ModelProblem,
  Outcome,
  Progress,
  RejectedCell,
  SessionUser,
} from './wire/protocol.js';
export * from './package/index.js';
