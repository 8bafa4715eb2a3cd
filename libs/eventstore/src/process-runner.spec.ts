import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type Decider, uuidv5 } from '@openpro/kernel';
import type { Aggregate } from './aggregate.js';
import type { CommandMeta } from './event-store.js';
import { CommandHandler } from './handler.js';
import type { Dispatch } from './outbox.js';
import type { Process, ProcessCommand } from './read-side.js';
import { appendTo, type NoteEvent, noted, notes, Servers } from './read-side.fixture.js';

const LONG = 20_000;
jest.setTimeout(60_000);

let servers: Servers;
let sent: { readonly command: ProcessCommand; readonly meta: CommandMeta }[];
beforeEach(async () => {
  servers = await Servers.open();
  sent = [];
});
afterEach(() => servers.close());

interface Watched {
  readonly texts: readonly string[];
}

/**
 * Repeats each note as a command. The text `remind <ms>` sets a timer, `calm` clears it, `twice` issues two commands,
 * `bad` cannot be digested.
 */
const echo: Process<Watched, Exclude<NoteEvent, { type: 'Unrelated' }>> = {
  name: 'echo-notes',
  version: 1,
  on: ['Noted', 'Erased'],
  keyOf: ({ stream }) => stream,
  react(state = { texts: [] }, { stream, event, at }) {
    const say = (text: string): ProcessCommand => ({
      to: 'echo',
      id: stream,
      command: { type: 'Say', text },
    });
    switch (event.type) {
      case 'TimerFired':
        return {
          state: { texts: [...state.texts, event.timer] },
          commands: [{ ...say(event.timer), id: event.timer }],
        };
      case 'Erased':
        return { state: undefined };
      case 'Noted': {
        if (event.text === 'bad') throw new Error('what is this?');
        const next = { texts: [...state.texts, event.text] };
        const remind = /^remind (-?\d+)$/.exec(event.text)?.[1];
        if (remind) return { state: next, timers: { [`reminder-of-${stream}`]: at + Number(remind) } };
        if (event.text === 'calm') return { state: next, timers: { [`reminder-of-${stream}`]: null } };
        return {
          state: next,
          commands: event.text === 'twice' ? [say('once'), say('again')] : [say(event.text)],
        };
      }
    }
  },
};

const textOf = ({ command }: ProcessCommand): string => (command as { text: string }).text;
const sentTexts = (): string[] => sent.map(({ command }) => textOf(command));

const record: Dispatch = (command, meta) => {
  sent.push({ command, meta });
  servers.look();
  return Promise.resolve({ is: 'done' });
};

const outboxIsEmpty = async (): Promise<boolean> =>
  (await servers.admin.query('SELECT FROM outbox')).rowCount === 0;

const states = async (): Promise<Record<string, readonly string[]>> => {
  const { rows } = await servers.admin.query<{ key: string; state: Watched }>(
    'SELECT key, state FROM process_state',
  );
  return Object.fromEntries(rows.map(({ key, state }) => [key, state.texts]));
};

describe('a process', () => {
  it('issues commands whose ids come from the causing event, in the order of the log', async () => {
    servers.start({ processes: [echo], dispatch: record });
    await appendTo(servers.store, 'thing-a', noted('one'));
    await appendTo(servers.store, 'thing-a', noted('twice'));
    await servers.until(async () => sent.length === 3 && (await outboxIsEmpty()));
    const [first, second] = await servers.events();
    expect(sent).toEqual([
      {
        command: { to: 'echo', id: 'thing-a', command: { type: 'Say', text: 'one' } },
        meta: {
          commandId: uuidv5(first!.id, 'echo-notes:0'),
          actor: 'process:echo-notes',
          roles: [],
          correlation: first!.correlation,
          causation: first!.id,
        },
      },
      {
        command: { to: 'echo', id: 'thing-a', command: { type: 'Say', text: 'once' } },
        meta: expect.objectContaining({
          commandId: uuidv5(second!.id, 'echo-notes:0'),
          causation: second!.id,
        }),
      },
      {
        command: { to: 'echo', id: 'thing-a', command: { type: 'Say', text: 'again' } },
        meta: expect.objectContaining({
          commandId: uuidv5(second!.id, 'echo-notes:1'),
          causation: second!.id,
        }),
      },
    ]);
    expect(await states()).toEqual({ 'thing-a': ['one', 'twice'] });
  });

  it('keeps its state over restarts and forgets it when told', async () => {
    const first = servers.start({ processes: [echo], dispatch: record });
    await first.waitFor('echo-notes', await appendTo(servers.store, 'thing-a', noted('one')), LONG);
    await first.waitFor('echo-notes', await appendTo(servers.store, 'thing-b', noted('two')), LONG);
    await servers.stop(first);
    const second = servers.start({ processes: [echo], dispatch: record });
    await appendTo(servers.store, 'thing-a', noted('three'));
    await second.waitFor('echo-notes', await appendTo(servers.store, 'thing-b', { type: 'Erased' }), LONG);
    expect(await states()).toEqual({ 'thing-a': ['one', 'three'] });
    await second.waitFor('echo-notes', await appendTo(servers.store, 'thing-b', noted('anew')), LONG);
    expect(await states()).toEqual({ 'thing-a': ['one', 'three'], 'thing-b': ['anew'] });
  });

  it('pauses at an event that it cannot digest, while others go on', async () => {
    const server = servers.start({ processes: [echo], projections: [notes], dispatch: record });
    const last = await appendTo(servers.store, 'thing-a', noted('one'), noted('bad'), noted('two'));
    expect(await server.waitFor('notes', last, LONG)).toBe(true);
    await servers.until(() => server.health().some(({ state }) => state === 'paused'));
    await servers.until(outboxIsEmpty);
    expect(sentTexts()).toEqual(['one']);
    expect(server.health()[1]).toMatchObject({
      name: 'echo-notes@1',
      reason: expect.stringContaining('what is this?'),
    });
  });

  it('needs somebody who executes its commands', () => {
    expect(() => servers.start({ processes: [echo] })).toThrow(
      'Process echo-notes needs a dispatch function',
    );
  });

  it('of a new version makes its states from the whole log and repeats no command', async () => {
    const first = servers.start({ processes: [echo], dispatch: record });
    await first.waitFor(
      'echo-notes',
      await appendTo(servers.store, 'thing-a', noted('one'), noted('remind 3600000')),
      LONG,
    );
    await servers.until(async () => sent.length === 1 && (await outboxIsEmpty()));
    await servers.stop(first);
    await appendTo(servers.store, 'thing-a', noted('two'));
    const shout: typeof echo = {
      ...echo,
      version: 2,
      react: (state, recorded) => {
        const { state: next, ...rest } = echo.react(state, recorded);
        return { ...rest, state: next && { texts: next.texts.map((text) => text.toUpperCase()) } };
      },
    };
    const second = servers.start({ processes: [shout], dispatch: record });
    expect(await second.waitFor('echo-notes', await servers.store.head(), LONG)).toBe(true);
    await servers.until(async () => sent.length === 2 && (await outboxIsEmpty()));
    expect(sentTexts()).toEqual(['one', 'two']);
    expect(await states()).toEqual({ 'thing-a': ['ONE', 'REMIND 3600000', 'TWO'] });
    expect((await servers.admin.query('SELECT FROM process_timer')).rowCount).toBe(1);

    const older = servers.start({ processes: [echo], dispatch: record });
    await servers.until(() => older.health()[0]?.state === 'waiting');
    expect(older.health()[0]?.reason).toBe('the process is of version 2: this program is older');
  });
});

describe('the outbox', () => {
  it('executes the commands of one key in order, and those of others meanwhile', async () => {
    const gates = new Map<string, () => void>();
    const dispatch: Dispatch = async (command, meta) => {
      await new Promise<void>((open) => {
        gates.set(textOf(command), open);
        servers.look();
      });
      return record(command, meta);
    };
    servers.start({ processes: [echo], dispatch });
    await appendTo(servers.store, 'thing-a', noted('a1'), noted('a2'));
    await appendTo(servers.store, 'thing-b', noted('b1'));
    await servers.until(() => gates.has('a1') && gates.has('b1'));
    gates.get('b1')?.();
    await servers.until(() => sent.length === 1);
    expect(gates.has('a2')).toBe(false);
    gates.get('a1')?.();
    await servers.until(() => gates.has('a2'));
    gates.get('a2')?.();
    await servers.until(() => sent.length === 3);
    expect(sentTexts()).toEqual(['b1', 'a1', 'a2']);
  });

  it('tries again after an error, under the same id and before the next one of the key', async () => {
    let failures = 3;
    const tried: string[] = [];
    const dispatch: Dispatch = (command, meta) => {
      tried.push(`${textOf(command)} ${meta.commandId}`);
      if (textOf(command) === 'one' && failures-- > 0) return Promise.reject(new Error('disk full'));
      return record(command, meta);
    };
    const server = servers.start({ processes: [echo], dispatch });
    await appendTo(servers.store, 'thing-a', noted('one'), noted('two'));
    await servers.until(() => servers.problems.length > 0);
    expect(server.health()[0]).toMatchObject({
      commandsWaiting: 2,
      reason: expect.stringContaining('disk full'),
    });
    await servers.until(async () => sent.length === 2 && (await outboxIsEmpty()));
    expect(new Set(tried.slice(0, 4)).size).toBe(1);
    expect(sentTexts()).toEqual(['one', 'two']);
    await servers.until(() => server.health()[0]?.commandsWaiting === 0);
    expect(server.health()[0]?.reason).toBeNull();
  });

  it('logs a refusal as the outcome and does not try again', async () => {
    const dispatch: Dispatch = async (command, meta) => {
      await record(command, meta);
      return { is: 'refused', refusal: { refused: 'NotNow', message: 'Come back later' } };
    };
    servers.start({ processes: [echo], dispatch });
    await appendTo(servers.store, 'thing-a', noted('one'), noted('two'));
    await servers.until(async () => sent.length === 2 && (await outboxIsEmpty()));
    expect(sentTexts()).toEqual(['one', 'two']);
    expect(servers.problems).toHaveLength(2);
    for (const problem of servers.problems)
      expect(problem).toMatchObject({
        level: 'info',
        source: 'echo-notes',
        message: expect.stringMatching(
          /^command [-\w]+ to echo-thing-a was refused: NotNow: Come back later$/,
        ),
      });
  });

  it('holds a bounded number of commands and still executes all', async () => {
    const texts = Array.from({ length: 6000 }, (_, n) => `${n}`);
    for (let n = 0; n < 6; n++)
      await appendTo(
        servers.store,
        `thing-${n}`,
        ...texts.slice(n * 1000, n * 1000 + 1000).map((text) => noted(text)),
      );
    let most = 0;
    let now = 0;
    let held = 0;
    const server = servers.start({
      processes: [echo],
      dispatch: async (command, meta) => {
        most = Math.max(most, ++now);
        held = Math.max(held, server.health()[0]?.commandsWaiting ?? 0);
        await Promise.resolve();
        now--;
        return record(command, meta);
      },
    });
    await servers.until(async () => sent.length >= 6000 && (await outboxIsEmpty()));
    expect(sent).toHaveLength(6000);
    expect(most).toBeLessThanOrEqual(32);
    expect(held).toBeLessThanOrEqual(2000);
    for (let n = 0; n < 6; n++)
      expect(
        sent.filter(({ command }) => command.id === `thing-${n}`).map(({ command }) => textOf(command)),
      ).toEqual(texts.slice(n * 1000, n * 1000 + 1000));
  });
});

describe('a command has one effect', () => {
  type Said = { readonly type: 'Said'; readonly text: string };
  const decider: Decider<readonly string[], { text: string }, Said> = {
    initial: [],
    decide: ({ text }) => [{ type: 'Said', text }],
    evolve: (state, { text }) => [...state, text],
  };
  const echoes: Aggregate<readonly string[], { text: string }, Said> = {
    name: 'echo',
    context: 'test',
    decider,
  };

  const executing = (): Dispatch => {
    const handler = new CommandHandler(servers.store);
    return async (command, meta) => {
      await handler.execute(echoes, command.id, command.command as { text: string }, meta);
      return record(command, meta);
    };
  };
  const said = async (id: string): Promise<string[]> =>
    (await servers.store.readStream(`echo-${id}`)).map(({ event }) => (event as Said).text);

  it('when the server dies between the effect and its note of it', async () => {
    const pool = servers.pool();
    const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>;
    pool.query = ((...args: unknown[]) =>
      String(args[0]).startsWith('DELETE FROM outbox')
        ? Promise.reject(new Error('gone'))
        : query(...args)) as typeof pool.query;
    const first = servers.start({ processes: [echo], dispatch: executing(), pool });
    await appendTo(servers.store, 'thing-a', noted('one'), noted('two'));
    await servers.until(() => sent.length === 2);
    await servers.stop(first);
    expect(await outboxIsEmpty()).toBe(false);

    servers.start({ processes: [echo], dispatch: executing() });
    await servers.until(async () => sent.length === 4 && (await outboxIsEmpty()));
    expect(new Set(sent.map(({ meta }) => meta.commandId)).size).toBe(2);
    expect(await said('thing-a')).toEqual(['one', 'two']);
  });

  it('with two servers at once, and connections that are killed', async () => {
    const both = [0, 1].map(() => servers.start({ processes: [echo], dispatch: executing() }));
    for (let n = 0; n < 60; n++) {
      await appendTo(servers.store, `thing-${n % 4}`, noted(`${n}`), noted('twice'));
      if (n % 12 === 0) await servers.killConnections();
    }
    const distinct = (): number => new Set(sent.map(({ meta }) => meta.commandId)).size;
    await servers.until(async () => distinct() === 180 && (await outboxIsEmpty()));
    const issued = await servers.admin.query<{ last_value: string }>('SELECT last_value FROM outbox_seq_seq');
    expect(issued.rows).toEqual([{ last_value: '180' }]);
    for (let key = 0; key < 4; key++) {
      const wanted = Array.from({ length: 15 }, (_, n) => [`${n * 4 + key}`, 'once', 'again']).flat();
      expect(await said(`thing-${key}`)).toEqual(wanted);
    }
    await servers.until(() => both.every((server) => server.health()[0]?.state === 'running'));
  });
});

describe('is run by the server that is first', () => {
  it('while others follow, and go on with its states and timers when it is gone', async () => {
    const first = servers.start({ processes: [echo], dispatch: record });
    let last = await appendTo(servers.store, 'thing-a', noted('start'));
    await first.waitFor('echo-notes', last, LONG);
    const pool = servers.pool();
    const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>;
    let firstRuns = true;
    let commits = 0;
    pool.query = (async (...args: unknown[]) => {
      const { name } = args[0] as { name?: string };
      // Always the second, as on a server that hears of everything a little later.
      if (name === 'commit_process' && ++commits && firstRuns) await first.waitFor('echo-notes', last, LONG);
      return query(...args);
    }) as typeof pool.query;
    const second = servers.start({ processes: [echo], dispatch: record, pool });
    const texts = ['start'];
    const note = async (text: string): Promise<void> => {
      texts.push(text);
      last = await appendTo(servers.store, 'thing-a', noted(text));
      expect(await second.waitFor('echo-notes', last, LONG)).toBe(true);
    };
    for (let n = 0; n < 20; n++) await note(`${n}`);
    expect(commits).toBeLessThan(20);
    await note('remind 300');
    firstRuns = false;
    await servers.stop(first);
    // No event tells the second that it is alone: it finds what is due and not fired.
    await servers.until(() => sentTexts().includes('reminder-of-thing-a'));
    texts.push('reminder-of-thing-a');
    await note('alone');
    expect(await states()).toEqual({ 'thing-a': texts });
    expect(servers.problems).toEqual([]);
  });
});

describe('a timer', () => {
  it('fires when it is due, once, and says which event set it', async () => {
    servers.start({ processes: [echo], dispatch: record });
    await appendTo(servers.store, 'thing-a', noted('remind 60'));
    await servers.until(async () => sent.length === 1 && (await outboxIsEmpty()));
    const [setter] = await servers.events();
    const [fired] = sent;
    expect(fired?.command.id).toBe('reminder-of-thing-a');
    expect(fired?.meta).toMatchObject({ causation: setter!.id, correlation: setter!.correlation });
    expect((await servers.admin.query('SELECT FROM process_timer')).rowCount).toBe(0);
    expect(await states()).toEqual({ 'thing-a': ['remind 60', 'reminder-of-thing-a'] });
  });

  it('does not fire when it was cleared, set later or forgotten with its state', async () => {
    await appendTo(servers.store, 'thing-a', noted('remind 1'), noted('calm'));
    await appendTo(servers.store, 'thing-b', noted('remind 1'), { type: 'Erased' });
    await appendTo(servers.store, 'thing-c', noted('remind 1'), noted('remind 3600000'));
    await appendTo(servers.store, 'thing-d', noted('remind 100'));
    servers.start({ processes: [echo], dispatch: record });
    await servers.until(() => sent.length > 0);
    expect(sentTexts()).toEqual(['reminder-of-thing-d']);
    const { rows } = await servers.admin.query('SELECT key FROM process_timer');
    expect(rows).toEqual([{ key: 'thing-c' }]);
  });

  it('that came due while no server ran fires at the next start, unless an event has cleared it since', async () => {
    const first = servers.start({ processes: [echo], dispatch: record });
    await appendTo(servers.store, 'thing-a', noted('remind 3600000'));
    await first.waitFor(
      'echo-notes',
      await appendTo(servers.store, 'thing-b', noted('remind 3600000')),
      LONG,
    );
    await servers.stop(first);
    await servers.admin.query(`UPDATE process_timer SET due = due - 7200000`);
    await appendTo(servers.store, 'thing-b', noted('calm'));
    servers.start({ processes: [echo], dispatch: record });
    await servers.until(async () => (await servers.admin.query('SELECT FROM process_timer')).rowCount === 0);
    await servers.until(outboxIsEmpty);
    expect(sentTexts()).toEqual(['reminder-of-thing-a']);
  });

  it('fires once with many servers, and when the answer to its commit is lost', async () => {
    for (let n = 0; n < 3; n++) {
      const pool = servers.pool();
      const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>;
      let commits = 0;
      pool.query = (async (...args: unknown[]) => {
        const result = await query(...args);
        if ((args[0] as { name?: string }).name === 'commit_process' && commits++ % 2 === 0)
          throw new Error('lost');
        return result;
      }) as typeof pool.query;
      servers.start({ processes: [echo], dispatch: record, pool });
    }
    for (let n = 0; n < 20; n++) await appendTo(servers.store, `thing-${n}`, noted(`remind ${n * 5}`));
    await servers.until(async () => {
      const { rows } = await servers.admin.query<{ left: number }>(
        'SELECT count(*)::int AS left FROM process_timer',
      );
      return new Set(sentTexts()).size === 20 && rows[0]?.left === 0 && outboxIsEmpty();
    });
    expect(new Set(sent.map(({ meta }) => meta.commandId)).size).toBe(20);
    const twice = Object.values(await states()).filter((texts) => texts.length !== 2);
    expect(twice).toEqual([]);
  });

  it('that sets itself again to a time that has passed pauses its process instead of turning for ever', async () => {
    const spinning: typeof echo = {
      ...echo,
      react: (state, recorded) =>
        recorded.event.type === 'TimerFired'
          ? { state, timers: { [recorded.event.timer]: recorded.at - 3_600_000 } }
          : echo.react(state, recorded),
    };
    const server = servers.start({ processes: [spinning], dispatch: record });
    await appendTo(servers.store, 'thing-a', noted('remind 1'));
    await servers.until(() => server.health()[0]?.state === 'paused');
    expect(server.health()[0]?.reason).toMatch(
      /TimerFired at \d+: timer reminder-of-thing-a sets itself again/,
    );
  });

  it('needs a state and whole milliseconds', async () => {
    const stateless: typeof echo = { ...echo, react: () => ({ state: undefined, timers: { t: 5 } }) };
    const first = servers.start({ processes: [stateless], dispatch: record });
    await appendTo(servers.store, 'thing-a', noted('x'));
    await servers.until(() => first.health()[0]?.state === 'paused');
    expect(first.health()[0]?.reason).toContain('a timer needs a state to come back to');
    await servers.stop(first);
    const broken: typeof echo = { ...echo, react: () => ({ state: { texts: [] }, timers: { t: NaN } }) };
    const second = servers.start({ processes: [broken], dispatch: record });
    await servers.until(() => servers.problems.length === 2);
    expect(second.health()[0]?.reason).toContain('timer t is due at NaN');
  });
});
