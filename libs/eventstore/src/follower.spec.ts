import { expect, it } from '@jest/globals';
import { type EventStore, LogGap, type Position, type Recorded, START } from './event-store.js';
import { follow } from './follower.js';
import { MemoryEventStore } from './memory-event-store.js';
import { appendTo, noted } from './read-side.fixture.js';

const collector = (count: number) => {
  const seen: string[] = [];
  let done: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (done = resolve));
  const take = (events: readonly Recorded[]): void => {
    seen.push(...events.map(({ position }) => position));
    if (seen.length >= count) done();
  };
  return { seen, all, take };
};

const positions = async (store: EventStore): Promise<string[]> =>
  (await store.readAll(START, 10_000)).map(({ position }) => position);

it('delivers what is there and what comes, in order and without a gap', async () => {
  const store = new MemoryEventStore();
  await appendTo(store, 'thing-a', ...Array.from({ length: 2500 }, () => noted('x')));
  const { seen, all, take } = collector(2600);
  const following = follow(store, START, take);
  for (let n = 0; n < 100; n++) await appendTo(store, `thing-${n}`, noted('y'));
  await all;
  await following.stop();
  expect(seen).toEqual(await positions(store));
});

it('begins after the position that it is given', async () => {
  const store = new MemoryEventStore();
  const first = await appendTo(store, 'thing-a', noted('x'));
  const second = await appendTo(store, 'thing-a', noted('y'));
  const { seen, all, take } = collector(1);
  const following = follow(store, first, take);
  await all;
  await following.stop();
  expect(seen).toEqual([second]);
});

it('delivers a batch again after an error, of the store or of the consumer, and leaves none out', async () => {
  const store = new MemoryEventStore();
  let calls = 0;
  const shaky: EventStore = Object.assign(Object.create(store) as EventStore, {
    readAll: (after: Position, limit: number) =>
      calls++ % 2 === 0 ? Promise.reject(new Error('away')) : store.readAll(after, limit),
  });
  const { seen, all, take } = collector(20);
  const problems: string[] = [];
  let throws = true;
  const following = follow(
    shaky,
    START,
    (events) => {
      if (throws) {
        throws = false;
        throw new Error('consumer');
      }
      take(events);
    },
    ({ message }) => problems.push(message),
  );
  for (let n = 0; n < 20; n++) await appendTo(store, `thing-${n}`, noted('y'));
  await all;
  await following.stop();
  expect(seen).toEqual(await positions(store));
  expect(new Set(problems)).toEqual(new Set(['away', 'consumer']));
});

it('ends at a gap in the log', async () => {
  const store = new MemoryEventStore();
  const gapped: EventStore = Object.assign(Object.create(store) as EventStore, {
    readAll: () => Promise.reject(new LogGap(START, '7' as Position)),
  });
  expect(await follow(gapped, START, () => undefined).ended).toBeInstanceOf(LogGap);
});

it('delivers nothing after it was stopped', async () => {
  const store = new MemoryEventStore();
  const { seen, take } = collector(1);
  const following = follow(store, START, take);
  await following.stop();
  await appendTo(store, 'thing-a', noted('x'));
  expect(seen).toEqual([]);
  expect(await following.ended).toBeUndefined();
});
