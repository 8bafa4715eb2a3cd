import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendTo, Bench, expectedRows, noted, notes } from './read-side.fixture.js';

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open();
});
afterEach(() => bench.close());

describe('a projection', () => {
  it('inserts, changes and removes rows, in the order of the log', async () => {
    const server = bench.server({ projections: [notes] });
    await appendTo(bench.store, 'thing-a', noted('one', 5), { type: 'Unrelated' });
    await appendTo(bench.store, 'thing-b', noted('two'), noted('two and a half', 11));
    await appendTo(bench.store, 'thing-c', noted('gone'), { type: 'Erased' });
    const last = await appendTo(bench.store, 'thing-a', noted('three'));
    expect(await server.waitFor('notes', last, 10_000)).toBe(true);
    const rows = await bench.rows();
    expect(rows).toEqual(expectedRows(await bench.events()));
    expect(rows.map(({ id, applied }) => [id, applied])).toEqual([
      ['thing-a', [1, 3]],
      ['thing-b', [1, 2]],
    ]);
    expect(bench.problems).toEqual([]);
  });
});
