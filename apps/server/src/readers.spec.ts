import { describe, expect, it } from '@jest/globals';
import { type Asking, Readers } from './readers.js';

const TOKEN = 'a-token-of-at-least-twenty';
const config = { behindTlsProxy: false, metricsToken: TOKEN, publicUrl: 'http://127.0.0.1:4600' };
const nobody = () => Promise.resolve(false);
const asking = (remoteAddress: string | undefined, headers: Asking['headers'] = {}): Asking => ({
  socket: { remoteAddress },
  headers: { host: 'localhost:4600', ...headers },
});
const may = (request: Asking, change: Partial<typeof config> = {}) =>
  new Readers({ ...config, ...change }, nobody).mayReadMetrics(request);

describe('metrics', () => {
  it.each(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'])('are read from %s', async (address) => {
    expect(await may(asking(address))).toBe(true);
    expect(await may(asking(address, { host: '127.0.0.1:4600' }))).toBe(true);
  });

  it.each([
    ['another machine', asking('10.0.0.7')],
    ['an address that only begins like this machine’s', asking('1.127.0.0')],
    ['nowhere', asking(undefined)],
    ['a proxy on this machine', asking('127.0.0.1', { 'x-forwarded-for': '127.0.0.1' })],
    ['another kind of proxy', asking('127.0.0.1', { forwarded: 'for=127.0.0.1' })],
    ['a page whose name leads here', asking('127.0.0.1', { host: 'evil.example:4600' })],
    ['somebody who guesses', asking('10.0.0.7', { authorization: `Bearer ${TOKEN}!` })],
    ['somebody who writes it otherwise', asking('10.0.0.7', { authorization: TOKEN })],
  ])('are not read from %s', async (_who, request) => expect(await may(request)).toBe(false));

  it('behind a proxy are read by nobody for his address', async () => {
    expect(await may(asking('127.0.0.1'), { behindTlsProxy: true })).toBe(false);
  });

  it('are read with the token, from anywhere', async () => {
    const request = asking('10.0.0.7', { authorization: `Bearer ${TOKEN}` });
    expect(await may(request)).toBe(true);
    expect(await may(request, { metricsToken: null } as never)).toBe(false);
  });

  it('are read by administrators; one who cannot be looked up is a stranger', async () => {
    const request = asking('10.0.0.7');
    const read = (who: () => Promise<boolean>) => new Readers(config, who).mayReadMetrics(request);
    expect(await read(() => Promise.resolve(true))).toBe(true);
    expect(await read(() => Promise.reject(new Error('the database is away')))).toBe(false);
  });
});
