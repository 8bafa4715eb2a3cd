import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { get, rank, remove, set, size, type SortedMap, values } from './sorted-map.js';

type Change = { readonly is: 'set' | 'remove'; readonly key: string; readonly value: number };

const change: fc.Arbitrary<Change> = fc.record({
  is: fc.constantFrom('set', 'set', 'remove'),
  key: fc.string({ maxLength: 2 }),
  value: fc.integer(),
});

const apply = (map: SortedMap<number>, { is, key, value }: Change): SortedMap<number> =>
  is === 'set' ? set(map, key, value) : remove(map, key);

const height = (map: SortedMap<unknown>): number =>
  map ? 1 + Math.max(height(map.left), height(map.right)) : 0;

const balanced = (map: SortedMap<unknown>): boolean => {
  if (!map) return true;
  const [left, right] = [size(map.left) + 1, size(map.right) + 1];
  return left <= 3 * right && right <= 3 * left && balanced(map.left) && balanced(map.right);
};

describe('a sorted map', () => {
  it('holds what a Map holds, in order of the keys, in balance', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
        const model = new Map<string, number>();
        let map: SortedMap<number> = null;
        for (const { is, key, value } of changes) {
          if (is === 'set') model.set(key, value);
          else model.delete(key);
          map = apply(map, { is, key, value });
          expect(balanced(map)).toBe(true);
        }
        const keys = [...model.keys()].sort((a, b) => (a < b ? -1 : 1));
        expect([...values(map)]).toStrictEqual(keys.map((key) => model.get(key)));
        expect(size(map)).toBe(model.size);
        keys.forEach((key, index) => {
          expect(get(map, key)).toBe(model.get(key));
          expect(rank(map, key)).toBe(index);
        });
        expect(get(map, 'absent')).toBeUndefined();
      }),
    );
  });

  it('leaves the map before as it was', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 50 }), change, (changes, last) => {
        const before = changes.reduce(apply, null);
        const seen = [...values(before)];
        apply(before, last);
        expect([...values(before)]).toStrictEqual(seen);
      }),
    );
  });

  it('stays flat when keys come in order, and keeps what a removal of nothing does not change', () => {
    const map = Array.from({ length: 10_000 }, (_, i) => String(i).padStart(5, '0')).reduce<
      SortedMap<number>
    >((before, key) => set(before, key, 0), null);
    expect(height(map)).toBeLessThanOrEqual(24);
    expect(remove(map, 'absent')).toBe(map);
  });
});
