import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { IdentifierSpec } from '../sdk/app.js';
import { decodeColumns, encodeColumns, encodeElements } from '../wire/cols1.js';
import { Dataset, type Derive } from './dataset.js';
import { describeInterface } from './description.js';

const dataset = (
  identifiers: Record<string, IdentifierSpec>,
  derived: Record<string, Derive> = {},
  sets: Record<string, readonly string[]> = { Items: ['a', 'b', 'c'], Weeks: ['w1', 'w2'] },
): Dataset => {
  const made = new Dataset(
    describeInterface({ sets: Object.fromEntries(Object.keys(sets).map((name) => [name, {}])), identifiers }),
    derived,
  );
  for (const [name, elements] of Object.entries(sets)) made.elements(name).replace(elements);
  made.changes();
  return made;
};
const demand: IdentifierSpec = { kind: 'input', type: 'f64', domain: ['Items', 'Weeks'], min: 0, max: 100 };
const rows = (data: Dataset, name: string): unknown => data.window(name, { offset: 0, limit: 1000 }).rows;

describe('a table', () => {
  const step = fc.record({
    i: fc.nat(6),
    j: fc.nat(4),
    k: fc.nat(3),
    value: fc.integer({ min: -2, max: 2 }),
  });

  it('holds what a map of tuples holds, in the order of the tuples', () =>
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: -1, max: 1 }), (steps, fallback) => {
        const data = dataset(
          { X: { kind: 'input', type: 'i64', domain: ['I', 'J', 'K'], default: fallback } },
          {},
          { I: [...'abcdefg'], J: [...'abcde'], K: [...'abcd'] },
        );
        const table = data.table('X');
        const model = new Map<string, number>();
        for (const { i, j, k, value } of steps) {
          table.set([i, j, k], value);
          if (value === fallback) model.delete(`${i}${j}${k}`);
          else model.set(`${i}${j}${k}`, value);
          expect(table.get(i, j, k)).toBe(value);
          expect(table.count).toBe(model.size);
        }
        const seen: [string, unknown][] = [];
        table.each((value, ...positions) => seen.push([positions.join(''), value]));
        expect(seen).toEqual([...model].sort(([a], [b]) => (a < b ? -1 : 1)));
        const dense = table.dense();
        expect(dense.filter((value) => value !== fallback)).toHaveLength(model.size);

        const copy = dataset(
          { X: { kind: 'input', type: 'i64', domain: ['I', 'J', 'K'], default: fallback } },
          {},
          { I: [...'abcdefg'], J: [...'abcde'], K: [...'abcd'] },
        );
        copy.load(data.save());
        expect(rows(copy, 'X')).toEqual(rows(data, 'X'));
        expect(copy.save()).toEqual(data.save());
        copy.table('X').assign(dense);
        expect(rows(copy, 'X')).toEqual(rows(data, 'X'));
      }),
    ));

  it('keeps the tuples of elements that stay when a set changes', () => {
    const data = dataset({
      Demand: demand,
      Next: { kind: 'input', type: 'element', domain: ['Items'], of: 'Items' },
    });
    data.table('Demand').from({ a: { w1: 1, w2: 2 }, b: { w1: 3 }, c: { w2: 4 } });
    data.table('Next').from({ a: 1, b: 2, c: 0 });
    data.elements('Items').replace(['c', 'x', 'a']);
    expect(rows(data, 'Demand')).toEqual([
      ['c', 'w2', 4],
      ['a', 'w1', 1],
      ['a', 'w2', 2],
    ]);
    expect(rows(data, 'Next')).toEqual([['c', 'a']]);
  });

  it.each([
    ['bool', true, true],
    ['utf8', 'ä "quoted"', 'ä "quoted"'],
    ['i64', -9007199254740991, -9007199254740991],
    ['f64', 'inf', 'inf'],
    ['f64', 1e-300, 1e-300],
    ['datetime', '2025-01-31T08:30:00+02:00', '2025-01-31T06:30:00.000Z'],
    ['datetime', '1969-12-31T23:59:59.999999', '1969-12-31T23:59:59.999999Z'],
    ['element', 'c', 'c'],
  ] as const)('keeps a value of the type %s through a case', (type, given, kept) => {
    const spec: IdentifierSpec = {
      kind: 'input',
      type,
      domain: ['Weeks'],
      ...(type === 'element' ? { of: 'Items' } : {}),
    };
    const data = dataset({ X: spec });
    expect(data.edit('X', [{ tuple: ['w2'], value: given }])).toEqual([]);
    const copy = dataset({ X: spec }, {}, { Items: ['c'], Weeks: [] });
    copy.load(data.save());
    expect(rows(copy, 'X')).toEqual([['w2', kept]]);
    expect(data.edit('X', [{ tuple: ['w2'], value: null }])).toEqual([]);
    expect(rows(data, 'X')).toEqual([]);
  });

  it('shows a scalar even when it is the default', () => {
    const data = dataset({ Limit: { kind: 'input', type: 'f64', default: 7 } });
    expect(data.window('Limit', { offset: 0, limit: 10 })).toMatchObject({
      columns: ['Limit'],
      rows: [[7]],
      total: 1,
    });
  });

  it('gives windows of its tuples', () => {
    const data = dataset({ Demand: demand });
    data.table('Demand').assign([1, 2, 3, 0, 5, 6]);
    expect(data.window('Demand', { offset: 1, limit: 2 })).toMatchObject({
      columns: ['Items', 'Weeks', 'Demand'],
      rows: [
        ['a', 'w2', 2],
        ['b', 'w1', 3],
      ],
      total: 5,
    });
  });

  it.each([
    [
      'a wrong number of positions',
      (data: Dataset) => data.table('Demand').get(1),
      /Demand has 2 index sets; 1 positions/,
    ],
    [
      'a position outside',
      (data: Dataset) => data.table('Demand').get(1, 2),
      /Demand: 2 is no position in Weeks, which has 2/,
    ],
    ['half a position', (data: Dataset) => data.table('Demand').get(0.5, 1), /0.5 is no position in Items/],
    [
      'no number',
      (data: Dataset) => data.table('Demand').set([0, 0], NaN),
      /Demand holds numbers; NaN is none/,
    ],
    ['too few values', (data: Dataset) => data.table('Demand').assign([1]), /Demand has 6 cells; 1 values/],
    [
      'an unknown element',
      (data: Dataset) => data.table('Demand').from({ z: { w1: 1 } }),
      /Items has no element "z"/,
    ],
    ['a value for a set', (data: Dataset) => data.table('Demand').from(3), /object of elements of Items/],
    ['a scalar of a table', (data: Dataset) => data.table('Demand').value, /use get\(\)/],
    [
      'an element twice',
      (data: Dataset) => data.elements('Items').replace(['a', 'b', 'a']),
      /Items would have the element "a" twice/,
    ],
    ['an empty element', (data: Dataset) => data.elements('Items').replace(['a', '']), /number 2 is not one/],
  ])('tells an author of %s', (_, act, message) => {
    expect(() => act(dataset({ Demand: demand }))).toThrow(message);
  });

  it('refuses cells beyond 2^53, which could not be told apart', () => {
    const many = Array.from({ length: 300 }, (_, i) => `e${i}`);
    const data = dataset(
      { X: { kind: 'input', type: 'f64', domain: Array<string>(7).fill('I') } },
      {},
      { I: many },
    );
    expect(() => data.table('X').set(Array<number>(7).fill(299), 1)).toThrow('X has more than 2^53 cells');
  });
});

describe('editing', () => {
  const data = dataset({
    Demand: demand,
    Count: { kind: 'input', type: 'i64', min: 1 },
    On: { kind: 'input', type: 'bool' },
    Name: { kind: 'input', type: 'utf8' },
    When: { kind: 'input', type: 'datetime' },
    Pick: { kind: 'input', type: 'element', of: 'Items' },
    Out: { kind: 'output', type: 'f64' },
  });
  it.each([
    ['Demand', ['a', 'w9'], 1, 'Demand: the set Weeks has no element "w9"'],
    ['Demand', ['a'], 1, 'Demand has 2 index sets (Items, Weeks); the tuple is ["a"]'],
    ['Demand', ['a', 'w1'], 'twelve', 'Demand must be a number from 0 up to 100; it is "twelve"'],
    ['Demand', ['a', 'w1'], -3, 'Demand must be a number from 0 up to 100; it is -3'],
    ['Demand', ['a', 'w1'], { a: 1 }, 'Demand must be a number from 0 up to 100; it is {"a":1}'],
    ['Count', [], 1.5, 'Count must be a whole number from 1; it is 1.5'],
    ['On', [], 1, 'On must be true or false; it is 1'],
    ['Name', [], 4, 'Name must be text; it is 4'],
    ['When', [], 'tomorrow', 'When must be a time like 2025-01-31T08:30:00Z; it is "tomorrow"'],
    ['When', [], '2025-13-41', 'When must be a time like 2025-01-31T08:30:00Z; it is "2025-13-41"'],
    ['Pick', [], 'z', 'Pick must be an element of Items; it is "z"'],
  ])('rejects a wrong cell of %s and names it, the tuple and the problem', (name, tuple, value, reason) => {
    expect(data.edit(name, [{ tuple, value }])).toEqual([{ tuple, reason }]);
    expect(data.changes()).toEqual([]);
  });

  it('sets the right cells beside wrong ones', () => {
    const one = dataset({ Demand: demand });
    const cells = [
      { tuple: ['a', 'w1'], value: 'x' },
      { tuple: ['b', 'w1'], value: 5 },
    ];
    expect(one.edit('Demand', cells)).toHaveLength(1);
    expect(rows(one, 'Demand')).toEqual([['b', 'w1', 5]]);
  });

  it('refuses unknown, read-only and changed identifiers', () => {
    expect(() => data.edit('Nope', [])).toThrow('The app has no identifier Nope');
    expect(() => data.edit('Out', [])).toThrow('Out cannot be set: it is read-only');
    expect(() => data.edit('Name', [], 9)).toThrow('Name has changed: it is at version 1, not 9');
  });
});

describe('derived identifiers', () => {
  const total: IdentifierSpec = { kind: 'derived', type: 'f64' };
  const sum =
    (name: string, counter = { runs: 0 }): Derive =>
    (data) => {
      counter.runs++;
      return data[name]!.dense().reduce((a, b) => a + b, 0);
    };

  it('are computed when read, and again only after what they read has changed', () => {
    const counter = { runs: 0 };
    const data = dataset(
      { Demand: demand, Other: { kind: 'input', type: 'f64' }, Total: total, Double: total },
      { Total: sum('Demand', counter), Double: (all) => Number(all.Total!.value) * 2 },
    );
    data.edit('Demand', [{ tuple: ['a', 'w1'], value: 4 }]);
    expect(counter.runs).toBe(0);
    expect(rows(data, 'Double')).toEqual([[8]]);
    data.changes();
    data.edit('Other', [{ tuple: [], value: 1 }]);
    expect(data.changes().map(({ identifier }) => identifier)).toEqual(['Other']);
    expect(rows(data, 'Double')).toEqual([[8]]);
    expect(counter.runs).toBe(1);
    data.edit('Demand', [{ tuple: ['a', 'w2'], value: 1 }]);
    expect(data.changes().map(({ identifier }) => identifier)).toEqual(['Demand', 'Total', 'Double']);
    expect(rows(data, 'Double')).toEqual([[10]]);
    expect(counter.runs).toBe(2);
  });

  it('are computed again when a set changes', () => {
    const data = dataset(
      { Long: { kind: 'derived', type: 'bool', domain: ['Items'] } },
      { Long: (all) => all.sets.Items!.elements.map((element) => element.length > 1) },
    );
    expect(rows(data, 'Long')).toEqual([]);
    data.elements('Items').replace(['a', 'long']);
    expect(rows(data, 'Long')).toEqual([['long', true]]);
  });

  it('may depend on others but not on themselves, and change nothing else', () => {
    const data = dataset(
      { A: total, B: total, C: total, Demand: demand },
      {
        A: (all) => all.B!.value,
        B: (all) => all.A!.value,
        C: (all) => all.Demand!.clear(),
      },
    );
    expect(() => data.table('A')).toThrow('depends on itself: A → B → A');
    expect(() => data.table('C')).toThrow('derived identifier C must not change Demand');
  });

  it('are not part of a case', () => {
    const data = dataset({ Demand: demand, Total: total }, { Total: sum('Demand') });
    expect([...data.save().identifiers.keys()]).toEqual(['Demand']);
  });
});

describe('a case', () => {
  const identifiers = { Demand: demand, Count: { kind: 'input', type: 'i64' } } as const;
  const full = (): Dataset => {
    const data = dataset(identifiers);
    data.table('Demand').assign([1, 2, 3, 4, 5, 6]);
    return data;
  };

  it('holds only the sets under its identifiers', () => {
    expect([...full().save(['Count']).sets.keys()]).toEqual([]);
    expect([...full().save(['Demand']).sets.keys()]).toEqual(['Items', 'Weeks']);
  });

  it('holds the same bytes for the same data, whatever its past', () => {
    const data = dataset(identifiers);
    for (const cell of [5, 3, 1, 0, 2, 4]) data.table('Demand').set([Math.floor(cell / 2), cell % 2], 99);
    data.table('Demand').from({ c: { w2: 6, w1: 5 }, a: { w1: 1, w2: 2 }, b: { w2: 4, w1: 3 } });
    expect(data.save()).toEqual(full().save());
  });

  const text = encodeColumns([{ name: 'value', type: 'utf8', values: ['three'] }]);
  it.each([
    [
      'text where numbers belong',
      { sets: {}, identifiers: { Count: text } },
      /Count holds values of the type i64; the data has utf8/,
    ],
    ['other index sets', { sets: {}, identifiers: { Demand: text } }, /Demand is a table over Items × Weeks/],
    ['an unknown identifier', { sets: {}, identifiers: { Nope: text } }, /no identifier Nope/],
    ['an unknown set', { sets: { Nope: text }, identifiers: {} }, /no set Nope/],
    [
      'positions beyond its sets',
      {
        sets: { Items: encodeElements(['a']) },
        identifiers: { Demand: full().save().identifiers.get('Demand')! },
      },
      /Demand: 1 is no position in Items, which has 1/,
    ],
    ['broken bytes', { sets: {}, identifiers: { Demand: Uint8Array.of(1, 2) } }, /at least 4 bytes/],
  ])('with %s is refused as a whole', (_, given, message) => {
    const data = full();
    const before = data.save();
    const good: [string, Uint8Array][] = [
      ['Count', encodeColumns([{ name: 'value', type: 'i64', values: BigInt64Array.of(9n) }])],
    ];
    expect(() =>
      data.load({
        sets: new Map(Object.entries(given.sets)),
        identifiers: new Map([...good, ...Object.entries(given.identifiers)]),
      }),
    ).toThrow(message);
    expect(data.save()).toEqual(before);
  });

  it('reads flags as the special values they stand for', () => {
    const data = dataset({ X: { kind: 'input', type: 'f64', domain: ['Items'] } });
    data.load({
      sets: new Map(),
      identifiers: new Map([
        [
          'X',
          encodeColumns([
            { name: 'Items', type: 'i32', values: Int32Array.of(0, 1, 2) },
            { name: 'value', type: 'f64', values: Float64Array.of(0, 0, 5) },
            { name: 'flags', type: 'flags', values: Uint8Array.of(2, 3, 1) },
          ]),
        ],
      ]),
    });
    expect(rows(data, 'X')).toEqual([
      ['a', 'inf'],
      ['b', '-inf'],
    ]);
    expect(decodeColumns(data.save().identifiers.get('X')!)).toHaveLength(2);
  });
});

describe('an interface', () => {
  it.each([
    [
      { identifiers: { X: { kind: 'input', type: 'f32' } } },
      /identifiers\[0\]\.type is "f32"; it must be one of "f64"/,
    ],
    [{ identifiers: { sets: { kind: 'input', type: 'f64' } } }, /identifiers\[0\]\.name is "sets"/],
    [{ identifiers: { '1x': { kind: 'input', type: 'f64' } } }, /starts with a letter/],
    [
      { identifiers: { X: { kind: 'input', type: 'f64', colour: 1 } } },
      /identifiers\[0\]\.colour is unknown/,
    ],
    [{ identifiers: { X: { kind: 'input', type: 'f64', domain: ['Nope'] } } }, /X names the set Nope/],
    [
      { identifiers: { X: { kind: 'input', type: 'element' } } },
      /X is of the type element and must name its set/,
    ],
    [
      { identifiers: { X: { kind: 'input', type: 'f64', default: 'a' } } },
      /X has the default "a", which is not of its type f64/,
    ],
    [{ identifiers: { X: { kind: 'input', type: 'f64', min: 2, max: 1 } } }, /minimum 2 above its maximum 1/],
    [{ identifiers: {}, procedures: { go: { where: 'data', inputs: ['X'] } } }, /procedure go names X/],
    [{ identifiers: {}, procedures: { go: { where: 'moon' } } }, /procedures\[0\]\.where is "moon"/],
  ])('with a mistake is refused with its place: %j', (spec, message) => {
    expect(() => describeInterface(spec as never)).toThrow(message);
  });
});
