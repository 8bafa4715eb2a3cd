import { describe, expect, it } from '@jest/globals';
import { type Row, tableSource, type TableWindow, WINDOW } from './table-source.js';

/** A server whose answers the test gives, in any order. */
const server = (rows: Row[], version = 1) => {
  const state = { rows, version };
  const asked: { offset: number; answer: () => void; fail: (problem: string) => void }[] = [];
  const source = tableSource(
    (offset, limit) =>
      new Promise<TableWindow>((resolve, reject) =>
        asked.push({
          offset,
          answer: () =>
            resolve({
              version: state.version,
              columns: ['City', 'Demand'],
              rows: state.rows.slice(offset, offset + limit),
              total: state.rows.length,
            }),
          fail: (problem) => reject(new Error(problem)),
        }),
      ),
  );
  /** Answers until nothing more is asked; setImmediate comes after all that promises have left to do. */
  const settle = async () => {
    do {
      for (const { answer } of asked.splice(0)) answer();
      await new Promise((resolve) => setImmediate(resolve));
    } while (asked.length > 0);
  };
  return { state, asked, source, settle };
};

const rows = (count: number): Row[] => Array.from({ length: count }, (_, index) => [`C${index}`, index]);

describe('a table of any length', () => {
  it('reads only the windows on screen, each once', async () => {
    const { source, asked, settle } = server(rows(3 * WINDOW));
    source.need(0, 10);
    source.need(0, 20);
    expect(asked.map(({ offset }) => offset)).toEqual([0]);
    await settle();
    source.need(2 * WINDOW - 5, 2 * WINDOW + 5);
    expect(asked.map(({ offset }) => offset)).toEqual([WINDOW, 2 * WINDOW]);
    await settle();
    expect([source.get().total, source.row(2 * WINDOW), source.row(3 * WINDOW)]).toEqual([
      3 * WINDOW,
      [`C${2 * WINDOW}`, 2 * WINDOW],
      undefined,
    ]);
  });

  it('keeps the old rows on screen until the new ones are there', async () => {
    const { source, state, settle, asked } = server(rows(3));
    source.need(0, 3);
    await settle();
    state.rows = [['C0', 77]];
    state.version = 2;
    source.invalidate(2);
    expect([asked.length, source.row(0)]).toEqual([1, ['C0', 0]]);
    await settle();
    expect([source.get().total, source.row(0)]).toEqual([1, ['C0', 77]]);
  });

  it('reads nothing again for a version that it has', async () => {
    const { source, settle, asked } = server(rows(3), 4);
    source.need(0, 3);
    await settle();
    source.invalidate(4);
    expect(asked).toHaveLength(0);
  });

  it('drops an answer that was asked for before the change', async () => {
    const { source, state, asked, settle } = server(rows(3));
    source.need(0, 3);
    await settle();
    source.invalidate();
    const [late] = asked.splice(0);
    source.invalidate();
    await settle();
    state.rows = [['C0', 'late']];
    late?.answer();
    await settle();
    expect(source.row(0)).toEqual(['C0', 0]);
  });

  it('writes an accepted edit at once, without reading', async () => {
    const { source, asked, settle } = server(rows(3));
    source.need(0, 3);
    await settle();
    source.patch([{ tuple: ['C1'], value: 9 }], 2);
    expect([source.row(1), source.get().version, asked.length]).toEqual([['C1', 9], 2, 0]);
  });

  it('reads again when an edit adds or removes a row', async () => {
    const { source, asked, settle } = server(rows(3));
    source.need(0, 3);
    await settle();
    source.patch([{ tuple: ['C1'], value: null }], 2);
    expect(asked).toHaveLength(1);
    await settle();
    source.patch([{ tuple: ['New'], value: 1 }], 3);
    expect(asked).toHaveLength(1);
  });

  it('gives all rows, of one version, up to a limit', async () => {
    const { source, state, asked, settle } = server(rows(3 * WINDOW));
    const all = source.all(10_000);
    await settle();
    expect(await all).toEqual(rows(3 * WINDOW));

    source.invalidate();
    const changing = source.all(2 * WINDOW);
    asked.splice(0, 1)[0]?.answer();
    state.rows = rows(3 * WINDOW).map(([city]) => [city, 'new']);
    state.version = 2;
    await settle();
    expect((await changing).map(([, value]) => value)).toEqual(Array(2 * WINDOW).fill('new'));
  });

  it('says what went wrong, and reads again when told to', async () => {
    const { source, asked, settle } = server(rows(1));
    source.need(0, 1);
    asked.splice(0, 1)[0]?.fail('The session has ended');
    await settle();
    expect(source.get().problem).toBe('The session has ended');
    await expect(
      (async () => {
        const all = source.all(10);
        asked.splice(0, 1)[0]?.fail('The session has ended');
        return all;
      })(),
    ).rejects.toThrow('The session has ended');
    source.invalidate();
    await settle();
    expect([source.get().problem, source.row(0)]).toEqual([null, ['C0', 0]]);
  });
});
