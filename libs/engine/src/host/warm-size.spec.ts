import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { warmSize } from './warm-size.js';

const policy = { least: 1, most: 4, memoryMs: 600_000, burstMs: 3000 };
const now = 1_000_000;
const size = (...ago: readonly number[]) =>
  warmSize(
    policy,
    ago.map((ms) => now - ms),
    now,
  );

describe('how many processes wait', () => {
  it('is one when none is wanted, or one now and then', () => {
    expect(size()).toBe(1);
    expect(size(500_000, 100_000, 5000)).toBe(1);
  });

  it('is as many as were wanted at once, for a while', () => {
    expect(size(100_000, 99_000, 98_000, 10)).toBe(3);
    expect(size(700_000, 699_000, 698_000)).toBe(1);
    expect(size(5, 4, 3, 2, 1, 0)).toBe(4);
  });

  it('stays within its bounds, would have been enough for every burst up to them, and is no more than that', () => {
    const times = fc
      .array(fc.integer({ min: 0, max: 2_000_000 }), { maxLength: 60 })
      .map((all) => all.sort((a, b) => a - b));
    const bounds = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 3, max: 9 }));
    fc.assert(
      fc.property(times, bounds, fc.integer({ min: 0, max: 2_000_000 }), (all, [least, most], at) => {
        const wanted = all.filter((time) => time <= at);
        const kept = warmSize({ ...policy, least, most }, wanted, at);
        const recent = wanted.filter((time) => time >= at - policy.memoryMs);
        const bursts = recent.map(
          (end) => recent.filter((time) => time <= end && time >= end - policy.burstMs).length,
        );
        expect(kept).toBe(Math.max(least, Math.min(most, Math.max(0, ...bursts))));
      }),
    );
  });
});
