import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { mutants, type Mutant, quickMutants } from './mutants.js';
import { buildServer } from './mutated-build.js';
import { planFaults, planInTurn, WAYS } from './plan.js';
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
  --policies       with a queue policy, licences and a schedule, all at their limits
  --only F03,F05   some kinds of faults instead of all, or ways of them: "F20 rolling"
  --mutants WHICH  planted bugs that must be found: all (default), quick, none, or their names
  --mutant NAME,…  these, and nothing else
  --keep           keep history, logs and data for a closer look
  --record         put the table into docs/reliability.md

See docs/reliability.md. Ends with 0 only when every kind of fault struck, every invariant held and every mutant was
caught; with 1 when not; with 2 when it was asked for what there is not.
`;

const root = process.cwd(); // npm runs there
const SLOTS = 4;
const MUTANT_SERVERS = 3;
const MUTANT_PATIENCE_MS = 15_000;
const PATIENCE_MS = 90_000;
/** Mutants at once: most of their time is waiting. */
const AT_ONCE = 3;
/** These would strike the others' database. */
const SHARED: ReadonlySet<string> = new Set(['F05', 'F13']);

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const no = (why: string): never => {
  say(`✗ ${why}\n\n${HELP}`);
  process.exit(2);
};

const wholeNumber = (name: string, text: string | undefined, fallback: number): number => {
  const value = text === undefined ? fallback : Number(text);
  return Number.isInteger(value) && value >= 0
    ? value
    : no(`--${name} is "${text}": it must be a whole number`);
};

/** The names in this list; there must be some, and all must be known. */
const names = (option: string, text: string, known: ReadonlySet<string>): ReadonlySet<string> => {
  const wanted = text.split(',').map((name) => name.trim());
  const unknown = wanted.find((name) => !known.has(name));
  if (unknown !== undefined) no(`--${option}: there is no "${unknown}", but ${[...known].join(', ')}`);
  return new Set(wanted);
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
        policies: { type: 'boolean' },
        mutants: { type: 'string' },
        mutant: { type: 'string' },
        keep: { type: 'boolean' },
        record: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    return values;
  } catch (error) {
    return no((error as Error).message);
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
const faults = given.mutant === undefined ? wholeNumber('faults', given.faults, 1000) : 0;
const jobs = given.mutant === undefined ? wholeNumber('jobs', given.jobs, 20_000) : 0;
const only = given.only === undefined ? undefined : names('only', given.only, WAYS);

const chosen = ((): readonly Mutant[] => {
  const wanted = given.mutant ?? given.mutants ?? 'all';
  if (wanted === 'all') return mutants;
  if (wanted === 'none') return [];
  const known = new Set(mutants.map(({ name }) => name));
  const which =
    wanted === 'quick'
      ? new Set(quickMutants)
      : names(given.mutant === undefined ? 'mutants' : 'mutant', wanted, known);
  return mutants.filter(({ name }) => which.has(name));
})();
if (faults === 0 && jobs === 0 && chosen.length === 0) no('nothing would be tested');
if (servers === 0 || slots === 0) no('without servers and slots nothing runs');

const commit = commitOf(root);
const folder = scratchFolder(given.keep ?? false);
const postgres = new Postgres(folder, say);

const runMutant = async (mutant: Mutant): Promise<MutantResult> => {
  const own = path.join(folder, mutant.name);
  const tell = (text: string): void => say(`  ${mutant.name}: ${text}`);
  try {
    const patches = mutant.patches.map((patch) => ({ name: mutant.name, ...patch }));
    const build = await buildServer(path.join(own, 'build'), patches);
    const { violations } = await run({
      ...{ folder: own, postgres, database: mutant.name.replaceAll('-', '_'), build, seed, commit },
      ...{ jobs: mutant.jobs, jobMs: mutant.ms, seconds: mutant.seconds, servers: MUTANT_SERVERS, slots },
      say: () => undefined,
      plan: { gentle: [], rough: planInTurn(seed, mutant.plan) },
      patienceMs: MUTANT_PATIENCE_MS,
      sessions: false,
      policies: mutant.policies ?? false,
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
  const results = new Map<Mutant, MutantResult>();
  const alone = chosen.filter(({ plan }) => plan.some((step) => SHARED.has(step.slice(0, 3))));
  const others = chosen.filter((mutant) => !alone.includes(mutant));
  const lane = async (queue: Mutant[]): Promise<void> => {
    for (let mutant = queue.shift(); mutant; mutant = queue.shift())
      results.set(mutant, await runMutant(mutant));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, () => lane(others)));
  await lane(alone);
  return chosen.flatMap((mutant) => results.get(mutant) ?? []);
};

const main = async (): Promise<number> => {
  say(`seed ${seed}, commit ${commit}, ${folder}`);
  await postgres.start();
  /** What this machine cannot do, and why. */
  const leftOut = new Map(
    Object.entries({
      F13: postgres.disk ? undefined : 'only root can make a small disk',
      F17: postgres.hasClock ? undefined : 'there is no libfaketime',
    }).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const plan = planFaults(seed, faults, only, new Set(leftOut.keys()));
  const asked = new Set([...plan.gentle, ...plan.rough].map(({ is }) => is));
  let result;
  if (faults > 0 || jobs > 0) {
    const build = await buildServer(path.join(folder, 'build'));
    result = await run({
      ...{ folder: path.join(folder, 'run'), postgres, database: 'faults', build, seed, commit },
      ...{ jobs, servers, slots, seconds: 0, patienceMs: PATIENCE_MS, sessions: true, say },
      policies: given.policies ?? false,
      plan,
    });
    for (const { invariant, message } of result.violations) say(`✗ ${invariant} ${message}`);
  }
  const caught = await runMutants();
  await postgres.stop();
  const [begin] = result?.history.entries ?? [];
  if (!result || begin?.kind !== 'begin') return caught.every(isCaught) ? 0 : 1;
  const { measures, violations } = result;
  const missing = [...asked].filter((kind) => !measures.faults.get(kind)?.struck);
  const text = table({ begin, measures, violations, mutants: caught, leftOut, missing });
  say(`\n${text}`);
  if (given.record) record(text);
  const struck = missing.length === 0 && (asked.size > 0 || faults === 0);
  const held = violations.length === 0 && measures.lost === 0 && measures.acknowledged > 0;
  return held && struck && caught.every(isCaught) ? 0 : 1;
};

const isCaught = ({ broken }: MutantResult): boolean => broken.length > 0;

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
