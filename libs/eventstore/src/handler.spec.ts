import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Decider, refuse, type Refusal, uuidv7 } from '@openpro/kernel';
import { type Aggregate, fold } from './aggregate.js';
import { type Append, type AppendResult, type CommandMeta, StoreUnavailable } from './event-store.js';
import { CommandHandler, type Outcome, TooBusy } from './handler.js';
import { MemoryEventStore } from './memory-event-store.js';

type CounterEvent = { readonly type: 'Opened' } | { readonly type: 'Added'; readonly amount: number };
type CounterCommand =
  { readonly type: 'Open' } | { readonly type: 'Add'; readonly amounts: readonly number[] };
type Counter = { readonly is: 'new' } | { readonly is: 'open'; readonly sum: number };

const decider: Decider<
  Counter,
  CounterCommand,
  CounterEvent,
  Refusal<'NotOpen' | 'AlreadyOpen' | 'TooMuch'>
> = {
  initial: { is: 'new' },
  decide(command, counter) {
    switch (command.type) {
      case 'Open':
        return counter.is === 'open' ? refuse('AlreadyOpen', 'It is open') : [{ type: 'Opened' }];
      case 'Add':
        if (counter.is === 'new') return refuse('NotOpen', 'Open it first');
        if (counter.sum >= 100) return refuse('TooMuch', 'It is full', { limit: '100' });
        return command.amounts.map((amount) => ({ type: 'Added', amount }));
    }
  },
  evolve: (counter, event) =>
    event.type === 'Opened'
      ? { is: 'open', sum: 0 }
      : { is: 'open', sum: (counter.is === 'open' ? counter.sum : 0) + event.amount },
};
const counter: Aggregate<Counter, CounterCommand, CounterEvent> = {
  name: 'counter',
  context: 'test',
  decider,
};

const open: CounterCommand = { type: 'Open' };
const add = (...amounts: number[]): CounterCommand => ({ type: 'Add', amounts });
const by = (actor: string, commandId = uuidv7()): CommandMeta => ({ commandId, actor, roles: ['user'] });

/** A memory store in which a test can let things happen around an append, and that counts what it is asked. */
class WatchedStore extends MemoryEventStore {
  reads = 0;
  appends = 0;
  around: (append: Append, forward: () => Promise<AppendResult>) => Promise<AppendResult> = (_, forward) =>
    forward();

  override append(append: Append): Promise<AppendResult> {
    this.appends += 1;
    return this.around(append, () => super.append(append));
  }
  override readStream(stream: string, after?: number, limit?: number) {
    this.reads += 1;
    return super.readStream(stream, after, limit);
  }
}

const done = <S>(outcome: Outcome<S>) => {
  expect(outcome.is).toBe('done');
  return outcome as Extract<Outcome<S>, { is: 'done' }>;
};

describe('the command handler', () => {
  let store: WatchedStore;
  let handler: CommandHandler;
  let elsewhere: CommandHandler;
  const execute = (command: CounterCommand, meta = by('ada'), id = '1') =>
    handler.execute(counter, id, command, meta);
  const stateOf = (id = '1') => fold(store, counter, id);

  beforeEach(() => {
    store = new WatchedStore();
    handler = new CommandHandler(store);
    elsewhere = new CommandHandler(store);
  });

  it('decides, appends and answers with state, version, position and events', async () => {
    const opened = done(await execute(open));
    expect(opened).toMatchObject({ state: { is: 'open', sum: 0 }, version: 1, repeated: false });
    const added = done(await execute(add(1, 2)));
    expect(added).toMatchObject({ state: { is: 'open', sum: 3 }, version: 3, repeated: false });
    expect(added.events.map(({ event, version }) => ({ ...event, version }))).toEqual([
      { type: 'Added', amount: 1, version: 2 },
      { type: 'Added', amount: 2, version: 3 },
    ]);
    expect(added.position).toBe(await store.head());
    expect(await stateOf()).toEqual({ is: 'open', sum: 3 });
  });

  it('gives the refusal of the rules and appends nothing', async () => {
    expect(await execute(add(1))).toEqual({ is: 'refused', refusal: refuse('NotOpen', 'Open it first') });
    expect(await store.head()).toBe('');
  });

  it('answers with the stream’s version and position when nothing has to happen', async () => {
    const { position } = done(await execute(open));
    expect(done(await execute(add()))).toMatchObject({ version: 1, position, events: [], repeated: false });
  });

  it('returns the first result when a command id comes again, also on another server and after more has happened', async () => {
    await execute(open);
    const meta = by('ada');
    const first = done(await execute(add(1, 2), meta));
    await execute(add(5));
    for (const other of [handler, elsewhere, new CommandHandler(store)])
      expect(await other.execute(counter, '1', add(1, 2), meta)).toEqual({
        ...first,
        state: { is: 'open', sum: 8 },
        repeated: true,
      });
    expect(await stateOf()).toEqual({ is: 'open', sum: 8 });
  });

  it('has one effect when eight senders send one command id at once, to two servers', async () => {
    await execute(open);
    const meta = by('ada');
    const outcomes = await Promise.all(
      [handler, elsewhere, handler, elsewhere, handler, elsewhere, handler, elsewhere].map((one) =>
        one.execute(counter, '1', add(7), meta),
      ),
    );
    expect(new Set(outcomes.map((outcome) => done(outcome).position)).size).toBe(1);
    expect(outcomes.filter((outcome) => !done(outcome).repeated)).toHaveLength(1);
    expect(await stateOf()).toEqual({ is: 'open', sum: 7 });
  });

  it.each<[string, CounterCommand, string]>([
    ['another command', add(2), 'ada'],
    ['another actor', add(1), 'bob'],
  ])('refuses a command id that comes again with %s', async (_, command, actor) => {
    await execute(open);
    const meta = by('ada');
    await execute(add(1), meta);
    expect(await execute(command, { ...meta, actor })).toMatchObject({
      is: 'refused',
      refusal: { refused: 'CommandIdReused', field: 'commandId' },
    });
    expect(await stateOf()).toEqual({ is: 'open', sum: 1 });
  });

  it('compares the caller’s own fingerprint when there is one', async () => {
    const meta = by('ada');
    await handler.execute(counter, '1', open, meta, 'same');
    await handler.execute(counter, '1', add(1), by('ada'), 'one');
    expect(done(await handler.execute(counter, '1', add(2), meta, 'same')).repeated).toBe(true);
    expect(await handler.execute(counter, '1', open, meta, 'other')).toMatchObject({ is: 'refused' });
  });

  it('knows only the last commands again of a stream that never ends', async () => {
    const endless = { ...counter, remembers: 2 };
    const metas = [by('ada'), by('ada'), by('ada')] as const;
    await handler.execute(endless, '1', open, metas[0]);
    for (const server of [handler, elsewhere]) {
      await server.execute(endless, '1', add(1), metas[1]);
      await server.execute(endless, '1', add(1), metas[2]);
    }
    expect(await stateOf()).toEqual({ is: 'open', sum: 2 });
    expect(await handler.execute(endless, '1', open, metas[0])).toMatchObject({ is: 'refused' });
  });

  it('reads a long stream in pages', async () => {
    await execute(open);
    for (let n = 0; n < 2; n++) await execute(add(...Array.from({ length: 2500 }, () => 0)));
    let longest = 0;
    const read = store.readStream.bind(store);
    store.readStream = async (...asked) => {
      const page = await read(...asked);
      longest = Math.max(longest, page.length);
      return page;
    };
    store.reads = 0;
    expect(done(await elsewhere.execute(counter, '1', add(1), by('bob')))).toMatchObject({ version: 5002 });
    expect([store.reads, longest]).toEqual([3, 2000]);
  });

  it('decides again on what another server has written meanwhile', async () => {
    await execute(open);
    await elsewhere.execute(counter, '1', add(60), by('bob'));
    await elsewhere.execute(counter, '1', add(60), by('bob'));
    expect(await execute(add(1))).toMatchObject({ is: 'refused', refusal: { refused: 'TooMuch' } });
  });

  it('does not refuse because of what it remembers from before', async () => {
    expect(await execute(add(1))).toMatchObject({ is: 'refused' });
    await elsewhere.execute(counter, '1', open, by('bob'));
    expect(done(await execute(add(1))).state).toEqual({ is: 'open', sum: 1 });
  });

  it('loses nothing when two servers write one stream fifty times each', async () => {
    await execute(open);
    const add1 = async (one: CommandHandler) => {
      for (let n = 0; n < 50; n += 1)
        await one.execute(counter, '1', add(1), by('ada')).catch(() => (n -= 1));
    };
    await elsewhere.execute(counter, '1', add(-1000), by('bob')); // room for a hundred
    await Promise.all([add1(handler), add1(elsewhere)]);
    expect(await stateOf()).toEqual({ is: 'open', sum: -900 });
  });

  it('lets commands of one stream take turns within a server instead of colliding', async () => {
    await execute(open);
    store.appends = 0;
    await Promise.all(Array.from({ length: 20 }, () => execute(add(1))));
    expect(await stateOf()).toEqual({ is: 'open', sum: 20 });
    expect(store.appends).toBe(20);
  });

  it('gives up with TooBusy after three conflicts in a row, and works when it is quiet again', async () => {
    await execute(open);
    store.around = async (append, forward) => {
      if (append.meta.actor === 'ada') await elsewhere.execute(counter, '1', add(1), by('bob'));
      return forward();
    };
    await expect(execute(add(1))).rejects.toThrow(TooBusy);
    store.around = (_, forward) => forward();
    expect(done(await execute(add(1))).repeated).toBe(false);
  });

  it('repeats an append whose outcome is unknown: one effect, whether the first try was written or not', async () => {
    await execute(open);
    for (const written of [true, false]) {
      let failed = false;
      store.around = async (_, forward) => {
        if (failed) return forward();
        failed = true;
        if (written) await forward();
        throw new StoreUnavailable(new Error('connection lost'));
      };
      expect(done(await execute(add(1))).events).toHaveLength(1);
    }
    expect(await stateOf()).toEqual({ is: 'open', sum: 2 });
  });

  it('does not let one failure stand in the way of the next command of the stream', async () => {
    await execute(open);
    store.around = (append, forward) =>
      JSON.stringify(append.events).includes(':1}') ? Promise.reject(new Error('a bug')) : forward();
    const failing = execute(add(1));
    const next = execute(add(2));
    await expect(failing).rejects.toThrow('a bug');
    expect(done(await next).state).toEqual({ is: 'open', sum: 2 });
  });

  it('creates without reading, and goes on with what it remembers', async () => {
    await execute(open);
    await execute(add(1));
    await execute(add(2));
    expect(store.reads).toBe(0);
    expect(store.appends).toBe(3);
  });

  it('forgets the streams used longest ago when it knows more than it may', async () => {
    handler = new CommandHandler(store, { cacheSize: 4 });
    for (const id of ['1', '2', '3']) await execute(open, by('ada'), id);
    await execute(add(1), by('ada'), '3');
    expect(store.reads).toBe(0);
    expect(done(await execute(add(1), by('ada'), '1')).state).toEqual({ is: 'open', sum: 1 });
    expect(store.reads).toBe(1);
  });

  it('refuses what a leader wants whose term is over, unless it had been done in time', async () => {
    const store = new WatchedStore();
    const handler = new CommandHandler(store);
    store.around = () => Promise.resolve({ is: 'deposed' });
    expect(await handler.execute(counter, 'late', open, by('leader'))).toMatchObject({
      is: 'refused',
      refusal: { refused: 'NotLeading' },
    });
    const meta = by('leader');
    store.around = async (_, forward) => {
      await forward(); // it was written, its answer lost, and the term ended before it was asked again
      return { is: 'deposed' };
    };
    expect(await handler.execute(counter, 'in-time', open, meta)).toMatchObject({
      is: 'done',
      repeated: true,
    });
  });
});
