import { describe, expect, it } from '@jest/globals';
import type { LicenceEvent } from '@openpro/licensing';
import { project, recorder } from '@openpro/kernel/testing';
import fc from 'fast-check';
import type { SessionEvent } from './session.js';
import { sessionList, type SessionRow } from './session-list.projection.js';
import { sessionWait } from './session-wait.js';

const SEAT = 'seat of Planning';
const id = 's1';
const place = { node: 'n1', nodeEpoch: 1 };
type Happened = readonly [at: number, event: SessionEvent | LicenceEvent];

const requested = (licence?: string): Happened => [
  1000,
  {
    type: 'SessionRequested',
    environment: 'ROOT',
    owner: 'ada',
    app: { name: 'cutting', version: '1.0.0', digest: 'a' },
    engine: { name: 'model-ts', version: '1.2.3', digest: 'e' },
    ...(licence === undefined ? {} : { licence }),
  },
];
const granted = (at: number, change: object = {}): Happened => [
  at,
  { type: 'SeatGranted', kind: 'data', holder: id, user: 'ada', device: 'd', leaseS: 60, ...change },
];
const placed = (at: number): Happened => [at, { type: 'SessionPlaced', ...place }];
const ready = (
  at: number,
  steps = [
    { name: 'packages', ms: 2000 },
    { name: 'app', ms: 2900 },
  ],
): Happened => [at, { type: 'SessionReady', ...place, steps }];
const ended = (at: number): Happened => [at, { type: 'SessionEnded', reason: 'closed' }];

const row = (...log: readonly Happened[]): SessionRow => {
  const record = recorder();
  const of = ({ type }: Happened[1]) => (type === 'SeatGranted' ? 'licence-ROOT:planning' : `session-${id}`);
  return project(
    sessionList,
    log.map(([at, event]) => record(of(event), event, { at })),
  ).get(id)!;
};
const wait = (...log: readonly Happened[]) => sessionWait(row(...log), SEAT);

describe('the wait of a session', () => {
  it('is made up of its seat, its server, its packages and its opening', () =>
    expect(wait(requested('planning'), granted(111_000), placed(124_000), ready(127_000))).toStrictEqual({
      [SEAT]: 110_000,
      server: 13_000,
      'engine and app': 2000,
      opening: 1000,
    }));

  it('has no seat in it where the app needs none', () =>
    expect(wait(requested(), placed(3000), ready(6000))).toStrictEqual({
      server: 2000,
      'engine and app': 2000,
      opening: 1000,
    }));

  it('is known as far as it is over', () => {
    expect(wait(requested('planning'))).toStrictEqual({});
    expect(wait(requested('planning'), granted(5000))).toStrictEqual({ [SEAT]: 4000 });
    expect(wait(requested('planning'), granted(5000), placed(6000))).toStrictEqual({
      [SEAT]: 4000,
      server: 1000,
    });
  });

  it('ends with the session, in whatever it waited for then', () => {
    expect(wait(requested('planning'), ended(9000))).toStrictEqual({ [SEAT]: 8000 });
    expect(wait(requested('planning'), granted(5000), ended(9000))).toStrictEqual({
      [SEAT]: 4000,
      server: 4000,
    });
    expect(wait(requested(), placed(3000), ended(4000))).toStrictEqual({ server: 2000, opening: 1000 });
  });

  it('counts no seat that comes when it is over, nor that of an attempt', () => {
    expect(row(requested('planning'), ended(9000), granted(9500)).seated_at).toBeNull();
    expect(row(requested('planning'), granted(9500, { kind: 'optimization' })).seated_at).toBeNull();
  });

  it('is as long as from the request until it was open, whatever the parts', () =>
    fc.assert(
      fc.property(fc.array(fc.nat(1_000_000), { minLength: 4, maxLength: 4 }), ([a, b, c, d]) => {
        const seat = 1000 + a!;
        const server = seat + b!;
        const open = server + c! + d!;
        const steps = [{ name: 'packages', ms: c! }];
        const parts = wait(requested('planning'), granted(seat), placed(server), ready(open, steps));
        expect(Object.values(parts).reduce((sum, ms) => sum + ms, 0)).toBe(open - 1000);
      }),
    ));
});
