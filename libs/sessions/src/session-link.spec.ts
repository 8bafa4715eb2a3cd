import { describe, expect, it } from '@jest/globals';
import { type CaseData, type DataSession, type DataSessionOptions, EngineError } from '@openpro/engine';
import { CommandHandler, MemoryEventStore, START } from '@openpro/eventstore';
import { isRefusal, uuidv7 } from '@openpro/kernel';
import { LocalLink } from '@openpro/link';
import { Wires } from '@openpro/link/testing';
import { SessionHosts } from './session-hosts.js';
import { serveSessions, SessionData } from './session-link.js';
import { session, type SessionCommand, type SessionEvent } from './session.js';

const digest = 'd'.repeat(64);
const app = { name: 'a', version: '1.0.0', digest };
const request = { environment: 'ROOT', owner: 'ada', app, engine: { ...app, name: 'e' } };
const ada = { id: 'ada', environment: 'ROOT', roles: ['user'] };
const caseOf = (text: string): CaseData => ({
  sets: new Map(),
  identifiers: new Map([['x', Buffer.from(text)]]),
});
const textOf = ({ identifiers }: CaseData): string => Buffer.from(identifiers.get('x') ?? []).toString();

/** An app of one number `x`, which a procedure doubles. */
const openApp = ({ onChanged }: DataSessionOptions): DataSession => {
  let x = 1;
  let version = 0;
  const changed = (to: number) => {
    x = to;
    onChanged([{ identifier: 'x', version: ++version }]);
  };
  const identifier = { name: 'x', label: 'x', kind: 'input', type: 'f64', domain: [], default: 0 } as const;
  const procedure = { name: 'double', label: 'double', where: 'data', inputs: [], outputs: [] } as const;
  return {
    pid: 1,
    describe: () =>
      Promise.resolve({
        sets: [],
        identifiers: [
          { ...identifier, readOnly: false },
          { ...identifier, name: 'fixed', readOnly: true },
        ],
        procedures: [procedure],
      }),
    window: (name) =>
      name === 'x'
        ? Promise.resolve({ columns: ['x'], rows: [[x]], total: 1, version })
        : Promise.reject(new EngineError('UnknownIdentifier', `no ${name}`, 'model.ts:1')),
    elements: () => Promise.resolve([]),
    set: (_name, [cell]) => {
      if (cell?.value === 'text') throw new EngineError('BadValue', 'x must be a number');
      changed(Number(cell?.value));
      return Promise.resolve({ version, rejected: [] });
    },
    run: () => {
      changed(2 * x);
      return Promise.resolve({ value: x, changed: ['x'] });
    },
    save: () => Promise.resolve(caseOf(String(x))),
    load: (data) => Promise.resolve(changed(Number(textOf(data)))),
    close: () => Promise.resolve(),
    kill: () => undefined,
  };
};

/** Two servers with one log and one storage; a session on `b`, and what `a` sees of it. */
const given = async () => {
  const store = new MemoryEventStore();
  const handler = new CommandHandler(store);
  const wires = new Wires();
  const kept = new Map<string, CaseData>();
  const keep = (data: CaseData): string => {
    const digest = textOf(data).padStart(64, '0');
    kept.set(digest, data);
    return digest;
  };
  const execute = (id: string, command: SessionCommand) =>
    handler.execute(session, id, command, { commandId: uuidv7(), actor: 'ada', roles: [] });
  let tell = (): void => undefined;
  const server = (node: string) => {
    const link = wires.link(node);
    const hosts = new SessionHosts({
      node: { id: node, epoch: 1, name: node, joinedAt: START },
      store,
      memoryMiB: 100,
      savePace: { settleMs: 0, longestMs: 0, spacingMs: 0 },
      packages: {
        engine: (ref) => Promise.resolve({ ...ref, folder: '', manifest: {} as never }),
        app: (ref) => Promise.resolve({ ...ref, folder: '' }),
      },
      open: (options) => Promise.resolve(openApp(options)),
      user: (id) => Promise.resolve({ id, name: id, roles: [] }),
      load: (wanted) => Promise.resolve(kept.get(wanted) ?? caseOf('0')),
      keep: (_of, data) => Promise.resolve(keep(data)),
      saved: {
        keep: (_session, _of, data) => Promise.resolve(keep(data)),
        load: (saved) => Promise.resolve(kept.get(saved.digest) ?? caseOf('0')),
        forget: () => undefined,
      },
      report: async (id, command) => {
        await execute(id, command);
        tell();
      },
    });
    serveSessions(link, hosts);
    hosts.start(START);
    return { hosts, data: new SessionData(link) };
  };
  const [a, b] = [server('a'), server('b')];
  const id = uuidv7();
  const events = async (of = id): Promise<SessionEvent[]> =>
    (await store.readStream(`session-${of}`)).map(({ event }) => event as SessionEvent);
  const until = async (reached: (log: readonly SessionEvent[]) => boolean, of = id) => {
    for (;;) {
      const told = new Promise<void>((resolve) => (tell = resolve));
      if (reached(await events(of))) return;
      await told;
    }
  };
  const launch = async (of: string, node: string, more: object = {}) => {
    await execute(of, { type: 'RequestSession', ...request, ...more });
    await execute(of, { type: 'PlaceSession', node, nodeEpoch: 1 });
    await until((log) => log.some(({ type }) => type === 'SessionReady'), of);
  };
  await launch(id, 'b');
  const at = { id, state: 'ready', node: 'b', node_epoch: 1 } as const;
  return {
    a,
    b,
    at,
    wires,
    execute,
    launch,
    until,
    types: async () => (await events()).map(({ type }) => type),
    set: (value: unknown, commandId = uuidv7(), from = a) =>
      from.data.change(ada, at, commandId, `set ${String(value)}`, {
        do: 'set',
        identifier: 'x',
        cells: [{ tuple: [], value: value as number }],
        ifVersion: null,
      }),
    stop: () => Promise.all([a.hosts.stop(), b.hosts.stop()]),
  };
};

describe('a session on another server', () => {
  it('is described, read, changed, run and kept as one here', async () => {
    const { a, b, at, set, stop } = await given();
    for (const { data } of [a, b]) {
      expect(await set(3)).toMatchObject({ identifier: 'x', rejected: [] });
      expect(
        await data.change(ada, at, uuidv7(), 'run', { do: 'run', procedure: 'double', args: {} }),
      ).toEqual({
        value: 6,
        changed: ['x'],
      });
      expect(await data.window(ada, at, 'x', { offset: 0, limit: 1 })).toMatchObject({ rows: [[6]] });
      expect(await data.describe(ada, at)).toMatchObject({ procedures: [{ name: 'double' }] });
      const saved = await data.save(ada, at);
      expect(saved).toBe('6'.padStart(64, '0'));
      await set(9);
      await data.change(ada, at, uuidv7(), 'load', { do: 'load', digest: saved as string });
      expect(await data.window(ada, at, 'x', { offset: 0, limit: 1 })).toMatchObject({ rows: [[6]] });
    }
    await stop();
  });

  it('says no with the same words', async () => {
    const { a, b, at, set, stop } = await given();
    for (const from of [a, b]) {
      const window = from.data.window(ada, at, 'missing', { offset: 0, limit: 1 });
      await expect(window).rejects.toEqual(new EngineError('UnknownIdentifier', 'no missing', 'model.ts:1'));
      const long = from.data.window(ada, at, 'x'.repeat(201), { offset: 0, limit: 1 });
      await expect(long).rejects.toMatchObject({ code: 'UnknownIdentifier' });
      await expect(set('text', uuidv7(), from)).rejects.toEqual(
        new EngineError('BadValue', 'x must be a number'),
      );
      const edit = { do: 'set', cells: [], ifVersion: null } as const;
      const change = (identifier: string) =>
        from.data.change(ada, at, uuidv7(), identifier, { ...edit, identifier });
      expect(await change('fixed')).toMatchObject({ refused: 'ReadOnly' });
      expect(await change('y')).toMatchObject({ refused: 'NoSuchIdentifier' });
      const run = { do: 'run', procedure: 'x', args: {} } as const;
      expect(await from.data.change(ada, at, uuidv7(), 'x', run)).toMatchObject({
        refused: 'NoSuchProcedure',
      });
      expect(await from.data.change(ada, at, uuidv7(), 'l', { do: 'load', digest: '../x' })).toMatchObject({
        refused: 'BadInput',
      });
    }
    await stop();
  });

  it('does a command once, through whichever server it comes', async () => {
    const { a, b, at, set, stop } = await given();
    const commandId = uuidv7();
    const first = await set(5, commandId, a);
    expect(await set(5, commandId, b)).toEqual(first);
    expect(await set(6, commandId, b)).toMatchObject({ refused: 'CommandIdReused' });
    expect(await a.data.window(ada, at, 'x', { offset: 0, limit: 1 })).toMatchObject({ rows: [[5]] });
    await stop();
  });

  it('says that its server does not answer, or has started again', async () => {
    const { a, at, wires, set, stop } = await given();
    expect(await a.data.describe(ada, { ...at, node_epoch: 2 })).toMatchObject({
      refused: 'SessionNotReady',
    });
    expect(await a.data.describe(ada, { ...at, node: null })).toMatchObject({ refused: 'SessionNotReady' });
    wires.cut('b');
    expect(await set(1)).toMatchObject({ refused: 'ServerNotAnswering' });
    await stop();
  });

  it('tells its changes to listeners everywhere, also those missed while the line was broken', async () => {
    const { a, at, wires, set, b, stop } = await given();
    let heard = (_versions: readonly unknown[]): void => undefined;
    const next = () => new Promise<readonly unknown[]>((resolve) => (heard = resolve));
    const line = a.data.line(ada, (versions) => heard(versions));
    line.follow({ ...at, state: 'starting' });
    const [changed] = await Promise.all([next(), set(2)]);
    expect(changed).toEqual([{ identifier: 'x', version: 1 }]);
    wires.cut('b');
    await set(3, uuidv7(), b);
    const missed = next();
    wires.mend('b');
    expect(await missed).toEqual([{ identifier: 'x', version: 2 }]);
    line.close();
    await stop();
  });

  it('is attached while anybody looks, wherever; a broken line counts as gone', async () => {
    const { a, b, at, wires, until, types, stop } = await given();
    const [here, there] = [a.data.line(ada, () => undefined), b.data.line(ada, () => undefined)];
    here.follow(at);
    there.follow(at);
    await until((log) => log.at(-1)?.type === 'SessionAttached');
    there.close();
    here.follow(at);
    expect((await types()).filter((type) => type === 'SessionDetached')).toEqual([]);
    wires.cut('a');
    await until((log) => log.at(-1)?.type === 'SessionDetached');
    here.close();
    await stop();
  });

  it('attaches who looked before it was there', async () => {
    const { a, execute, until, stop } = await given();
    const other = uuidv7();
    await execute(other, { type: 'RequestSession', ...request });
    const line = a.data.line(ada, () => undefined);
    line.follow({ id: other, state: 'starting', node: 'b', node_epoch: 1 });
    await execute(other, { type: 'PlaceSession', node: 'b', nodeEpoch: 1 });
    await until((log) => log.some(({ type }) => type === 'SessionAttached'), other);
    line.close();
    await stop();
  });

  it('keeps its data after changes, and is opened again elsewhere with it', async () => {
    const { a, at, set, until, launch, stop } = await given();
    await set(7);
    const saved = '7'.padStart(64, '0');
    await until((log) => log.some((event) => event.type === 'SessionSaved' && event.digest === saved));
    const again = uuidv7();
    await launch(again, 'a', { restores: { session: at.id, digest: saved } });
    const there = { id: again, state: 'ready', node: 'a', node_epoch: 1 } as const;
    expect(await a.data.window(ada, there, 'x', { offset: 0, limit: 1 })).toMatchObject({ rows: [[7]] });
    await stop();
  });
});

describe('what a server asks another about a session', () => {
  it.each([
    ['session.describe', null],
    ['session.describe', { session: 'x', nodeEpoch: 1 }],
    ['session.window', { identifier: 'x', offset: -1, limit: 1 }],
    ['session.window', { identifier: 'x', offset: 0, limit: 1e9 }],
    ['session.window', { identifier: 5, offset: 0, limit: 1 }],
    ['session.save', { identifiers: [1] }],
    ['session.save', { identifiers: Array(2001).fill('x') }],
    ['session.change', { commandId: 'x', fingerprint: 'x', change: {} }],
    ['session.change', { commandId: uuidv7(), fingerprint: 'x'.repeat(201), change: {} }],
    ['session.describe', { by: null }],
    ['session.describe', { by: { id: 'ada', environment: 'ROOT' } }],
    ['session.describe', { by: { ...ada, id: 'x'.repeat(201) } }],
    ['session.describe', { by: { ...ada, roles: Array(21).fill('user') } }],
  ])('%s is checked: %j', async (method, params) => {
    const { at, wires, stop } = await given();
    const full = params && { session: at.id, nodeEpoch: 1, by: ada, ...params };
    const answer = await new Promise((resolve) =>
      wires.link('c').listen('b', method, full, resolve, resolve),
    );
    expect(answer).toMatchObject({ failed: { code: 'BadInput' } });
    await stop();
  });

  const set = { do: 'set', identifier: 'x', ifVersion: null };
  const cell = { tuple: [], value: 1 };
  it.each([
    { do: 'set' },
    { ...set, cells: [null] },
    { ...set, cells: [{ tuple: [1], value: 1 }] },
    { ...set, cells: [{ tuple: Array(13).fill('x'), value: 1 }] },
    { ...set, cells: [{ tuple: [], value: {} }] },
    { ...set, cells: Array(10_001).fill(cell) },
    { ...set, cells: [cell], identifier: 'x'.repeat(201) },
    { ...set, cells: [cell], ifVersion: 'x' },
    { do: 'run', procedure: 'x'.repeat(201), args: {} },
    { do: 'run', procedure: 'double', args: { text: 'x'.repeat(65_536) } },
    { do: 'run', procedure: 'double', args: [] },
    { do: 'drop' },
    5,
  ])('a change is checked: %j', async (change) => {
    const { a, at, stop } = await given();
    const answer = await a.data.change(ada, at, uuidv7(), 'x', change as never);
    expect(isRefusal(answer) && answer.refused).toMatch(/^(BadInput|TooLarge)$/);
    await stop();
  });

  it('is refused to a server without pro, which has no business here', async () => {
    const { at, b, stop } = await given();
    const front = new LocalLink({ node: 'f', roles: ['portal', 'webui', 'proxy'] });
    serveSessions(front, b.hosts);
    const asked = { session: at.id, nodeEpoch: 1, by: ada };
    const nothing = () => undefined;
    for (const method of ['describe', 'window', 'change', 'save', 'listen'])
      expect(() => front.listen('f', `session.${method}`, asked, nothing, nothing)).toThrow(
        'is for servers with pro',
      );
    await stop();
  });

  it('is checked against the rights of who uses it, wherever he comes from', async () => {
    const { a, b, at, set, stop, types } = await given();
    const refused = { refused: 'NotAllowed' };
    const heard: unknown[] = [];
    for (const { data } of [a, b])
      for (const [by, sees, changes] of [
        [{ ...ada, id: 'bob' }, false, false],
        [{ ...ada, environment: 'OTHER' }, false, false],
        [{ ...ada, environment: 'OTHER', roles: ['administrator'] }, false, false],
        [{ ...ada, id: 'eve', roles: ['auditor'] }, true, false],
        [{ ...ada, id: 'root', roles: ['administrator'] }, true, true],
      ] as const) {
        const [yes, no] = [expect.not.objectContaining(refused), expect.objectContaining(refused)];
        const window = await data.window(by, at, 'x', { offset: 0, limit: 1 });
        expect([await data.describe(by, at), window]).toEqual(sees ? [yes, yes] : [no, no]);
        const run = { do: 'run', procedure: 'double', args: {} } as const;
        const changed = await data.change(by, at, uuidv7(), 'run', run);
        const saved = await data.save(by, at);
        expect([isRefusal(changed), isRefusal(saved)]).toEqual([!changes, !changes]);
        if (!sees) data.line(by, (versions) => heard.push(versions)).follow(at);
      }
    await new Promise<void>((resolve) => {
      a.data.line({ ...ada, id: 'eve', roles: ['auditor'] }, () => resolve()).follow(at);
      void set(5);
    });
    expect(heard).toEqual([]);
    expect(await types()).not.toContain('SessionAttached'); // nobody of them is its owner
    await stop();
  });
});
