import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { OwnQuota } from './policy-index.js';
import { QuotaHistory, QuotaViolation } from './quota-histories.fixture.js';
import {
  admission,
  type AdmissionStep,
  behind,
  type Granted,
  granted,
  grantedByAll,
  type groupsWhile,
  spent,
} from './quotas.js';

const ada: OwnQuota = { per: 'user', name: 'ada', jobs: 3, coreHours: 5 };
const planners: OwnQuota = { per: 'group', name: 'planners', jobs: 10, coreHours: Infinity };

/** The steps of it, and its answer, where the lists are seen or not and so many jobs are found. */
const admitted = (quotas: readonly OwnQuota[], asked: number, open: number, seen = true) => {
  const took: AdmissionStep[] = [];
  const steps = admission(quotas, asked);
  let step = steps.next();
  while (!step.done) {
    took.push(step.value);
    step = steps.next((step.value.is === 'count' ? step.value.quotas.map(() => open) : seen) as never);
  }
  return { took, answer: step.value };
};

describe('a quota', () => {
  it('grants what there is room for, and says why not all', () => {
    expect(granted(ada, 1, 2)).toEqual({ jobs: 2 });
    expect(granted(ada, 3, 1)).toEqual({
      jobs: 0,
      why: {
        refused: 'QuotaExceeded',
        message: 'User ada has 3 jobs waiting or running, and may have 3: wait until some have ended',
        field: 'jobs',
        limit: '3 jobs',
      },
    });
    expect(granted(planners, 9, 5)).toMatchObject({
      jobs: 1,
      why: {
        message: 'Group planners has 9 jobs waiting or running, and may have 10: there is room for 1 more',
      },
    });
    expect(granted({ ...ada, jobs: Infinity }, 1e9, 1e9)).toEqual({ jobs: 1e9 });
  });

  it('never grants more than there is room for, nor less, however much more there is than it allows', () =>
    fc.assert(
      fc.property(fc.nat(50), fc.nat(50), fc.nat(50), (most, open, asked) => {
        const { jobs, why } = granted({ ...ada, jobs: most }, open, asked);
        expect(jobs).toBe(Math.min(asked, Math.max(0, most - open)));
        expect(why === undefined).toBe(jobs === asked);
      }),
    ));

  it('refuses who has used his core-hours', () => {
    expect(spent(ada, 4.9)).toBeUndefined();
    expect(spent(ada, 5.0001)).toMatchObject({
      refused: 'QuotaExceeded',
      message:
        'User ada has used 5 core-hours this month, and may use 5: wait for the next one, or ask an administrator',
      field: 'coreHours',
      limit: '5 core-hours',
    });
    expect(spent(planners, 1e9)).toBeUndefined();
  });
});

describe('an admission', () => {
  it('locks in the same order for everybody, then sees all that is in the log, then counts', () => {
    const { took, answer } = admitted([ada, planners], 2, 1);
    expect(took).toEqual([
      { is: 'lock', quotas: [planners, ada] },
      { is: 'see' },
      { is: 'count', quotas: [ada, planners] },
    ]);
    expect(answer).toEqual({ jobs: 2 });
  });

  it('grants what the tightest of its quotas does', () => {
    expect(admitted([planners, ada], 8, 2).answer).toMatchObject({ jobs: 1, why: { limit: '3 jobs' } });
    expect(admitted([planners, ada], 2, 10).answer).toMatchObject({ jobs: 0, why: { limit: '10 jobs' } });
  });

  it('grants nothing where nobody knows', () => {
    const { took, answer } = admitted([ada], 1, 0, false);
    expect(took.at(-1)).toEqual({ is: 'see' });
    expect(answer).toBe(behind);
    expect(behind.why).toMatchObject({ refused: 'CountBehind', field: 'jobs', limit: 'a count within 15 s' });
  });
});

describe('four servers that admit at once', () => {
  const SEEDS = 500;
  const STEPS = 160;

  it('pass no quota, refuse nothing that there is room for, and never wait for each other', () => {
    let [grants, refusals, deaths, retries] = [0, 0, 0, 0];
    for (let seed = 1; seed <= SEEDS; seed++)
      try {
        const { granted, refused, killed, retried } = new QuotaHistory(seed).run(STEPS);
        [grants, refusals, deaths] = [grants + granted, refusals + refused, deaths + killed];
        retries += retried;
      } catch (error) {
        throw new Error(`Seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
    expect(grants).toBeGreaterThan(SEEDS);
    expect(refusals).toBeGreaterThan(SEEDS);
    expect(deaths).toBeGreaterThan(SEEDS / 4);
    expect(retries).toBeGreaterThan(SEEDS / 4);
  });

  type Steps = readonly AdmissionStep[];
  /** The steps of the real one, changed as somebody might by mistake. */
  const mistaken = (change: (steps: Steps) => Steps): typeof admission =>
    function* (quotas, asked) {
      let least: Granted = { jobs: asked };
      for (const step of change(admitted(quotas, 0, 0).took)) {
        const answer: unknown = yield step;
        if (step.is === 'see' && !answer) return behind;
        if (step.is === 'count') least = grantedByAll(step.quotas, answer as number[], asked);
      }
      return least;
    };
  const violation = (...changed: [typeof admission, typeof groupsWhile?]): string => {
    for (let seed = 1; seed <= SEEDS; seed++)
      try {
        new QuotaHistory(seed, ...changed).run(STEPS);
      } catch (error) {
        if (error instanceof QuotaViolation) return error.message;
        throw error;
      }
    return 'none';
  };
  const only = (steps: Steps, ...kinds: readonly AdmissionStep['is'][]) =>
    steps.filter(({ is }) => kinds.includes(is));
  const changed = (
    steps: Steps,
    kind: 'lock' | 'count',
    change: (quotas: readonly OwnQuota[]) => readonly OwnQuota[],
  ): Steps => steps.map((step) => (step.is === kind ? { ...step, quotas: change(step.quotas) } : step));
  let turn = 0;

  it.each<[string, (steps: Steps) => Steps, RegExp]>([
    [
      'counts before it locks',
      (steps) => [...only(steps, 'see', 'count'), ...only(steps, 'lock')],
      /may have/,
    ],
    [
      'sees the lists before it locks',
      (steps) => [{ is: 'see' }, ...only(steps, 'lock', 'count')],
      /may have/,
    ],
    ['does not wait for the lists', (steps) => only(steps, 'lock', 'count'), /may have/],
    ['does not lock', (steps) => only(steps, 'see', 'count'), /may have/],
    ['forgets a quota', (steps) => changed(steps, 'count', (quotas) => quotas.slice(0, -1)), /may have/],
    ['forgets a lock', (steps) => changed(steps, 'lock', (quotas) => quotas.slice(1)), /may have/],
    [
      'locks now in this order and now in that',
      (steps) => changed(steps, 'lock', (quotas) => (turn++ % 2 ? quotas : [...quotas].reverse())),
      /wait for each other/,
    ],
  ])('one that %s is found out', (_what, change, found) =>
    expect(violation(mistaken(change))).toMatch(found),
  );

  it('one that forgets the groups of what a batch or a schedule has going on is found out', () =>
    expect(violation(admission, (_goesOn, _before, now) => now)).toMatch(/are counted|may have/));

  it('and one without a mistake is not', () => expect(violation(mistaken((steps) => steps))).toBe('none'));
});
