import { describe, expect, it } from '@jest/globals';
import { refusedHandshake } from './subscriptions.js';

const config = { publicUrl: 'https://portal.example.com', roles: ['portal'] };
const answer = (url: string, origin?: string) =>
  refusedHandshake({ url, headers: { host: 'inner:4600', ...(origin ? { origin } : {}) } }, config);

describe('the handshake of a websocket', () => {
  it('is taken at the one address, from own pages and from programs', () => {
    expect(answer('/graphql')).toBeNull();
    expect(answer('/graphql?x=1', 'https://portal.example.com')).toBeNull();
    expect(answer('/graphql', 'https://inner:4600')).toBeNull();
  });

  it.each(['//', 'http://', '/', '/graphql/', '/%2e%2e/graphql', '//graphql', '/GraphQL', '', '\\', '/x%'])(
    'is refused at %j, which never ends the server',
    (url) => expect(answer(url)).toBe('404 Not Found'),
  );

  it.each([
    'https://portal.example.com.evil.com',
    'null',
    'HTTPS://evil.com',
    'https://portal.example.com:1',
  ])('is refused from a page of %s', (origin) => expect(answer('/graphql', origin)).toBe('403 Forbidden'));
});
