import { beforeEach, describe, expect, it } from '@jest/globals';
import { processUnderTest, recorder } from '@openpro/kernel/testing';
import type { SessionEvent } from '@openpro/sessions';
import type { LicenceEvent } from './licence.js';
import { seatSessions } from './seat-sessions.process.js';

const requested: SessionEvent = {
  type: 'SessionRequested',
  environment: 'ROOT',
  owner: 'ada',
  app: { name: 'cutting', version: '1.0.0', digest: 'a' },
  engine: { name: 'model-ts', version: '1.2.3', digest: 'e' },
  licence: 'gurobi',
  device: 'desk',
};
const who = { holder: 's', user: 'ada', device: 'desk' };
const queued: LicenceEvent = { type: 'SeatQueued', kind: 'data', holdS: 60, ...who };
const granted: LicenceEvent = { type: 'SeatGranted', kind: 'data', leaseS: 60, ...who };
const attached: SessionEvent = { type: 'SessionAttached' };
const detached: SessionEvent = { type: 'SessionDetached' };
const ended: SessionEvent = { type: 'SessionEnded', reason: 'closed' };
const leftLine = (reason: 'left' | 'ended' | 'not-allowed' | 'line-full'): LicenceEvent => ({
  type: 'LineLeft',
  kind: 'data',
  holder: 's',
  reason,
});

describe('seat-sessions', () => {
  let process: ReturnType<typeof processUnderTest<unknown, { id: string; command: object }>>;
  let record: ReturnType<typeof recorder>;
  const see = (event: SessionEvent | LicenceEvent, at = 0) =>
    process.see(record('kind' in event ? 'licence-ROOT:gurobi' : 'session-s', event, { at }));
  const request = {
    to: 'licence',
    id: 'ROOT:gurobi',
    command: { type: 'RequestSeat', kind: 'data', ...who },
  };
  const release = { to: 'licence', id: 'ROOT:gurobi', command: { type: 'ReleaseSeat', holder: 's' } };
  const ends = (reason: string, message: string) => [
    {
      to: 'session',
      id: 's',
      command: { type: 'EndSession', reason, message: expect.stringContaining(message) as unknown },
    },
  ];

  beforeEach(() => {
    process = processUnderTest(seatSessions);
    record = recorder();
  });

  it('asks for a seat, and gives it back at the end, whatever ends the session', () => {
    expect(see(requested)).toStrictEqual([request]);
    expect(see(granted)).toStrictEqual([]);
    expect(see(ended)).toStrictEqual([release]);
    expect(process.states.size).toBe(0);
  });

  it('gives up the place of a session that ends while it waits', () => {
    see(requested);
    see(queued);
    expect(see(ended)).toStrictEqual([release]);
    expect(see(leftLine('ended'))).toStrictEqual([]);
    expect(process.nextTimer()).toBeUndefined();
  });

  it('has nothing to do with sessions that need no licence, nor with attempts', () => {
    const { licence: _, ...plain } = requested as SessionEvent & { licence: string };
    for (const event of [plain as SessionEvent, attached, detached, ended])
      expect(see(event)).toStrictEqual([]);
    expect(see({ ...granted, kind: 'optimization', holder: 'job:1', device: null })).toStrictEqual([]);
    expect(process.states.size).toBe(0);
  });

  it('gives back a seat that came when the session was over', () => {
    expect(see(granted)).toStrictEqual([release]);
    expect(see(queued)).toStrictEqual([]);
    expect(see({ type: 'SeatFreed', kind: 'data', holder: 's', reason: '' })).toStrictEqual([]);
  });

  it('holds the place of somebody who does not look for a while, and no longer', () => {
    see(requested, 100);
    see(queued, 200);
    expect(process.nextTimer()).toBe(60_200);
    see(attached, 300);
    expect(process.nextTimer()).toBeUndefined();
    see(detached, 400);
    expect(process.nextTimer()).toBe(60_400);
    expect(process.advance(60_400)).toStrictEqual(ends('left-line', 'Nobody looked at it for 60 s'));
  });

  it('holds the place of who looked before he stood in the line', () => {
    see(requested);
    see(attached);
    see(queued);
    expect(process.nextTimer()).toBeUndefined();
  });

  it('asks nobody to look once the seat is there', () => {
    see(requested);
    see(queued);
    see(granted);
    see(detached);
    expect(process.nextTimer()).toBeUndefined();
  });

  it.each([
    ['left', 'left the line'],
    ['not-allowed', 'ask an administrator'],
    ['line-full', 'Too many'],
  ] as const)('ends a session that lost its place: %s', (reason, words) => {
    see(requested);
    see(queued);
    expect(see(leftLine(reason))).toStrictEqual(ends('left-line', words));
    expect(process.nextTimer()).toBeUndefined();
  });

  it('ends a session whose seat was freed, with the reason', () => {
    see(requested);
    see(granted);
    expect(see({ type: 'SeatFreed', kind: 'data', holder: 's', reason: 'holiday' })).toStrictEqual(
      ends('seat-freed', 'gurobi: holiday'),
    );
    expect(see(ended)).toStrictEqual([release]); // it holds nothing any more: nothing happens there
  });
});
