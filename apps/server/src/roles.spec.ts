import { describe, expect, it } from '@jest/globals';
import { isApi, isPage, takesApi, takesCookies } from './roles.js';

describe('what a server does for people and programs', () => {
  it.each([
    ['/', ['portal'], true],
    ['/jobs/1', ['portal', 'pro'], true],
    ['/sessions/0198?x=1', ['webui'], true],
    ['/launch/app/latest', ['webui'], true],
    ['/jobs/1', ['webui'], false],
    ['/', ['proxy'], false],
    ['/', ['pro'], false],
    ['/api/jobs', ['portal'], false],
    ['/graphql', ['portal'], false],
    ['/index.html', ['portal'], false],
    ['/.env', ['portal'], false],
  ])('serves %s as a page with roles %j: %s', (url, roles, served) =>
    expect(isPage(url, roles)).toBe(served),
  );

  it('knows calls of the API', () => {
    expect(['/graphql', '/graphql?x', '/api/uploads/1', '/api'].every(isApi)).toBe(true);
    expect(['/', '/graphqlx', '/apis', '/health'].some(isApi)).toBe(false);
  });

  it('takes calls of people and programs only with a front role, and cookies only where pages are', () => {
    expect(takesApi(['pro'])).toBe(false);
    expect(takesApi(['pro', 'proxy'])).toBe(true);
    expect(takesCookies(['proxy'])).toBe(false);
    expect(takesCookies(['webui'])).toBe(true);
  });
});
