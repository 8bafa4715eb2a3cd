import { beforeEach, describe, expect, it } from '@jest/globals';
import type { JobEvent } from '@openpro/jobs';
import { processUnderTest, recorder } from '@openpro/kernel/testing';
import type { LicenceEvent } from './licence.js';
import { seatAttempts } from './seat-attempts.process.js';

const granted = (attempt = 1): LicenceEvent => ({
  type: 'SeatGranted',
  kind: 'optimization',
  leaseS: 30,
  holder: `j:${attempt}`,
  user: 'ada',
  device: null,
});
const lost = (type: 'SeatExpired' | 'SeatFreed'): LicenceEvent =>
  ({
    ...{ type, kind: 'optimization', holder: 'j:1' },
    ...(type === 'SeatFreed' ? { reason: '' } : {}),
  }) as LicenceEvent;
const place = { node: 'n1', nodeEpoch: 1 };
const licence = 'gurobi';
const of = { environment: 'ROOT', owner: 'ada', app: 'a', version: '1.0.0', title: 't', licence };
const started = (attempt = 1): JobEvent => ({ type: 'JobStarted', attempt, ...place, licence });
const at = { attempt: 1, ...place };
const requeued: JobEvent = {
  type: 'JobRequeued',
  ...at,
  reason: 'drained',
  nodeLost: 0,
  ownCrash: 0,
  licence,
};
const ends: readonly JobEvent[] = [
  requeued,
  { type: 'JobFailed', of, error: { code: 'x', message: 'x' }, ...at },
  { type: 'JobCancelled', of, reason: '', ...at },
  { type: 'JobAbandoned', of, reason: '', ...at },
];

describe('seat-attempts', () => {
  let process: ReturnType<typeof processUnderTest<unknown, { id: string; command: object }>>;
  let record: ReturnType<typeof recorder>;
  const see = (event: JobEvent | LicenceEvent, time = 0) =>
    process.see(record('holder' in event ? 'licence-ROOT:gurobi' : 'job-j', event, { at: time }));
  const release = (attempt = 1) => [
    { to: 'licence', id: 'ROOT:gurobi', command: { type: 'ReleaseSeat', holder: `j:${attempt}` } },
  ];
  const givenBack = [{ to: 'job', id: 'j', command: { type: 'DrainAttempt', ...at } }];

  beforeEach(() => {
    process = processUnderTest(seatAttempts);
    record = recorder();
  });

  it.each(ends)('gives the seat back after $type', (end) => {
    see(granted());
    see(started());
    expect(process.nextTimer()).toBeUndefined(); // it runs: there is nothing to renew
    expect(see(end)).toStrictEqual(release());
    expect(process.states.size).toBe(0);
  });

  it('takes back a seat whose attempt does not start within the lease', () => {
    see(granted(), 1000);
    expect(process.advance(30_999)).toStrictEqual([]);
    expect(process.advance(31_000)).toStrictEqual([
      { to: 'licence', id: 'ROOT:gurobi', command: { type: 'ExpireSeat', holder: 'j:1' } },
    ]);
    expect(see(lost('SeatExpired'))).toStrictEqual([]);
    expect(process.states.size).toBe(0);
  });

  it.each(['SeatExpired', 'SeatFreed'] as const)('gives back an attempt that runs after %s', (type) => {
    see(granted());
    see(started());
    expect(see(lost(type))).toStrictEqual(givenBack);
    expect(see(requeued)).toStrictEqual([]);
  });

  it('gives back an attempt that starts after its lease', () => {
    expect(see(started())).toStrictEqual(givenBack);
    expect(process.states.size).toBe(0);
  });

  it('keeps the seats of two attempts apart, also when the first one’s comes late once more', () => {
    see(granted());
    see(started());
    expect(see(requeued)).toStrictEqual(release());
    see(granted(2));
    see(started(2));
    see(granted(1), 5000); // by a leader that had been asleep
    expect(see({ type: 'JobCancelled', of, reason: '', ...at, attempt: 2 })).toStrictEqual(release(2));
    expect(process.advance(35_000)).toMatchObject([{ command: { type: 'ExpireSeat', holder: 'j:1' } }]);
  });

  it('has nothing to do with jobs that need no licence, nor with sessions', () => {
    const { licence: _, ...plain } = of;
    see({ type: 'JobStarted', attempt: 1, ...place });
    see({ type: 'JobCancelled', of: plain, reason: '', ...at });
    see({ type: 'JobCancelled', of, reason: '', attempt: null, node: null, nodeEpoch: null });
    see({ type: 'SeatGranted', kind: 'data', leaseS: 30, holder: 's', user: 'ada', device: 'd' });
    expect(process.states.size).toBe(0);
  });
});
