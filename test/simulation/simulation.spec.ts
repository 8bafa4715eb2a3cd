import { describe, expect, it } from '@jest/globals';
import { MUTANTS } from './mutants.js';
import { World } from './world.js';

const SEEDS = 200;

describe('the simulated cluster', () => {
  it('keeps every invariant, whatever is lost, repeated, late or dead', async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { violation } = await new World(seed).run();
      expect({ seed, violation }).toEqual({ seed, violation: null });
    }
  }, 60_000);

  it('does the same again for the same seed', async () => {
    const [once, again] = [await new World(7, {}, true).run(), await new World(7, {}, true).run()];
    expect(again).toEqual(once);
    expect(once.counts.events).toBeGreaterThan(10);
  });

  it.each([
    'retry counter forgotten',
    'start of a running job',
    'outbox not sent again',
    'command ids not known',
    'a wait that comes after the end forgotten',
    'a failure taken for a success',
    'what is below an ended job forgotten',
    'a seat too many',
    'a requeued attempt that keeps its seat',
    'an ended session that keeps its place',
  ])('finds out a planted bug: %s', async (name) => {
    let found: string | null = null;
    for (let seed = 0; seed < 50 && found === null; seed++)
      found = (await new World(seed, MUTANTS[name]).run()).violation;
    expect(found).toMatch(/^I\d+: /);
  });
});
