import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { coalesce } from './coalesce.js';
import { type Recorded, START } from './event-store.js';
import { RecentEvents } from './recent-events.js';
import { decode, positionOf } from './record.js';

const event = (count: number): Recorded => decode(count, 'job-1', count, 0, '{"event":{"type":"Noted"}}');
const before = (from: number) => (from === 1 ? START : positionOf(from - 1));
const events = (from: number, to: number): Recorded[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => event(from + index));

it('recent events answer with exactly what the log has after a position, or not at all', () => {
  const step = fc.oneof(
    fc.record({
      does: fc.constant('extend' as const),
      from: fc.integer({ min: 1, max: 40 }),
      size: fc.nat(12),
    }),
    fc.record({
      does: fc.constant('restart' as const),
      from: fc.integer({ min: 1, max: 40 }),
      size: fc.integer({ min: 1, max: 12 }),
    }),
  );
  fc.assert(
    fc.property(fc.array(step), fc.nat(60), fc.integer({ min: 1, max: 20 }), (steps, after, limit) => {
      const recent = new RecentEvents(5);
      for (const { does, from, size } of steps) recent[does](before(from), events(from, from + size - 1));
      const known = recent.read(after === 0 ? START : positionOf(after), limit);
      if (!known) return;
      expect(known.map(({ position }) => position)).toEqual(
        events(after + 1, after + known.length).map(({ position }) => position),
      );
      if (known.length > 0 && known.length < limit) expect(known.at(-1)?.position).toBe(recent.end);
    }),
  );
});

it('recent events do not take what leaves a gap, and say so', () => {
  const recent = new RecentEvents();
  expect(recent.extend(START, events(1, 3))).toBe(true);
  expect(recent.extend(positionOf(4), events(5, 6))).toBe(false);
  expect(recent.end).toBe(positionOf(3));
  expect(recent.extend(positionOf(1), events(2, 6))).toBe(true);
  expect(recent.read(START, 10)?.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6]);
});

it('recent events are bounded', () => {
  const recent = new RecentEvents(10);
  for (let count = 1; count <= 1000; count += 1) recent.extend(before(count), [event(count)]);
  expect(recent.read(positionOf(975), 100)).toBeUndefined();
  expect(recent.read(positionOf(990), 100)).toHaveLength(10);
});

it('who asks while work runs shares the next run, which begins after the question', async () => {
  const runs: ((value: number) => void)[] = [];
  const ask = coalesce(() => new Promise<number>((resolve) => runs.push(resolve)));
  const first = ask();
  const others = [ask(), ask()];
  expect(runs).toHaveLength(1);
  runs[0]?.(1);
  expect(await first).toBe(1);
  await new Promise(setImmediate);
  expect(runs).toHaveLength(2);
  runs[1]?.(2);
  expect(await Promise.all(others)).toEqual([2, 2]);
});
