import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { check, type Violation } from './checker.js';
import { History } from './history.js';
import { measure, type Measures } from './measures.js';
import type { LogEvent } from './log-watch.js';
import type { ServerBuild } from './mutated-build.js';
import { Nemesis } from './nemesis.js';
import type { Plan } from './plan.js';
import type { Postgres } from './postgres.js';
import { Rig } from './rig.js';
import { atExit } from './scratch.js';

export interface RunOptions {
  readonly folder: string;
  readonly postgres: Postgres;
  readonly database: string;
  readonly build: ServerBuild;
  readonly plan: Plan;
  readonly jobs: number;
  /** So long each of them works, in milliseconds; without it most of them end at once. */
  readonly jobMs?: number | undefined;
  readonly servers: number;
  readonly slots: number;
  readonly seed: number;
  readonly commit: string;
  /** At least so long jobs are submitted; without it as long as there are faults. */
  readonly seconds: number;
  /** So long after the last answer another one may take, and a job to end. */
  readonly patienceMs: number;
  /** Whether apps are opened, too. */
  readonly sessions: boolean;
  /** Whether the queue has a policy, apps need licences and a schedule runs, too. */
  readonly policies: boolean;
  readonly say: (text: string) => void;
}

export interface RunResult {
  readonly history: History;
  readonly violations: readonly Violation[];
  readonly measures: Measures;
}

/** After the gentle faults, what they have set off shows. */
const AFTERMATH_MS = 6000;
const PACE_MS = 50;
const SAY_MS = 10_000;

/** One cluster from its start to its end, faults and jobs meanwhile, and what the checker says. */
export const run = async (options: RunOptions): Promise<RunResult> => {
  const { folder, plan, jobs, servers, slots, seed, commit, say } = options;
  const faults = plan.gentle.length + plan.rough.length;
  mkdirSync(folder, { recursive: true });
  const history = new History(path.join(folder, 'history.ndjson'));
  const flushed = atExit(() => history.flush()); // of a run that was interrupted, too
  history.add({ kind: 'begin', seed, commit, faults, jobs, servers, slots, wall: Date.now() });
  const rig = await Rig.start({ ...options, history });
  try {
    await strike(options, rig, history);
  } finally {
    flushed();
    history.flush();
    await rig.stop();
    writeFileSync(
      path.join(folder, 'log.ndjson'),
      rig.watch.events.map((e) => `${JSON.stringify(e)}\n`).join(''),
    ); // for --keep
  }
  say('checking');
  const rebuilt = await promisify(execFile)(process.execPath, [
    ...[options.build.rebuild, rig.url, `${options.database}_rebuilt`],
  ]);
  const violations = await check({
    history: history.entries,
    databaseUrl: rig.url,
    rebuiltUrl: rebuilt.stdout.trim(),
    logs: rig.logs,
    storageDir: rig.storage,
    secrets: [rig.token],
  });
  return { history, violations, measures: measure(history.entries, rig.watch.events) };
};

const BACK: ReadonlySet<string> = new Set(['SeatReleased', 'SeatExpired', 'SeatFreed']);

/** Of attempts: they come back a moment after these have ended. */
const seatsTaken = (events: readonly LogEvent[]): number =>
  events.reduce((taken, { type, data }) => {
    if (data['kind'] !== 'optimization') return taken;
    return type === 'SeatGranted' ? taken + 1 : BACK.has(type) ? taken - 1 : taken;
  }, 0);

const strike = async (
  { plan, seconds, patienceMs, say }: RunOptions,
  rig: Rig,
  history: History,
): Promise<void> => {
  const driver = rig.driver();
  const nemesis = new Nemesis(rig, driver);
  const faults = plan.gentle.length + plan.rough.length;
  const began = performance.now();
  let begun = 0;
  const pace = setInterval(() => {
    const spent = seconds === 0 ? 1 : (performance.now() - began) / 1000 / seconds;
    driver.allow(Math.min(spent, seconds > 0 || faults === 0 ? 1 : begun / faults));
  }, PACE_MS);
  const progress = setInterval(() => {
    const { watch } = rig;
    say(
      `${Math.round((performance.now() - began) / 1000)} s: faults ${nemesis.done}/${faults}, ` +
        `jobs ${driver.acknowledged.size} acknowledged, ${watch.ended} ended, ${watch.running.size} running`,
    );
  }, SAY_MS);
  try {
    driver.start();
    const onBegin = (): void => void (begun += 1);
    await nemesis.run(plan.gentle, onBegin);
    if (plan.gentle.length > 0) await delay(AFTERMATH_MS);
    history.add({ kind: 'gentle-over' });
    await nemesis.run(plan.rough, onBegin);
    await delay(Math.max(0, began + seconds * 1000 - performance.now()));
    history.add({ kind: 'faults-over' });
    clearInterval(pace);
    await driver.finish();
    const { acknowledged } = driver;
    const allEnded = () => [...acknowledged].every((id) => rig.watch.jobs.get(id)?.state === 'ended');
    if (!(await rig.watch.until(allEnded, patienceMs))) say('not all jobs have ended');
    // What a schedule has submitted last.
    await rig.watch.until(() => rig.watch.ended === rig.watch.jobs.size, patienceMs);
    await rig.watch.until(() => seatsTaken(rig.watch.events) === 0, patienceMs);
    await rig.watch.until(() => rig.watch.sessions.size === 0, patienceMs);
    history.add({ kind: 'end' });
  } finally {
    clearInterval(pace);
    clearInterval(progress);
  }
};
