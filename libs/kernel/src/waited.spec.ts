import { expect, it } from '@jest/globals';
import { waitedWords } from './waited.js';

it.each([
  [{ server: 70_000, profile: 182_000 }, '4 min 12 s: 3 min 2 s profile, 1 min 10 s server'],
  [{ limit: 3_660_000 }, '1 h 1 min: 1 h 1 min limit'],
  [
    { 'seat of Planning': 110_000, server: 13_000, opening: 499 },
    '2 min 3 s: 1 min 50 s seat of Planning, 13 s server',
  ],
  [{ server: 499 }, null],
  [{}, null],
])('a wait of %j is %p, the longest part first', (waited, words) => expect(waitedWords(waited)).toBe(words));
