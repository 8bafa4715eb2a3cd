import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Autosave, freeAgainAt, SAVE_PACE, saveDueAt } from './autosave.js';

const ms = fc.integer({ min: 0, max: 1e7 });

describe('the pace of saving', () => {
  it('waits until changes settle, not for ever, and never comes before it is free', () =>
    fc.assert(
      fc.property(ms, ms, ms, (first, more, free) => {
        const last = first + more;
        const due = saveDueAt(SAVE_PACE, { first, last, free });
        expect(due).toBeGreaterThanOrEqual(free);
        expect(due).toBeLessThanOrEqual(Math.max(free, first + SAVE_PACE.longestMs));
        if (more <= SAVE_PACE.longestMs - SAVE_PACE.settleMs)
          expect(due).toBe(Math.max(free, last + SAVE_PACE.settleMs));
      }),
    ));

  it('leaves at least nineteen twentieths of the time to edits, and fills the storage slowly', () =>
    fc.assert(
      fc.property(ms, ms, fc.integer({ min: 0, max: 1e9 }), (at, tookMs, bytes) => {
        const rest = freeAgainAt(SAVE_PACE, { at, tookMs, bytes }) - at;
        expect(rest).toBeGreaterThanOrEqual(SAVE_PACE.spacingMs);
        expect(tookMs / (tookMs + rest)).toBeLessThanOrEqual(1 / 20);
        expect(bytes / rest).toBeLessThanOrEqual(256); // a quarter of a MB a second
      }),
    ));
});

describe('an autosave', () => {
  const given = (saved: string | null = null, pace = { settleMs: 0, longestMs: 0, spacingMs: 0 }) => {
    const heard: string[] = [];
    let digest = 'a';
    let fail = false;
    let tell = (): void => undefined;
    const hear = (what: string) => {
      heard.push(what);
      tell();
    };
    const autosave = new Autosave(
      {
        save: () => {
          hear('save');
          return fail ? Promise.reject(new Error('full')) : Promise.resolve({ digest, bytes: 1 });
        },
        onSaved: (kept) => Promise.resolve(hear(kept)),
        onError: (error) => hear(String(error)),
      },
      saved,
      pace,
    );
    const until = (what: string) =>
      new Promise<void>((resolve) => {
        tell = () => {
          if (heard.includes(what)) resolve();
        };
        tell();
      });
    return { autosave, heard, until, is: (to: string) => (digest = to), fails: (to: boolean) => (fail = to) };
  };
  const slow = { settleMs: 1e6, longestMs: 1e6, spacingMs: 1e6 };

  it('saves what changed by itself, many changes once', async () => {
    const { autosave, heard, until } = given();
    for (let i = 0; i < 100; i++) autosave.changed();
    await until('a');
    expect(heard).toEqual(['save', 'a']);
    autosave.stop();
  });

  it('saves at once when it must, and nothing when nothing changed', async () => {
    const { autosave, heard } = given(null, slow);
    await autosave.flush();
    autosave.changed();
    await Promise.all([autosave.flush(), autosave.flush()]);
    expect(heard).toEqual(['save', 'a']);
    autosave.stop();
  });

  it('tells the same data once, also when it was opened with it', async () => {
    const { autosave, heard, is } = given('a', slow);
    autosave.changed();
    await autosave.flush();
    is('b');
    autosave.changed();
    await autosave.flush();
    autosave.changed();
    await autosave.flush();
    expect(heard).toEqual(['save', 'save', 'b', 'save']);
    autosave.stop();
  });

  it('tries again when it could not save', async () => {
    const { autosave, heard, fails } = given(null, slow);
    fails(true);
    autosave.changed();
    await autosave.flush();
    fails(false);
    await autosave.flush();
    expect(heard).toEqual(['save', 'Error: full', 'save', 'a']);
    autosave.stop();
  });

  it('does nothing more when it is stopped', async () => {
    const { autosave, heard } = given();
    autosave.changed();
    autosave.stop();
    await autosave.flush();
    autosave.changed();
    expect(heard).toEqual([]);
  });
});
