// An engine that misbehaves on command: the procedure of a run names what it does. Built and started by host.spec.ts.
import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import { EngineError, packCase, serve, unpackCases, type Reply, type RunResult } from '../sdk/index.js';
import { encodeElements } from '../wire/cols1.js';

const forever = new Promise<never>(() => undefined);
const done = (solverStatus: string, outcome: RunResult['outcome'] = 'completed'): Reply<RunResult> => ({
  result: {
    outcome,
    solverStatus,
    objective: 1,
    bound: 1,
    gap: 0,
    statistics: { pid: process.pid },
    output: null,
  },
});

serve('fake', (link) => {
  let interrupted: () => void = () => undefined;
  const interrupt = new Promise<void>((resolve) => (interrupted = resolve));
  const incumbent = (number: number): void =>
    link.incumbent(
      { number, objective: number, bound: 0, gap: 1, elapsed: number },
      { sets: new Map(), identifiers: new Map([['X', encodeElements([`incumbent ${number}`])]]) },
    );

  const acts: Record<string, (args: Readonly<Record<string, unknown>>) => unknown> = {
    finish: () => done('fine'),
    print: () => {
      writeSync(1, 'its last words\n');
      return done('fine');
    },
    heapLimit: () => done(String(getHeapStatistics().heap_size_limit)),
    environment: () => done(Object.keys(process.env).sort().join(' ')),
    polite: () => interrupt.then(() => done('stopped', 'interrupted')),
    sleep: () => {
      link.log('asleep');
      return forever;
    },
    improve: () => {
      for (const number of [1, 2, 3]) incumbent(number);
      return forever;
    },
    improveAndEnd: () => {
      for (const number of [1, 2, 3]) {
        incumbent(number);
        link.progress({
          phase: 'solve',
          elapsed: number,
          objective: number,
          bound: 0,
          gap: 1,
          nodes: 0,
          iterations: 0,
          incumbents: number,
        });
      }
      link.flush();
      return done('fine');
    },
    nonsense: () => {
      link.progress({
        phase: 'party',
        elapsed: 'x',
        objective: {},
        incumbents: [],
        text: 'x'.repeat(5000),
      } as never);
      link.flush();
      return { result: { outcome: 'won' } };
    },
    fail: () => {
      throw new EngineError('ModelError', 'it cannot be done', 'main.mjs:3:7');
    },
    exit: () => {
      writeSync(2, 'something terrible\n');
      process.exit(3);
    },
    stop: () => process.kill(process.pid, 'SIGSTOP') && forever,
    busy: ({ ms }) => {
      for (const until = performance.now() + Number(ms); performance.now() < until;);
      return done('fine');
    },
    buffers: () => {
      const kept: Buffer[] = [];
      for (;;) kept.push(Buffer.alloc(8 * 1024 ** 2, 1));
    },
    heap: () => {
      const kept: object[] = [];
      for (;;) kept.push({ value: kept.length, text: `${kept.length}` });
    },
    flood: ({ megabytes }) => {
      const chunk = Buffer.alloc(1024 ** 2, `${'x'.repeat(99)}\n`);
      for (let i = 0; i < Number(megabytes); i++)
        for (let at = 0; at < chunk.length;) at += writeSync(1, chunk, at);
      return done('fine');
    },
    floodLog: ({ lines }) => {
      for (let i = 0; i < Number(lines); i++) link.log(`line ${i}`);
      link.flush();
      return done('fine');
    },
    child: () => {
      const { pid } = spawn('sleep', ['1000'], { stdio: 'ignore' });
      link.log(`child ${pid}`);
      link.flush();
      return forever;
    },
  };

  return {
    'app.load': () => ({ result: null }),
    interrupt: () => {
      interrupted();
      return { result: null };
    },
    run: (request, { binary }) => {
      if (request.procedure === 'echo') {
        const [input] = unpackCases([request.input], binary);
        const { header, parts } = packCase(input!);
        return { result: { ...done('echo').result, output: header }, binary: parts };
      }
      return acts[request.procedure]!(request.args) as Reply<RunResult>;
    },
  };
});
