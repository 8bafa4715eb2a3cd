import { afterEach, beforeEach, expect, it } from '@jest/globals';
import pg from 'pg';
import { freshDatabase, type FreshDatabase } from '../../../test/harness/database.js';
import { appPool } from '../../platform/src/database.js';
import { News } from './news.js';

let database: FreshDatabase;
let owner: pg.Client;
let pools: readonly pg.Pool[];
let news: readonly News[];

/** Polling finds nothing here: what is heard has come by NOTIFY or with a new connection. */
const sameHead = () => Promise.resolve('');
let known: string;

beforeEach(async () => {
  known = '';
  database = await freshDatabase();
  owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  pools = [appPool(database.appUrl), appPool(database.appUrl)];
  news = pools.map((pool) => new News(pool, sameHead, () => known));
});
afterEach(async () => {
  await Promise.all(news.map((one) => one.close()));
  await Promise.all([...pools.map((pool) => pool.end()), owner.end()]);
  await database.drop();
});

const nextCall = (to: News): Promise<void> =>
  new Promise((resolve) => {
    const stop = to.listen(() => {
      stop();
      resolve();
    });
  });

/** Listens, and is called once when the connection stands. */
const connected = async (one: News): Promise<void> => {
  expect(one.mayHaveMissed).toBe(true);
  await nextCall(one);
  one.look()();
  expect(one.mayHaveMissed).toBe(false);
};

it('tells other servers by NOTIFY, and itself at once', async () => {
  const [here, there] = news as [News, News];
  await Promise.all([connected(here), connected(there)]);
  const both = [nextCall(here), nextCall(there)];
  here.announce('a');
  await Promise.all(both);
  expect(there.mayHaveMissed).toBe(true);
});

it('tells readers of what an earlier look has brought, but that none is needed', async () => {
  const [here, there] = news as [News, News];
  await connected(there);
  known = 'b';
  const heard = nextCall(there);
  here.announce('b');
  await heard;
  expect([here.mayHaveMissed, there.mayHaveMissed]).toEqual([true, false]); // `here` does not listen
  const next = nextCall(there);
  here.announce('c');
  await next;
  expect(there.mayHaveMissed).toBe(true);
});

it('tells of the last of many announcements, although not of each', async () => {
  const [here, there] = news as [News, News];
  await connected(there);
  for (let round = 0; round < 5; round += 1) {
    const heard = nextCall(there);
    here.announce('a'); // the second of two in one turn is due later
    here.announce('a');
    await heard;
  }
});

it('listens again when its connection was lost, and tells that something may have been missed', async () => {
  const [here, there] = news as [News, News];
  await connected(there);
  const again = nextCall(there);
  await owner.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'openpro news'`,
  );
  await again;
  expect(there.mayHaveMissed).toBe(true);
  there.look()();
  const heard = nextCall(there);
  here.announce('a');
  await heard;
});

it('finds by polling what nobody told', async () => {
  let head = 'a';
  const poller = new News(
    pools[0] as pg.Pool,
    () => Promise.resolve(head),
    () => known,
  );
  await nextCall(poller);
  await nextCall(poller); // the connection stands, and the first head has been seen
  head = 'b';
  await nextCall(poller);
  await poller.close();
});
