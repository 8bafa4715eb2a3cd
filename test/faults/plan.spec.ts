import { describe, expect, it } from '@jest/globals';
import { planFaults, planInTurn, random } from './plan.js';

const KINDS = 'F01 F02 F03 F04 F05 F06 F07 F08 F09 F10 F11 F12 F13 F14 F16 F17 F18 F19 F20 F24'.split(' ');

const all = (seed: number, count: number) => {
  const { gentle, rough } = planFaults(seed, count);
  return [...gentle, ...rough];
};

it('is the same for the same seed, and another for another', () => {
  expect(planFaults(7, 300)).toEqual(planFaults(7, 300));
  expect(planFaults(7, 300)).not.toEqual(planFaults(8, 300));
});

describe.each([1, 2, 3])('the plan of seed %i', (seed) => {
  it('has as many faults as were asked for, numbered', () => {
    for (const count of [0, 1, 17, 200, 1000])
      expect(all(seed, count).map(({ number }) => number)).toEqual(
        Array.from({ length: count }, (_, n) => n + 1),
      );
  });

  it('has every kind, also in a short run', () => {
    expect([...new Set(all(seed, 200).map(({ is }) => is))].sort()).toEqual(KINDS);
  });

  it('begins with faults that must not cost an attempt', () => {
    const { gentle } = planFaults(seed, 1000);
    expect(gentle).toHaveLength(100);
    expect([...new Set(gentle.map(({ is }) => is))].sort()).toEqual(['F03', 'F05', 'F16', 'F17']);
  });

  it('pauses a server for less than it may be silent, or for longer', () => {
    const faults = all(seed, 1000);
    for (const { ms } of faults.filter(({ is }) => is === 'F03')) expect(ms).toBeLessThan(3000);
    for (const { ms } of faults.filter(({ is }) => is === 'F02')) expect(ms).toBeGreaterThan(5000);
  });
});

it('can be of some kinds only', () => {
  const { gentle, rough } = planFaults(1, 50, new Set(['F03', 'F05']));
  expect(gentle).toHaveLength(50);
  expect(rough).toHaveLength(0);
  expect(new Set(planFaults(1, 50, new Set(['F10'])).rough.map(({ is }) => is))).toEqual(new Set(['F10']));
});

it('can be of some ways only, and without kinds that cannot be', () => {
  const { rough } = planFaults(1, 20, new Set(['F20 rolling']));
  expect(rough.map(({ variant }) => variant)).toEqual(Array.from({ length: 20 }, () => 'F20 rolling'));
  const { gentle } = planFaults(1, 1000, undefined, new Set(['F17']));
  expect(new Set(gentle.map(({ is }) => is))).toEqual(new Set(['F03', 'F05', 'F16']));
  expect(planFaults(1, 20, new Set(['F17']), new Set(['F17']))).toEqual({ gentle: [], rough: [] });
});

it('can be certain faults in turn, also what a server is told', () => {
  const faults = planInTurn(1, ['F05 restart', 'after-blob 1 kill', 'F10 commit']);
  expect(faults.map(({ is, variant, orders }) => [is, variant, orders])).toEqual([
    ['F05', 'F05 restart', undefined],
    ['F24', 'F24 kill', 'after-blob 1 kill'],
    ['F10', 'F10 commit', undefined],
  ]);
  expect(planInTurn(1, [])).toEqual([]);
});

it('draws numbers from 0 to 1 that spread', () => {
  const next = random(42);
  const drawn = Array.from({ length: 10_000 }, next);
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...drawn)).toBeLessThan(1);
  for (let tenth = 0; tenth < 10; tenth += 1) {
    const within = drawn.filter((value) => Math.floor(value * 10) === tenth).length;
    expect(within).toBeGreaterThan(900);
    expect(within).toBeLessThan(1100);
  }
});
