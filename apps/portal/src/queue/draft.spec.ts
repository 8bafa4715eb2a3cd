import { describe, expect, it } from '@jest/globals';
import { changesOf, consequencesOf, documentOf, draftOf } from './draft.js';

const document = {
  rules: [{ user: 'ada', app: 'cut*', priority: 20 }],
  limits: [{ per: 'user', pattern: '*', running: 8 }],
  profiles: [
    {
      name: 'Gurobi',
      capacity: 4,
      memoryMiB: 8192,
      cores: 2.5,
      labels: ['gpu', 'site=rome'],
      environment: { LICENCE: '27000@here', EMPTY: '', URL: 'a=b' },
      for: [{ user: 'Ada L', app: 'x' }, { group: 'user' }],
    },
  ],
  quotas: [],
  fair: true,
};

describe('the draft of a policy', () => {
  it('is the policy again when nothing was changed', () =>
    expect(documentOf(draftOf(document))).toEqual(document));

  it('leaves out what is empty, and sends what is no number as it was typed', () => {
    const draft = draftOf(document);
    const rules = [{ user: ' ', app: 'x', priority: 'high' }];
    expect(documentOf({ ...draft, rules }).rules).toEqual([{ app: 'x', priority: 'high' }]);
  });

  it('says what saving would change', () => {
    const draft = draftOf(document);
    expect(changesOf(draft, draft)).toEqual([]);
    expect(
      changesOf(draft, {
        ...draft,
        rules: [{ user: 'bob', priority: '5' }, ...draft.rules],
        limits: [{ ...draft.limits[0]!, running: '9' }],
        profiles: [],
        fair: false,
      }),
    ).toEqual([
      '1 rule added.',
      '1 limit changed.',
      '1 profile removed.',
      'Among jobs of equal priority the oldest goes first, whoever has how many running.',
    ]);
  });

  it('says what becomes of jobs whose profile gets smaller or goes', () => {
    const draft = draftOf(document);
    const use = [{ running: 3, waiting: 1 }];
    expect(consequencesOf(draft, draft, use)).toEqual([]);
    expect(consequencesOf(draft, { ...draft, profiles: [{ name: 'Gurobi', capacity: '2' }] }, use)).toEqual([
      '3 jobs of profile Gurobi run now: they go on, and none starts until fewer than 2 run.',
    ]);
    expect(consequencesOf(draft, { ...draft, profiles: [] }, use)).toEqual([
      '1 job that waits for profile Gurobi will not start: it is gone.',
    ]);
  });
});
