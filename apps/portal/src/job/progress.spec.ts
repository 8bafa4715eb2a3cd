import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { eventDetails, eventTitle, keepTail, mergePoints, thin } from './progress.js';

const point = (elapsed: number, at = 1000 + elapsed) => ({ elapsed, at });

describe('points of progress', () => {
  it('that were read and pushed count once, in order', () =>
    expect(mergePoints([point(1), point(2)], [point(3), point(2)], 0).map(({ elapsed }) => elapsed)).toEqual([
      1, 2, 3,
    ]));

  it('of an earlier attempt are left out', () =>
    expect(mergePoints([point(9, 500)], [point(1, 2000)], 1500).map(({ elapsed }) => elapsed)).toEqual([1]));

  it('become fewer, but never lose the newest half', () =>
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 2, max: 20 }), (length, limit) => {
        const points = Array.from({ length }, (_, index) => index);
        const kept = thin(points, limit);
        expect(kept.slice(-Math.ceil(length / 2))).toEqual(points.slice(length - Math.ceil(length / 2)));
        expect(kept.length).toBeLessThanOrEqual(Math.max(limit, Math.ceil(length * 0.75)));
      }),
    ));
});

describe('a long log', () => {
  it('keeps its end, from the start of a line', () =>
    expect(keepTail('one\ntwo\nthree\n', 9)).toBe('three\n'));
  it('keeps the end of an endless line', () => expect(keepTail('x'.repeat(20), 5)).toBe('xxxxx'));
  it('is kept whole while it is short', () => expect(keepTail('one\n', 100)).toBe('one\n'));
});

describe('an event of the timeline', () => {
  it.each([
    ['jobs.JobStarted', 'Started'],
    ['JobRequeued', 'Put back into the queue'],
    ['jobs.JobTimeLimitReached', 'Time Limit Reached'],
  ])('%s is "%s"', (type, title) => expect(eventTitle(type)).toBe(title));

  it('shows the facts a person asks for', () => {
    expect(
      eventDetails({ attempt: 2, node: 'n1', secret: 'x', reason: { deep: 1 } }, (id) => `server ${id}`),
    ).toBe('attempt 2 · on server n1');
    expect([eventDetails(null), eventDetails('text')]).toEqual(['', '']);
  });
});
