import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { GroupCommit, type Waiting } from './group-commit.js';
import type { EncodedAppend } from './record.js';

/** A log that keeps every batch until the test lets it go. */
class HeldLog {
  readonly batches: Waiting<string>[][] = [];
  private readonly waiting: (() => void)[] = [];
  private announce = (): void => undefined;
  readonly commits = new GroupCommit<string>(async (batch) => {
    this.batches.push([...batch]);
    this.announce();
    await new Promise<void>((resolve) => this.waiting.push(resolve));
    for (const { append, resolve } of batch) resolve(append.stream);
  }, 2);

  add = (stream: string, bytes = 10): Promise<string> =>
    this.commits.add({ stream, expected: 0, bodies: ['{}'], bytes, epoch: undefined });

  /** Resolves when so many batches have been begun. */
  async begun(count: number): Promise<void> {
    while (this.batches.length < count) await new Promise<void>((resolve) => (this.announce = resolve));
  }

  release(): void {
    this.waiting.shift()?.();
  }

  streams(): string[][] {
    return this.batches.map((batch) => batch.map(({ append }) => append.stream));
  }
}

describe('group commit', () => {
  let log: HeldLog;
  beforeEach(() => {
    log = new HeldLog();
  });

  it('writes at once when it is idle, and collects while two batches are on their way', async () => {
    const results = [log.add('a')];
    await log.begun(1);
    results.push(log.add('b'));
    await log.begun(2);
    results.push(log.add('c'), log.add('d'));
    log.release();
    await log.begun(3);
    expect(log.streams()).toEqual([['a'], ['b'], ['c', 'd']]);
    log.release();
    log.release();
    expect(await Promise.all(results)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('takes what was asked for in one turn as one batch', async () => {
    void log.add('a');
    void log.add('b');
    await log.begun(1);
    expect(log.streams()).toEqual([['a', 'b']]);
  });

  it('never has two appends of one stream under way, and keeps their order', async () => {
    const results = ['a', 'b', 'a', 'a'].map((stream) => log.add(stream));
    await log.begun(1);
    void log.add('c');
    await log.begun(2);
    expect(log.streams()).toEqual([['a', 'b'], ['c']]);
    log.release();
    await log.begun(3);
    log.release();
    log.release();
    await log.begun(4);
    expect(log.streams()).toEqual([['a', 'b'], ['c'], ['a'], ['a']]);
    log.release();
    await Promise.all(results);
  });

  it('is idle when all has been settled', async () => {
    await log.commits.idle();
    const settled = Promise.all([log.add('a'), log.add('a')]);
    const idle = log.commits.idle();
    await log.begun(1);
    log.release();
    await log.begun(2);
    log.release();
    await idle;
    expect(await settled).toEqual(['a', 'a']);
  });

  it('keeps every batch within its limits and loses nothing', async () => {
    const item = fc.record({
      stream: fc.integer({ min: 0, max: 30 }),
      kilobytes: fc.integer({ min: 0, max: 300 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 60 }), async (items) => {
        const written: Waiting<string>[][] = [];
        const commits = new GroupCommit<string>((batch) => {
          written.push([...batch]);
          for (const { append, resolve } of batch) resolve(append.stream);
          return Promise.resolve();
        });
        const appends = items.map(({ stream, kilobytes }) => ({
          stream: `s-${stream}`,
          expected: 0,
          bodies: ['{}'],
          bytes: kilobytes * 1024,
          epoch: undefined,
        }));
        await Promise.all(appends.map((append) => commits.add(append)));
        for (const batch of written) {
          const bytes = batch.reduce((sum, { append }) => sum + append.bytes, 0);
          expect(batch.length === 1 || (batch.length <= 500 && bytes <= 256 * 1024)).toBe(true);
          expect(new Set(batch.map(({ append }) => append.stream)).size).toBe(batch.length);
        }
        const order = written.flat().map(({ append }) => append);
        expect(order).toHaveLength(appends.length);
        for (const stream of new Set(appends.map((append) => append.stream))) {
          const ofStream = (list: readonly EncodedAppend[]) =>
            list.filter((append) => append.stream === stream);
          expect(ofStream(order)).toEqual(ofStream(appends));
        }
      }),
      { numRuns: 60 },
    );
  });
});
