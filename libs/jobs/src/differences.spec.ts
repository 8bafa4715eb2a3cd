import { expect, it } from '@jest/globals';
import { type Changeable, differences } from './differences.js';

const before: Changeable = {
  args: { sites: 3, mode: 'fast' },
  priority: 100,
  profile: null,
  time_limit: null,
  gap_limit: 0.01,
  seed: 7,
};

it.each<[Partial<Changeable>, string]>([
  [{}, 'As job X, with no change'],
  [{ args: { mode: 'fast', sites: 3 } }, 'As job X, with no change'],
  [{ profile: 'Gurobi' }, 'As job X but: profile Gurobi instead of none'],
  [{ gap_limit: 0.05 }, 'As job X but: gap 0.05 instead of 0.01'],
  [{ time_limit: 60, seed: null }, 'As job X but: time limit 60 s instead of none; no seed instead of 7'],
  [
    { args: { sites: 4, extra: [1] }, priority: 200 },
    'As job X but: argument extra [1] instead of none; no argument mode instead of fast; argument sites 4 instead of 3; ' +
      'priority 200 instead of 100',
  ],
])('says in words in what a job differs from another one: %j', (change, words) =>
  expect(differences('X', before, { ...before, ...change })).toBe(words),
);

it('cuts what is too long to read', () =>
  expect(
    differences('X', before, { ...before, args: { ...before.args, mode: 'x'.repeat(500) } }).length,
  ).toBeLessThan(130));
