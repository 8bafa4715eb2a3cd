import { connect } from 'node:net';
import { format } from 'node:util';
import { packCase, type CaseData } from '../data/case.js';
import { EngineError } from '../wire/engine-error.js';
import { LogGate } from '../wire/log-gate.js';
import { Peer, type Handlers } from '../wire/peer.js';
import {
  CONTRACT,
  ENVIRONMENT,
  type EngineMethods,
  type From,
  type IdentifierVersion,
  type Incumbent,
  type Initialize,
  type ChildOrder,
  type PlatformMethods,
  type Progress,
} from '../wire/protocol.js';
import { Throttle } from '../wire/throttle.js';

/** Milliseconds between two progress points or two incumbents; the latest one counts. */
const PROGRESS_INTERVAL = 250;
const LOG_INTERVAL = 50;

/** What an engine tells the platform on its own account. */
export interface EngineLink {
  /** Of the session or attempt that is served now. */
  readonly start: Initialize;
  changed(identifiers: readonly IdentifierVersion[]): void;
  progress(point: Progress): void;
  incumbent(info: Incumbent, outputs: CaseData): void;
  /** One line, or several. */
  log(text: string): void;
  /** Submits a job; resolves with its id. Needs the capability `delegateNested`. */
  submit(order: ChildOrder): Promise<string>;
  /** Sends what still waits to be sent: before the reply of a run. */
  flush(): void;
}

/**
 * Connects an engine's process to the platform that started it, and serves until the platform ends it or is gone.
 * `initialize`, `ping`, `shutdown` and `exit` are answered here; `handlers` answers what the role needs.
 * Await what takes time to load in `load`: the platform gives no work before.
 */
export const serve = (
  name: string,
  handlers: (link: EngineLink) => Handlers<EngineMethods>,
  load: () => Promise<unknown> = () => Promise.resolve(),
): void => {
  const socketPath = process.env[ENVIRONMENT.socket];
  const token = process.env[ENVIRONMENT.token];
  delete process.env[ENVIRONMENT.token]; // an app's code must not be able to speak as its engine
  if (socketPath === undefined || token === undefined)
    throw new Error(
      `${name} is an engine: the platform starts it, with ${ENVIRONMENT.socket} and ${ENVIRONMENT.token}`,
    );

  let start: Initialize | undefined;
  let seq = 0;
  let gate = new LogGate();
  let lines = '';
  const from = (): From => ({ session: start?.session ?? '', attempt: start?.attempt ?? 0, seq: ++seq });

  const logs = new Throttle<void>(LOG_INTERVAL, () => {
    const text = lines;
    lines = '';
    if (text) peer.notify('log', { ...from(), text });
  });
  const progress = new Throttle<Progress>(PROGRESS_INTERVAL, (point) =>
    peer.notify('progress', { ...from(), ...point }),
  );
  const incumbents = new Throttle<[Incumbent, CaseData]>(PROGRESS_INTERVAL, ([info, outputs]) => {
    const { header, parts } = packCase(outputs);
    peer.notify('incumbent', { ...from(), ...info, output: header }, parts);
  });
  const link: EngineLink = {
    get start() {
      if (!start) throw new EngineError('NotInitialized', 'initialize comes first');
      return start;
    },
    changed: (identifiers) => {
      if (identifiers.length) peer.notify('data.changed', { ...from(), identifiers });
    },
    progress: (point) => progress.push(point),
    incumbent: (info, outputs) => incumbents.push([info, outputs]),
    log: (text) => {
      for (const line of text.split('\n')) lines += gate.pass(line);
      logs.push();
    },
    submit: async (order) => (await peer.request('job.submit', { ...order, ...from() })).result.job,
    flush: () => {
      incumbents.flush();
      progress.flush();
      lines += gate.rest();
      logs.flush();
    },
  };
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const)
    console[method] = (...args: unknown[]) => link.log(format(...args));

  const socket = connect(socketPath);
  const peer = new Peer<PlatformMethods, EngineMethods>(socket, {
    ...handlers(link),
    initialize: (params) => {
      if (params.contract !== CONTRACT)
        throw new EngineError(
          'WrongContract',
          `${name} speaks version ${CONTRACT} of the contract, not ${params.contract}`,
        );
      start = params;
      seq = 0;
      lines = '';
      gate = new LogGate({ total: params.limits.logBytes });
      return { result: { engine: name, pid: process.pid } };
    },
    ping: () => ({ result: null }),
    shutdown: () => {
      link.flush();
      return { result: null };
    },
    exit: () => process.exit(0),
  });
  void peer.closed.then(() => process.exit(0)); // the platform is gone: nobody would ever end this process
  peer.notify('hello', { token });
  void load().then(() => peer.notify('ready', null));
};
