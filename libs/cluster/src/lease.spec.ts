import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandHandler, PostgresEventStore } from '@openpro/eventstore';
import { uuidv7 } from '@openpro/kernel';
import { appPool } from '@openpro/platform/postgres';
import fc from 'fast-check';
import type pg from 'pg';
import { type FreshDatabase, freshDatabase } from '../../../test/harness/database.js';
import { Lease, type LeaseTimes } from './lease.js';
import { node } from './node.js';

let database: FreshDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await freshDatabase();
  pool = appPool(database.appUrl);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

/** No beat comes within a test by itself, only by `start`. */
const SLOW: LeaseTimes = { ttlMs: 600_000, renewMs: 250_000 };
const FAST: LeaseTimes = { ttlMs: 300, renewMs: 30 };
/** Long enough for a busy machine not to miss a term. */
const STEADY: LeaseTimes = { ttlMs: 1000, renewMs: 10 };
/** More than a term of them. */
const TERM = STEADY.ttlMs / STEADY.renewMs + 10;

const leases: Lease[] = [];
const contender = (name: string, times = SLOW, onLead = () => Promise.resolve()) => {
  const log: string[] = [];
  const errors: unknown[] = [];
  const hearers = new Set<() => void>();
  let line: 'up' | 'refused' | 'silent' = 'up';
  let asked = 0;
  const hear = (what: string): Promise<void> => {
    log.push(what);
    hearers.forEach((hearer) => hearer());
    return Promise.resolve();
  };
  const query = (...args: Parameters<pg.Pool['query']>) => {
    asked++;
    hearers.forEach((hearer) => hearer());
    if (line === 'refused') return Promise.reject(new Error('ECONNREFUSED'));
    return line === 'up' ? pool.query(...args) : new Promise<never>(() => undefined);
  };
  const lease = new Lease(
    { query } as unknown as pg.Pool,
    name,
    (epoch) => onLead().then(() => hear(`leads ${epoch}`)),
    () => hear('resigns'),
    (error) => errors.push(error),
    times,
  );
  leases.push(lease);
  const until = (what: () => boolean) =>
    new Promise<void>((resolve) => {
      const hearer = (): void => {
        if (!what()) return;
        hearers.delete(hearer);
        resolve();
      };
      hearers.add(hearer);
      hearer();
    });
  return {
    lease,
    log,
    errors,
    says: (what: string) => until(() => log.includes(what)),
    asks: (times: number) => {
      const enough = asked + times;
      return until(() => asked >= enough);
    },
    line: (now: typeof line) => (line = now),
  };
};

beforeEach(() => pool.query("UPDATE lease SET holder = '', epoch = 0, expires = '-infinity'"));
afterEach(async () => {
  for (const lease of leases.splice(0)) await lease.stop();
});
/** What a killed leader leaves behind. */
const heldBy = (holder: string, expires: string, epoch = 1) =>
  pool.query(`UPDATE lease SET holder = $1, epoch = $2, expires = clock_timestamp() + $3::interval`, [
    holder,
    epoch,
    expires,
  ]);

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

  it('goes over with a higher epoch when its holder has fallen silent', async () => {
    await heldBy('killed', '300 ms');
    const b = contender('b', FAST);
    await b.lease.start();
    expect(b.log).toEqual([]);
    await b.says('leads 2');
  });

  it('is resigned by a holder who finds that another has taken it', async () => {
    const a = contender('a');
    await a.lease.start();
    await heldBy('b', '1 hour', 2);
    await a.lease.start();
    expect(a.log).toEqual(['leads 1', 'resigns']);
  });

  it('gives each term an epoch of its own', async () => {
    const a = contender('a', FAST);
    await a.lease.start();
    a.line('refused');
    await a.says('resigns');
    a.line('up');
    await a.says('leads 2');
    expect(a.log).toEqual(['leads 1', 'resigns', 'leads 2']);
    await heldBy('a', '1 hour', 7); // of a former life of this server
    const again = contender('a');
    await again.lease.start();
    expect(again.log).toEqual(['leads 8']);
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

  it('is renewed while its holder still takes over', async () => {
    let takenOver = (): void => undefined;
    const a = contender('a', STEADY, () => new Promise((resolve) => (takenOver = resolve)));
    const elected = a.lease.start();
    const b = contender('b', STEADY);
    await b.lease.start();
    await b.asks(TERM);
    takenOver();
    await elected;
    expect([a.log, b.log]).toEqual([['leads 1'], []]);
  });

  it('is taken over again when taking over failed', async () => {
    let fails = 2;
    const a = contender('a', FAST, () =>
      --fails >= 0 ? Promise.reject(new Error('no snapshot')) : Promise.resolve(),
    );
    await a.lease.start();
    await a.says('leads 1');
    expect(a.errors).toHaveLength(2);
  });

  it('is resigned at its deadline when the database does not even answer', async () => {
    const a = contender('a', FAST);
    await a.lease.start();
    a.line('silent');
    await a.says('resigns');
    expect(a.lease.leads).toBe(false);
    leases.splice(0); // its beat waits for an answer for ever
  });

  it('is found again after an outage', async () => {
    const a = contender('a', { ...SLOW, renewMs: 5 });
    a.line('refused');
    await a.lease.start();
    expect(a.errors).toHaveLength(1);
    a.line('up');
    await a.says('leads 1');
  });

  it('is what a leader’s word carries: nobody is declared dead by one whose term is over', async () => {
    const [first, next] = [contender('a'), contender('b')];
    expect(first.lease.term).toBeNull();
    await first.lease.start();
    const { term } = first.lease;
    expect(term).toBe(1);
    await first.lease.stop();
    expect(first.lease.term).toBeNull();
    await next.lease.start();
    const store = new PostgresEventStore(pool);
    const handler = new CommandHandler(store);
    const id = uuidv7();
    const self = { name: 'server-1', roles: ['pro'], slots: 2, version: '1', isolation: 'none' };
    const meta = (epoch: number | null) => ({
      commandId: uuidv7(),
      actor: 'node:a',
      roles: [],
      ...(epoch === null ? {} : { epoch }),
    });
    await handler.execute(node, id, { type: 'JoinNode', ...self }, meta(null));
    const declare = { type: 'DeclareDead', epoch: 1, reason: 'no beat' } as const;
    expect(await handler.execute(node, id, declare, meta(term))).toMatchObject({
      refusal: { refused: 'NotLeading' },
    });
    expect(await handler.execute(node, id, declare, meta(next.lease.term))).toMatchObject({
      state: { is: 'dead' },
    });
    await store.close();
  });
});

describe('the lease, when the clock of the database jumps', () => {
  const AHEAD = `UPDATE lease SET expires = expires - interval '10 minutes'`;
  const BACK = `UPDATE lease SET expires = expires + interval '10 minutes'`;

  it('ahead, stays with a leader who renews', async () => {
    const [a, b] = [contender('a', STEADY), contender('b', STEADY)];
    await a.lease.start();
    await b.lease.start();
    for (let jump = 0; jump < 10; jump++) {
      await pool.query(AHEAD);
      await b.asks(TERM / 10);
    }
    expect([a.log, b.log]).toEqual([['leads 1'], []]);
  });

  it('ahead, is not taken by a candidate who has only just come', async () => {
    await heldBy('a', '-10 minutes');
    const b = contender('b');
    await b.lease.start();
    await b.lease.start();
    expect(b.log).toEqual([]);
  });

  it('back, is taken from a leader who has died all the same', async () => {
    await heldBy('killed', '1500 ms');
    await pool.query(BACK);
    const b = contender('b', FAST);
    await b.lease.start();
    await b.says('leads 2');
  });

  it('back, stays with a leader who renews', async () => {
    const [a, b] = [contender('a', STEADY), contender('b', STEADY)];
    await a.lease.start();
    await b.lease.start();
    await pool.query(BACK);
    await b.asks(TERM);
    expect([a.log, b.log]).toEqual([['leads 1'], []]);
  });

  it('anyhow, has epochs that grow and never two leaders, whoever falls silent and whenever it jumps', async () => {
    const step = fc.oneof(
      fc.record({ who: fc.nat({ max: 2 }), line: fc.constantFrom('up' as const, 'refused' as const) }),
      fc.constantFrom(AHEAD, BACK),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 8 }), async (steps) => {
        await pool.query("UPDATE lease SET holder = '', epoch = 0, expires = '-infinity'");
        const times = { ttlMs: 120, renewMs: 12 };
        let most = 0;
        const count = (): Promise<void> => {
          most = Math.max(most, all.filter(({ lease }) => lease.leads).length);
          return Promise.resolve();
        };
        const all = ['a', 'b', 'c'].map((name) => contender(name, times, count));
        for (const { lease } of all) await lease.start();
        for (const todo of steps) {
          if (typeof todo === 'string') await pool.query(todo);
          else all[todo.who]!.line(todo.line);
          await Promise.race(all.map(({ asks }) => asks(6)));
        }
        for (const one of all) one.line('up');
        for (const lease of leases.splice(0)) await lease.stop();
        expect(most).toBe(1);
        const terms = all.map(({ log }) =>
          log.filter((what) => what !== 'resigns').map((what) => Number(what.split(' ')[1])),
        );
        expect(new Set(terms.flat()).size).toBe(terms.flat().length); // each epoch once
        for (const epochs of terms) expect(epochs).toEqual([...epochs].sort((x, y) => x - y));
      }),
      { numRuns: 8 },
    );
  });
});
