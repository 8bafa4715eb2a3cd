import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

/*
 * What a run must not leave behind: processes, mounted disks, its folder. Cleared in the opposite order, also when the
 * run itself has an accident or is interrupted.
 */

const undo: (() => void)[] = [];

/** Called at the end, last first; the returned function takes it back. Must not wait for anything. */
export const atExit = (clear: () => void): (() => void) => {
  undo.push(clear);
  return () => {
    const at = undo.indexOf(clear);
    if (at >= 0) undo.splice(at, 1);
  };
};

process.once('exit', () => {
  for (const clear of undo.reverse())
    try {
      clear();
    } catch (error) {
      console.error(String(error));
    }
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));

/** SIGKILL, if it is still there. Not 0: that would be our own group. */
export const kill = (pid: number, signal: NodeJS.Signals = 'SIGKILL'): boolean => {
  try {
    return pid > 0 && process.kill(pid, signal);
  } catch {
    return false;
  }
};

/** A folder for one run; kept when asked for. */
export const scratchFolder = (keep: boolean): string => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'openpro-faults-'));
  if (!keep)
    atExit(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }));
  return folder;
};

export const isRoot = process.platform === 'linux' && process.geteuid?.() === 0;

const MIB = 1024 ** 2;

/** A small disk of its own, which can be filled. Only root can have one. */
export class Disk {
  private readonly ballast: string;

  private constructor(readonly folder: string) {
    this.ballast = path.join(folder, 'ballast');
  }

  static mount(folder: string, sizeMiB: number): Disk | null {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const options = ['-t', 'tmpfs', '-o', `size=${sizeMiB}m,mode=700`, 'openpro-faults', folder];
    if (!isRoot || spawnSync('mount', options).status !== 0) return null;
    atExit(() => void spawnSync('umount', ['-l', folder]));
    return new Disk(folder);
  }

  /** Leaves no room, and goes on taking what becomes free until `free`. */
  fill(): void {
    for (let bytes = 64 * MIB; bytes >= 4096;) {
      const { bavail, bsize } = fs.statfsSync(this.folder);
      if (bavail === 0) return;
      const size = fs.existsSync(this.ballast) ? fs.statSync(this.ballast).size : 0;
      const { status } = spawnSync('fallocate', [
        ...['-o', String(size), '-l', String(Math.min(bytes, bavail * bsize)), this.ballast],
      ]);
      if (status !== 0) bytes /= 4;
    }
  }

  free(): void {
    fs.rmSync(this.ballast, { force: true });
  }
}

/** Nobody can make or remove anything in this folder; false where the system cannot do that. */
export const seal = (folder: string, sealed: boolean): boolean =>
  spawnSync('chattr', [sealed ? '+i' : '-i', folder], { stdio: 'ignore' }).status === 0;

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = net.createServer().once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });

/** Systems give out ports from 32768 on by themselves: below, nobody takes one while its server is down. */
export const freePorts = async (count: number): Promise<number[]> => {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = 20_000 + Math.floor(Math.random() * 12_768);
    if (!ports.has(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
};

export const commitOf = (root: string): string =>
  execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
