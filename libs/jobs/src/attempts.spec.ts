import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { node, type NodeCommand } from '@openpro/cluster';
import type { Attempt, AttemptOptions, AttemptResult, CaseData } from '@openpro/engine';
import { CommandHandler, MemoryEventStore, START, StoreUnavailable } from '@openpro/eventstore';
import { DiskFull, refuse, uuidv7 } from '@openpro/kernel';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AttemptStore } from './attempt-store.js';
import { Attempts, type AttemptsNeeds } from './attempts.js';
import { job, type JobCommand, queuedJob, type QueuedJob } from './job.js';
import { aRequest } from './request.fixture.js';

const digest = 'd'.repeat(64);
const request = { ...aRequest, input: digest };
const data: CaseData = { sets: new Map(), identifiers: new Map() };
const ended: AttemptResult = {
  is: 'ended',
  outcome: 'completed',
  forced: false,
  solverStatus: 'Optimal',
  objective: 1,
  bound: 1,
  gap: 0,
  statistics: {},
  output: data,
};

const USE = { launchMs: 20, cpuMs: 130, peakMiB: 64 };

/** A run that does nothing by itself. */
class FakeRun implements Attempt {
  readonly calls: string[] = [];
  end!: (result: AttemptResult) => void;
  readonly use = () => USE;
  readonly result = new Promise<AttemptResult>((resolve) => (this.end = resolve));
  constructor(readonly options: AttemptOptions) {}
  interrupt() {
    this.calls.push('interrupt');
  }
  terminate() {
    this.calls.push('terminate');
    this.end({ is: 'terminated' });
  }
}

const folders: string[] = [];
afterEach(async () => {
  jest.useRealTimers();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

const given = async (change: Partial<AttemptsNeeds> = {}) => {
  const store = new MemoryEventStore();
  const handler = new CommandHandler(store);
  const folder = await mkdtemp(path.join(tmpdir(), 'openpro-attempts-'));
  folders.push(folder);
  const records = new AttemptStore(folder);
  const runs: FakeRun[] = [];
  const reports: JobCommand[] = [];
  const measured: JobCommand[] = [];
  let tell = (): void => undefined;
  const until = (reached: () => boolean) =>
    new Promise<void>((resolve) => {
      tell = () => {
        if (reached()) resolve();
      };
      tell();
    });
  const execute = (id: string, command: JobCommand) =>
    handler.execute(job, id, command, { commandId: uuidv7(), actor: 'ada', roles: [] });
  const attempts = new Attempts({
    node: { id: 'n', epoch: 1, name: 'n', joinedAt: START },
    store,
    records,
    limits: { memoryMiB: 100, interruptGraceS: 1, logBytes: 1000 },
    storagePatienceMs: 0,
    submit: (parent, _request, child, { procedure }) => Promise.resolve(`${parent} ${child} ${procedure}`),
    run: (options) => {
      const run = new FakeRun(options);
      runs.push(run);
      tell();
      return run;
    },
    job: async (id) => queuedJob(await store.readStream(`job-${id}`)),
    engine: (ref) => Promise.resolve({ ...ref, folder, manifest: {} as never }),
    app: (ref) => Promise.resolve({ ...ref, folder }),
    load: () => Promise.resolve(data),
    save: () => Promise.resolve(digest),
    user: (id) => Promise.resolve({ id, name: id, roles: [] }),
    variables: (profile) => Promise.resolve({ variables: { LICENCE: `of ${profile}` } }),
    report: async (id, _attempt, command) => {
      await execute(id, command);
      (command.type === 'MeasureAttempt' ? measured : reports).push(command);
      tell();
    },
    ...change,
  });
  attempts.start(START);
  return {
    attempts,
    records,
    runs,
    reports,
    measured,
    execute,
    submit: async (more: Partial<QueuedJob> = {}) => {
      const id = uuidv7();
      await execute(id, { type: 'SubmitJob', ...request, ...more });
      return id;
    },
    /** To the server that the attempts run on. */
    tell: (command: NodeCommand) =>
      handler.execute(node, 'n', command, { commandId: uuidv7(), actor: 'ada', roles: [] }),
    start: (id: string) => execute(id, { type: 'StartJob', node: 'n', nodeEpoch: 1 }),
    run: async (at = 0) => {
      await until(() => runs.length > at);
      return runs[at]!;
    },
    report: async (at = 0) => {
      await until(() => reports.length > at);
      return reports[at]!;
    },
  };
};

const at = { attempt: 1, node: 'n', nodeEpoch: 1 };

describe('attempts', () => {
  it('number the jobs that they submit, and submit none once they are taken away', async () => {
    const { submit, start, run, execute } = await given();
    const id = await submit();
    await start(id);
    const { options, result } = await run();
    const order = { procedure: 'part', args: {} };
    expect(await options.onSubmit?.(order)).toBe(`${id} 1 part`);
    expect(await options.onSubmit?.(order)).toBe(`${id} 2 part`);
    await execute(id, { type: 'TerminateJob', reason: '' });
    await result;
    await expect(options.onSubmit?.(order)).rejects.toThrow('does not run here any more');
  });

  it('have the variables of their profile and the memory that they were promised', async () => {
    const { submit, execute, run } = await given();
    const [plain, special] = [await submit(), await submit({ profile: 'Gurobi' })];
    const start = { type: 'StartJob', node: 'n', nodeEpoch: 1 } as const;
    await execute(plain, start);
    const { options } = await run();
    expect(options).toMatchObject({ limits: { memoryMiB: 100 } });
    expect(options).not.toHaveProperty('environment');
    await execute(special, { ...start, memoryMiB: 4096 });
    expect((await run(1)).options).toMatchObject({
      limits: { memoryMiB: 4096 },
      environment: { LICENCE: 'of Gurobi' },
    });
  });

  it('are given back, uncharged, where their profile is gone, and end where nobody can read it', async () => {
    const refused = { ProfileUnknown: 'DrainAttempt', ProfileUnreadable: 'FailJob' } as const;
    for (const [code, type] of Object.entries(refused)) {
      const { attempts, submit, start, report, runs } = await given({
        variables: () => Promise.resolve(refuse(code as keyof typeof refused, 'why')),
      });
      await start(await submit({ profile: 'Gurobi' }));
      const error = type === 'FailJob' ? { error: { code, message: 'why' } } : {};
      expect(await report()).toEqual({ type, ...at, ...error });
      await attempts.drain();
      expect(runs).toEqual([]);
    }
  });

  it('say what they had used when they are terminated', async () => {
    const { attempts, submit, start, run, execute, measured } = await given();
    const id = await submit();
    await start(id);
    const { result } = await run();
    await execute(id, { type: 'TerminateJob', reason: '' });
    await result;
    await attempts.drain();
    expect(measured).toEqual([{ type: 'MeasureAttempt', ...at, use: USE }]);
  });

  it('run what the log gives to this life of this server, and report the result once it is kept', async () => {
    const { attempts, submit, start, execute, run, report, runs } = await given();
    const [other, mine] = [await submit(), await submit()];
    await execute(other, { type: 'StartJob', node: 'n', nodeEpoch: 2 });
    await start(mine);
    const { options, end } = await run();
    expect(options).toMatchObject({ job: mine, attempt: 1, procedure: 'solve', input: data });
    end(ended);
    expect(await report()).toMatchObject({
      type: 'CompleteJob',
      ...at,
      outcome: 'completed',
      result: digest,
      use: USE,
    });
    await attempts.drain();
    expect(runs).toHaveLength(1);
    expect(attempts.count).toBe(0);
  });

  it('wait for a database that is away when they begin: it does not cost the job', async () => {
    let tries = 0;
    const { attempts, submit, start, run, report } = await given({
      user: (id) =>
        ++tries === 1
          ? Promise.reject(new StoreUnavailable('away'))
          : Promise.resolve({ id, name: id, roles: [] }),
    });
    await start(await submit());
    (await run()).end(ended);
    expect(await report()).toMatchObject({ type: 'CompleteJob' });
    await attempts.drain();
  });

  it.each<[string, Partial<AttemptsNeeds>, string]>([
    [
      'the input is missing',
      {
        load: () =>
          Promise.reject(Object.assign(new Error('open /srv/x'), { code: 'ENOENT', syscall: 'open' })),
      },
      'DataLost',
    ],
    [
      'a package was altered',
      { app: () => Promise.reject(Object.assign(new Error('/srv/x'), { name: 'PackageAltered' })) },
      'PackageAltered',
    ],
  ])('fail with a clear error when %s', async (_when, change, code) => {
    const { attempts, submit, start, report, runs } = await given(change);
    await start(await submit());
    const told = await report();
    expect(told).toMatchObject({ type: 'FailJob', ...at, error: { code } });
    expect(JSON.stringify(told)).not.toContain('/srv');
    await attempts.drain();
    expect(runs).toEqual([]);
  });

  it.each([
    [new Error('odd'), 'odd'],
    [Object.assign(new Error('open /srv/x'), { code: 'EMFILE', syscall: 'open' }), 'open: EMFILE'],
  ])('are tried again elsewhere after %s, which nobody foresaw', async (error, words) => {
    const { attempts, submit, start, report } = await given({ user: () => Promise.reject(error) });
    await start(await submit());
    expect(await report()).toEqual({
      type: 'CrashAttempt',
      ...at,
      message: `The server could not run it: ${words}`,
    });
    await attempts.drain();
  });

  it('wait for a storage that is away or full for a moment, before and after the solve', async () => {
    let away = 2;
    let full = 2;
    const { attempts, submit, start, run, report } = await given({
      storagePatienceMs: 60_000,
      app: (ref) =>
        away-- > 0
          ? Promise.reject(Object.assign(new Error('stat /srv/x'), { code: 'ESTALE', syscall: 'stat' }))
          : Promise.resolve({ ...ref, folder: '/nowhere' }),
      save: () =>
        full-- > 0 ? Promise.reject(new DiskFull('/srv/blobs', null)) : Promise.resolve('d'.repeat(64)),
    });
    await start(await submit());
    (await run()).end(ended);
    expect(await report()).toMatchObject({ type: 'CompleteJob', result: 'd'.repeat(64) });
    await attempts.drain();
  });

  it('say that the disk is full when the result cannot be kept', async () => {
    const { attempts, submit, start, run, report } = await given({
      save: () => Promise.reject(new DiskFull('/srv/blobs', null)),
    });
    await start(await submit());
    (await run()).end(ended);
    expect(await report()).toMatchObject({
      type: 'FailJob',
      error: { code: 'DiskFull', message: 'The disk of the server is full' },
    });
    await attempts.drain();
  });

  it('pass on an interrupt that came before the process was there', async () => {
    let arrive!: () => void;
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    let begin!: () => void;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const { attempts, submit, start, execute, run } = await given({
      load: async () => {
        begin();
        await arrived;
        return data;
      },
    });
    const id = await submit();
    await start(id);
    await begun;
    await execute(id, { type: 'InterruptJob' });
    arrive();
    expect((await run()).calls).toEqual(['interrupt']);
    await attempts.drain();
  });

  it('start no process for a job that was terminated before it was there', async () => {
    let arrive!: (input: CaseData) => void;
    const input = new Promise<CaseData>((resolve) => (arrive = resolve));
    let begin!: () => void;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const { attempts, submit, start, execute, runs, reports } = await given({
      load: () => {
        begin();
        return input;
      },
    });
    const id = await submit();
    await start(id);
    await begun;
    await execute(id, { type: 'TerminateJob', reason: 'no longer needed' });
    const drained = attempts.drain();
    arrive(data);
    await drained;
    expect(runs).toEqual([]);
    expect(reports.filter(({ type }) => type !== 'DrainAttempt')).toEqual([]);
  });

  it('keep the newest incumbent while one is being kept, one at a time', async () => {
    const cases = [1, 2, 3].map((n): CaseData => ({
      sets: new Map(),
      identifiers: new Map([[`x${n}`, new Uint8Array()]]),
    }));
    const saved: CaseData[] = [];
    let proceed!: () => void;
    const first = new Promise<void>((resolve) => (proceed = resolve));
    let begin!: () => void;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const { attempts, submit, start, run, records } = await given({
      save: async (_job, incumbent) => {
        saved.push(incumbent);
        begin();
        if (saved.length === 1) await first;
        return String(saved.length).repeat(64);
      },
    });
    const id = await submit();
    await start(id);
    const { options } = await run();
    const info = { objective: 1, bound: 0, gap: 1, elapsed: 0 } as never;
    options.onIncumbent(info, cases[0]!);
    await begun;
    options.onIncumbent(info, cases[1]!);
    options.onIncumbent(info, cases[2]!);
    proceed();
    await attempts.drain();
    expect(saved).toEqual([cases[0], cases[2]]);
    expect(await records.incumbent(id, 1)).toBe('2'.repeat(64));
  });

  describe('on a server that drains', () => {
    const join: NodeCommand = {
      type: 'JoinNode',
      name: 'n',
      roles: ['pro'],
      slots: 2,
      version: '0.1.0',
      isolation: 'none',
    };
    const drain = (graceS: number): NodeCommand => ({ type: 'DrainNode', reason: 'new disk', graceS });
    /** Time that passes only when the test says so; what else the program does goes on. */
    const stopTime = () => jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'performance'] });

    it('may go on for the grace time, and are then given back, uncharged', async () => {
      const { attempts, submit, start, run, report, reports, tell, runs } = await given();
      await tell(join);
      await start(await submit());
      const first = await run(0);
      stopTime();
      await tell(drain(60));
      await start(await submit()); // placed before the leader had heard of it
      const second = await run(1);
      first.end(ended);
      expect(await report(0)).toMatchObject({ type: 'CompleteJob' });
      jest.advanceTimersByTime(59_999);
      expect(second.calls).toEqual([]);
      jest.advanceTimersByTime(1);
      expect(await report(1)).toEqual({ type: 'DrainAttempt', ...at });
      expect(second.calls[0]).toBe('terminate');
      await start(await submit());
      expect(await report(2)).toEqual({ type: 'DrainAttempt', ...at });
      await attempts.drain();
      expect(reports).toHaveLength(3);
      expect(runs).toHaveLength(2);
    });

    it('stay when it is resumed in time, whatever becomes of another server', async () => {
      const { attempts, submit, start, run, report, reports, tell } = await given();
      await tell(join);
      await start(await submit());
      const { calls } = await run();
      stopTime();
      await tell(drain(60));
      await tell({ type: 'ResumeNode' });
      await start(await submit()); // seen after the resume
      const second = await run(1);
      jest.advanceTimersByTime(3_600_000);
      second.end(ended);
      expect(await report()).toMatchObject({ type: 'CompleteJob' });
      expect(calls).toEqual([]);
      expect(reports).toHaveLength(1);
      await attempts.drain();
    });

    it('are given back at once when the grace is set to nothing', async () => {
      const { attempts, submit, start, run, report, tell } = await given();
      await tell(join);
      await start(await submit());
      await run();
      await tell(drain(60));
      await tell(drain(0));
      expect(await report()).toEqual({ type: 'DrainAttempt', ...at });
      await attempts.drain();
    });
  });

  it('are given back to the queue when the server stops', async () => {
    const { attempts, submit, start, run, reports, measured } = await given();
    await start(await submit());
    const { calls } = await run();
    await attempts.drain();
    expect(calls).toEqual(['terminate']);
    expect(reports).toEqual([{ type: 'DrainAttempt', ...at }]);
    expect(measured).toEqual([{ type: 'MeasureAttempt', ...at, use: USE }]);
  });
});
