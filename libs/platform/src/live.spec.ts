import { describe, expect, it } from '@jest/globals';
import { Last, LiveQueue } from './live.js';

const producer = () => {
  let push: (item: number) => void = () => undefined;
  let stopped = 0;
  const queue = new LiveQueue<number>((to) => {
    push = to;
    return () => stopped++;
  }, 3);
  return { queue, push: (item: number) => push(item), stopped: () => stopped };
};

describe('a live queue', () => {
  it('gives what was pushed, in order, to a consumer that waits', async () => {
    const { queue, push } = producer();
    const first = queue.next();
    push(1);
    push(2);
    expect(await first).toEqual({ value: 1, done: false });
    expect(await queue.next()).toEqual({ value: 2, done: false });
  });

  it('keeps the newest when nobody takes them', async () => {
    const { queue, push } = producer();
    [1, 2, 3, 4, 5].forEach(push);
    expect((await queue.next()).value).toBe(3);
  });

  it('ends a waiting consumer when the subscriber leaves, and stops the producer once', async () => {
    const { queue, push, stopped } = producer();
    const waiting = queue.next();
    await queue.return();
    push(1);
    queue.end();
    expect(await waiting).toEqual({ value: undefined, done: true });
    expect(stopped()).toBe(1);
  });

  it('maps, leaves out what shows nothing, and ends after the last value', async () => {
    const { queue, push, stopped } = producer();
    const seen: string[] = [];
    [1, 2, 3].forEach(push);
    for await (const text of queue.map((item) =>
      Promise.resolve(item === 1 ? undefined : item === 3 ? new Last('end') : String(item)),
    ))
      seen.push(text);
    expect(seen).toEqual(['2', 'end']);
    expect(stopped()).toBe(1);
  });

  it('looks only at the newest when asked to', async () => {
    const { queue, push } = producer();
    [1, 2, 3].forEach(push);
    const mapped = queue.map((item) => Promise.resolve(item), true);
    expect((await mapped.next()).value).toBe(3);
    await mapped.return?.();
  });

  it('stops the producer when the mapped subscriber leaves while waiting', async () => {
    const { queue, stopped } = producer();
    const mapped = queue.map((item) => Promise.resolve(item));
    const waiting = mapped.next();
    await mapped.return?.();
    expect(await waiting).toEqual({ value: undefined, done: true });
    expect(stopped()).toBe(1);
  });

  it('stops the producer when an item cannot be shown', async () => {
    const { queue, push, stopped } = producer();
    const shown = queue.map(() => Promise.reject(new Error('the database is away')));
    push(1);
    await expect(shown.next()).rejects.toThrow('away');
    expect(stopped()).toBe(1);
    expect(await shown.next()).toEqual({ value: undefined, done: true });
  });
});
