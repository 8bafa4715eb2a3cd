import { describe, expect, it } from '@jest/globals';
import type { CombinedError } from 'urql';
import { errorText, isPassing, isSignedOut, type Refusal, refusalText, settle } from './answers.js';

const refusal = (kind: Refusal['__typename']): Refusal => ({
  __typename: kind,
  code: 'PriorityTooHigh',
  message: 'Priority is 50',
  field: 'priority',
  limit: '100 to 999',
});

const error = (message: string | null, extensions: Record<string, unknown> = {}, status = 200) =>
  ({
    graphQLErrors: message === null ? [] : [{ message, extensions }],
    response: { status },
  }) as unknown as CombinedError;

describe('the answer of a mutation', () => {
  it('is the thing itself', () => {
    const job = { __typename: 'Job' as const, id: '1' };
    expect(settle({ submitJob: job })).toEqual({ is: 'done', value: job });
  });

  it.each(['NotAllowed', 'NotFound', 'BadInput', 'Conflict'] as const)('or a refusal: %s', (kind) =>
    expect(settle({ submitJob: refusal(kind) })).toEqual({ is: 'refused', refusal: refusal(kind) }),
  );
});

describe('a refusal in words', () => {
  it('says the limit', () =>
    expect(refusalText(refusal('BadInput'))).toBe('Priority is 50. Allowed: 100 to 999.'));
  it('says it once', () =>
    expect(refusalText({ message: 'It must be from 1 to 200.', limit: '1 to 200' })).toBe(
      'It must be from 1 to 200.',
    ));
});

describe('an error in words', () => {
  it('shows the id under which it was logged', () =>
    expect(errorText(error('Something broke', { id: 'e-17' }))).toBe('Something broke (error e-17)'));
  it('shows it once', () =>
    expect(errorText(error('Something broke: e-17', { id: 'e-17' }))).toBe('Something broke: e-17'));
  it('is about the connection when there was no answer', () =>
    expect(errorText(error(null))).toMatch(/does not answer/));
});

describe('an error that passes', () => {
  it.each([
    [{ ...error(null), networkError: new Error('gone') }, true],
    [error('The database is away', { code: 'UNAVAILABLE' }), true],
    [error('Something broke', { code: 'INTERNAL_SERVER_ERROR' }), false],
  ])('case %#', (problem, passes) => expect(isPassing(problem as CombinedError)).toBe(passes));
});

describe('being signed out', () => {
  it.each([
    [error('no', { code: 'UNAUTHENTICATED' }), true],
    [error(null, {}, 401), true],
    [error('no', { code: 'FORBIDDEN' }), false],
    [undefined, false],
  ])('case %#', (problem, out) => expect(isSignedOut(problem)).toBe(out));
});
