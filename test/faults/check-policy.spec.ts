import { describe, expect, it } from '@jest/globals';
import { limitsKept, schedulesKept, seatsKept, sessionsEnd } from './check-policy.js';
import type { Content } from './log-event.js';
import { logOf, type Made, messages, seen } from './made-log.fixture.js';

const made = (stream: string, type: string, more: Partial<Content> = {}): Made => ({
  stream,
  event: { type, ...more },
});
const queued = (id: string, more: Partial<Content> = {}) =>
  made(`job-${id}`, 'JobQueued', { owner: 'ada', ...more });
const started = (id: string, attempt = 1) => made(`job-${id}`, 'JobStarted', { attempt });
const ended = (id: string) => made(`job-${id}`, 'JobCompleted', { attempt: 1 });
const policy = (running: number, capacity: number) =>
  made('queue-policy', 'QueuePolicySet', {
    policy: {
      limits: [{ per: 'user', pattern: '*', running }],
      profiles: [{ name: 'narrow', capacity }],
    },
  });

describe('I12 of limits and profiles', () => {
  it('sees a job too many of a user, and of a profile', () => {
    const jobs = ['a', 'b', 'c'].flatMap((id) => [queued(id, { profile: 'narrow' }), started(id)]);
    expect(messages(seen(limitsKept(), logOf([policy(2, 9), ...jobs])))).toEqual([
      'I12: user ada has 3 jobs running at 7, and may have 2',
    ]);
    expect(messages(seen(limitsKept(), logOf([policy(9, 1), ...jobs])))).toEqual([
      'I12: profile narrow has 2 jobs running at 5, and may have 1',
      'I12: profile narrow has 3 jobs running at 7, and may have 1',
    ]);
  });

  it('knows that a place is free again, and that a smaller policy ends nothing', () => {
    const log = [
      policy(1, 1),
      queued('a'),
      queued('b'),
      started('a'),
      ended('a'),
      started('b'),
      policy(0, 0),
    ];
    expect(seen(limitsKept(), logOf(log))).toEqual([]);
  });

  it('lets a decision be a moment older than the policy', () => {
    const log = [policy(2, 2), queued('a'), queued('b'), started('a'), policy(1, 1), started('b')];
    expect(seen(limitsKept(), logOf(log))).toEqual([]);
  });
});

const seats = (optimizationSeats: number, dataSeats = 1) =>
  made('licence-ROOT:solver', 'LicenceDefined', { optimizationSeats, dataSeats });
const seat = (type: string, holder: string, more: Partial<Content> = {}) =>
  made('licence-ROOT:solver', type, { kind: 'optimization', holder, ...more });
const licensed = (id: string) => queued(id, { licence: 'solver' });

describe('I12 of seats', () => {
  it('sees a seat too many', () => {
    const log = [seats(1), seat('SeatGranted', 'a:1'), seat('SeatGranted', 'b:1')];
    expect(messages(seen(seatsKept(), logOf(log)))).toContain(
      'I12: ROOT:solver optimization has 2 seats taken of 1 at 3',
    );
  });

  it('counts sessions of one user on one device once', () => {
    const data = (holder: string, device: string) =>
      seat('SeatGranted', holder, { kind: 'data', user: 'ada', device });
    expect(seen(seatsKept(), logOf([seats(1), data('s', 'd'), data('t', 'd')]))).toEqual([]);
    expect(seen(seatsKept(), logOf([seats(1), data('s', 'd'), data('t', 'e')]))).toHaveLength(1);
  });

  it('sees an attempt without a seat, and a seat that outlived its attempt', () => {
    expect(messages(seen(seatsKept(), logOf([seats(1), licensed('a'), started('a')])))).toEqual([
      'I12: a:1 is started at 3 without a seat',
    ]);
    const kept = [seats(1), licensed('a'), seat('SeatGranted', 'a:1'), started('a'), ended('a')];
    expect(messages(seen(seatsKept(), logOf(kept)))).toEqual([
      'I12: a:1 has ended, and still has its seat of ROOT:solver optimization',
    ]);
    expect(seen(seatsKept(), logOf([...kept, seat('SeatReleased', 'a:1')]))).toEqual([]);
  });
});

describe('I15 of schedules', () => {
  const fired = (job: string, due: number) => made('schedule-s', 'ScheduleFired', { job, due });

  it('sees a time that was met twice, and a run that never came', () =>
    expect(messages(seen(schedulesKept(), logOf([fired('a', 60), queued('a'), fired('b', 60)])))).toEqual([
      'I15: schedule-s at 60 was met twice, the second time at 3',
      'I15: job b, fired at 3, was never queued',
    ]));

  it('says nothing of a run at each time', () =>
    expect(seen(schedulesKept(), logOf([fired('a', 60), queued('a'), fired('b', 120), queued('b')]))).toEqual(
      [],
    ));
});

describe('I20', () => {
  const requested = made('session-s', 'SessionRequested');
  const over = made('session-s', 'SessionEnded', { reason: 'closed' });

  it('sees a session without an end, and one with two', () => {
    expect(messages(seen(sessionsEnd(), logOf([requested])))).toEqual([
      'I20: session-s, asked for at 1, has no end',
    ]);
    expect(seen(sessionsEnd(), logOf([requested, over, over]))).toHaveLength(1);
    expect(seen(sessionsEnd(), logOf([requested, over]))).toEqual([]);
  });
});
