// npm run simulate -- [--seeds 20000] [--seed N] [--mutants]
import os from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { Counts } from './checker.js';
import { MUTANTS } from './mutants.js';
import { World } from './world.js';

/** So many seeds at a time: small enough that workers end together. */
const SHARE = 50;
/** A mutant that lives longer has not been caught. */
const MUTANT_SEEDS = 5000;

const simulate = (seed: number, mutant?: string, tracing = false) =>
  new World(seed, mutant === undefined ? {} : MUTANTS[mutant], tracing).run();

interface Share {
  readonly from: number;
  readonly to: number;
}

interface Result {
  readonly counts: Counts;
  readonly failed: readonly { readonly seed: number; readonly violation: string }[];
}

const add = (sum: Counts | null, counts: Counts): Counts =>
  sum
    ? (Object.fromEntries(
        Object.entries(counts).map(([name, count]) => [name, count + sum[name as keyof Counts]]),
      ) as unknown as Counts)
    : counts;

const work = async ({ from, to }: Share): Promise<Result> => {
  let counts: Counts | null = null;
  const failed: { seed: number; violation: string }[] = [];
  for (let seed = from; seed < to; seed++) {
    const outcome = await simulate(seed);
    counts = add(counts, outcome.counts);
    if (outcome.violation !== null) failed.push({ seed, violation: outcome.violation });
  }
  return { counts: counts!, failed };
};

/** All seeds on all cores. */
const runAll = async (seeds: number): Promise<boolean> => {
  const started = performance.now();
  let counts: Counts | null = null;
  const failed: Result['failed'][number][] = [];
  let next = 0;
  const drive = (worker: Worker): Promise<void> =>
    new Promise((resolve, reject) => {
      const share = (): void => {
        const from = next;
        if (from >= seeds) return void worker.terminate().then(() => resolve(), reject);
        next = Math.min(seeds, from + SHARE);
        worker.postMessage({ from, to: next } satisfies Share);
      };
      worker.on('error', reject);
      worker.on('message', (result: Result) => {
        counts = add(counts, result.counts);
        failed.push(...result.failed);
        share();
      });
      share();
    });
  const cores = Math.max(1, os.availableParallelism());
  await Promise.all(
    Array.from({ length: cores }, () => drive(new Worker(new URL(import.meta.url), { workerData: true }))),
  );
  const seconds = (performance.now() - started) / 1000;
  console.log(`${seeds.toLocaleString('en')} seeds in ${seconds.toFixed(1)} s on ${cores} cores`);
  for (const [name, count] of Object.entries(counts ?? {}))
    console.log(`  ${name.padEnd(14)} ${Number(count).toLocaleString('en').padStart(12)}`);
  console.log(`  ${'violations'.padEnd(14)} ${String(failed.length).padStart(12)}`);
  const [first] = failed.sort((a, b) => a.seed - b.seed);
  for (const { seed, violation } of failed.slice(0, 20)) console.log(`seed ${seed}: ${violation}`);
  if (first) {
    console.log(`\nThe first of them, again by \`npm run simulate -- --seed ${first.seed}\`:`);
    await runOne(first.seed);
  }
  return failed.length === 0;
};

const runOne = async (seed: number, mutant?: string): Promise<boolean> => {
  const { violation, trace, counts } = await simulate(seed, mutant, true);
  console.log(trace.join('\n'));
  console.log(
    violation === null ? `seed ${seed}: no violation, ${counts.events} events` : `seed ${seed}: ${violation}`,
  );
  return violation === null;
};

/** The test of the test: every planted bug must be found. */
const runMutants = async (): Promise<boolean> => {
  let alive = 0;
  for (const name of Object.keys(MUTANTS)) {
    let verdict = `NOT CAUGHT in ${MUTANT_SEEDS} seeds`;
    for (let seed = 0; seed < MUTANT_SEEDS; seed++) {
      const { violation } = await simulate(seed, name);
      if (violation === null) continue;
      verdict = `caught by seed ${seed}: ${violation}`;
      break;
    }
    if (verdict.startsWith('NOT')) alive++;
    console.log(`  ${name.padEnd(42)} ${verdict}`);
  }
  return alive === 0;
};

if (isMainThread) {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '20000' },
      seed: { type: 'string' },
      mutant: { type: 'string' },
      mutants: { type: 'boolean', default: false },
    },
  });
  const good =
    values.seed !== undefined
      ? await runOne(Number(values.seed), values.mutant)
      : (!values.mutants || (await runMutants())) && (await runAll(Number(values.seeds)));
  process.exitCode = good ? 0 : 1;
} else if (workerData)
  parentPort?.on(
    'message',
    (share: Share) => void work(share).then((result) => parentPort?.postMessage(result)),
  );
