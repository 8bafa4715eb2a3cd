import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bar, bytes, clean, duration, fields, number, percent, table } from './format.js';

it.each([
  [25779856.3717, '25779856.37'],
  [1201500, '1201500'],
  [16029.692681, '16029.69268'],
  [0.1 + 0.2, '0.3'],
  [-0, '0'],
  [5e-13, '5e-13'],
])('shows %p as %p', (value, text) => expect(number(value)).toBe(text));

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 KiB'],
  [500 * 1024 ** 2, '500 MiB'],
])('shows %p bytes as %p', (count, text) => expect(bytes(count)).toBe(text));

it.each([
  [0, '0.0 s'],
  [9.95, '9.9 s'],
  [59.6, '1 min 0 s'],
  [61, '1 min 1 s'],
  [3720, '1 h 2 min'],
])('shows %p seconds as %p', (seconds, text) => expect(duration(seconds)).toBe(text));

it('shows small gaps with the digits that matter', () => {
  expect([0, 0.01, 0.5, 0.0001234].map(percent)).toEqual(['0 %', '1 %', '50 %', '0.012 %']);
});

it('lets nothing reach the terminal that moves its cursor, sets its title or turns the text', () => {
  const wild = fc.string({
    unit: fc.constantFrom('\u001b', '[2J', ']0;x\u0007', '\r', '\u009b', '\u202e', 'a', '\n', '\t'),
  });
  fc.assert(
    fc.property(wild, (text) =>
      expect(clean(text)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/),
    ),
  );
  expect(clean('a\tb\nÄ')).toBe('a\tb\nÄ');
});

it('sets numbers to the right and text to the left', () => {
  expect(
    table(
      ['name', 'jobs'],
      [
        ['a', 7],
        ['long', 12],
        ['b', null],
      ],
    ),
  ).toBe(['name  jobs', 'a        7', 'long    12', 'b'].join('\n'));
});

it('keeps one row on one line', () => {
  expect(table(['name'], [['two\nlines']])).toBe('name\ntwo lines');
});

it('leaves out what has no value', () => {
  expect(
    fields([
      ['a', 1],
      ['long', null],
      ['b', 'x'],
    ]),
  ).toBe('a  1\nb  x');
});

it('never overflows a bar', () => {
  fc.assert(fc.property(fc.double({ noNaN: true }), (share) => expect(bar(share, 10)).toHaveLength(12)));
});
