import fs from 'node:fs';
import path from 'node:path';
import type { LogWatch } from './log-watch.js';
import type { Server } from './server.js';

/** A process of an engine, and what it works on just now. */
export interface EngineProcess {
  readonly pid: number;
  readonly role: string;
  /** Of an app that has begun. */
  readonly opened: boolean;
  readonly job: string | null;
  readonly since: number;
  /** Its folder is gone: its server has ended, and it has not. */
  readonly orphan: boolean;
}

const DELETED = ' (deleted)';

const read = (file: string): string => {
  try {
    return fs.readFileSync(file, 'latin1');
  } catch {
    return ''; // it has ended meanwhile
  }
};

/** Not one that only waits to be reaped. */
const isAlive = (pid: number): boolean => !/^\d+ \(.*\) [ZX] /s.test(read(`/proc/${pid}/stat`) || '0 () X ');

const folderOf = (pid: number): string => {
  try {
    return fs.readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
};

const describe = (pid: number, folder: string): EngineProcess => {
  const orphan = folder.endsWith(DELETED);
  const [, role = ''] = /OPENPRO_ROLE=(\w+)/.exec(read(`/proc/${pid}/environ`)) ?? [];
  const working = orphan ? '' : read(path.join(folder, 'working'));
  const [, job = null, since = 0] = /^{"job":"(.+)","since":(\d+)}/.exec(working) ?? [];
  return { pid, role, opened: fs.existsSync(path.join(folder, 'opened')), job, since: Number(since), orphan };
};

const among = (server: Server, pids: readonly number[]): EngineProcess[] => {
  const engines = path.join(server.dataDir, 'run/engines', '/');
  const seen = new Set<string>();
  return pids.flatMap((pid) => {
    const folder = folderOf(pid);
    // The first in its folder is the engine's; others are what it has started itself.
    if (!folder.startsWith(engines) || seen.has(folder) || !isAlive(pid)) return [];
    seen.add(folder);
    return [describe(pid, folder)];
  });
};

const numbers = (texts: readonly string[]): number[] =>
  texts
    .filter((text) => /^\d+$/.test(text))
    .map(Number)
    .sort((a, b) => a - b);

/** The engine processes that this server has started: cheap. */
export const engineProcesses = (server: Server): EngineProcess[] =>
  server.pid === 0
    ? []
    : among(server, numbers(read(`/proc/${server.pid}/task/${server.pid}/children`).split(' ')));

export interface Stale {
  readonly job: string;
  readonly attempt: number;
  readonly pid: number;
}

/** Processes that work on what the log had taken from this server before that moment, whichever life of it started them. */
export const staleOn = (server: Server, watch: LogWatch, resumedAt: number): Stale[] =>
  among(server, numbers(fs.readdirSync('/proc'))).flatMap(({ pid, job, since, orphan }) => {
    if (orphan) return [{ job: 'of a former life', attempt: 0, pid }];
    const attempts = watch.jobs.get(job ?? '')?.attempts ?? [];
    const its = attempts
      .filter(({ node, startedAt }) => node === server.node && startedAt <= since + 1)
      .at(-1);
    const taken = its !== undefined && its.endedAt !== null && its.endedAt < resumedAt;
    return taken && job !== null ? [{ job, attempt: its.attempt, pid }] : [];
  });
