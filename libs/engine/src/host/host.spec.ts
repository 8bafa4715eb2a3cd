import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import type { CaseData } from '../data/case.js';
import type { EngineManifest } from '../package/manifest.js';
import { decodeElements, encodeElements } from '../wire/cols1.js';
import type { Incumbent, Progress } from '../wire/protocol.js';
import { runAttempt, type Attempt, type AttemptOptions } from './attempt.js';
import { checkApp } from './check-app.js';
import { EnginePool, type EnginePoolOptions } from './engine-pool.js';
import type { InstalledEngine } from './installed.js';

const root = path.resolve(import.meta.dirname, '../../../..');
const here = import.meta.dirname;
let folder: string;
let engine: InstalledEngine;

const entry = (file: string) => ({ kind: 'node' as const, file });
const manifest: EngineManifest = {
  contract: 1,
  name: 'fake',
  version: '1.0.0',
  title: 'Fake',
  vendor: 'Tests',
  license: 'Apache-2.0',
  platforms: [{ os: 'any', arch: 'any' }],
  entry: { data: entry('fake.mjs'), optimization: entry('fake.mjs'), check: entry('garbage.mjs') },
  models: { languages: ['none'], extensions: ['.none'] },
  solvers: [],
  capabilities: { encodings: ['cols1'], heartbeat: 'protocol' },
  limits: { maxFrameMiB: 64, startTimeoutS: 20, interruptGraceS: 1 },
};

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'openpro-host-'));
  await build({
    entryPoints: { fake: `${here}/fake-engine.fixture.ts`, host: `${here}/host.fixture.ts` },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    tsconfig: path.join(root, 'tsconfig.json'),
  });
  writeFileSync(
    path.join(folder, 'garbage.mjs'),
    `import { connect } from 'node:net'; connect(process.env.OPENPRO_SOCKET).on('error', () => {}).write('GET / HTTP/1.1\\r\\n\\r\\n');`,
  );
  writeFileSync(path.join(folder, 'broken.mjs'), `throw new Error('no licence for the solver');`);
  writeFileSync(path.join(folder, 'asleep.mjs'), `setInterval(() => {}, 1000);`);
  engine = { name: 'fake', version: '1.0.0', digest: 'fake', folder, manifest };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let pools: EnginePool[] = [];
afterEach(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  pools = [];
});

const newPool = (options: EnginePoolOptions = {}): EnginePool => {
  const made = new EnginePool({ warm: 0, folder: mkdtempSync(path.join(folder, 'p')), ...options });
  pools.push(made);
  return made;
};

interface Watched extends Attempt {
  readonly log: () => string;
  readonly points: readonly Progress[];
  readonly incumbents: readonly [Incumbent, CaseData][];
  /** Settles when the log has this text. */
  logged(text: string): Promise<void>;
  readonly improved: Promise<void>;
  readonly started: Promise<number>;
}

const attempt = (pool: EnginePool, procedure: string, options: Partial<AttemptOptions> = {}): Watched => {
  let log = '';
  const points: Progress[] = [];
  const incumbents: [Incumbent, CaseData][] = [];
  const waiting: [string, () => void][] = [];
  let improved: () => void = () => undefined;
  let started: (pid: number) => void = () => undefined;
  const promises = {
    improved: new Promise<void>((resolve) => (improved = resolve)),
    started: new Promise<number>((resolve) => (started = resolve)),
  };
  const running = runAttempt(pool, {
    engine,
    app: { name: 'app', version: '1.0.0', digest: 'app', folder },
    job: 'job-1',
    attempt: 1,
    user: { id: 'u', name: 'U', roles: [], language: 'en', timeZone: 'UTC' },
    procedure,
    args: {},
    input: null,
    timeLimit: null,
    gap: null,
    seed: 1,
    limits: { memoryMiB: 1024, interruptGraceS: 0.3, logBytes: 100_000 },
    onStarted: started,
    onProgress: (point) => points.push(point),
    onIncumbent: (info, outputs) => {
      incumbents.push([info, outputs]);
      if (info.number === 3) improved();
    },
    onLog: (text) => {
      log += text;
      for (const [wanted, resolve] of waiting) if (log.includes(wanted)) resolve();
    },
    ...options,
  });
  const logged = (text: string): Promise<void> =>
    log.includes(text) ? Promise.resolve() : new Promise((resolve) => waiting.push([text, resolve]));
  return { ...running, ...promises, log: () => log, points, incumbents, logged };
};

const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
};
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
};

describe('an attempt', () => {
  it('says what it has used, and not what the runs before it in the same process have', async () => {
    const pool = newPool();
    const busy = attempt(pool, 'busy', { args: { ms: 1000 }, reuseKey: 'one' });
    await busy.result;
    expect(busy.use().cpuMs).toBeGreaterThan(0);
    expect(busy.use().peakMiB).toBeGreaterThan(10);
    expect(busy.use().launchMs).toBeGreaterThan(0);
    const idle = attempt(pool, 'finish', { reuseKey: 'one' });
    await idle.result;
    expect(pool.stats().reused).toBe(1);
    expect(idle.use().cpuMs).toBeLessThan(busy.use().cpuMs);
  });

  it('gets its input and gives its output', async () => {
    const input = {
      sets: new Map([['S', encodeElements(['a', 'b'])]]),
      identifiers: new Map([['X', encodeElements(['value'])]]),
    };
    const result = await attempt(newPool(), 'echo', { input }).result;
    expect(result).toMatchObject({ is: 'ended', outcome: 'completed', forced: false, solverStatus: 'echo' });
    const { output } = result as { output: CaseData };
    expect(decodeElements(output.sets.get('S')!)).toEqual(['a', 'b']);
    expect(decodeElements(output.identifiers.get('X')!)).toEqual(['value']);
  });

  it('tells its progress and the latest incumbent', async () => {
    const run = attempt(newPool(), 'improveAndEnd');
    await run.result;
    expect(run.incumbents.at(-1)![0]).toMatchObject({ number: 3, objective: 3 });
    expect(run.points.at(-1)).toMatchObject({ phase: 'solve', incumbents: 3 });
    expect(run.incumbents.length).toBeLessThan(4);
  });

  it('sees nothing of the server in its environment', async () => {
    process.env.OPENPRO_TEST_SECRET = 'secret';
    const result = await attempt(newPool(), 'environment').result;
    delete process.env.OPENPRO_TEST_SECRET;
    expect(result).toMatchObject({
      solverStatus: 'HOME LANG NODE_ENV OPENPRO_MEMORY_MIB OPENPRO_ROLE OPENPRO_SOCKET PATH TMPDIR TZ',
    });
  });

  it('has claims that make no sense left out or refused', async () => {
    const run = attempt(newPool(), 'nonsense');
    expect(await run.result).toEqual({
      is: 'failed',
      error: { code: 'BadMessage', message: 'The engine sent the outcome won, which is none' },
    });
    expect(run.points).toEqual([
      expect.objectContaining({ phase: 'solve', elapsed: 0, objective: null, incumbents: 0 }),
    ]);
    expect(run.points[0]!.text).toHaveLength(1000);
  });

  it('fails with the place when the model throws', async () => {
    expect(await attempt(newPool(), 'fail').result).toEqual({
      is: 'failed',
      error: { code: 'ModelError', message: 'it cannot be done', where: 'main.mjs:3:7' },
    });
  });

  it('crashes when its process ends by itself, with what it printed last', async () => {
    const result = await attempt(newPool(), 'exit').result;
    expect(result).toEqual({
      is: 'crashed',
      message: 'The process ended with the code 3: something terrible',
    });
  });

  it('crashes when its process is killed', async () => {
    const run = attempt(newPool(), 'sleep');
    await run.logged('asleep');
    process.kill(await run.started, 'SIGKILL');
    expect(await run.result).toEqual({ is: 'crashed', message: 'The process was ended by SIGKILL' });
  });

  it('passes on what its process printed just before it ended', async () => {
    const pool = newPool();
    for (let n = 0; n < 50; n++) {
      const run = attempt(pool, 'print', { reuseKey: 'one' });
      await run.result;
      expect(run.log()).toBe('its last words\n');
    }
  });

  it('takes another process when one was dead before it knew of the run, but not for ever', async () => {
    let lives = 2;
    const kill = (pid: number) => void (lives-- > 0 && process.kill(pid, 'SIGKILL'));
    expect(await attempt(newPool(), 'finish', { onStarted: kill }).result).toMatchObject({ is: 'ended' });
    lives = 100;
    const result = await attempt(newPool(), 'finish', { onStarted: kill }).result;
    expect(result).toEqual({ is: 'crashed', message: 'The process was ended by SIGKILL' });
    expect(lives).toBe(96);
  });

  it('crashes when its process neither answers nor runs', async () => {
    const pool = newPool({ heartbeat: { everyMs: 50, lostMs: 1500 } });
    const result = await attempt(pool, 'stop').result;
    expect(result).toEqual({ is: 'crashed', message: 'The process neither answered nor ran for 1.5 s' });
  });

  it('is not lost while its process runs, even when it cannot answer', async () => {
    const pool = newPool({ heartbeat: { everyMs: 50, lostMs: 1000 } });
    expect(await attempt(pool, 'busy', { args: { ms: 2000 } }).result).toMatchObject({ is: 'ended' });
  });

  it.each(['buffers', 'heap'])('fails at the limit of its memory: %s', async (procedure) => {
    const pool = newPool({ memoryMiB: 256 });
    const limits = { memoryMiB: 256, interruptGraceS: 1, logBytes: 100_000 };
    const result = await attempt(pool, procedure, { limits }).result;
    expect(result).toEqual({
      is: 'failed',
      error: { code: 'MemoryLimit', message: 'The process needed more than its 256 MiB of memory' },
    });
  });

  it.each([
    ['on its output', 'flood', { megabytes: 200 }],
    ['in its log', 'floodLog', { lines: 500_000 }],
  ])('survives a flood %s, which is cut', async (_, procedure, args) => {
    const run = attempt(newPool(), procedure, { args });
    expect(await run.result).toMatchObject({ is: 'ended' });
    expect(run.log().length).toBeLessThan(150_000);
    expect(run.log()).toMatch(/left out: more than/);
  });
});

describe('stopping an attempt', () => {
  /** Who ends by himself has time for it on a busy machine, too. */
  const patient = { limits: { memoryMiB: 1024, interruptGraceS: 60, logBytes: 100_000 } };

  it('lets the solver end by itself', async () => {
    const run = attempt(newPool(), 'polite', patient);
    await run.started;
    run.interrupt();
    expect(await run.result).toMatchObject({ is: 'ended', outcome: 'interrupted', forced: false });
  });

  it('may come before the process is there', async () => {
    const run = attempt(newPool(), 'polite', patient);
    run.interrupt();
    expect(await run.result).toMatchObject({ is: 'ended', outcome: 'interrupted', forced: false });
  });

  it('keeps the last incumbent when the process has to be ended', async () => {
    const run = attempt(newPool(), 'improve');
    await run.improved;
    run.interrupt();
    const result = await run.result;
    expect(result).toMatchObject({ is: 'ended', outcome: 'interrupted', forced: true, objective: 3 });
    const { output } = result as { output: CaseData };
    expect(decodeElements(output.identifiers.get('X')!)).toEqual(['incumbent 3']);
    expect(isAlive(await run.started)).toBe(false);
  });

  it('happens at the time limit, also when the engine does not look at it', async () => {
    const result = await attempt(newPool(), 'sleep', { timeLimit: 0.1 }).result;
    expect(result).toMatchObject({ is: 'ended', outcome: 'timeLimit', forced: true, output: null });
  });

  it('is told as the time limit when that was the reason', async () => {
    const result = await attempt(newPool(), 'polite', { ...patient, timeLimit: 0.1 }).result;
    expect(result).toMatchObject({ is: 'ended', outcome: 'timeLimit', forced: false });
  });

  it('by termination ends the whole process group', async () => {
    const run = attempt(newPool(), 'child');
    await run.logged('child');
    const child = Number(/child (\d+)/.exec(run.log())![1]);
    expect(isAlive(child)).toBe(true);
    run.terminate();
    expect(await run.result).toEqual({ is: 'terminated' });
    await until(() => !isAlive(child));
    expect(isAlive(await run.started)).toBe(false);
  });

  it('by termination may come before the process is there', async () => {
    const run = attempt(newPool(), 'finish');
    run.terminate();
    expect(await run.result).toEqual({ is: 'terminated' });
  });
});

describe('the pool', () => {
  const pidOf = async (pool: EnginePool, procedure: string, reuseKey?: string): Promise<unknown> => {
    const run = attempt(pool, procedure, reuseKey ? { reuseKey } : {});
    await run.result;
    return run.started;
  };

  it('gives a process to the same key again, and to no other', async () => {
    const pool = newPool();
    const first = await pidOf(pool, 'finish', 'a');
    expect(await pidOf(pool, 'finish', 'a')).toBe(first);
    expect(await pidOf(pool, 'finish', 'b')).not.toBe(first);
    expect(await pidOf(pool, 'finish')).not.toBe(first);
    expect(pool.stats()).toMatchObject({ idle: 2, busy: 0, reused: 1 });
  });

  it('gives a run with variables of its own a process that nobody has used, and that nobody uses after it', async () => {
    const pool = newPool();
    const first = await pidOf(pool, 'finish', 'a');
    const environment = { LICENCE: '27000@here', OPENPRO_ROLE: 'check' };
    const run = attempt(pool, 'environment', { reuseKey: 'a', environment });
    const result = await run.result;
    expect(await run.started).not.toBe(first);
    expect(result).toMatchObject({ solverStatus: expect.stringMatching(/\bLICENCE\b/) });
    expect(pool.stats()).toMatchObject({ idle: 1, busy: 0 });
    expect(await pidOf(pool, 'finish', 'a')).toBe(first);
  });

  it('gives a run that needs more memory than usual a process with a larger heap', async () => {
    const pool = newPool({ memoryMiB: 512 });
    const heap = async (memoryMiB: number): Promise<number> => {
      const limits = { memoryMiB, interruptGraceS: 1, logBytes: 1000 };
      const result = await attempt(pool, 'heapLimit', { limits }).result;
      return result.is === 'ended' ? Number(result.solverStatus) : 0;
    };
    expect(await heap(2048)).toBeGreaterThan(1.5 * (await heap(512)));
  });

  it.each(['fail', 'improve', 'exit'])(
    'does not use a process again after a run like %s',
    async (procedure) => {
      const pool = newPool();
      const run = attempt(pool, procedure, { reuseKey: 'a', timeLimit: 0.05 });
      await run.result;
      expect(await pidOf(pool, 'finish', 'a')).not.toBe(await run.started);
    },
  );

  it('ends a process after its number of runs', async () => {
    const pool = newPool({ maxRuns: 2 });
    const pids = [
      await pidOf(pool, 'finish', 'a'),
      await pidOf(pool, 'finish', 'a'),
      await pidOf(pool, 'finish', 'a'),
    ];
    expect(pids[0]).toBe(pids[1]);
    expect(pids[2]).not.toBe(pids[1]);
  });

  it('keeps processes waiting, and starts others in their place', async () => {
    const pool = newPool({ warm: 1 });
    pool.warm(engine);
    await until(() => pool.stats().warm === 2);
    const started = pool.stats().started;
    const process = await pool.acquire({ engine, role: 'data' });
    expect(pool.stats().started).toBe(started);
    await until(() => pool.stats().warm === 2);
    await pool.release(process);
    expect(isAlive(process.pid)).toBe(false);
  });

  it('keeps as many waiting as were wanted at once, within their memory', async () => {
    const pool = newPool({ warm: 1, maxWarm: 2 });
    const small = newPool({ warm: 1, maxWarm: 2, maxWarmMiB: 1 });
    for (const each of [pool, small])
      await Promise.all([1, 2, 3].map(() => each.acquire({ engine, role: 'data' })));
    await until(() => pool.stats().warm === 3); // two for data, one for optimization
    await until(() => small.stats().warm === 2);
    expect([pool.stats().busy, small.stats().busy]).toEqual([3, 3]);
  });

  it('ends everything when it is closed, also what is at work', async () => {
    const pool = newPool({ warm: 1 });
    const run = attempt(pool, 'sleep');
    await run.logged('asleep');
    await pool.close();
    expect(await run.result).toEqual({ is: 'terminated' });
    expect(isAlive(await run.started)).toBe(false);
    expect(pool.stats()).toMatchObject({ warm: 0, idle: 0, busy: 0 });
    await expect(pool.acquire({ engine, role: 'data' })).rejects.toMatchObject({ code: 'Closed' });
  });

  it('leaves no folders behind, nor those of a server that was killed', async () => {
    const own = path.join(folder, 'own');
    mkdirSync(path.join(own, 'e-left'), { recursive: true });
    const pool = newPool({ folder: own });
    const { pid } = await pool.acquire({ engine, role: 'data' });
    expect(readdirSync(own)).toHaveLength(1);
    await pool.close();
    expect([existsSync(own), isAlive(pid)]).toEqual([false, false]);
  });

  const other = (file: string, startTimeoutS = 20): InstalledEngine => ({
    ...engine,
    digest: file,
    manifest: {
      ...manifest,
      entry: { ...manifest.entry, data: entry(file) },
      limits: { ...manifest.limits, startTimeoutS },
    },
  });

  it('says why an engine does not start', async () => {
    const pool = newPool();
    await expect(pool.acquire({ engine: other('broken.mjs'), role: 'data' })).rejects.toThrow(
      /fake:1.0.0 did not start\. The process ended with the code 1:[^]*no licence for the solver/,
    );
    await expect(pool.acquire({ engine: other('asleep.mjs', 1), role: 'data' })).rejects.toThrow(
      'The engine fake:1.0.0 was not ready within 1 s',
    );
    await expect(
      pool.acquire({ engine: { ...other('x'), folder: '/nowhere' }, role: 'data' }),
    ).rejects.toMatchObject({
      code: 'StartFailed',
    });
  });

  it('knows when none of its engines starts, and when one does again', async () => {
    const pool = newPool();
    expect(pool.startFailure).toBeNull();
    await expect(pool.acquire({ engine: other('broken.mjs'), role: 'data' })).rejects.toThrow();
    expect(pool.startFailure).toContain('no licence for the solver');
    await pool.release(await pool.acquire({ engine, role: 'data' }));
    expect(pool.startFailure).toBeNull(); // one broken engine is its publisher's affair
  });

  it('gives no work to what does not speak the protocol', async () => {
    await expect(checkApp(newPool(), engine, folder)).rejects.toMatchObject({ code: 'StartFailed' });
  });

  it('leaves no process behind when its server is killed', async () => {
    const server = spawn(
      process.execPath,
      [path.join(folder, 'host.mjs'), path.join(folder, 'killed'), JSON.stringify(engine)],
      { env: {} },
    );
    const pid = await new Promise<number>((resolve) =>
      server.stdout.once('data', (text) => resolve(Number(text))),
    );
    expect(isAlive(pid)).toBe(true);
    server.kill('SIGKILL');
    await until(() => !isAlive(pid));
  });
});
