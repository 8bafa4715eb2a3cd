import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { csvLine } from './csv.js';

describe('a line of CSV', () => {
  it('has what a spreadsheet reads, and quotes around what would end a cell', () =>
    expect(csvLine(['Boston, MA', 'say "hi"', null, undefined, 1.5, true, 'two\nlines'])).toBe(
      '"Boston, MA","say ""hi""",,,1.5,true,"two\nlines"\r\n',
    ));

  it.each(['=1+1', '+cmd', '-A1', '@SUM(A1)', ' =1', '\t=1', '\rx', '-5+A1', '=-5', '-', '+-5', '-5 '])(
    'marks %j as text, which would run as a formula',
    (text) => expect(csvLine([text]).replace(/^"/, '')).toMatch(/^'/),
  );

  it.each([
    [-5, '-5'],
    ['-5', '-5'],
    ['+5.25', '+5.25'],
    ['-1e-7', '-1e-7'],
    [-Infinity, '-Infinity'],
    ['a=b', 'a=b'],
    ['2026-11-26', '2026-11-26'],
  ])('leaves %j as it is', (cell, text) => expect(csvLine([cell])).toBe(`${text}\r\n`));

  it('leaves every number as it is', () =>
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(csvLine([value, String(value)])).toBe(`${value},${String(value)}\r\n`);
      }),
    ));

  it('begins no text as a formula begins, unless it is a number', () =>
    fc.assert(
      fc.property(fc.constantFrom('=', '+', '-', '@', '\t', '\r', ' ='), fc.string(), (begin, rest) => {
        const text = begin + rest;
        fc.pre(Number.isNaN(Number(text)));
        expect(csvLine([text]).replace(/^"/, '')).toMatch(/^'/);
      }),
    ));
});
