import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Position } from './event-store.js';
import { placesOf, positionAt } from './kurrent-record.js';

const LAST = 2n ** 63n - 1n;
/** An event of its own commit, or one of a transaction that was prepared before its commit. */
const place = fc
  .tuple(fc.bigInt({ min: 0n, max: LAST }), fc.bigInt({ min: 0n, max: LAST }), fc.boolean())
  .map(([one, other, alone]) =>
    alone ? ([one, one] as const) : one > other ? ([one, other] as const) : ([other, one] as const),
  );

it('positions compare as text as their places do in the log, and lead back to them', () => {
  fc.assert(
    fc.property(place, place, (one, other) => {
      const [a, b] = [one, other].map(([commit, prepare]) => positionAt(String(commit), String(prepare)));
      const differ = one[0] !== other[0] ? one[0] < other[0] : one[1] < other[1];
      // A commit of its own and a transaction's never have the same place.
      fc.pre(one[0] !== other[0] || (one[0] !== one[1] && other[0] !== other[1]));
      expect(a! < b!).toBe(differ);
      expect(placesOf(a!)).toEqual({ commit: String(one[0]), prepare: String(one[1]) });
    }),
  );
});

it('a position that somebody made up is a place that the protocol can carry', () => {
  for (const made of ['7', '99999999999999999999', '0.99999999999999999999', '0000000000000123'])
    for (const digits of Object.values(placesOf(made as Position))) expect(BigInt(digits) <= LAST).toBe(true);
});
