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
}

const read = (file: string): string => {
  try {
    return fs.readFileSync(file, 'latin1');
  } catch {
    return ''; // it has ended meanwhile
  }
};

const isAlive = (pid: string): boolean => !/^\d+ \(.*\) [ZX] /s.test(read(`/proc/${pid}/stat`) || '0 () X ');

/** Process ids by the folder in which they work. */
const byFolder = (): Map<string, number> => {
  const found = new Map<string, number>();
  const pids = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  for (const pid of pids.sort((a, b) => Number(a) - Number(b))) {
    try {
      const folder = fs.readlinkSync(`/proc/${pid}/cwd`).replace(/ \(deleted\)$/, '');
      if (isAlive(pid) && !found.has(folder)) found.set(folder, Number(pid)); // the first: others are its children
    } catch {
      // it has ended, or is the kernel's
    }
  }
  return found;
};

/** The engine processes of a server, by the private folders that the server has given them. */
export const engineProcesses = (server: Server): EngineProcess[] => {
  const folder = path.join(server.dataDir, 'run/engines');
  if (!fs.existsSync(folder)) return [];
  const pids = byFolder();
  return fs.readdirSync(folder).flatMap((name) => {
    const own = path.join(folder, name);
    const pid = pids.get(own);
    if (pid === undefined) return [];
    const [, role = ''] = /OPENPRO_ROLE=(\w+)/.exec(read(`/proc/${pid}/environ`)) ?? [];
    const opened = fs.existsSync(path.join(own, 'opened'));
    const [, job = null, since = 0] =
      /^{"job":"(.+)","since":(\d+)}/.exec(read(path.join(own, 'working'))) ?? [];
    return [{ pid, role, opened, job, since: Number(since) }];
  });
};

export interface Stale {
  readonly job: string;
  readonly attempt: number;
  readonly pid: number;
}

/** Processes that work on what the log had taken from this server before that moment. */
export const staleOn = (server: Server, watch: LogWatch, resumedAt: number): Stale[] =>
  engineProcesses(server).flatMap(({ pid, job, since }) => {
    const attempts = watch.jobs.get(job ?? '')?.attempts ?? [];
    const its = attempts
      .filter(({ node, startedAt }) => node === server.node && startedAt <= since + 1)
      .at(-1);
    const taken = its !== undefined && its.endedAt !== null && its.endedAt < resumedAt;
    return taken && job !== null ? [{ job, attempt: its.attempt, pid }] : [];
  });
