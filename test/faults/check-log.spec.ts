import { describe, expect, it } from '@jest/globals';
import {
  attemptsCounted,
  chainHolds,
  contiguous,
  oneEffect,
  oneEnd,
  transitionsAllowed,
} from './check-log.js';
import { died, elected, jobEvents, joined, logOf, type Made, messages, seen } from './made-log.fixture.js';

const j = jobEvents('j');
const k = jobEvents('k');

/** A job that loses a server, is given back by another one, and completes on the third. */
const clean: readonly Made[] = [
  joined('a'),
  joined('b'),
  elected('a', 1),
  j.queued(),
  k.queued(),
  j.started(1, 'a'),
  died('a'),
  j.requeued(1, 'a'),
  j.started(2, 'b'),
  { ...j.requeued(2, 'b', 'drained', 1), actor: 'node:b' },
  k.started(1, 'b'),
  j.started(3, 'b'),
  j.completed(3, 'b'),
  { stream: 'job-k', event: { type: 'JobInterruptRequested', attempt: 1 } },
  { stream: 'job-k', event: { type: 'JobCancelled', attempt: 1, node: 'b', nodeEpoch: 1, reason: '' } },
];

describe('a clean log', () => {
  it.each([oneEnd, attemptsCounted, transitionsAllowed, contiguous, oneEffect, chainHolds])(
    'passes %p',
    (watch) => {
      expect(seen(watch(), logOf(clean))).toEqual([]);
    },
  );
});

describe('I2', () => {
  it('sees a second end, and anything after the first', () => {
    const log = logOf([j.queued(), j.started(1, 'a'), j.completed(1, 'a'), j.completed(1, 'a')]);
    expect(messages(seen(oneEnd(), log))).toEqual([
      'I2: job-j ended at 3, and yet JobCompleted follows at 4',
    ]);
  });
});

describe('I3', () => {
  it('sees counters that do not count', () => {
    const log = logOf([j.queued(), j.started(1, 'a'), j.requeued(1, 'a', 'node-lost', 0)]);
    expect(messages(seen(attemptsCounted(), log))).toEqual([
      'I3: job-j is charged 0 lost servers and 0 crashes at 3; there were 1 and 0',
    ]);
  });

  it('sees a drained attempt that was charged', () => {
    const log = logOf([j.queued(), j.started(1, 'a'), j.requeued(1, 'a', 'drained', 1)]);
    expect(seen(attemptsCounted(), log)).toHaveLength(1);
  });

  it('sees a fifth attempt', () => {
    const lost = [1, 2, 3, 4].flatMap((n) => [j.started(n, 'a'), j.requeued(n, 'a')]);
    expect(messages(seen(attemptsCounted(), logOf([j.queued(), ...lost, j.started(5, 'a')])))).toEqual([
      'I3: job-j has lost 4 servers at 9',
      'I3: job-j is at 10 in its 5th charged attempt',
    ]);
  });

  it('does not count what was given back', () => {
    const drained = [1, 2, 3, 4, 5, 6].flatMap((n) => [j.started(n, 'a'), j.requeued(n, 'a', 'drained', 0)]);
    expect(seen(attemptsCounted(), logOf([j.queued(), ...drained]))).toEqual([]);
  });
});

describe('I4', () => {
  const complaint = (...made: readonly Made[]) =>
    messages(seen(transitionsAllowed(), logOf(made))).map((text) => text.replace(/^.* at \d+: /, ''));

  it('sees the report of another attempt', () => {
    expect(complaint(j.queued(), j.started(1, 'a'), j.completed(2, 'a'))).toEqual([
      'it names another attempt, server or epoch than the last start',
    ]);
  });

  it('sees the report of another epoch of the same server', () => {
    expect(complaint(j.queued(), j.started(1, 'a', 2), j.completed(1, 'a', 1))).toHaveLength(1);
  });

  it('sees who reports for another server', () => {
    expect(complaint(j.queued(), j.started(1, 'a'), { ...j.completed(1, 'a'), actor: 'node:b' })).toEqual([
      'node:b says so, but a runs it',
    ]);
  });

  it('sees a completion while no attempt runs', () => {
    expect(complaint(j.queued(), j.started(1, 'a'), j.requeued(1, 'a'), j.completed(1, 'a'))).toEqual([
      'no attempt runs',
    ]);
  });

  it('sees a job that starts twice, or never was there', () => {
    expect(complaint(j.queued(), j.started(1, 'a'), j.started(2, 'b'))).toEqual(['its attempt 1 runs']);
    expect(complaint(j.started(1, 'a'))).toEqual(['it was never queued, or has ended']);
    expect(complaint(j.queued(), j.queued())).toEqual(['it was queued before']);
    expect(complaint(j.queued(), j.started(2, 'a'))).toEqual(['attempt 2 follows attempt 0']);
  });
});

describe('I5', () => {
  const log = logOf(clean);

  it('sees an event that is missing', () => {
    expect(messages(seen(contiguous(), log.toSpliced(5, 1)))).toEqual([
      'I5: position 7 follows 5',
      'I5: job-j has version 3 at 8, after version 1',
    ]);
  });

  it('sees two events that changed places', () => {
    const swapped = log.with(3, { ...log[4]!, position: 4 }).with(4, { ...log[3]!, position: 5 });
    expect(messages(seen(contiguous(), swapped))).toEqual([
      'I5: the event at 5 is 100 ms older than the one before it',
    ]);
  });

  it('sees a version that was used twice', () => {
    const twice = log.with(7, { ...log[7]!, version: 2 });
    expect(seen(contiguous(), twice)).toHaveLength(2);
  });
});

describe('I6', () => {
  it('sees a command that was done twice, in one stream or in two', () => {
    const twice = [j.queued(100, 'c'), joined('a'), { ...j.started(1, 'a'), commandId: 'c' }];
    expect(messages(seen(oneEffect(), logOf(twice)))).toEqual([
      'I6: command c wrote job-j at 1, and again JobStarted in job-j at 3',
    ]);
    expect(seen(oneEffect(), logOf([j.queued(100, 'c'), k.queued(100, 'c')]))).toHaveLength(1);
  });

  it('knows that one command may have several events', () => {
    const both = [died('a'), joined('a', 2)].map((made) => ({ ...made, commandId: 'c' }));
    expect(seen(oneEffect(), logOf(both))).toEqual([]);
  });
});

describe('I19', () => {
  const log = logOf(clean);

  it('sees an event that was changed, once', () => {
    const changed = log.with(4, { ...log[4]!, body: log[4]!.body.replace('100', '101') });
    expect(messages(seen(chainHolds(), changed))).toEqual([
      'I19: the event at 5 is not the one that was hashed',
    ]);
  });

  it('sees a time that was changed', () => {
    expect(seen(chainHolds(), log.with(2, { ...log[2]!, at: log[2]!.at + 1 }))).toHaveLength(1);
  });

  it('sees an event that was taken out', () => {
    expect(seen(chainHolds(), log.toSpliced(6, 1))).toHaveLength(1);
  });
});

describe('what one bug does a thousand times', () => {
  it('is told twenty times, and counted', () => {
    const log = logOf([j.queued(), ...Array.from({ length: 1000 }, () => j.queued(100, 'c'))]);
    const said = messages(seen(transitionsAllowed(), log));
    expect(said).toHaveLength(21);
    expect(said.at(-1)).toBe('I4: … and 980 more');
  });
});
