import { describe, expect, it } from '@jest/globals';
import { StoreUnavailable, TooBusy } from '@openpro/eventstore';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import pg from 'pg';
import { QueryFailedError } from 'typeorm';
import { isOutage, patiently } from './outage.js';

const ofPostgres = (code: string) => Object.assign(new pg.DatabaseError('x', 1, 'error'), { code });

describe('an outage', () => {
  it.each<[string, unknown]>([
    ['the log says so', new StoreUnavailable(new Error('x'))],
    ['many write one stream', new TooBusy('job-1')],
    ['the database shuts down', ofPostgres('57P01')],
    ['the database starts', new QueryFailedError('SELECT 1', [], ofPostgres('57P03'))],
    ['another copy of pg says so', Object.assign(new Error('starting up'), { code: '57P03' })],
    ['the line is cut', new QueryFailedError('', [], new Error('Connection terminated unexpectedly'))],
  ])('is when %s', (_when, error) => expect(isOutage(error)).toBe(true));

  it('is when nothing listens where the database was', async () => {
    const place = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => place.once('listening', resolve));
    const { port } = place.address() as net.AddressInfo;
    await new Promise((resolve) => place.close(resolve));
    const error = await new pg.Client({ host: '127.0.0.1', port }).connect().catch((e: unknown) => e);
    expect(isOutage(error)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['a wrong value', new QueryFailedError('', [], ofPostgres('22P02'))],
    ['a broken rule of the schema', ofPostgres('23505')],
    ['a missing file', Object.assign(new Error('ENOENT'), { code: 'ENOENT', syscall: 'open' })],
    ['a bug', new TypeError('x is not a function')],
    ['what is no error', 'Connection terminated'],
  ])('is not %s', (_what, error) => expect(isOutage(error)).toBe(false));
});

describe('a database that takes connections and never answers', () => {
  it.each([
    ['a connection', { connectionTimeoutMillis: 50 }],
    ['a question', { query_timeout: 50 }],
  ])('counts as away for %s', async (what, limit) => {
    // A server that speaks only as far as the question.
    const hole = net.createServer((socket) => {
      socket.on('error', () => undefined);
      if (what === 'a question')
        socket.once('data', () => socket.write(Buffer.from('5200000008000000005a0000000549', 'hex')));
    });
    await once(hole.listen(0, '127.0.0.1'), 'listening');
    const { port } = hole.address() as AddressInfo;
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'x', ...limit });
    client.on('error', () => undefined);
    const error: unknown = await client
      .connect()
      .then(() => client.query('SELECT'))
      .catch((thrown: unknown) => thrown);
    expect([String(error), isOutage(error)]).toEqual([expect.stringMatching(/time/), true]);
    client.end().catch(() => undefined);
    hole.close();
  });
});

describe('patience', () => {
  it('lasts as long as the database is away', async () => {
    let tries = 0;
    const work = () => (++tries < 3 ? Promise.reject(ofPostgres('57P03')) : Promise.resolve('done'));
    expect(await patiently(work)).toBe('done');
    expect(tries).toBe(3);
  });

  it('ends with a bug, and when nobody waits any more', async () => {
    await expect(patiently(() => Promise.reject(new TypeError('bug')))).rejects.toThrow('bug');
    const away = () => Promise.reject(ofPostgres('57P01'));
    await expect(patiently(away, () => true)).rejects.toMatchObject({ code: '57P01' });
  });
});
