import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type DomainEvent, uuidv5, uuidv7 } from '@openpro/kernel';
import fc from 'fast-check';
import {
  type Append,
  type AppendResult,
  BadAppend,
  type EventStore,
  type Position,
  type Recorded,
  START,
} from './event-store.js';

export interface StoreUnderTest {
  readonly store: EventStore;
  /** Another server's view of the same log. */
  readonly another: EventStore;
  close(): Promise<void>;
}

export const noted = (note: string): DomainEvent & { note: string } => ({ type: 'Noted', note });

/** An append as a handler makes it; every call is a command of its own. */
export const appendTo = (stream: string, expected: number, over: Partial<Append> = {}): Append => ({
  stream,
  expected,
  context: 'test',
  events: [noted(`${stream} after ${expected}`)],
  meta: { commandId: uuidv7(), actor: 'ada', roles: ['user'] },
  fingerprint: 'f',
  ...over,
});

export const eventsOf = (result: AppendResult): readonly Recorded[] => {
  expect(result.is).toBe('appended');
  return result.is === 'appended' ? result.events : [];
};

export const readToEnd = async (store: EventStore, page = 100): Promise<readonly Recorded[]> => {
  const all: Recorded[] = [];
  for (;;) {
    const events = await store.readAll(all.at(-1)?.position ?? START, page);
    all.push(...events);
    if (events.length < page) return all;
  }
};

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/** What every adapter of the port does. */
export const eventStoreContract = (name: string, open: () => Promise<StoreUnderTest>): void => {
  describe(`${name} as an event store`, () => {
    let under: StoreUnderTest;
    let store: EventStore;

    beforeEach(async () => {
      under = await open();
      store = under.store;
    });
    afterEach(() => under.close());

    it('gives back what was appended, with everything that belongs to it', async () => {
      const meta = {
        commandId: uuidv7(),
        actor: 'process:requeue',
        roles: ['administrator', 'user'],
        correlation: uuidv7(),
        causation: uuidv7(),
        epoch: 7,
      };
      const events = [noted('line one\nline two \u0000 "quoted" \\ ß 漢 🙂'), { type: 'Emptied' }];
      const written = eventsOf(
        await store.append(appendTo('job-1', 0, { events, meta, fingerprint: 'print' })),
      );
      expect(written).toStrictEqual(
        events.map((event, index) => ({
          ...meta,
          id: uuidv5(meta.commandId, String(index)),
          context: 'test',
          fingerprint: 'print',
          event,
          position: written[index]?.position,
          stream: 'job-1',
          version: index + 1,
          at: written[0]?.at,
        })),
      );
      for (const view of [store, under.another]) {
        expect(await view.readStream('job-1')).toStrictEqual(written);
        expect(await view.readAll(START, 10)).toStrictEqual(written);
        expect(await view.head()).toBe(written[1]?.position);
      }
    });

    it('takes the command itself as the start of what it causes, and leaves out what is not given', async () => {
      const append = appendTo('job-1', 0);
      const [event] = eventsOf(await store.append(append));
      expect(event?.correlation).toBe(append.meta.commandId);
      expect(Object.keys(event ?? {})).not.toContain('causation');
      expect(Object.keys(event ?? {})).not.toContain('epoch');
    });

    it('is read backwards from its end, and on from any position', async () => {
      await store.append(appendTo('job-1', 0, { events: [noted('a'), noted('b'), noted('c')] }));
      const all = await store.readAll(START, 10);
      expect(await store.readBack(10)).toStrictEqual([...all].reverse());
      expect(await store.readBack(1)).toStrictEqual(all.slice(2));
      expect(await store.readBack(10, all[2]?.position)).toStrictEqual(all.slice(0, 2).reverse());
      expect(await store.readBack(10, all[0]?.position)).toEqual([]);
    });

    it('is empty at first: no events, no head', async () => {
      expect(await store.readBack(10)).toEqual([]);
      expect(await store.head()).toBe(START);
      expect(await store.readAll(START, 10)).toEqual([]);
      expect(await store.readStream('job-1')).toEqual([]);
    });

    it('says which version a stream has when another was expected, and writes nothing', async () => {
      await store.append(appendTo('job-1', 0, { events: [noted('a'), noted('b')] }));
      const before = await store.head();
      expect(await store.append(appendTo('job-1', 0))).toEqual({ is: 'conflict', version: 2 });
      expect(await store.append(appendTo('job-1', 1))).toEqual({ is: 'conflict', version: 2 });
      expect(await store.append(appendTo('job-1', 3))).toEqual({ is: 'conflict', version: 2 });
      expect(await store.append(appendTo('job-2', 1))).toEqual({ is: 'conflict', version: 0 });
      expect(await store.head()).toBe(before);
    });

    it('lets exactly one of twenty writers win at one expected version, and loses none of the others’ retries', async () => {
      const write = async (view: EventStore, index: number): Promise<number> => {
        for (let expected = 0, conflicts = 0; ; conflicts += 1) {
          const result = await view.append(
            appendTo('job-1', expected, { events: [noted(`writer ${index}`)] }),
          );
          if (result.is === 'appended') return conflicts;
          expect(result.is).toBe('conflict');
          if (result.is === 'conflict') expected = result.version;
        }
      };
      const conflicts = await Promise.all(range(20).map((n) => write(n % 2 ? under.another : store, n)));
      expect(conflicts.filter((count) => count === 0)).toHaveLength(1);
      const events = await store.readStream('job-1');
      expect(events.map(({ version }) => version)).toEqual(range(20).map((n) => n + 1));
      expect(new Set(events.map(({ event }) => (event as DomainEvent & { note: string }).note)).size).toBe(
        20,
      );
    });

    it('has an effect only once when an append is repeated because its answer was lost', async () => {
      const append = appendTo('job-1', 0);
      const [first] = eventsOf(await store.append(append));
      expect(await store.append(append)).toEqual({ is: 'conflict', version: 1 });
      expect((await store.readStream('job-1')).map(({ id }) => id)).toEqual([first?.id]);
    });

    it('has an effect only once also when the repetition decides otherwise', async () => {
      const append = appendTo('job-1', 0);
      await store.append(append);
      for (const events of [[noted('other')], [noted('a'), noted('b')], [{ type: 'Emptied' }, noted('b')]])
        expect(await under.another.append({ ...append, events })).toEqual({ is: 'conflict', version: 1 });
      expect(await store.readStream('job-1')).toHaveLength(1);
    });

    it('writes all events of an append next to each other, and keeps the order of appends to one stream', async () => {
      const results = await Promise.all([
        ...range(30).map((n) =>
          store.append(appendTo(`job-${n}`, 0, { events: [noted('a'), noted('b'), noted('c')] })),
        ),
        ...range(30).map((n) =>
          under.another.append(appendTo(`file-${n}`, 0, { events: [noted('a'), noted('b')] })),
        ),
      ]);
      const all = await readToEnd(store, 7);
      expect(all).toHaveLength(150);
      const indexOf = new Map(all.map(({ position }, index) => [position, index]));
      for (const events of results.map(eventsOf)) {
        const start = indexOf.get(events[0]?.position as Position) ?? -1;
        expect(all.slice(start, start + events.length)).toStrictEqual(events);
      }
      expect(all.map(({ position }) => position)).toEqual(all.map(({ position }) => position).sort());
      expect(all.map(({ at }) => at)).toEqual(all.map(({ at }) => at).sort((a, b) => a - b));
    });

    it('appends to one stream in the order of the calls when each expects the one before', async () => {
      const results = await Promise.all(range(5).map((n) => store.append(appendTo('job-1', n))));
      expect(results.flatMap(eventsOf).map(({ version }) => version)).toEqual([1, 2, 3, 4, 5]);
    });

    it('reads a stream after a version', async () => {
      await store.append(appendTo('job-1', 0, { events: [noted('a'), noted('b'), noted('c')] }));
      expect((await store.readStream('job-1', 1)).map(({ version }) => version)).toEqual([2, 3]);
      expect((await store.readStream('job-1', 0, 1)).map(({ version }) => version)).toEqual([1]);
      expect((await store.readStream('job-1', 1, 5)).map(({ version }) => version)).toEqual([2, 3]);
      expect(await store.readStream('job-1', 3)).toEqual([]);
    });

    it('reads the first events of many streams', async () => {
      await store.append(appendTo('job-1', 0, { events: [noted('a'), noted('b')] }));
      await store.append(appendTo('job-2', 0, { events: [noted('c')] }));
      const first = await store.readFirst(['job-2', 'job-3', 'job-1', 'job-2']);
      expect(first.map((recorded) => recorded?.stream)).toEqual(['job-2', undefined, 'job-1', 'job-2']);
      expect(first[2]).toStrictEqual((await store.readStream('job-1'))[0]);
      expect(await store.readFirst([])).toEqual([]);
    });

    it('reads the last events of many streams', async () => {
      await store.append(appendTo('job-1', 0, { events: [noted('a'), noted('b'), noted('c')] }));
      await store.append(appendTo('job-2', 0, { events: [noted('d')] }));
      const last = await store.readLast(['job-2', 'job-3', 'job-1', 'job-2'], 2);
      expect(last.map((events) => events.map(({ stream, version }) => `${stream} ${version}`))).toEqual([
        ['job-2 1'],
        [],
        ['job-1 3', 'job-1 2'],
        ['job-2 1'],
      ]);
      expect(last[2]).toStrictEqual(await store.readStreamBack('job-1', 2));
      expect(await store.readLast([], 2)).toEqual([]);
    });

    it('reads a stream from its end', async () => {
      await store.append(appendTo('job-1', 0, { events: [noted('a'), noted('b'), noted('c')] }));
      await store.append(appendTo('job-2', 0));
      const versions = async (limit: number) =>
        (await store.readStreamBack('job-1', limit)).map(({ version }) => version);
      expect(await versions(2)).toEqual([3, 2]);
      expect(await versions(9)).toEqual([3, 2, 1]);
      expect(await store.readStreamBack('job-3', 9)).toEqual([]);
    });

    it('reads on from any position, in pages of any size', async () => {
      for (const n of range(6))
        await store.append(appendTo(`job-${n}`, 0, { events: [noted('a'), noted('b')] }));
      const all = await readToEnd(under.another);
      for (const view of [store, under.another])
        for (const from of range(13))
          for (const limit of [1, 5, 12, 2000])
            expect(
              await view.readAll(from === 0 ? START : (all[from - 1]?.position ?? START), limit),
            ).toStrictEqual(all.slice(from, from + limit));
    });

    it('shows each server what the others append', async () => {
      const [first] = eventsOf(await store.append(appendTo('job-1', 0)));
      expect((await store.readAll(START, 10)).map(({ version }) => version)).toEqual([1]);
      await under.another.append(appendTo('job-1', 1));
      await under.another.append(appendTo('job-1', 2));
      expect((await store.readAll(first?.position ?? START, 10)).map(({ version }) => version)).toEqual([
        2, 3,
      ]);
      await store.append(appendTo('job-1', 3));
      expect((await store.readAll(START, 10)).map(({ version }) => version)).toEqual([1, 2, 3, 4]);
    });

    it('calls its listeners after own and foreign appends, until they go', async () => {
      let calls = 0;
      let heard = (): void => undefined;
      let news = new Promise<void>((resolve) => (heard = resolve));
      const stop = store.onNews(() => {
        calls += 1;
        heard();
      });
      let version = 0;
      for (const view of [store, under.another, store, under.another]) {
        const [event] = eventsOf(await view.append(appendTo('job-1', version++)));
        const seen = async () => (await store.readAll(START, 10)).at(-1)?.position === event?.position;
        for (; !(await seen()); news = new Promise<void>((resolve) => (heard = resolve))) await news;
      }
      expect(calls).toBeGreaterThanOrEqual(2);
      stop();
      calls = 0;
      await store.append(appendTo('job-1', version));
      expect(calls).toBe(0);
    });

    it.each<[string, Partial<Append>, string]>([
      ['an actor', { meta: { commandId: uuidv7(), actor: '', roles: [] } }, 'actor is missing'],
      [
        'a command id',
        { meta: { commandId: '', actor: 'ada', roles: [] } },
        'commandId "" is not a lower-case UUID',
      ],
      ['events', { events: [] }, 'events is empty'],
      ['an event type', { events: [{ type: '' }] }, 'an event has no type'],
      ['a fingerprint', { fingerprint: '' }, 'fingerprint is missing'],
      ['a stream name', { stream: '' }, 'stream "" must have 1 to 400 characters'],
      [
        'a stream name in one line',
        { stream: 'job-1\njob-2' },
        'must have 1 to 400 characters without white space',
      ],
      ['a context', { context: 'Jobs!' }, 'context "Jobs!" must be'],
      ['an expected version', { expected: -1 }, 'expected version -1 is not a whole number from 0'],
      ['a size within the limit', { events: [noted('x'.repeat(1024 * 1024))] }, 'the limit is 1048576'],
    ])('refuses an append without %s', async (_, over, message) => {
      const append = store.append(appendTo('job-1', 0, over));
      await expect(append).rejects.toBeInstanceOf(BadAppend);
      await expect(append).rejects.toThrow(message);
      expect(await store.head()).toBe(START);
    });

    it('keeps any JSON and any text as it is', async () => {
      let version = 0;
      await fc.assert(
        fc.asyncProperty(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), async (data) => {
          const event = JSON.parse(JSON.stringify({ ...data, type: 'Noted' })) as DomainEvent;
          const written = eventsOf(await store.append(appendTo('job-1', version, { events: [event] })));
          expect(written[0]?.event).toStrictEqual(event);
          expect(await under.another.readStream('job-1', version)).toStrictEqual(written);
          version += 1;
        }),
        { numRuns: 50 },
      );
    });
  });
};
