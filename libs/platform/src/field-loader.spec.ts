import { expect, it } from '@jest/globals';
import { FieldLoader, rowsOfEach } from './field-loader.js';

it('reads what is asked with the same arguments at once in one go, each value in its place', async () => {
  const reads: unknown[] = [];
  const loader = new FieldLoader((ids, args: { first: number }) => {
    reads.push([ids, args]);
    return Promise.resolve(ids.map((id) => `${id}${args.first}`));
  });
  const asked = [
    loader.load('a', { first: 1 }),
    loader.load('b', { first: 2 }),
    loader.load('c', { first: 1 }),
  ];
  expect(await Promise.all(asked)).toEqual(['a1', 'b2', 'c1']);
  expect(reads).toEqual([
    [['a', 'c'], { first: 1 }],
    [['b'], { first: 2 }],
  ]);
});

it('reads again what is asked again', async () => {
  let reads = 0;
  const loader = new FieldLoader((ids) => Promise.resolve(ids.map(() => ++reads)));
  expect([await loader.load('a', {}), await loader.load('a', {})]).toEqual([1, 2]);
});

it('fails for those alone whose query failed', async () => {
  const loader = new FieldLoader((ids, { first }: { first: number }) =>
    first > 1 ? Promise.reject(new Error('too many')) : Promise.resolve(ids),
  );
  await expect(loader.load('a', { first: 2 })).rejects.toThrow('too many');
  expect(await loader.load('a', { first: 1 })).toBe('a');
});

it('gives each its rows, in their order, and nobody those of another', () => {
  const rows = [
    { of: 'b', n: 1 },
    { of: 'a', n: 2 },
    { of: 'b', n: 3 },
  ];
  expect(rowsOfEach(['a', 'b', 'c', 'b'], rows, ({ of }) => of)).toEqual([
    [rows[1]],
    [rows[0], rows[2]],
    [],
    [rows[0], rows[2]],
  ]);
});
