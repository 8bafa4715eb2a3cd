import { expect, it } from '@jest/globals';
import { compareRuns } from './compare-runs.js';

const run = { state: 'completed', ended_at: 5, objective: 42, result: 'a' };

it.each([
  [run, run, 'The same end, objective and data as the first run'],
  [{ ...run, ended_at: null }, run, null],
  [run, { ...run, ended_at: null }, null],
  [run, { ...run, result: 'b' }, 'It differs: its data is not the same, byte for byte'],
  [run, { ...run, objective: 41.5 }, 'It differs: its objective is 41.5, that of the first run 42'],
  [
    run,
    { ...run, state: 'timeLimit', objective: null, result: null },
    'It differs: it ended timeLimit, the first run completed; its objective is none, that of the first run 42; ' +
      'its data is not the same, byte for byte (a run that is cut short finds what its machine finds by then)',
  ],
])('compares %j with %j', (before, after, words) => expect(compareRuns(before, after)).toBe(words));
