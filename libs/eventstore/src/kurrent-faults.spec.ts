import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { type Decider, type DomainEvent, uuidv5, uuidv7 } from '@openpro/kernel';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { makeCertificates } from '../../../test/kurrent/certificates.js';
import { FakeKurrent, type FakeOptions } from '../../../test/kurrent/fake-kurrent.js';
import { appendTo, eventsOf, noted, readToEnd } from './event-store.contract.js';
import { type EventStore, type Recorded, START, StoreUnavailable } from './event-store.js';
import { follow } from './follower.js';
import { CommandHandler } from './handler.js';
import { KurrentEventStore, type KurrentSettings } from './kurrent-event-store.js';
import { AccessRefused } from './kurrent-errors.js';

const opened: { close(): Promise<unknown> }[] = [];
const dir = mkdtempSync(path.join(os.tmpdir(), 'openpro-kurrent-'));

afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) await thing.close();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const start = async (options?: FakeOptions): Promise<FakeKurrent> => {
  const fake = await FakeKurrent.start(options);
  opened.push({ close: () => fake.stop() });
  return fake;
};

const open = async (url: string, more: Partial<KurrentSettings> = {}): Promise<KurrentEventStore> => {
  const store = await KurrentEventStore.open({ url, ...more });
  opened.push(store);
  return store;
};

/** Everything that a consumer of this store is given, in its order. */
const listener = (store: EventStore) => {
  const heard: Recorded[] = [];
  let wake = (): void => undefined;
  const following = follow(store, START, (events) => {
    heard.push(...events);
    wake();
  });
  opened.push({ close: () => following.stop() });
  return {
    heard,
    until: async (count: number): Promise<void> => {
      while (heard.length < count) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
};

const versions = (events: readonly Recorded[]): number[] => events.map(({ version }) => version);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** Appends one event after the other to one stream. */
const write = async (store: EventStore, from: number, to: number): Promise<void> => {
  for (let expected = from; expected < to; expected += 1)
    eventsOf(await store.append(appendTo('job-1', expected)));
};

const decider: Decider<number, string, DomainEvent> = {
  initial: 0,
  decide: (note) => [noted(note)],
  evolve: (count) => count + 1,
};
const note = (handler: CommandHandler, commandId: string) =>
  handler.execute({ name: 'job', context: 'test', decider }, '1', 'done', {
    commandId,
    actor: 'ada',
    roles: [],
  });

describe('the log in KurrentDB', () => {
  it('has the same ids, the event as data, and the rest as metadata under names that KurrentDB knows', async () => {
    const fake = await start();
    const store = await open(fake.url);
    const meta = { commandId: uuidv7(), actor: 'ada', roles: ['user'], causation: uuidv7() };
    await store.append(appendTo('job-1', 0, { events: [noted('a'), noted('b')], meta }));
    const stored = await fake.tell<{ id: string; type: string; data: string; meta: string }[]>('stream', {
      name: 'openpro.job-1',
    });
    expect(stored.map(({ id }) => id)).toEqual(['0', '1'].map((index) => uuidv5(meta.commandId, index)));
    expect(stored.map(({ type }) => type)).toEqual(['test.Noted', 'test.Noted']);
    expect(JSON.parse(stored[1]?.data ?? '')).toEqual(noted('b'));
    expect(JSON.parse(stored[0]?.meta ?? '')).toMatchObject({
      $correlationId: meta.commandId,
      $causationId: meta.causation,
      commandId: meta.commandId,
      actor: 'ada',
      roles: ['user'],
      fingerprint: 'f',
    });
  });

  it('is not all that lies in it: the system’s events and those of others are passed over', async () => {
    const fake = await start();
    const [store, reader] = [await open(fake.url), await open(fake.url)];
    for (const version of [0, 1, 2]) {
      for (const stream of ['$stats-1', '$$openpro.job-1', 'openpros.job-1', 'other-1'])
        await fake.tell('write', { stream });
      await write(store, version, version + 1);
    }
    await fake.tell('write', { stream: '$stats-1' });
    for (const view of [store, reader]) {
      expect(versions(await readToEnd(view, 2))).toEqual([1, 2, 3]);
      expect(versions(await view.readBack(10))).toEqual([3, 2, 1]);
    }
    const other = await open(fake.url, { prefix: 'another' });
    expect(await other.head()).toBe(START);
  });

  it('names an event of ours that we did not write, and gives out nothing beyond it', async () => {
    const fake = await start();
    const store = await open(fake.url);
    await fake.tell('write', { stream: 'openpro.job-1', data: 'not JSON' });
    await expect(store.readAll(START, 10)).rejects.toThrow('0@job-1 in KurrentDB was not written by OpenPRO');
  });

  it('does not go back in time with the server’s clock', async () => {
    const fake = await start();
    const store = await open(fake.url);
    await fake.faults({ clockMs: 60_000 });
    await write(store, 0, 2);
    await fake.faults({ clockMs: -60_000 });
    await write(store, 2, 4);
    const times = (await (await open(fake.url)).readAll(START, 10)).map(({ at }) => at);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times).toHaveLength(4);
  });

  it('finishes what was begun before it closes, and takes nothing after that', async () => {
    const fake = await start();
    const store = await KurrentEventStore.open({ url: fake.url });
    const begun = Promise.all(upTo(50).map((n) => store.append(appendTo(`job-${n}`, 0))));
    await store.close();
    expect((await begun).flatMap(eventsOf)).toHaveLength(50);
    await expect(store.append(appendTo('late-1', 0))).rejects.toThrow(StoreUnavailable);
  });
});

describe('a KurrentDB that misbehaves', () => {
  it.each(['drop', 'cancelSubscriptions', 'deafen'])(
    'by “%s” leaves nobody deaf: everything arrives, once, and there is a new subscription',
    async (fault) => {
      const fake = await start();
      const [store, other] = [await open(fake.url), await open(fake.url)];
      const { heard, until } = listener(store);
      await write(store, 0, 3);
      await until(3);
      await fake.tell(fault);
      await write(other, 3, 6); // which subscribes
      await until(6);
      await fake.tell('subscribed', { times: 3 });
      await fake.tell(fault);
      await write(other, 6, 9);
      await write(store, 9, 10);
      await until(10);
      expect(versions(heard)).toEqual(upTo(10));
    },
  );

  it('and breaks the connection instead of answering has written once, and the caller knows', async () => {
    const fake = await start();
    const store = await open(fake.url);
    await write(store, 0, 1);
    await fake.faults({ lostAnswers: 1 });
    expect(versions(eventsOf(await store.append(appendTo('job-1', 1))))).toEqual([2]);
    expect(versions(await store.readStream('job-1'))).toEqual([1, 2]);
  });

  it('and crashes after the commit: the command is repeated and has one effect', async () => {
    const fake = await start({ file: path.join(dir, 'crash.log') });
    const handler = new CommandHandler(await open(fake.url));
    await note(handler, uuidv7());
    await fake.faults({ crash: true });
    const commandId = uuidv7();
    const outcome = note(handler, commandId);
    await fake.restart();
    expect(await outcome).toMatchObject({ is: 'done', version: 2 });
    expect(await note(handler, commandId)).toMatchObject({ is: 'done', version: 2, repeated: true });
    expect(await (await open(fake.url)).readStream('job-1')).toHaveLength(2);
  });

  it('and never answers: the outcome is unknown, and known at the next try', async () => {
    const fake = await start();
    const [hasty, patient] = [await open(fake.url, { answerMs: 250 }), await open(fake.url)];
    const append = appendTo('job-1', 0);
    await fake.faults({ silentAppends: 1 });
    await expect(hasty.append(append)).rejects.toThrow('no answer in time');
    expect(await patient.append(append)).toEqual({ is: 'conflict', version: 1 });
  });

  it('and answers late answers all', async () => {
    const fake = await start();
    const store = await open(fake.url);
    await fake.faults({ delayMs: 300 });
    const results = await Promise.all(upTo(20).map((n) => store.append(appendTo(`job-${n}`, 0))));
    expect(results.flatMap(eventsOf)).toHaveLength(20);
  });

  it('and says that the version is another: the handler looks again and succeeds', async () => {
    const fake = await start();
    const store = await open(fake.url);
    await fake.faults({ wrongVersions: 1 });
    expect(await note(new CommandHandler(store), uuidv7())).toMatchObject({ is: 'done', version: 1 });
    expect(await store.readStream('job-1')).toHaveLength(1);
  });

  it('by going away is reported; when it is back, appends, reads and news go on', async () => {
    const fake = await start();
    const [store, other] = [await open(fake.url), await open(fake.url)];
    const { heard, until } = listener(store);
    await write(store, 0, 2);
    await fake.tell('down');
    await expect(store.append(appendTo('job-1', 2))).rejects.toThrow(StoreUnavailable);
    await expect(store.readStream('job-1')).rejects.toThrow(StoreUnavailable);
    await fake.tell('up');
    await write(other, 2, 4);
    await until(4);
    expect(versions(heard)).toEqual(upTo(4));
    await write(store, 4, 5);
  });
});

describe('a cluster', () => {
  it.each<[string, (fake: FakeKurrent) => string]>([
    ['all its nodes', ({ clusterUrl }) => clusterUrl],
    ['one of them', ({ url }) => url],
  ])('is found by %s, and followed to its next leader', async (_, urlOf) => {
    const fake = await start({ nodes: 3 });
    const store = await open(urlOf(fake));
    const { heard, until } = listener(store);
    let version = 0;
    for (const node of [2, 1, 0]) {
      await fake.tell('lead', { node });
      await write(store, version, (version += 3));
      expect(versions(await store.readStream('job-1'))).toEqual(upTo(version));
    }
    await until(9);
    expect(versions(heard)).toEqual(upTo(9));
  });

  it('loses nothing and does nothing twice when the leader changes under load', async () => {
    const fake = await start({ nodes: 3 });
    const store = await open(fake.clusterUrl);
    const { heard, until } = listener(store);
    const writers = upTo(20).map(async (n) => {
      for (let version = 0; version < 10; version += 1)
        eventsOf(await store.append(appendTo(`job-${n}`, version)));
    });
    for (const node of [1, 2]) {
      await until(node * 40);
      await fake.tell('lead', { node });
    }
    await Promise.all(writers);
    await until(200);
    expect(heard).toHaveLength(200);
    expect(new Set(heard.map(({ id }) => id)).size).toBe(200);
  });
});

describe('a KurrentDB with TLS and users', () => {
  it('is used with its authority’s certificate and the right user, and refused otherwise', async () => {
    const [ours, foreign] = [await makeCertificates(dir, 'ours'), await makeCertificates(dir, 'foreign')];
    const fake = await start({ cert: ours.cert, key: ours.key, user: 'ops:right' });
    const store = await open(fake.tlsUrl(ours.ca, 'ops:right'));
    await write(store, 0, 2);
    expect(versions(await store.readAll(START, 10))).toEqual([1, 2]);

    await expect((await open(fake.tlsUrl(foreign.ca, 'ops:right'))).head()).rejects.toThrow(/certificate/);
    await expect((await open(fake.url)).head()).rejects.toThrow(StoreUnavailable);
    const wrong = (await open(fake.tlsUrl(ours.ca, 'ops:wrong'))).append(appendTo('job-1', 2));
    await expect(wrong).rejects.toThrow('does not accept the user and password in KURRENTDB_URL');
    await expect(wrong).rejects.toMatchObject({ cause: expect.any(AccessRefused) as unknown });
    const nobody = (await open(fake.tlsUrl(ours.ca))).head();
    await expect(nobody).rejects.toThrow('does not let the user in KURRENTDB_URL read and write the log');
    expect(versions(await store.readStream('job-1'))).toEqual([1, 2]);
  });
});
