import { describe, expect, it } from '@jest/globals';
import { Listening } from './listening.js';
import { Wires } from './testing.js';

/** Servers `b` and `c` that push to who listens, and a line from `a` to them. */
const given = () => {
  const wires = new Wires();
  const heard: unknown[] = [];
  let tell = (): void => undefined;
  const pushes = { b: new Set<(message: unknown) => void>(), c: new Set<(message: unknown) => void>() };
  for (const node of ['b', 'c'] as const)
    wires.link(node).serve('news', {
      accepts: ['pro'],
      listen: (params, push) => {
        pushes[node].add(push);
        push(params);
        return () => pushes[node].delete(push);
      },
    });
  const line = new Listening(wires.link('a'), 'news', (message) => {
    heard.push(message);
    tell();
  });
  return {
    wires,
    line,
    heard,
    pushes,
    to: (node: string, place: string) => line.to(node, place, (again) => ({ place, again })),
    until: (count: number) =>
      new Promise<void>((resolve) => {
        tell = () => {
          if (heard.length >= count) resolve();
        };
        tell();
      }),
  };
};

describe('listening', () => {
  it('goes where the thing is, once per place, and leaves where it was', () => {
    const { to, line, heard, pushes } = given();
    to('b', 'b:1');
    to('b', 'b:1');
    expect(heard).toEqual([{ place: 'b:1', again: false }]);
    to('c', 'c:1');
    expect(pushes.b.size).toBe(0);
    for (const push of pushes.c) push('from c');
    line.close();
    expect(heard.slice(1)).toEqual([{ place: 'c:1', again: false }, 'from c']);
    expect(pushes.c.size).toBe(0);
  });

  it('is opened again after it broke, and says that something may have been missed', async () => {
    const { to, wires, heard, until, line } = given();
    to('b', 'b:1');
    wires.cut('b');
    wires.mend('b');
    await until(2);
    expect(heard).toEqual([
      { place: 'b:1', again: false },
      { place: 'b:1', again: true },
    ]);
    line.close();
  });

  it('waits for a server that cannot be reached yet, and not after it was told of another', async () => {
    const { to, wires, heard, until, line } = given();
    wires.cut('b');
    to('b', 'b:1');
    to('c', 'c:1');
    wires.mend('b');
    expect(heard).toEqual([{ place: 'c:1', again: false }]);
    wires.cut('c');
    wires.mend('c');
    await until(2);
    expect(heard).toContainEqual({ place: 'c:1', again: true });
    line.close();
  });
});
