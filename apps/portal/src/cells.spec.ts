import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type CellType, parseBlock, parseCell, pasteCells, toCsv } from './cells.js';

const demand: CellType = { type: 'f64', domain: ['City'], min: 0, max: 1000 };
const of = (type: string): CellType => ({ type, domain: [], min: null, max: null });

describe('a typed cell', () => {
  it.each([
    ['12.5', of('f64'), 12.5],
    [' 1e3 ', of('f64'), 1000],
    ['1,234,567.5', of('f64'), 1234567.5],
    ['-7', of('i64'), -7],
    ['', of('f64'), null],
    ['Yes', of('bool'), true],
    ['0', of('bool'), false],
    ['  as it is ', of('utf8'), '  as it is '],
    [' Boston ', of('element'), 'Boston'],
  ])('%p of %p is %p', (text, cell, value) => expect(parseCell(text, cell)).toEqual({ value }));

  it.each([
    ['abc', of('f64'), '"abc" is not a number'],
    ['1,5', of('f64'), '"1,5" is not a number: write a point for decimals'],
    ['Infinity', of('f64'), '"Infinity" is not a number'],
    ['1.5', of('i64'), '1.5 is not a whole number'],
    ['9007199254740993', of('i64'), '9007199254740993 is not a whole number'],
    ['-1', demand, '-1 is below 0'],
    ['1001', demand, '1001 is above 1000'],
    ['maybe', of('bool'), '"maybe" is neither yes nor no'],
  ])('%p of %p is a problem: %p', (text, cell, problem) =>
    expect(parseCell(text, cell)).toEqual({ problem }),
  );

  it('gives back every number that it is given as text', () =>
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(parseCell(String(value), of('f64'))).toEqual({ value: Number(String(value)) });
      }),
    ));
});

describe('a block from a spreadsheet', () => {
  it('is rows of cells, with quoted ones taken as they are', () =>
    expect(parseBlock('a\tb\r\n"two\nlines"\t"say ""hi"""\n\t\n"open\t1\n')).toEqual([
      ['a', 'b'],
      ['two\nlines', 'say "hi"'],
      ['"open', '1'],
    ]));

  it('keeps an empty last cell', () => expect(parseBlock('a\t')).toEqual([['a', '']]));

  it('comes back as it was copied', () => {
    const cell = fc.string({ minLength: 1 }).filter((text) => text.trim() !== '');
    const block = fc
      .integer({ min: 1, max: 4 })
      .chain((width) =>
        fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 5 }),
      );
    const copied = (rows: string[][]) =>
      rows.map((row) => row.map((text) => `"${text.replaceAll('"', '""')}"`).join('\t')).join('\r\n');
    fc.assert(
      fc.property(block, (rows) => {
        expect(parseBlock(copied(rows))).toEqual(rows);
      }),
    );
  });
});

describe('pasting', () => {
  const below = [['Boston'], ['Chicago'], ['Dallas']];

  it('fills one column downwards from the active row', () =>
    expect(pasteCells([['1'], ['2']], demand, below)).toEqual({
      cells: [
        { tuple: ['Boston'], value: 1 },
        { tuple: ['Chicago'], value: 2 },
      ],
      rejected: [],
      problem: null,
    }));

  it('sets the tuples it names, wherever they are, and skips a heading', () =>
    expect(
      pasteCells(
        [
          ['City', 'Demand'],
          [' Dallas ', '7'],
        ],
        demand,
        below,
      ),
    ).toEqual({
      cells: [{ tuple: ['Dallas'], value: 7 }],
      rejected: [],
      problem: null,
    }));

  it('names each cell that cannot be used, and uses the others', () => {
    const { cells, rejected } = pasteCells(
      [
        ['Boston', '1'],
        ['Chicago', 'x'],
        ['', '3'],
        ['Dallas', '2000'],
      ],
      demand,
      below,
    );
    expect(cells).toEqual([{ tuple: ['Boston'], value: 1 }]);
    expect(rejected.map(({ reason }) => reason)).toEqual([
      '"x" is not a number',
      'line 3 has an empty or missing cell',
      '2000 is above 1000',
    ]);
  });

  it.each([
    [[], 'There is nothing to paste'],
    [
      [['a', 'b', '3']],
      'The copied block has 3 columns. Paste one column of values, or 2 columns: City, value.',
    ],
    [[['1'], ['2'], ['3'], ['4']], '4 values were copied, but only 3 rows follow here'],
  ])('refuses %j', (block, problem) =>
    expect(pasteCells(block, demand, below)).toEqual({ cells: [], rejected: [], problem }),
  );
});

it('writes CSV that a spreadsheet reads, and does not run', () =>
  expect(
    toCsv(
      ['City', 'Note'],
      [
        ['Boston, MA', 'say "hi"'],
        ['Dallas', null],
        [1.5, true],
        ['=HYPERLINK("x")', -5],
      ],
    ),
  ).toBe('City,Note\r\n"Boston, MA","say ""hi"""\r\nDallas,\r\n1.5,true\r\n"\'=HYPERLINK(""x"")",-5\r\n'));
