import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { pathTo, routeOf, safeReturn } from './routes.js';

describe('addresses', () => {
  it.each([
    ['/', 'apps', {}],
    ['/launch/Supply%20network/latest', 'launch', { app: 'Supply network', version: 'latest' }],
    ['/sessions/1', 'session', { id: '1' }],
    ['/jobs/', 'jobs', {}],
  ])('%s', (path, name, params) => expect(routeOf(path)).toEqual({ name, params }));

  it.each(['/nothing', '/jobs/1/2', '/launch/app', '/cases/%E0%A4%A'])('%s is no page', (path) =>
    expect(routeOf(path)).toBeNull(),
  );

  it('carry any name there and back', () =>
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (app) => {
        expect(routeOf(pathTo('launch', { app, version: '1' }))?.params).toEqual({ app, version: '1' });
      }),
    ));
});

it('returns after sign-in to pages of this portal only', () => {
  expect(safeReturn('/jobs?state=FAILED')).toBe('/jobs?state=FAILED');
  for (const address of [
    null,
    '',
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '/sign-in#x',
    'javascript:alert(1)',
  ])
    expect(safeReturn(address)).toBe('/');
});
