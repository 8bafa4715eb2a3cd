import { describe, expect, it } from '@jest/globals';
import { consequencesOf, usersCsv } from './words.js';

describe('other groups of a user', () => {
  const ada = { name: 'Ada', groups: ['night', 'planners'] };

  it('say what follows for his next jobs, and what stays', () => {
    const [joins, leaves, ...rest] = consequencesOf(ada, ['planners', 'rome', 'trial']);
    expect(joins).toBe(
      'What the policy says of rome and trial holds for the next jobs of Ada, and they count there.',
    );
    expect(leaves).toBe('What it says of night does not hold for the next jobs of Ada any more.');
    expect(rest).toHaveLength(2);
    expect(consequencesOf(ada, [])).toHaveLength(3);
  });

  it('say nothing when they are the same', () =>
    expect(consequencesOf(ada, ['planners', 'night'])).toEqual([]));
});

it('users are saved as CSV, and no name runs as a formula', () =>
  expect(usersCsv([{ id: 'u', name: '=1+1', roles: ['user', 'auditor'], groups: [] }])).toBe(
    `name,roles,groups,id\r\n"'=1+1","user, auditor",,u\r\n`,
  ));
