import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  EventStoreDBClient,
  jsonEvent,
  streamNameFilter,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { FakeKurrent } from './fake-kurrent.js';

/*
 * The test server is no invention of ours as long as the vendor's client, which shares no line with our store's
 * calls, works with it by its own commands.
 */
let fake: FakeKurrent;
let client: EventStoreDBClient;

beforeAll(async () => {
  fake = await FakeKurrent.start();
  client = EventStoreDBClient.connectionString(fake.url);
});
afterAll(async () => {
  await client.dispose();
  await fake.stop();
});

const event = (note: string) => jsonEvent({ type: 'Noted', data: { note }, metadata: { by: 'ada' } });

it.each([
  ['in a batch', {}],
  ['alone', { credentials: { username: 'a', password: 'b' } }],
])('the vendor’s client appends %s, and is told of a wrong version', async (how, options) => {
  const stream = `append-${how}`;
  const events = [event('a'), event('b')];
  const first = await client.appendToStream(stream, events, { expectedRevision: 'no_stream', ...options });
  expect(first).toMatchObject({ success: true, nextExpectedRevision: 1n });
  const again = await client.appendToStream(stream, events, { expectedRevision: 'no_stream', ...options });
  expect(again.nextExpectedRevision).toBe(1n);
  const wrong = client.appendToStream(stream, event('c'), { expectedRevision: 0n, ...options });
  await expect(wrong).rejects.toThrow(WrongExpectedVersionError);
  await expect(wrong).rejects.toMatchObject({ actualVersion: 1n });
});

it('the vendor’s client reads streams and the log in both directions, and deletes', async () => {
  const notes = async (stream: AsyncIterable<{ event?: { data?: unknown; streamId: string } }>) => {
    const found: unknown[] = [];
    for await (const { event: read } of stream)
      if (read?.streamId.startsWith('read-')) found.push((read.data as { note: string }).note);
    return found;
  };
  await client.appendToStream('read-1', ['a', 'b', 'c'].map(event));
  expect(await notes(client.readStream('read-1'))).toEqual(['a', 'b', 'c']);
  expect(await notes(client.readStream('read-1', { fromRevision: 1n, maxCount: 1 }))).toEqual(['b']);
  const back = { direction: 'backwards', fromRevision: 'end' } as const;
  expect(await notes(client.readStream('read-1', { ...back, maxCount: 2 }))).toEqual(['c', 'b']);
  expect(await notes(client.readAll())).toEqual(['a', 'b', 'c']);
  expect(await notes(client.readAll({ direction: 'backwards', fromPosition: 'end' }))).toEqual([
    'c',
    'b',
    'a',
  ]);
  await client.deleteStream('read-1');
  await expect(notes(client.readStream('read-1'))).rejects.toThrow('not found');
});

it('the vendor’s client subscribes to what passes a filter, with checkpoints', async () => {
  let looked = 0;
  const filter = streamNameFilter({
    prefixes: ['heard-'],
    maxSearchWindow: 2,
    checkpointInterval: 1,
    checkpointReached: () => void (looked += 1),
  });
  const subscription = client.subscribeToAll({ filter });
  for (const n of [1, 2, 3]) {
    await client.appendToStream(`heard-${n}`, event('a'));
    await client.appendToStream(`unheard-${n}`, [event('b'), event('c')]);
  }
  const heard: string[] = [];
  for await (const { event: read } of subscription) if (heard.push(read?.streamId ?? '') === 3) break;
  expect(heard).toEqual(['heard-1', 'heard-2', 'heard-3']);
  expect(looked).toBeGreaterThan(0);
});
