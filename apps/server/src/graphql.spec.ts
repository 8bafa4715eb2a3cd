import { describe, expect, it } from '@jest/globals';
import { EngineError } from '@openpro/engine';
import { StoreUnavailable, TooBusy } from '@openpro/eventstore';
import { DiskFull } from '@openpro/kernel';
import { GraphQLError } from 'graphql';
import { formatError } from './graphql.js';

const shown = (originalError: Error) => {
  const error = new GraphQLError(originalError.message, { originalError });
  return formatError(error.toJSON(), error);
};

describe('an error of the API', () => {
  it('of an app is shown as what the app said', () => {
    expect(shown(new EngineError('BadElement', 'There is no city X'))).toEqual({
      message: 'There is no city X',
      extensions: { code: 'APP_ERROR', reason: 'BadElement' },
    });
  });

  it.each<[string, Error]>([
    ['database', new StoreUnavailable(new Error('connect ECONNREFUSED 10.0.0.1'))],
    ['disk', new DiskFull('/srv/secret', null)],
    ['stream', new TooBusy('job-1')],
  ])('about the %s says what to do, without an inner address or path', (_what, error) => {
    const { message, extensions } = shown(error);
    expect(extensions).toEqual({ code: 'UNAVAILABLE' });
    expect(message).toContain('again');
    expect(message).not.toMatch(/10\.0\.0\.1|srv/);
  });

  it('in the request itself is shown as it is', () => {
    const error = new GraphQLError('Cannot query field "nope" on type "Query".');
    expect(formatError(error.toJSON(), error)).toEqual({
      message: error.message,
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
    });
  });

  it('that is a bug shows an id and nothing else', () => {
    const { message, extensions } = shown(new TypeError('secret is not a function'));
    expect(message).not.toContain('secret');
    expect(extensions?.['code']).toBe('INTERNAL_SERVER_ERROR');
    expect(message).toContain(extensions?.['id']);
  });
});
