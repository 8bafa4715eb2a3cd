import { describe, expect, it } from '@jest/globals';
import type { NodeEvent } from '@openpro/cluster';
import { type CaseData, type DataSession, type DataSessionOptions, EngineError } from '@openpro/engine';
import { CommandHandler, MemoryEventStore, START, StoreUnavailable } from '@openpro/eventstore';
import { job, type JobCommand } from '@openpro/jobs';
import { uuidv7 } from '@openpro/kernel';
import { SessionHosts, type SessionHostsNeeds } from './session-hosts.js';
import { session, type SessionCommand, type SessionEvent } from './session.js';

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
        save: () => Promise.resolve(data),
        close: () => Promise.resolve(hear('closed')),
      } as unknown as DataSession);
    },
    user: (id) => Promise.resolve({ id, name: id, roles: [] }),
    load: () => Promise.resolve(data),
    keep: () => Promise.resolve(digest),
    saved: {
      keep: () => Promise.resolve(digest),
      load: () => Promise.resolve(data),
      forget: () => undefined,
    },
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
    /** The server of this life, or of another one, begins or ends a drain. */
    tellNode: async (...events: readonly NodeEvent[]) => {
      const expected = (await store.readStream('node-n')).length;
      await store.append({
        stream: 'node-n',
        expected,
        context: 'cluster',
        events,
        meta: meta(),
        fingerprint: 'f',
      });
    },
    ended: async (id: string) =>
      (await store.readStream(`session-${id}`)).map(({ event }) => event).at(-1) as SessionEvent,
    options: () => options!,
    until: (what: string | RegExp | ((heard: readonly string[]) => boolean)) =>
      new Promise<void>((resolve) => {
        tell = () => {
          if (typeof what === 'function' ? what(heard) : heard.some((each) => each.match(what)?.[0]))
            resolve();
        };
        tell();
      }),
    launch: async (more: object = {}) => {
      const id = uuidv7();
      await execute(id, { type: 'RequestSession', ...request, ...more });
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
    expect(heard).not.toContain('ReportReady');
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

  it('go on when their server drains, and are kept and ended when the time is over', async () => {
    const { hosts, launch, until, tellNode, ended, options } = given();
    const id = await launch();
    await until('ReportReady');
    options().onChanged([{ identifier: 'x', version: 1 }]);
    await tellNode(
      { type: 'NodeDrainStarted', epoch: 2, reason: '', graceS: 0 }, // another life
      { type: 'NodeDrainStarted', epoch: 1, reason: '', graceS: 0 },
      { type: 'NodeResumed', epoch: 1 },
      { type: 'NodeDrainStarted', epoch: 1, reason: '', graceS: 0 },
    );
    await until('ReportDrained');
    await until('ReportSaved');
    expect(await ended(id)).toMatchObject({ type: 'SessionEnded', reason: 'drained' });
    const late = await launch(); // placed before the drain was seen
    await until((heard) => heard.filter((what) => what === 'ReportDrained').length === 2);
    expect(await ended(late)).toMatchObject({ reason: 'drained' });
    await hosts.stop();
  });

  it('are kept and ended when their server stops', async () => {
    const { hosts, launch, until, options, heard } = given();
    await launch();
    await until('ReportReady');
    options().onChanged([{ identifier: 'x', version: 1 }]);
    await hosts.stop();
    expect(heard).toEqual(['ReportReady', 'ReportSaved', 'ReportDrained', 'closed']);
  });

  it('say that their data could not be restored', async () => {
    const { hosts, launch, until, heard } = given({
      open: () =>
        Promise.resolve({
          load: () => Promise.reject(new EngineError('BadCase', 'other sets')),
          close: () => Promise.resolve(),
        } as unknown as DataSession),
    });
    await launch({ restores: { session: uuidv7(), digest } });
    await until(/could not be restored/);
    expect(hosts.count).toBe(0);
    expect(heard).toHaveLength(1);
    await hosts.stop();
  });

  it('leave no process behind when their restored data cannot be kept', async () => {
    const { hosts, launch, until, heard } = given({
      saved: {
        keep: () => Promise.reject(new Error('ENOSPC')),
        load: () => Promise.resolve(data),
        forget: () => undefined,
      },
    });
    await launch({ restores: { session: uuidv7(), digest } });
    await until('closed');
    await until(/^ReportCrash: .*ENOSPC/);
    expect(heard).toHaveLength(3); // loaded, closed, and one report
    expect(hosts.count).toBe(0);
    await hosts.stop();
  });

  it('end once when their process ends while it opens', async () => {
    let arrive!: (opened: DataSession) => void;
    const opening: DataSessionOptions[] = [];
    const { hosts, launch, hear, until, heard } = given({
      open: (options) => {
        opening.push(options);
        hear('opening');
        return new Promise((resolve) => (arrive = resolve));
      },
    });
    await launch();
    await until('opening');
    opening[0]!.onExit({ code: 'Crashed', message: 'was ended by SIGSEGV' });
    arrive({ close: () => Promise.resolve(hear('closed')) } as unknown as DataSession);
    await until('closed');
    await until(/^ReportCrash/);
    expect(heard.filter((what) => what.startsWith('Report'))).toHaveLength(1);
    await hosts.stop();
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
