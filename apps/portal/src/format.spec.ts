import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  count,
  formatAgo,
  formatBytes,
  formatDuration,
  formatGap,
  formatKpi,
  formatNumber,
  NONE,
} from './format.js';

describe('a gap', () => {
  it.each([
    [0, '0 %'],
    [0.00004, '< 0.01 %'],
    [0.0123, '1.23 %'],
    [-0.0123, '1.23 %'],
    [0.25, '25.0 %'],
    [12, '> 1000 %'],
    [null, NONE],
    [Infinity, NONE],
    [1e20, NONE],
  ])('%p is written %p', (gap, text) => expect(formatGap(gap)).toBe(text));
});

describe('a number', () => {
  it.each([
    [0, '0'],
    [1234567.891, '1,234,567.891'],
    [-0.5, '-0.5'],
    [0.00000123, '1.23E-6'],
    [1e16, '1E16'],
    [undefined, NONE],
    [NaN, NONE],
  ])('%p is written %p', (value, text) => expect(formatNumber(value)).toBe(text));

  it('keeps the cents of an objective', () => expect(formatKpi(25779856.37)).toBe('25,779,856.37'));

  it('never writes what a solver means by "none yet"', () =>
    fc.assert(
      fc.property(fc.double(), (value) => {
        expect(formatKpi(value)).not.toMatch(/NaN|Infinity|∞/);
      }),
    ));
});

describe('a duration', () => {
  it.each([
    [0.0042, '4 ms'],
    [1.25, '1.3 s'],
    [59.4, '59 s'],
    [59.6, '1 min 00 s'],
    [185, '3 min 05 s'],
    [3720, '1 h 02 min'],
    [-3, '0 s'],
    [null, NONE],
  ])('of %p s is written %p', (seconds, text) => expect(formatDuration(seconds)).toBe(text));
});

describe('how long ago', () => {
  const now = 1_800_000_000_000;
  it.each([
    [0, 'just now'],
    [-5000, 'just now'],
    [59_000, '59 seconds ago'],
    [60_000, '1 minute ago'],
    [7_200_000, '2 hours ago'],
    [90_000_000_000, '2 years ago'],
  ])('%p ms is written %p', (ms, text) => expect(formatAgo(now - ms, now)).toBe(text));
});

it('writes sizes in binary units', () => {
  expect([0, 1023, 1024, 1536 * 1024, 500 * 2 ** 20].map(formatBytes)).toEqual([
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.5 MiB',
    '500 MiB',
  ]);
});

it('counts in words', () => {
  expect([count(1, 'row'), count(0, 'row'), count(1200, 'row')]).toEqual(['1 row', '0 rows', '1,200 rows']);
});
