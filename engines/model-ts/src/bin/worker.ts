import { readFileSync } from 'node:fs';
import { format } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import { type ChildOrder, EngineError, LogGate } from '@openpro/engine/sdk';
import highsModule, { type Highs, type InitOptions } from 'highs';
import { loadModel, warmUpModules } from '../app.js';
import { Run } from '../run.js';
import { solve } from '../solver.js';
import type { FinishedRun, News, Order, Submitted, ThreadStart } from '../thread-messages.js';

const port = parentPort!;
const { interrupt } = workerData as ThreadStart;
let gate = new LogGate();

const tell = (news: News): void => {
  if (news.is !== 'log') return port.postMessage(news);
  let text = '';
  for (const line of news.text.split('\n')) text += gate.pass(line);
  if (text) port.postMessage({ ...news, text: text.replace(/\n$/, '') });
};
// A thread's output goes through the other thread's memory: what an app prints is cut here, where it is made.
const print = (...args: unknown[]): void => tell({ is: 'log', text: format(...args) });
for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const) console[method] = print;
for (const stream of [process.stdout, process.stderr])
  stream.write = (chunk: Uint8Array | string) => {
    print(String(chunk).replace(/\n$/, ''));
    return true;
  };

// Its types are those of its CommonJS form, where the loader is one level deeper.
const loadHighs = highsModule as unknown as (options: InitOptions) => Promise<Highs>;
const highs = await loadHighs({ wasmBinary: readFileSync(new URL('./highs.wasm', import.meta.url)) });

/** WebAssembly and modules are compiled when they are first used: a first small solve spares the first job half a second. */
const warmUp = async (): Promise<void> => {
  await warmUpModules();
  const quiet = (): void => undefined;
  const small = 'Max\n 5 x + 4 y + 3 z\nSt\n 2 x + 3 y + z <= 5\n 4 x + y + 2 z <= 11\nGenerals\n x y z\nEnd';
  const hooks = {
    gap: null,
    seed: 0,
    timeLeft: () => 10,
    aborted: () => false,
    log: quiet,
    progress: quiet,
    improved: quiet,
  };
  solve(highs, { format: 'lp', data: small }, undefined, undefined, hooks);
};

/** The buffers of a case that was made for this message alone move instead of being copied. */
const buffersOf = ({ output }: FinishedRun): ArrayBuffer[] => [
  ...new Set(
    [...(output?.sets.values() ?? []), ...(output?.identifiers.values() ?? [])].map(
      ({ buffer }) => buffer as ArrayBuffer,
    ),
  ),
];

const failure = (error: unknown): News => {
  if (error instanceof EngineError)
    return { is: 'failed', code: error.code, message: error.message, where: error.where };
  const message = error instanceof Error ? error.message : String(error);
  return error instanceof Error && error.name === 'RuntimeError'
    ? {
        is: 'failed',
        code: 'SolverBroke',
        message: `The solver broke down, perhaps at its 2 GiB of memory: ${message}`,
      }
    : { is: 'failed', code: 'InternalError', message };
};

/** Jobs that a run has asked for and not got yet. */
const asked = new Map<number, { resolve: (job: string) => void; reject: (error: Error) => void }>();
let asks = 0;

const submit = (order: ChildOrder): Promise<string> =>
  new Promise((resolve, reject) => {
    asked.set(++asks, { resolve, reject });
    tell({ is: 'submit', number: asks, order });
  });

const settle = ({ submitted, job, error }: Submitted): void => {
  const waiting = asked.get(submitted);
  asked.delete(submitted);
  if (job !== undefined) waiting?.resolve(job);
  else
    waiting?.reject(new EngineError(error?.code ?? 'NotSubmitted', error?.message ?? 'It was not submitted'));
};

const obey = async (order: Order): Promise<void> => {
  if ('submitted' in order) return settle(order);
  if ('load' in order) {
    await loadModel(order.load);
    return port.postMessage({ is: 'loaded' } satisfies News);
  }
  gate = new LogGate({ total: order.run.logBytes });
  const result = await new Run(
    highs,
    await loadModel(order.run.folder),
    order.run,
    interrupt,
    tell,
    submit,
  ).finish();
  port.postMessage({ is: 'finished', result } satisfies News, buffersOf(result));
};

port.on('message', (order: Order) => {
  obey(order).catch((error: unknown) => port.postMessage(failure(error)));
});
await warmUp();
port.postMessage({ is: 'ready' } satisfies News);
