import { describe, expect, it } from '@jest/globals';
import { type CaseData, type DataSession, type DataSessionOptions, EngineError } from '@openpro/engine';
import { CommandHandler, MemoryEventStore, START, StoreUnavailable } from '@openpro/eventstore';
import { job, type JobCommand } from '@openpro/jobs';
import { uuidv7 } from '@openpro/kernel';
import { SessionHosts, type SessionHostsNeeds } from './session-hosts.js';
import { session, type SessionCommand } from './session.js';

const digest = 'd'.repeat(64);
const app = { name: 'a', version: '1.0.0', digest };
const request = { environment: 'ROOT', owner: 'ada', app, engine: { ...app, name: 'e' } };
const data: CaseData = { sets: new Map(), identifiers: new Map() };

const given = (change: Partial<SessionHostsNeeds> = {}) => {
  const store = new MemoryEventStore();
  const handler = new CommandHandler(store);
  const meta = () => ({ commandId: uuidv7(), actor: 'ada', roles: [] });
  const heard: string[] = [];
  let tell = (): void => undefined;
  const hear = (what: string): void => {
    heard.push(what);
    tell();
  };
  let options: DataSessionOptions | undefined;
  const execute = (id: string, command: SessionCommand) => handler.execute(session, id, command, meta());
  const executeJob = (id: string, command: JobCommand) => handler.execute(job, id, command, meta());
  const hosts = new SessionHosts({
    node: { id: 'n', epoch: 1, name: 'n', joinedAt: START },
    store,
    memoryMiB: 100,
    packages: {
      engine: (ref) => Promise.resolve({ ...ref, folder: '', manifest: {} as never }),
      app: (ref) => Promise.resolve({ ...ref, folder: '' }),
    },
    open: (opened) => {
      options = opened;
      return Promise.resolve({
        load: () => Promise.resolve(hear('loaded')),
        close: () => Promise.resolve(hear('closed')),
      } as unknown as DataSession);
    },
    user: (id) => Promise.resolve({ id, name: id, roles: [] }),
    load: () => Promise.resolve(data),
    keep: () => Promise.resolve(digest),
    report: async (id, command) => {
      await execute(id, command);
      hear(command.type === 'ReportCrash' ? `${command.type}: ${command.message}` : command.type);
    },
    log: ({ message }) => hear(message),
    ...change,
  });
  hosts.start(START);
  return {
    hosts,
    heard,
    hear,
    execute,
    options: () => options!,
    until: (what: string | RegExp) =>
      new Promise<void>((resolve) => {
        tell = () => {
          if (heard.some((each) => (typeof what === 'string' ? each === what : what.test(each)))) resolve();
        };
        tell();
      }),
    launch: async () => {
      const id = uuidv7();
      await execute(id, { type: 'RequestSession', ...request });
      await execute(id, { type: 'PlaceSession', node: 'n', nodeEpoch: 1 });
      return id;
    },
    /** A job of the session that completes with a result. */
    solve: async (of: string) => {
      const id = uuidv7();
      const asked = { procedure: 'p', args: {}, input: null, description: '', priority: 100 };
      const limits = { timeLimit: null, gap: null, seed: null };
      await executeJob(id, { type: 'SubmitJob', ...request, ...asked, ...limits, session: of });
      await executeJob(id, { type: 'StartJob', node: 'other', nodeEpoch: 1 });
      await executeJob(id, {
        type: 'CompleteJob',
        ...{ attempt: 1, node: 'other', nodeEpoch: 1, outcome: 'completed', solverStatus: 'Optimal' },
        ...{ objective: 1, bound: 1, gap: 0, statistics: {}, result: digest, forced: false },
      });
    },
  };
};

describe('hosted sessions', () => {
  it('open, report that they are ready, and close when they end', async () => {
    const { hosts, launch, until, execute } = given();
    const id = await launch();
    expect(hosts.open(id)).toMatchObject({ refused: 'SessionNotReady' });
    await until('ReportReady');
    expect(hosts.open(id)).not.toHaveProperty('refused');
    await execute(id, { type: 'EndSession', reason: 'closed' });
    await until('closed');
    expect(hosts.count).toBe(0);
    await hosts.stop();
  });

  it('wait for a database that is away while they open', async () => {
    let tries = 0;
    const { hosts, launch, until } = given({
      user: (id) =>
        ++tries === 1
          ? Promise.reject(new StoreUnavailable('away'))
          : Promise.resolve({ id, name: id, roles: [] }),
    });
    await launch();
    await until('ReportReady');
    await hosts.stop();
  });

  it('close their process at once when they ended while it was opening', async () => {
    let arrive!: (opened: DataSession) => void;
    let begin!: () => void;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const { hosts, launch, execute, hear, until, heard } = given({
      open: () => {
        begin();
        return new Promise((resolve) => (arrive = resolve));
      },
    });
    const id = await launch();
    await begun;
    await execute(id, { type: 'EndSession', reason: 'closed' });
    await hosts.stop();
    arrive({ close: () => Promise.resolve(hear('closed')) } as unknown as DataSession);
    await until('closed');
    expect(heard).toEqual(['closed']);
  });

  it('tell why they could not open, and why their process ended', async () => {
    const failing = given({ open: () => Promise.reject(new EngineError('Compile', 'line 3: no such set')) });
    await failing.launch();
    await failing.until('ReportCrash: line 3: no such set');
    expect(failing.hosts.count).toBe(0);
    await failing.hosts.stop();

    const crashing = given();
    await crashing.launch();
    await crashing.until('ReportReady');
    crashing.options().onLog('last words');
    crashing.options().onExit({ code: 'Crashed', message: 'was ended by SIGSEGV' });
    await crashing.until('ReportCrash: was ended by SIGSEGV\nlast words');
    await crashing.hosts.stop();
  });

  it("get their jobs' results", async () => {
    const { hosts, launch, until, solve } = given();
    const id = await launch();
    await until('ReportReady');
    await solve(id);
    await until('loaded');
    await hosts.stop();
  });

  it('live on when a result is missing on the disk', async () => {
    const { hosts, launch, until, solve } = given({ load: () => Promise.reject(new Error('ENOENT')) });
    const id = await launch();
    await until('ReportReady');
    await solve(id);
    await until(/could not be loaded/);
    expect(hosts.open(id)).not.toHaveProperty('refused');
    await hosts.stop();
  });

  it('do a command once, whatever it answers, and know another request under its id', async () => {
    const { hosts, launch, until } = given();
    const id = await launch();
    await until('ReportReady');
    let runs = 0;
    const run = () => Promise.resolve(++runs);
    const fail = () => (runs++, Promise.reject(new EngineError('No', 'no')));
    expect(await hosts.once(id, 'c1', 'run', run)).toBe(1);
    expect(await hosts.once(id, 'c1', 'run', run)).toBe(1);
    expect(await hosts.once(id, 'c1', 'other', run)).toMatchObject({ refused: 'CommandIdReused' });
    expect(await hosts.once(id, 'c2', 'run', run)).toBe(2);
    await expect(hosts.once(id, 'c3', 'run', fail)).rejects.toThrow('no');
    await expect(hosts.once(id, 'c3', 'run', fail)).rejects.toThrow('no');
    expect(runs).toBe(3);
    await hosts.stop();
  });
});
