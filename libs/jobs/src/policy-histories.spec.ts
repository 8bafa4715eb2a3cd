import { describe, expect, it } from '@jest/globals';
import { PolicyHistory } from './policy-histories.fixture.js';

const SEEDS = 300;
const STEPS = 120;

describe('the queue under any policy, with four servers that want to lead', () => {
  it('passes no limit, profile or server at any position, keeps the order, and lets nobody wait for ever', () => {
    let starts = 0;
    let policies = 0;
    let late = 0;
    for (let seed = 1; seed <= SEEDS; seed++)
      try {
        const told = new PolicyHistory(seed).run(STEPS);
        starts += told.starts;
        policies += told.policies;
        late += told.late;
      } catch (error) {
        throw new Error(`Seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
    expect(starts).toBeGreaterThan(SEEDS * 5);
    expect(policies).toBeGreaterThan(SEEDS);
    expect(late).toBeGreaterThan(SEEDS / 10);
  }, 60_000);
});
