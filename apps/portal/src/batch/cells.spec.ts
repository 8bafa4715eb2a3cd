import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { argumentsAt, countsOf, layoutOf } from './cells.js';

const axes = [
  { argument: 'x', values: [1, 2, 3] },
  { argument: 'y', values: ['a', 'b'] },
];

it('counts the cells of each state, what has ended first', () =>
  expect(countsOf('cqq.fc')).toEqual([
    ['COMPLETED', 2],
    ['FAILED', 1],
    ['QUEUED', 2],
    [null, 1],
  ]));

it('knows the arguments of a scenario of a grid', () =>
  expect([0, 1, 2, 5].map((index) => argumentsAt(axes, index).map(([, value]) => value))).toEqual([
    ['1', 'a'],
    ['1', 'b'],
    ['2', 'a'],
    ['3', 'b'],
  ]));

it('makes a matrix of two axes, and lines of what has one or does not fit', () => {
  expect(layoutOf(6, axes, 900)).toMatchObject({ columns: 2, rows: 3, isMatrix: true });
  expect(layoutOf(6, [axes[0]!], 900).isMatrix).toBe(false);
  expect(layoutOf(6, axes, 9).isMatrix).toBe(false);
});

it('has room for every scenario within the width, whatever it is', () =>
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 40, max: 2000 }), (count, width) => {
      const { columns, rows, size } = layoutOf(count, null, width);
      expect(columns * rows).toBeGreaterThanOrEqual(count);
      expect(columns * size).toBeLessThanOrEqual(width);
      expect(size).toBeGreaterThanOrEqual(5);
    }),
  ));
