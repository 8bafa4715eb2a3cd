import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { FaultKind } from './history.js';
import { mutants, type Mutant, quickMutants } from './mutants.js';
import { buildServer } from './mutated-build.js';
import { planFaults, planInTurn, random } from './plan.js';
import { Postgres } from './postgres.js';
import { type MutantResult, table } from './report.js';
import { run } from './run.js';
import { commitOf, scratchFolder } from './scratch.js';

const HELP = `Usage: npm run faults -- [options]

  --faults N       how many faults (default 1000)
  --jobs N         how many jobs meanwhile (default 20000)
  --servers N      default 4
  --slots N        jobs that each of them runs at once (default 4)
  --seed N         what happens; default: a new one, which is printed
  --only F03,F05   some kinds of faults instead of all
  --mutants WHICH  planted bugs that must be found: all (default), quick, none, or how many
  --mutant NAME,…  these, and nothing else
  --keep           keep history, logs and data for a closer look
  --record         put the table into docs/reliability.md

See docs/reliability.md. Ends with 0 only when every invariant held and every mutant was caught.
`;

const root = process.cwd(); // npm runs there
const SLOTS = 4;
const MUTANT_SERVERS = 3;
const MUTANT_PATIENCE_MS = 15_000;
const PATIENCE_MS = 90_000;
/** A mutant's faults come one after the other, about so often. */
const MUTANT_FAULT_S = 3;
/** Mutants at once: most of their time is waiting. */
const AT_ONCE = 3;
/** These would strike the others' database. */
const SHARED: ReadonlySet<FaultKind> = new Set(['F05', 'F13']);

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const wholeNumber = (name: string, text: string | undefined, fallback: number): number => {
  const value = text === undefined ? fallback : Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  say(`✗ --${name} is "${text}": it must be a whole number\n\n${HELP}`);
  process.exit(2);
};

const readOptions = () => {
  try {
    const { values } = parseArgs({
      options: {
        faults: { type: 'string' },
        jobs: { type: 'string' },
        servers: { type: 'string' },
        slots: { type: 'string' },
        seed: { type: 'string' },
        only: { type: 'string' },
        mutants: { type: 'string' },
        mutant: { type: 'string' },
        keep: { type: 'boolean' },
        record: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    return values;
  } catch (error) {
    say(`✗ ${(error as Error).message}\n\n${HELP}`);
    process.exit(2);
  }
};

const given = readOptions();
if (given.help) {
  say(HELP);
  process.exit(0);
}
const seed = wholeNumber('seed', given.seed, Math.floor(Math.random() * 1_000_000));
const servers = wholeNumber('servers', given.servers, 4);
const slots = wholeNumber('slots', given.slots, SLOTS);
const faults = given.mutant ? 0 : wholeNumber('faults', given.faults, 1000);
const jobs = given.mutant ? 0 : wholeNumber('jobs', given.jobs, 20_000);
const only = given.only === undefined ? undefined : new Set(given.only.split(',') as FaultKind[]);

/** So many of them, other ones for other seeds. */
const chosen = (): readonly Mutant[] => {
  if (given.mutant) return mutants.filter(({ name }) => given.mutant?.split(',').includes(name));
  const wanted = given.mutants ?? 'all';
  if (wanted === 'all') return mutants;
  if (wanted === 'quick') return mutants.filter(({ name }) => quickMutants.includes(name));
  const next = random(seed);
  const drawn = mutants.map((mutant) => ({ mutant, at: next() })).sort((a, b) => a.at - b.at);
  return drawn
    .slice(0, wanted === 'none' ? 0 : wholeNumber('mutants', wanted, 0))
    .map(({ mutant }) => mutant);
};

const commit = commitOf(root);
const folder = scratchFolder(given.keep ?? false);
const postgres = new Postgres(folder, say);

const runMutant = async (mutant: Mutant): Promise<MutantResult> => {
  const own = path.join(folder, mutant.name);
  const tell = (text: string): void => say(`  ${mutant.name}: ${text}`);
  try {
    const patches = mutant.patches.map((patch) => ({ name: mutant.name, ...patch }));
    const build = await buildServer(path.join(own, 'build'), patches);
    const many = Math.max(mutant.plan.length, Math.round(mutant.seconds / MUTANT_FAULT_S));
    const { violations } = await run({
      ...{ folder: own, postgres, database: mutant.name.replaceAll('-', '_'), build, seed, commit },
      ...{ jobs: mutant.jobs, jobMs: mutant.ms, seconds: mutant.seconds, servers: MUTANT_SERVERS, slots },
      say: () => undefined,
      plan: { gentle: [], rough: planInTurn(seed, mutant.plan, many) },
      patienceMs: MUTANT_PATIENCE_MS,
    });
    const found = violations.map(({ invariant }) => invariant);
    const broken = found.filter((invariant) => mutant.breaks.includes(invariant));
    tell(broken.length > 0 ? `caught by ${[...new Set(broken)].join(', ')}` : 'NOT CAUGHT');
    if (broken.length === 0) for (const { invariant, message } of violations) tell(`${invariant} ${message}`);
    return { name: mutant.name, broken };
  } catch (error) {
    tell(`did not run: ${(error as Error).stack}`);
    return { name: mutant.name, broken: [] };
  }
};

const runMutants = async (): Promise<MutantResult[]> => {
  const wanted = chosen();
  const results = new Map<Mutant, MutantResult>();
  const alone = wanted.filter(({ plan }) => plan.some((kind) => SHARED.has(kind)));
  const others = wanted.filter((mutant) => !alone.includes(mutant));
  const lane = async (queue: Mutant[]): Promise<void> => {
    for (let mutant = queue.shift(); mutant; mutant = queue.shift())
      results.set(mutant, await runMutant(mutant));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, () => lane(others)));
  await lane(alone);
  return wanted.flatMap((mutant) => results.get(mutant) ?? []);
};

const main = async (): Promise<number> => {
  say(`seed ${seed}, commit ${commit}, ${folder}`);
  await postgres.start();
  let result;
  if (faults > 0 || jobs > 0) {
    const build = await buildServer(path.join(folder, 'build'));
    result = await run({
      ...{ folder: path.join(folder, 'run'), postgres, database: 'faults', build, seed, commit },
      ...{ jobs, servers, slots, seconds: 0, patienceMs: PATIENCE_MS, say },
      plan: planFaults(seed, faults, only),
    });
    for (const { invariant, message } of result.violations) say(`✗ ${invariant} ${message}`);
  }
  const caught = await runMutants();
  await postgres.stop();
  const [begin] = result?.history.entries ?? [];
  if (result && begin?.kind === 'begin') {
    const text = table(begin, result.measures, result.violations, caught);
    say(`\n${text}`);
    if (given.record) record(text);
  }
  const held = (result?.violations.length ?? 0) === 0 && (result?.measures.lost ?? 0) === 0;
  return held && caught.every(({ broken }) => broken.length > 0) ? 0 : 1;
};

/** The document's table is always one that this command has printed. */
const record = (text: string): void => {
  const file = path.join(root, 'docs/reliability.md');
  const [before, rest] = fs.readFileSync(file, 'utf8').split('<!-- table -->');
  const [, after] = rest?.split('<!-- /table -->') ?? [];
  if (after === undefined) throw new Error(`${file} has no place for the table`);
  fs.writeFileSync(file, `${before}<!-- table -->\n\n${text}\n<!-- /table -->${after}`);
};

process.exitCode = await main().catch((error: unknown) => {
  say(`✗ ${error instanceof Error ? error.stack : String(error)}`);
  return 1;
});
process.exit();
