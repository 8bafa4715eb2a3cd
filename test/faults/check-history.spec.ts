import { describe, expect, it } from '@jest/globals';
import { everythingEnds, lostAttemptsStopped, oneAnswer, realTimeOrder } from './check-history.js';
import { factsOf } from './facts.js';
import {
  ack,
  BEGIN,
  historyOf,
  jobEvents,
  joined,
  logOf,
  messages,
  refused,
  seen,
  submit,
  type Unbegun,
} from './made-log.fixture.js';

const j = jobEvents('j');
const k = jobEvents('k');
const done = [joined('a'), j.queued(), j.started(1, 'a'), j.completed(1, 'a')];
const history = historyOf(submit(50, 'j'), ack(250, 'j'));

describe('a clean history', () => {
  it.each([everythingEnds, oneAnswer, realTimeOrder])('passes %p', (watch) => {
    expect(seen(watch(factsOf(history)), logOf(done))).toEqual([]);
  });
});

describe('I1', () => {
  const said = (entries: Parameters<typeof factsOf>[0], made: Parameters<typeof logOf>[0]) =>
    messages(seen(everythingEnds(factsOf(entries)), logOf(made)));

  it('sees a job that was acknowledged and is not there', () => {
    expect(said(history, [joined('a')])).toEqual(['I1: submitJob j was acknowledged, and stands in no log']);
  });

  it('sees a job that goes on for ever', () => {
    expect(said(history, done.slice(0, 3))).toEqual(['I1: job j, queued at 2, has no end']);
  });

  it('sees a job that ends too late', () => {
    const late = [...done.slice(0, 3), { ...j.completed(1, 'a'), after: 70_000 }];
    expect(said(history, late)).toEqual(['I1: job j ended 10 s later than a minute after the last fault']);
  });

  it('waits from the end of the last fault', () => {
    const late = [...done.slice(0, 3), { ...j.completed(1, 'a'), after: 70_000 }];
    const faulty = historyOf(
      submit(50, 'j'),
      ack(250, 'j'),
      { at: 20_000, kind: 'fault', fault: 1, is: 'F01', what: 'kill', where: ['a'], ms: 0 },
      { at: 21_000, kind: 'faults-over' },
    );
    expect(said(faulty, late)).toEqual([]);
  });

  it('sees a termination that was acknowledged and did not happen', () => {
    const by = { command: 't', does: 'terminateJob', server: 's', sender: 0, id: 'j' } as const;
    const terminated = historyOf({ at: 300, kind: 'submit', ...by }, { at: 400, kind: 'ack', ...by });
    expect(said(terminated, done.slice(0, 3))).toContain(
      'I1: terminateJob t was acknowledged, and j goes on',
    );
    expect(said(terminated, done)).toEqual([]);
  });
});

describe('I6', () => {
  const said = (...entries: readonly Unbegun[]) =>
    messages(seen(oneAnswer(factsOf(historyOf(...entries))), logOf(done)));

  it('sees a yes and a no to the same command', () => {
    expect(said(submit(50, 'j'), ack(250, 'j'), refused(260, 'j', 'JobExists'))).toEqual([
      'I6: submitJob j was acknowledged, and refused (JobExists)',
    ]);
  });

  it('sees a no that had its effect', () => {
    expect(said(submit(50, 'j'), refused(260, 'j', 'JobExists'))).toEqual([
      'I6: submitJob j was refused (JobExists), and had its effect at 2',
    ]);
  });

  it('sees two jobs made by one command', () => {
    expect(said(submit(50, 'j'), ack(250, 'j'), ack(250, 'j', 'other'))).toHaveLength(1);
  });

  it('takes what is only not yet visible for a yes', () => {
    expect(said(submit(50, 'j'), refused(260, 'j', 'NotYetVisible'), ack(300, 'j'))).toEqual([]);
  });
});

describe('I11', () => {
  it('sees who was written before one whose answer he had waited for', () => {
    const log = logOf([k.queued(), j.queued()]);
    const order = historyOf(submit(0, 'j'), ack(100, 'j'), submit(101, 'k'), ack(200, 'k'));
    expect(messages(seen(realTimeOrder(factsOf(order)), log))).toEqual([
      'I11: command k stands at 1, although j at 2 was acknowledged before it was sent',
    ]);
  });

  it('allows any order of those that overlap', () => {
    const log = logOf([k.queued(), j.queued()]);
    const order = historyOf(submit(0, 'j'), submit(90, 'k'), ack(100, 'j'), ack(200, 'k'));
    expect(seen(realTimeOrder(factsOf(order)), log)).toEqual([]);
  });
});

describe('I16', () => {
  it('sees a process that works for nobody', () => {
    const stale = [{ job: 'j', attempt: 1, pid: 7 }];
    const entry = { at: 9, kind: 'processes', server: 's', resumedAt: 6, goneMs: 0 } as const;
    expect(lostAttemptsStopped(historyOf({ ...entry, stale: [] }))).toEqual([]);
    expect(messages(lostAttemptsStopped(historyOf({ ...entry, stale })))).toEqual([
      'I16: 3 s after s went on, process 7 still works on attempt 1 of job j, which was taken from it',
    ]);
  });
});

describe('the facts of a history', () => {
  const fault = { kind: 'fault', is: 'F01', what: 'kill', ms: 0 } as const;

  it('count faults that happened, and no others', () => {
    const { faults, overAt, kills } = factsOf(
      historyOf(
        { ...fault, at: 10, fault: 1, where: ['job'] },
        { ...fault, at: 20, fault: 2, where: ['job'] },
        { ...fault, at: 30, fault: 3, is: 'F02', where: ['a'], ms: 8000 },
        { at: 30, kind: 'fault-skipped', fault: 3, is: 'F02', why: 'no server' },
        { at: 40, kind: 'faults-over' },
      ),
    );
    expect([...faults]).toEqual(['F01']);
    expect(overAt).toBe(BEGIN + 40);
    expect(kills.get('job')).toBe(2);
  });

  it('know how long nothing happened that costs a server', () => {
    const gentle = { ...fault, at: 10, fault: 1, is: 'F03', where: ['a'] } as const;
    const over = { at: 20, kind: 'gentle-over' } as const;
    const rough = { ...fault, at: 30, fault: 2, where: ['a'] };
    expect(factsOf(historyOf(gentle, over, rough)).calmUntil).toBe(BEGIN + 20);
    expect(factsOf(historyOf(gentle, over)).calmUntil).toBe(Infinity);
    expect(factsOf(historyOf(rough)).calmUntil).toBe(-Infinity);
  });

  it('know whether servers only left in order', () => {
    const rolling = { ...fault, at: 10, fault: 1, is: 'F20', where: ['a'] } as const;
    expect(factsOf(historyOf(rolling)).isOrderly).toBe(true);
    expect(factsOf(historyOf(rolling, { ...fault, at: 20, fault: 2, where: ['a'] })).isOrderly).toBe(false);
  });

  it('know when the clock of the database was wrong', () => {
    const jump = { ...fault, at: 10, fault: 1, is: 'F17', where: ['postgres'] } as const;
    const back = { at: 30, kind: 'fault-end', fault: 1, is: 'F17' } as const;
    expect(factsOf(historyOf(jump, back)).wrongClock).toEqual([[BEGIN + 10, BEGIN + 30]]);
    expect(factsOf(historyOf(jump)).wrongClock).toEqual([[BEGIN + 10, Infinity]]);
  });

  it('know which jobs cannot succeed', () => {
    expect([...factsOf(historyOf(submit(1, 'm', 'memory'), submit(2, 't'))).hopeless]).toEqual(['m']);
  });
});
