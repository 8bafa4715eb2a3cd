import { expect, it } from '@jest/globals';
import type { Position } from './event-store.js';
import { type AnyProcess, Reactions, type Timer, timerFired } from './reactions.js';

const now = { position: '7' as Position, at: 1000 };
const timer = (due: number): Timer => ({ due, correlation: 'c', causation: 'e' });

/** The timer `first` moves `moved` and clears `cleared`; every timer that fires says so. */
const process: AnyProcess = {
  name: 'tidy',
  version: 1,
  on: [],
  keyOf: () => 'k',
  react: (_state, { event }) => {
    const fired = (event as { timer?: string }).timer ?? '';
    return {
      state: {},
      commands: [{ to: 'log', id: fired, command: {} }],
      ...(fired === 'first' ? { timers: { moved: 5000, cleared: null } } : {}),
    };
  },
};

it('meets a timer only if no earlier one of the batch has moved or cleared it', () => {
  const due = { first: timer(1), moved: timer(2), cleared: timer(3), last: timer(4) };
  const kept = { state: {}, timers: new Map(Object.entries(due)) };
  const reactions = new Reactions(process, new Map([['k', kept]]));
  for (const [name, set] of Object.entries(due)) reactions.fire('k', name, set, now);
  expect(reactions.commands.map(({ id }) => id)).toEqual(['first', 'last']);
  expect([...reactions.after.get('k')!.timers]).toEqual([['moved', expect.objectContaining({ due: 5000 })]]);
});

it('derives the same command ids from the same timer and due time, and others from another', () => {
  const idsAt = (due: number): string[] => {
    const kept = { state: {}, timers: new Map([['t', timer(due)]]) };
    const reactions = new Reactions(process, new Map([['k', kept]]));
    reactions.fire('k', 't', timer(due), { ...now, at: Math.random() });
    return reactions.commands.map(({ commandId }) => commandId);
  };
  expect(idsAt(1)).toEqual(idsAt(1));
  expect(idsAt(1)).not.toEqual(idsAt(2));
});

it('puts a command into the line that it names, of its key', () => {
  const lines = new Reactions(
    { ...process, react: () => ({ state: {}, commands: [{ to: 'log', id: '1', command: {}, line: '2' }] }) },
    new Map(),
  );
  lines.meet(timerFired('tidy', 'k', 't', timer(1), now), 'k');
  expect(lines.commands.map(({ key }) => key)).toEqual(['k 2']);
});
