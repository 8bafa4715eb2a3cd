import { afterAll, beforeAll } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { FakeKurrent } from '../../../test/kurrent/fake-kurrent.js';
import { eventStoreContract } from './event-store.contract.js';
import { KurrentEventStore } from './kurrent-event-store.js';

/** A prefix of its own makes a log of its own, on a real server as well. */
const open = async (url: string) => {
  const prefix = `test-${randomBytes(6).toString('hex')}`;
  const [store, another] = await Promise.all([
    KurrentEventStore.open({ url, prefix }),
    KurrentEventStore.open({ url, prefix }),
  ]);
  return {
    store,
    another,
    close: async () => void (await Promise.all([store.close(), another.close()])),
  };
};

let fake: FakeKurrent;
beforeAll(async () => (fake = await FakeKurrent.start()));
afterAll(() => fake.stop());

eventStoreContract('kurrent (the test server)', () => open(fake.url));

const real = process.env['KURRENTDB_URL'];
if (real) eventStoreContract('kurrent (KURRENTDB_URL)', () => open(real));
