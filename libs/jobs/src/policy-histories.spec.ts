import { describe, expect, it } from '@jest/globals';
import { PolicyHistory, Violation } from './policy-histories.fixture.js';
import type { Planted } from './seat-histories.fixture.js';

const SEEDS = 300;
const STEPS = 160;

describe('the queue under any policy, with four servers that want to lead', () => {
  it('passes no limit, profile, licence or server at any position, keeps the order, and lets nobody wait for ever', () => {
    let starts = 0;
    let policies = 0;
    let late = 0;
    let seats = 0;
    let conflicts = 0;
    for (let seed = 1; seed <= SEEDS; seed++)
      try {
        const told = new PolicyHistory(seed).run(STEPS);
        starts += told.starts;
        policies += told.policies;
        late += told.late;
        seats += told.seats;
        conflicts += told.conflicts;
      } catch (error) {
        throw new Error(`Seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
    expect(starts).toBeGreaterThan(SEEDS * 5);
    expect(policies).toBeGreaterThan(SEEDS);
    expect(late).toBeGreaterThan(SEEDS / 10);
    expect(seats).toBeGreaterThan(SEEDS * 5);
    expect(conflicts).toBeGreaterThan(SEEDS);
  }, 60_000);

  it.each<[string, Planted, RegExp]>([
    [
      'a log that takes an append at any version',
      { anyVersion: true },
      /seats taken of|passes|has two seats/,
    ],
    ['an attempt that is taken away and keeps its seat', { keepsSeats: true }, /for ever/],
  ])('finds out a planted bug: %s', (_bug, planted, words) => {
    const found = Array.from({ length: 50 }, (_, seed) => {
      try {
        new PolicyHistory(seed + 1, planted).run(STEPS);
        return '';
      } catch (error) {
        if (!(error instanceof Violation)) throw error;
        return error.message;
      }
    });
    expect(found.find(Boolean)).toMatch(words);
  });
});
