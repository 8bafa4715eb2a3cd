import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, jest } from '@jest/globals';
import { FakePlatform, type Fields } from './fake-platform.testing.js';

const PROJECT = path.resolve(import.meta.dirname, '../../..');

/** Builds the command line into a folder of its own, so that tests never run an old one. */
const buildCli = async (): Promise<string> => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'openpro-cli-'));
  await symlink(path.join(PROJECT, 'node_modules'), path.join(folder, 'node_modules'));
  const outdir = path.join(folder, 'dist');
  // In a process of its own: esbuild refuses to run inside jest's sandbox.
  const script = `import { bundleCli } from '${pathToFileURL(path.join(PROJECT, 'apps/server/bundle.mjs')).href}'; await bundleCli({ outdir: process.env.OUT });`;
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, NODE_OPTIONS: '', OUT: outdir },
  });
  return path.join(outdir, 'cli/main.mjs');
};

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One run of the real program. */
class Run {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Set<() => void>();
  readonly ended: Promise<Ended>;

  constructor(main: string, args: readonly string[], env: Record<string, string>, cwd: string) {
    this.#child = spawn(process.execPath, [main, ...args], {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', HOME: cwd, ...env },
    });
    this.#child.stdin.end();
    const heard = (): void => this.#waiting.forEach((check) => check());
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => ((this.stdout += text), heard()));
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => ((this.stderr += text), heard()));
    this.ended = new Promise((resolve) =>
      this.#child.on('close', (code) => resolve({ code, stdout: this.stdout, stderr: this.stderr })),
    );
  }

  interrupt(): void {
    this.#child.kill('SIGINT');
  }

  /** Until the program has written something like this. */
  async says(pattern: RegExp): Promise<void> {
    const said = new Promise<void>((resolve) => {
      const check = (): void => {
        if (!pattern.test(this.stdout + this.stderr)) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
    const ended = this.ended.then(({ stdout, stderr }) => {
      if (!pattern.test(stdout + stderr))
        throw new Error(`It ended without saying ${pattern}:\n${stdout}${stderr}`);
    });
    await Promise.race([said, ended]);
  }
}

/** For one suite: the program, built once; for each test a folder with a home and, if it is served, a fake platform. */
export const cliForSuite = () => {
  jest.setTimeout(60_000); // real processes on a busy machine: a limit that only a hang reaches
  let main = '';
  let folder = '';
  let platform: FakePlatform | null = null;
  const stop = async (): Promise<void> => {
    await platform?.stop();
    platform = null;
  };
  beforeAll(async () => {
    main = await buildCli();
  });
  afterAll(() => rm(path.resolve(main, '../../..'), { recursive: true, force: true }));
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'openpro-cli-'));
  });
  afterEach(async () => {
    await stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** The program, signed in to the fake platform. */
  const start = (args: readonly string[], env: Record<string, string> = {}): Run => {
    const signedIn = platform ? { OPENPRO_URL: platform.url, OPENPRO_TOKEN: platform.token } : {};
    return new Run(main, args, { OPENPRO_HOME: path.join(folder, 'home'), ...signedIn, ...env }, folder);
  };
  return {
    serve: async (fields: Fields): Promise<FakePlatform> =>
      (platform = await new FakePlatform(fields).start()),
    /** The platform goes away before the test ends. */
    stop,
    start,
    openpro: (...args: string[]): Promise<Ended> => start(args).ended,
    /** A path in the test's folder. */
    at: (...parts: readonly string[]): string => path.join(folder, ...parts),
  };
};
