import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createDatabase, migrate, withDatabase } from '../libs/platform/src/database.js';
import { startEmbeddedPostgres } from '../libs/platform/src/embedded-postgres.js';

const root = process.cwd();

/** Of /proc: Linux counts in hundredths of a second for all programs. */
const MS_PER_TICK = 10;

/** What one measurement gave: `{ 'events/s': 24000, 'p50 ms': 1.3 }`. */
export interface Measured {
  readonly [unit: string]: number;
}

export interface Contestant {
  readonly name: string;
  measure(): Promise<Measured>;
}

export interface Report {
  /** Also the file's name in docs/figures. */
  readonly name: string;
  readonly title: string;
  /** What is measured, and how fair it is. */
  readonly about: string;
  readonly rounds: number;
  readonly contestants: readonly Contestant[];
}

export interface BenchDatabase {
  readonly ownerUrl: string;
  /** Unix socket folder and port, for drivers that take no URL with a socket. */
  readonly host: string;
  readonly port: number;
}

/** A PostgreSQL with its default settings, so with fsync; `database` gives a fresh database of it. */
export const withPostgres = async (
  work: (postgres: {
    /** Empty. */
    database(name: string): Promise<BenchDatabase>;
    /** With OpenPRO's tables. */
    migrated(name: string): Promise<BenchDatabase>;
    readonly pid: number;
  }) => Promise<void>,
): Promise<void> => {
  const dir = fs.mkdtempSync(path.join(root, 'bench/node_modules/.postgres-')); // on the project's disk: /tmp may be memory
  const postgres = await startEmbeddedPostgres({ dir });
  const stop = async () => {
    await postgres.stop();
    fs.rmSync(dir, { recursive: true, force: true });
  };
  const abandon = () => {
    process.kill(postgres.pid, 'SIGQUIT');
    fs.rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  };
  process.once('exit', abandon); // after an accident or a signal
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  try {
    const { host, port } = postgres;
    const database = async (name: string) => {
      await createDatabase(postgres.ownerUrl, name);
      return { ownerUrl: withDatabase(postgres.ownerUrl, name), host, port };
    };
    const migrated = async (name: string) => {
      const made = await database(name);
      await migrate(made.ownerUrl);
      return made;
    };
    await work({ database, migrated, pid: postgres.pid });
    process.on('uncaughtException', () => undefined); // a peer that keeps connections takes their end for an accident
  } finally {
    process.off('exit', abandon);
    await stop();
  }
};

export const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;

/** Milliseconds of processor time that a process has used, with all its descendants or alone; NaN where /proc is missing. */
export const cpuMs = (pid: number = process.pid, { alone = false } = {}): number => {
  const family = new Map<number, number[]>();
  const ticks = new Map<number, number>();
  for (const entry of fs.existsSync('/proc/self/stat') ? fs.readdirSync('/proc') : [])
    try {
      const stat = fs.readFileSync(`/proc/${Number(entry)}/stat`, 'latin1');
      const fields = stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number);
      const [parent = 0, ...times] = [1, 11, 12, 13, 14].map((n) => fields[n]);
      const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = times;
      family.set(parent, [...(family.get(parent) ?? []), Number(entry)]);
      ticks.set(Number(entry), user + system + (alone ? 0 : endedUser + endedSystem));
    } catch {
      // Not a process, or it has just ended.
    }
  const used = (one: number): number =>
    ((!alone && family.get(one)) || []).reduce(
      (sum, child) => sum + used(child),
      ticks.get(one) ?? Number.NaN,
    );
  return used(pid) * MS_PER_TICK;
};

/** Resident memory of a process; NaN where /proc is missing. */
export const residentMiB = (pid: number): number => {
  const file = `/proc/${pid}/status`;
  const kib = fs.existsSync(file) && /VmRSS:\s+(\d+)/.exec(fs.readFileSync(file, 'utf8'))?.[1];
  return kib ? Number(kib) / 1024 : Number.NaN;
};

/** Calls `once` from so many callers for so long, each as soon as its last call is done. */
export const load = async (
  callers: number,
  seconds: number,
  once: () => Promise<unknown>,
): Promise<Measured> => {
  const times: number[] = [];
  const started = performance.now();
  const until = started + seconds * 1000;
  const caller = async () => {
    for (let now = performance.now(); now < until;) {
      await once();
      const after = performance.now();
      times.push(after - now);
      now = after;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const elapsed = (performance.now() - started) / 1000;
  times.sort((a, b) => a - b);
  return { 'per s': times.length / elapsed, 'p50 ms': quantile(times, 0.5), 'p99 ms': quantile(times, 0.99) };
};

const show = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : value >= 10 ? value.toFixed(1) : value.toFixed(2);

const cell = (values: readonly number[]): string => {
  if (values.some(Number.isNaN)) return '–';
  const sorted = [...values].sort((a, b) => a - b);
  return `${show(quantile(sorted, 0.5))} (${show(sorted[0] ?? Number.NaN)}–${show(sorted.at(-1) ?? Number.NaN)})`;
};

/** Measures the contestants in turn, round by round, and writes the medians with the lowest and highest round. */
export const report = async ({ name, title, about, rounds, contestants }: Report): Promise<void> => {
  const results = contestants.map(() => [] as Measured[]);
  const loadBefore = os.loadavg()[0] ?? 0;
  for (let round = 1; round <= rounds; round += 1)
    for (const [index, contestant] of contestants.entries()) {
      const measured = await contestant.measure();
      results[index]?.push(measured);
      const shown = Object.entries(measured)
        .filter(([, value]) => !Number.isNaN(value))
        .map(([unit, value]) => `${show(value)} ${unit}`);
      process.stderr.write(`  ${round}/${rounds} ${contestant.name}: ${shown.join(', ')}\n`);
    }
  const units = Object.keys(results[0]?.[0] ?? {});
  const rows = contestants.map(({ name: who }, index) => [
    who,
    ...units.map((unit) => cell((results[index] ?? []).map((measured) => measured[unit] ?? Number.NaN))),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
    cwd: root,
    encoding: 'utf8',
  }).trim();
  const markdown = [
    `# ${title}`,
    '',
    about,
    '',
    line(['', ...units]),
    line(['---', ...units.map(() => '---:')]),
    ...rows.map(line),
    '',
    `${rounds === 1 ? 'One round' : `Median of ${rounds} rounds (lowest–highest)`}. Node ${process.versions.node}, ${os.cpus().length} × ` +
      `${os.cpus()[0]?.model.trim() ?? 'unknown processor'}, load before ${loadBefore.toFixed(1)}, ` +
      `commit ${commit}, ${new Date().toISOString().slice(0, 10)}. Again: \`npm run bench -- ${name}\`.`,
    '',
  ].join('\n');
  fs.mkdirSync(path.join(root, 'docs/figures'), { recursive: true });
  fs.writeFileSync(path.join(root, `docs/figures/${name}.md`), markdown);
  process.stdout.write(`\n${markdown}\n`);
};
