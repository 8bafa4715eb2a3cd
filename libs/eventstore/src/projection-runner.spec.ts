import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import type pg from 'pg';
import { type EventStore, LogGap, type Position, START } from './event-store.js';
import { MemoryEventStore } from './memory-event-store.js';
import type { Projection } from './read-side.js';
import {
  appendTo,
  expectedRows,
  type NoteEvent,
  type NoteRow,
  noted,
  notes,
  Servers,
} from './read-side.fixture.js';
import type { Change } from './projection-runner.js';

const LONG = 20_000;
jest.setTimeout(60_000);

let servers: Servers;
beforeEach(async () => {
  servers = await Servers.open();
});
afterEach(() => servers.close());

const expectRowsToMatchTheLog = async (projection = notes): Promise<void> =>
  expect(await servers.rows()).toEqual(expectedRows(await servers.events(), projection));

/** Like `notes`, but cannot digest what `hates` says. */
const picky = (name: string, hates: (event: NoteEvent) => boolean): Projection<NoteRow, NoteEvent> => ({
  ...notes,
  name,
  evolve: (row, recorded) => {
    if (hates(recorded.event)) throw new Error('what is this?');
    return notes.evolve(row, recorded);
  },
});

describe('a projection', () => {
  it('inserts, changes and removes rows, in the order of the log', async () => {
    const server = servers.start({ projections: [notes] });
    await appendTo(servers.store, 'thing-a', noted('one', 5), { type: 'Unrelated' });
    await appendTo(servers.store, 'thing-b', noted('two'), noted('two and a half', 11));
    await appendTo(servers.store, 'thing-c', noted('gone'), { type: 'Erased' });
    const last = await appendTo(servers.store, 'thing-a', noted('three'));
    expect(await server.waitFor('notes', last, LONG)).toBe(true);
    await expectRowsToMatchTheLog();
    expect((await servers.rows()).map(({ id, applied }) => [id, applied])).toEqual([
      ['thing-a', [1, 3]],
      ['thing-b', [1, 2]],
    ]);
    expect(servers.problems).toEqual([]);
  });

  it('stores every text, with the characters that PostgreSQL cannot hold replaced', async () => {
    const server = servers.start({ projections: [notes] });
    const texts = ['"quoted" \\ {a,b} NULL', '', 'zażółć 🚀', 'nul \0 inside', 'half \ud800 a pair', 'null'];
    for (const [index, text] of texts.entries()) await appendTo(servers.store, `thing-${index}`, noted(text));
    const last = await appendTo(servers.store, 'thing-last', noted('x'));
    expect(await server.waitFor('notes', last, LONG)).toBe(true);
    const stored = (await servers.rows()).map(({ text }) => text);
    expect(stored).toEqual([...texts.slice(0, 3), 'nul \ufffd inside', 'half \ufffd a pair', 'null', 'x']);
  });

  it('shows the same rows whether built step by step or from zero, and those that the fold says', async () => {
    const server = servers.start({ projections: [notes] });
    const event = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          type: fc.constant('Noted'),
          text: fc.string(),
          weight: fc.integer({ min: -9, max: 99 }),
        }),
      },
      { weight: 1, arbitrary: fc.constant({ type: 'Erased' }) },
      { weight: 1, arbitrary: fc.constant({ type: 'Unrelated' }) },
    );
    const step = fc.record({
      stream: fc.integer({ min: 0, max: 4 }),
      events: fc.array(event, { minLength: 1, maxLength: 4 }),
      wait: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        let last = START;
        for (const { stream, events, wait } of steps) {
          last = await appendTo(servers.store, `thing-${stream}`, ...events);
          if (wait) await server.waitFor('notes', last, LONG);
        }
        expect(await server.waitFor('notes', last, LONG)).toBe(true);
        const stepByStep = await servers.rows();
        expect(stepByStep).toEqual(expectedRows(await servers.events()));
        await servers.admin.query(`UPDATE notes SET text = 'spoilt' WHERE id = 'thing-0'`);
        await servers.admin.query(`DELETE FROM notes WHERE id = 'thing-1'`);
        await server.rebuild('notes');
        expect(await servers.rows()).toEqual(stepByStep);
      }),
      { numRuns: 15 },
    );
  });

  it('tells which rows changed once they can be read, and goes on when a listener throws', async () => {
    const server = servers.start({ projections: [notes] });
    const changes: Change[] = [];
    server.onCommitted(() => {
      throw new Error('listener');
    });
    const stop = server.onCommitted((change) => changes.push(change));
    const first = await appendTo(servers.store, 'thing-a', noted('one'), noted('two'));
    expect(await server.waitFor('notes', first, LONG)).toBe(true);
    expect(changes).toEqual([{ projection: 'notes', keys: ['thing-a'], position: first }]);
    expect(servers.problems.map(({ level, source }) => [level, source])).toEqual([
      ['error', 'listener to notes'],
    ]);
    stop();
    const second = await appendTo(servers.store, 'thing-a', noted('three'));
    expect(await server.waitFor('notes', second, LONG)).toBe(true);
    expect(changes).toHaveLength(1);
  });

  it('says no to a wait for what does not come in time', async () => {
    const server = servers.start({ projections: [notes] });
    const far = '9999999999999999' as Position;
    expect(await server.waitFor('notes', far, 1)).toBe(false);
    expect(() => server.waitFor('nonsense', far, 1)).toThrow('There is no projection or process nonsense');
    const waiting = server.waitFor('notes', far, LONG);
    await servers.stop(server);
    expect(await waiting).toBe(false);
  });

  it('goes on at its checkpoint after a restart', async () => {
    const first = servers.start({ projections: [notes] });
    await first.waitFor('notes', await appendTo(servers.store, 'thing-a', noted('one')), LONG);
    await servers.stop(first);
    const last = await appendTo(servers.store, 'thing-a', noted('two'));
    const second = servers.start({ projections: [notes] });
    expect(await second.waitFor('notes', last, LONG)).toBe(true);
    await expectRowsToMatchTheLog();
  });

  it('catches up over many batches and keeps other events’ positions too', async () => {
    for (let n = 0; n < 30; n++) {
      const events = Array.from({ length: 1000 }, (_, i) =>
        i % 10 === 0 ? noted(`${n} ${i}`) : { type: 'Unrelated' },
      );
      await appendTo(servers.store, `thing-${n % 7}`, ...events);
    }
    const server = servers.start({ projections: [notes] });
    expect(await server.waitFor('notes', await servers.store.head(), LONG)).toBe(true);
    await expectRowsToMatchTheLog();
  });

  it('remembers having passed events that do not concern it', async () => {
    const events = Array.from({ length: 4000 }, () => ({ type: 'Unrelated' }));
    for (let n = 0; n < 5; n++) await appendTo(servers.store, `other-${n}`, ...events);
    const server = servers.start({ projections: [notes] });
    expect(await server.waitFor('notes', await servers.store.head(), LONG)).toBe(true);
    const checkpoint = async () =>
      (await servers.admin.query<{ position: Position }>('SELECT position FROM checkpoint')).rows[0]!
        .position;
    await servers.until(async () => (await checkpoint()) > START);
    await servers.stop(server);
    expect(await checkpoint()).toBe(await servers.store.head());
  });
});

describe('each event is applied exactly once', () => {
  it('when the answer to a commit is lost', async () => {
    const pool = servers.pool();
    const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>;
    let lost = 0;
    pool.query = (async (...args: unknown[]) => {
      const result = await query(...args);
      const { name } = args[0] as { name?: string };
      if (name?.startsWith('commit_') && lost++ % 2 === 0) throw new Error('connection lost');
      return result;
    }) as typeof pool.query;
    const server = servers.start({ projections: [notes], pool });
    for (const text of ['one', 'two', 'three', 'four'])
      await server.waitFor('notes', await appendTo(servers.store, 'thing-a', noted(text)), LONG);
    expect(lost).toBeGreaterThan(3);
    expect((await servers.rows()).map(({ applied }) => applied)).toEqual([[1, 2, 3, 4]]);
  });

  it('by two servers at once, and both tell of every change', async () => {
    const both = [servers.start({ projections: [notes] }), servers.start({ projections: [notes] })] as const;
    const told = both.map((server) => {
      const keys = new Set<string>();
      server.onCommitted((change) => change.keys.forEach((key) => keys.add(key)));
      return keys;
    });
    const first = await appendTo(servers.store, 'thing-first', noted('first'));
    for (const server of both) await server.waitFor('notes', first, LONG);
    for (let n = 0; n < 300; n++) void appendTo(servers.store, `thing-${n % 50}`, noted(`${n}`));
    const head = await servers.settled(301);
    for (const server of both) expect(await server.waitFor('notes', head, LONG)).toBe(true);
    await expectRowsToMatchTheLog();
    for (const keys of told) expect([...keys].filter((key) => key !== 'thing-first')).toHaveLength(50);
    expect(servers.problems).toEqual([]);
  });

  it('when a server comes back that stood still in the middle of a commit', async () => {
    const pool = servers.pool();
    const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>;
    let standing: (() => void) | undefined;
    pool.query = (async (...args: unknown[]) => {
      const { name, values } = args[0] as { name?: string; values?: unknown[] };
      if (name?.startsWith('commit_') && values?.[0] !== first)
        await new Promise<void>((go) => (standing = go));
      return query(...args);
    }) as typeof pool.query;
    const slow = servers.start({ projections: [notes], pool });
    const first: Position = await appendTo(servers.store, 'thing-a', noted('one'));
    await slow.waitFor('notes', first, LONG);
    await appendTo(servers.store, 'thing-a', noted('two'));
    await servers.until(() => standing !== undefined);
    const quick = servers.start({ projections: [notes] });
    const third = await appendTo(servers.store, 'thing-a', noted('three'), { type: 'Erased' }, noted('four'));
    expect(await quick.waitFor('notes', third, LONG)).toBe(true);
    standing?.();
    expect(await slow.waitFor('notes', third, LONG)).toBe(true);
    await expectRowsToMatchTheLog();
    const { rows } = await servers.admin.query<{ position: Position }>('SELECT position FROM checkpoint');
    expect(rows).toEqual([{ position: third }]);
  });

  it('by the one that is first; the others follow it, tell of the same, and take over when it is gone', async () => {
    const first = servers.start({ projections: [notes] });
    let last = await appendTo(servers.store, 'thing-a', noted('one'));
    await first.waitFor('notes', last, LONG);
    const pool = servers.pool();
    const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>;
    let firstRuns = true;
    let commits = 0;
    pool.query = (async (...args: unknown[]) => {
      const { name } = args[0] as { name?: string };
      // Always the second, as on a server that hears of everything a little later.
      if (name?.startsWith('commit_') && ++commits && firstRuns) await first.waitFor('notes', last, LONG);
      return query(...args);
    }) as typeof pool.query;
    const second = servers.start({ projections: [notes], pool });
    const told: string[] = [];
    second.onCommitted(({ keys }) => told.push(...keys));
    await second.waitFor('notes', last, LONG);
    for (let n = 0; n < 20; n++) {
      last = await appendTo(servers.store, `thing-${n}`, noted(`${n}`));
      expect(await second.waitFor('notes', last, LONG)).toBe(true);
    }
    expect(commits).toBeLessThan(20);
    expect(told).toHaveLength(20);
    firstRuns = false;
    await servers.stop(first);
    last = await appendTo(servers.store, 'thing-a', noted('two'));
    expect(await second.waitFor('notes', last, LONG)).toBe(true);
    await expectRowsToMatchTheLog();
    expect(servers.problems).toEqual([]);
  });

  it('and keeps its checkpoint when one that follows ends just as the first has moved it', async () => {
    const first = servers.start({ projections: [notes] });
    let last = await appendTo(servers.store, 'thing-a', noted('one'));
    await first.waitFor('notes', last, LONG);
    const pool = servers.pool();
    const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>;
    let ending: Promise<void> | undefined;
    let ends = false;
    pool.query = (async (...args: unknown[]) => {
      const { name } = args[0] as { name?: string };
      const looks = name === 'all_checkpoints';
      if (name?.startsWith('commit_') || looks) await first.waitFor('notes', last, LONG);
      if (looks && ends) ending ??= servers.stop(second);
      return query(...args);
    }) as typeof pool.query;
    const second = servers.start({ projections: [notes], pool });
    for (let n = 0; n < 5; n++) {
      last = await appendTo(servers.store, `thing-${n}`, noted(`${n}`));
      await second.waitFor('notes', last, LONG);
    }
    await second.waitFor('notes', await appendTo(servers.store, 'thing-b', { type: 'Unrelated' }), LONG);
    ends = true;
    last = await appendTo(servers.store, 'thing-a', noted('two'));
    await servers.until(() => ending !== undefined);
    await ending;
    await servers.stop(first);
    const third = servers.start({ projections: [notes] });
    expect(await third.waitFor('notes', last, LONG)).toBe(true);
    await expectRowsToMatchTheLog(); // nothing twice
  });

  it('while the database kills its connections', async () => {
    const server = servers.start({ projections: [notes] });
    for (let n = 0; n < 40; n++) {
      await appendTo(servers.store, `thing-${n % 3}`, noted(`${n}`));
      if (n % 4 === 0) await servers.killConnections();
    }
    expect(await server.waitFor('notes', await servers.store.head(), LONG)).toBe(true);
    await expectRowsToMatchTheLog();
    expect(server.health()).toEqual([expect.objectContaining({ state: 'running', lagMs: 0, reason: null })]);
  });
});

describe('an event that a projection cannot digest', () => {
  it('pauses that projection at it, and no other', async () => {
    await servers.admin.query(
      'CREATE TABLE picky (LIKE notes INCLUDING ALL); GRANT ALL ON picky TO openpro_app',
    );
    const bad = picky('picky', (event) => event.type === 'Noted' && event.text === 'bad');
    const server = servers.start({ projections: [bad, notes] });
    const good = await appendTo(servers.store, 'thing-a', noted('good'));
    const poison = await appendTo(servers.store, 'thing-b', noted('fine'), noted('bad'), noted('later'));
    expect(await server.waitFor('notes', poison, LONG)).toBe(true);
    expect(await server.waitFor('picky', good, LONG)).toBe(true);
    expect(await server.waitFor('picky', poison, LONG)).toBe(false);
    await servers.until(() => server.health().some(({ state }) => state === 'paused'));
    const more = await appendTo(
      servers.store,
      'thing-a',
      noted('it waits for a person, not for more events'),
    );
    expect(await server.waitFor('notes', more, LONG)).toBe(true);
    expect(servers.problems).toHaveLength(1);
    const [paused, running] = server.health();
    expect(running).toMatchObject({ name: 'notes@1', state: 'running', reason: null });
    expect(paused).toMatchObject({
      name: 'picky@1',
      state: 'paused',
      reason: expect.stringMatching(/^Noted at \d+3: what is this\?$/),
      errorId: servers.problems[0]?.errorId,
    });
    const { rows } = await servers.admin.query('SELECT id, applied FROM picky ORDER BY id');
    expect(rows).toEqual([
      { id: 'thing-a', applied: [1] },
      { id: 'thing-b', applied: [1] },
    ]);
  });

  it('is tried again when asked, and by the next start', async () => {
    let broken = true;
    const projection = picky('notes', () => broken);
    const first = servers.start({ projections: [projection] });
    const last = await appendTo(servers.store, 'thing-a', noted('one'), noted('two'));
    const isPaused = () => first.health()[0]?.state === 'paused';
    await servers.until(isPaused);
    first.resume('notes');
    await servers.until(() => servers.problems.length === 2 && isPaused());
    await servers.stop(first);

    const second = servers.start({ projections: [projection] });
    await servers.until(() => servers.problems.length === 3 && second.health()[0]?.state === 'paused');
    broken = false;
    second.resume('notes');
    expect(await second.waitFor('notes', last, LONG)).toBe(true);
    await expectRowsToMatchTheLog();
  });

  it('is found among its neighbours when only the database objects to it', async () => {
    const store = servers.store;
    await appendTo(store, 'thing-a', ...Array.from({ length: 20 }, (_, n) => noted(`${n}`, n)));
    await appendTo(store, 'thing-b', noted('heavier than int4', 2 ** 40));
    await appendTo(store, 'thing-a', noted('after'));
    const server = servers.start({ projections: [notes] });
    await servers.until(() => server.health()[0]?.state === 'paused');
    expect(server.health()[0]?.reason).toMatch(/^Noted at 0*21: .*out of range/);
    expect((await servers.rows()).map(({ id, applied }) => [id, applied.length])).toEqual([['thing-a', 20]]);
  });

  it('makes the lag as old as that event', async () => {
    const hourAgo = new MemoryEventStore(() => Date.now() - 3_600_000);
    const server = servers.start({ projections: [picky('notes', () => true)], store: hourAgo });
    await appendTo(hourAgo, 'thing-a', noted('x'));
    await servers.until(() => server.health()[0]?.state === 'paused');
    expect(server.health()[0]?.lagMs).toBeGreaterThanOrEqual(3_600_000);
  });

  it('is one whose row lacks a column or has another key', async () => {
    const lacking = { ...notes, evolve: () => ({ id: 'thing-a' }) as NoteRow };
    const first = servers.start({ projections: [lacking] });
    await appendTo(servers.store, 'thing-a', noted('x'));
    await servers.until(() => first.health()[0]?.state === 'paused');
    expect(first.health()[0]?.reason).toContain('notes: the row has no value (nor null) in column text');
    await servers.stop(first);

    const evolve: typeof notes.evolve = (row, recorded) => ({ ...notes.evolve(row, recorded)!, id: 'other' });
    const second = servers.start({ projections: [{ ...notes, evolve }] });
    await servers.until(() => second.health()[0]?.state === 'paused');
    expect(second.health()[0]?.reason).toContain("notes: the row's id is other, but keyOf says thing-a");
  });
});

describe('a gap in the log', () => {
  it('stops the projection and alarms', async () => {
    const gapped: EventStore = Object.assign(Object.create(servers.store) as EventStore, {
      readAll: () => Promise.reject(new LogGap(START, '2' as Position)),
    });
    const server = servers.start({ projections: [notes], store: gapped });
    await servers.until(() => server.health()[0]?.state === 'stopped');
    expect(server.health()[0]?.reason).toBe('The log has a gap: 2 follows the start');
    expect(await server.waitFor('notes', '3' as Position, 2 ** 30)).toBe(false);
    expect(servers.problems.map(({ level }) => level)).toEqual(['error']);
  });
});

describe('a rebuild', () => {
  const renamed: Projection<NoteRow, NoteEvent> = {
    ...notes,
    version: 2,
    evolve: (row, recorded) => {
      const next = notes.evolve(row, recorded);
      return next && { ...next, text: `v2 ${next.text ?? ''}` };
    },
  };

  const fill = async (): Promise<void> => {
    for (let n = 0; n < 200; n++)
      await appendTo(servers.store, `thing-${n % 40}`, noted(`${n}`), noted('again'));
  };

  it('happens by itself when the version is new, and the old rows are read meanwhile', async () => {
    const first = servers.start({ projections: [notes] });
    await fill();
    await first.waitFor('notes', await servers.store.head(), LONG);
    await servers.stop(first);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let reads = 0;
    const slow: EventStore = Object.assign(Object.create(servers.store) as EventStore, {
      readAll: async (after: Position, limit: number) => {
        if (reads++ === 1) await held;
        return servers.store.readAll(after, Math.min(limit, 1000));
      },
    });
    for (let n = 0; n < 3; n++)
      await appendTo(servers.store, `more-${n}`, ...Array.from({ length: 1000 }, () => noted('x')));
    const second = servers.start({ projections: [renamed], store: slow });
    await servers.until(() => second.health().length === 2);
    expect(second.health().map(({ name, state }) => [name, state])).toEqual([
      ['notes@2', 'waiting'],
      ['rebuild.notes@2', 'running'],
    ]);
    const old = await servers.rows();
    expect(old).toHaveLength(40);
    expect(old.every(({ text }) => text === 'again')).toBe(true);
    release();
    expect(await second.waitFor('notes', await servers.store.head(), LONG)).toBe(true);
    await expectRowsToMatchTheLog(renamed);
    expect(second.health().map(({ name }) => name)).toEqual(['notes@2']);
  });

  it('makes the older program wait instead of turning the read model back', async () => {
    const newer = servers.start({ projections: [renamed] });
    await newer.waitFor('notes', await appendTo(servers.store, 'thing-a', noted('one')), LONG);
    const older = servers.start({ projections: [notes] });
    await servers.until(
      () => older.health()[0]?.state === 'waiting' || older.health()[0]?.state === 'running',
    );
    await newer.waitFor('notes', await appendTo(servers.store, 'thing-a', noted('two')), LONG);
    await servers.until(() => older.health()[0]?.reason !== null);
    expect(older.health()[0]).toMatchObject({
      reason: 'the read model is of version 2: this program is older',
    });
    await expectRowsToMatchTheLog(renamed);
  });

  it('puts the right rows in place while events keep coming, by two servers at once', async () => {
    const first = servers.start({ projections: [notes] });
    await fill();
    await first.waitFor('notes', await servers.store.head(), LONG);
    await servers.stop(first);
    const both = [
      servers.start({ projections: [renamed] }),
      servers.start({ projections: [renamed] }),
    ] as const;
    for (let n = 0; n < 200; n++) {
      await appendTo(servers.store, `thing-${n % 60}`, n % 9 === 0 ? { type: 'Erased' } : noted(`${n}`));
      if (n === 100) void both[0].rebuild('notes');
      if (n % 40 === 0) await servers.killConnections();
    }
    const head = await servers.store.head();
    for (const server of both) {
      await servers.until(() => server.waitFor('notes', head, 100));
      await servers.until(() => server.health().length === 1);
    }
    await expectRowsToMatchTheLog(renamed);
    const { rows } = await servers.admin.query<{ name: string }>('SELECT name FROM checkpoint');
    expect(rows).toEqual([{ name: 'notes@2' }]);
    const left = await servers.admin.query(`SELECT FROM pg_tables WHERE schemaname = 'rebuild'`);
    expect(left.rowCount).toBe(0);
  });

  it('goes on after a restart in the middle', async () => {
    const first = servers.start({ projections: [notes] });
    await fill();
    await first.waitFor('notes', await servers.store.head(), LONG);
    await servers.stop(first);
    await servers.admin.query(`UPDATE notes SET text = 'spoilt'`);

    let reads = 0;
    const breaksOff: EventStore = Object.assign(Object.create(servers.store) as EventStore, {
      readAll: (after: Position) =>
        reads++ === 0 || after > START ? Promise.resolve([]) : servers.store.readAll(after, 100),
    });
    const second = servers.start({ projections: [notes], store: breaksOff });
    const unfinished = second.rebuild('notes');
    await servers.until(async () => {
      const { rowCount } = await servers.admin.query(`SELECT FROM checkpoint WHERE name = 'rebuild.notes@1'`);
      return rowCount === 1;
    });
    await servers.stop(second);
    await expect(unfinished).rejects.toThrow('goes on at the next start');

    const third = servers.start({ projections: [notes] });
    await servers.until(async () => (await servers.rows()).every(({ text }) => text === 'again'));
    await servers.until(() => third.health().length === 1);
    await expectRowsToMatchTheLog();
  });

  it('is refused for what is not a projection', () => {
    const server = servers.start({ projections: [notes] });
    expect(() => server.rebuild('nonsense')).toThrow('There is no projection nonsense');
  });
});
