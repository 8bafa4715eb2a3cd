import { describe, expect, it } from '@jest/globals';
import { NO_TERMS, profileText, termsInput } from './terms.js';

describe('the terms of a job', () => {
  it('are sent as far as somebody chose them', () => {
    expect(termsInput(NO_TERMS)).toEqual({});
    expect(termsInput({ priority: 0, profile: 'Gurobi', after: ['a', 'b'], on: 'ANY' })).toEqual({
      priority: 0,
      profile: 'Gurobi',
      after: [
        { job: 'a', on: 'ANY' },
        { job: 'b', on: 'ANY' },
      ],
    });
  });

  it.each([
    [
      { memoryMiB: 16_384, cores: 4, labels: ['gurobi'] },
      'P: 16 GiB, 4 cores, on servers with gurobi, 1,000 at once',
    ],
    [{ memoryMiB: 1500, cores: 1 }, 'P: 1,500 MiB, 1 core, 1,000 at once'],
    [{}, 'P: 1,000 at once'],
  ])('name a profile with what it takes: %j', (change, text) =>
    expect(
      profileText({ name: 'P', capacity: 1000, memoryMiB: null, cores: null, labels: [], ...change }),
    ).toBe(text),
  );
});
