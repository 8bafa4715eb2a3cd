/** For app authors: `defineApp` and its types. For engine authors: `serve`, and data as the platform knows it. */
export * from './app.js';
export { serve, type EngineLink } from './serve.js';
export { packCase, unpackCase, unpackCases, type CaseData, type CaseHeader } from '../data/case.js';
export { Dataset, type Derive } from '../data/dataset.js';
export { describeInterface, type InterfaceDescription } from '../data/description.js';
export { encodeWindow } from '../data/window.js';
export { encodeColumns, encodeElements, type Column } from '../wire/cols1.js';
export { EngineError } from '../wire/engine-error.js';
export { LogGate } from '../wire/log-gate.js';
export type { Call, Handlers } from '../wire/peer.js';
export type {
  ChildOrder,
  EngineMethods,
  Incumbent,
  Initialize,
  ModelProblem,
  Outcome,
  Progress,
  Reply,
  RunRequest,
  RunResult,
} from '../wire/protocol.js';
