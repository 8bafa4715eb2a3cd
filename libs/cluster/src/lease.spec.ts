import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { type FreshDatabase, freshDatabase } from '../../../test/harness/database.js';
import { Lease, type LeaseTimes } from './lease.js';

let database: FreshDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await freshDatabase();
  pool = new pg.Pool({ connectionString: database.appUrl });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

/** Beats come when a test asks for them, by `start`, unless it gives other times. */
const SLOW: LeaseTimes = { ttlMs: 600_000, renewMs: 3_600_000, marginMs: 1000 };

const leases: Lease[] = [];
const contender = (name: string, times = SLOW, on: Pick<pg.Pool, 'query'> = pool) => {
  const log: string[] = [];
  const errors: unknown[] = [];
  let heard = (): void => undefined;
  const hear = (what: string): Promise<void> => {
    log.push(what);
    heard();
    return Promise.resolve();
  };
  const lease = new Lease(
    on,
    name,
    (epoch) => hear(`leads ${epoch}`),
    () => hear('resigns'),
    (error) => errors.push(error),
    times,
  );
  leases.push(lease);
  return {
    lease,
    log,
    errors,
    until: (what: string) =>
      new Promise<void>((resolve) => {
        heard = () => {
          if (log.includes(what)) resolve();
        };
        heard();
      }),
  };
};
const expire = () => pool.query('UPDATE lease SET expires = clock_timestamp()');

beforeEach(() => pool.query("UPDATE lease SET holder = '', epoch = 0, expires = '-infinity'"));
afterEach(async () => {
  for (const lease of leases.splice(0)) await lease.stop();
});

describe('the lease', () => {
  it('has one holder, who keeps his epoch as long as he renews', async () => {
    const [a, b] = [contender('a'), contender('b')];
    await a.lease.start();
    await b.lease.start();
    await a.lease.start();
    expect([a.log, b.log]).toEqual([['leads 1'], []]);
    expect([a.lease.leads, b.lease.leads]).toEqual([true, false]);
  });

  it('is taken by one of many who want it at once', async () => {
    const all = ['a', 'b', 'c', 'd', 'e'].map((name) => contender(name));
    await Promise.all(all.map(({ lease }) => lease.start()));
    expect(all.filter(({ lease }) => lease.leads)).toHaveLength(1);
  });

  it('goes over with a higher epoch when it has expired, and the former holder resigns at his next beat', async () => {
    const [a, b] = [contender('a'), contender('b')];
    await a.lease.start();
    await expire();
    await b.lease.start();
    expect(b.log).toEqual(['leads 2']);
    await a.lease.start();
    expect(a.log).toEqual(['leads 1', 'resigns']);
  });

  it('gives a higher epoch to a holder who comes back after its end', async () => {
    const a = contender('a');
    await a.lease.start();
    await expire();
    await a.lease.start();
    expect(a.log).toEqual(['leads 1', 'leads 2']);
  });

  it('is given back by who stops, so that the next need not wait', async () => {
    const [a, b] = [contender('a'), contender('b')];
    await a.lease.start();
    await a.lease.stop();
    expect(a.log).toEqual(['leads 1', 'resigns']);
    await b.lease.start();
    expect(b.log).toEqual(['leads 2']);
  });

  it('is resigned also by who is stopped while he is being elected', async () => {
    const a = contender('a');
    const elected = a.lease.start();
    await Promise.all([a.lease.stop(), elected]);
    expect(a.log).toEqual(['leads 1', 'resigns']);
    expect(a.lease.leads).toBe(false);
  });

  it('is resigned at its deadline when the database does not even answer', async () => {
    let answers = true;
    const query = (...args: Parameters<pg.Pool['query']>) =>
      answers ? pool.query(...args) : new Promise<never>(() => undefined);
    const times = { ttlMs: 400, renewMs: 50, marginMs: 100 };
    const a = contender('a', times, { query } as unknown as pg.Pool);
    await a.lease.start();
    answers = false;
    await a.until('resigns');
    expect(a.lease.leads).toBe(false);
    leases.splice(0); // its beat waits for an answer for ever
  });

  it('is found again after an outage', async () => {
    let away = true;
    const query = (...args: Parameters<pg.Pool['query']>) =>
      away ? Promise.reject(new Error('ECONNREFUSED')) : pool.query(...args);
    const a = contender('a', { ...SLOW, renewMs: 5 }, { query } as unknown as pg.Pool);
    await a.lease.start();
    expect(a.errors).toHaveLength(1);
    away = false;
    await a.until('leads 1');
  });
});
