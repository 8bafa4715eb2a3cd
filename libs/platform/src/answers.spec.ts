import { describe, expect, it } from '@jest/globals';
import { refuse } from '@openpro/kernel';
import { answer, connection, pageRequest } from './answers.js';

describe('answers', () => {
  it('marks a thing with the name of its union member', () => {
    expect(answer('Job', { id: '1' })).toEqual({ __typename: 'Job', id: '1' });
  });

  it.each([
    [refuse('NotAllowed', 'no'), 'NotAllowed'],
    [refuse('NoSuchJob', 'no', { field: 'id' }), 'NotFound'],
    [refuse('BadInput', 'no', { field: 'gap', limit: '0 to 1' }), 'BadInput'],
    [refuse('NotRunning', 'no'), 'Conflict'],
    [refuse('PolicyChanged', 'no', { field: 'basedOn', limit: 'version 1' }), 'Conflict'],
    [refuse('QuotaExceeded', 'no', { field: 'jobs', limit: '3 jobs' }), 'Conflict'],
    [refuse('CountBehind', 'no', { field: 'jobs', limit: 'a count within 15 s' }), 'Conflict'],
    [refuse('KeyDamaged', 'no', { field: 'profiles[0].environment.KEY', limit: '32 bytes' }), 'Conflict'],
  ])('shows %o as %s', (refusal, kind) => {
    expect(answer('Job', refusal)).toEqual({
      __typename: kind,
      code: refusal.refused,
      message: 'no',
      field: refusal.field ?? null,
      limit: refusal.limit ?? null,
    });
  });
});

describe('pages', () => {
  const rows = [{ at: 3 }, { at: 2 }, { at: 1 }];

  it('go on where the last one ended', () => {
    const page = connection(
      rows,
      2,
      ({ at }) => at,
      ({ at }) => [at, 'x'],
    );
    expect(page.nodes).toEqual([3, 2]);
    expect(page.pageInfo.hasNextPage).toBe(true);
    expect(pageRequest(2, page.pageInfo.endCursor, 'number', 'text').after).toEqual([2, 'x']);
    expect(
      connection(
        rows,
        3,
        ({ at }) => at,
        ({ at }) => [at],
      ).pageInfo.hasNextPage,
    ).toBe(false);
  });

  it.each([0, -1, 201, 1_000_000, 1.5, Number.NaN])('refuse first: %p, naming field and limit', (first) => {
    expect(() => pageRequest(first, null, 'text')).toThrow(
      expect.objectContaining({ extensions: { code: 'BAD_USER_INPUT', field: 'first', limit: '1 to 200' } }),
    );
  });

  it.each([
    '',
    'nonsense',
    Buffer.from('[1]').toString('base64url'),
    Buffer.from('[{},{}]').toString('base64url'),
  ])('refuse a cursor that no list gave out: %p', (after) =>
    expect(() => pageRequest(10, after, 'time', 'text')).toThrow('after is not a cursor'),
  );
});
