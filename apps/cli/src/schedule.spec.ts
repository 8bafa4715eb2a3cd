import { describe, expect, it } from '@jest/globals';
import { cliForSuite, type Ended } from './cli.testing.js';

const { serve, ...cli } = cliForSuite();
const run = (...args: string[]): Promise<Ended> => cli.start(['schedule', ...args]).ended;

const ID = '0198c0de-0000-7000-8000-000000000001';
const TIMES = [{ at: 0, text: 'Mon, 29 Mar 2027, 06:30', note: 'the clocks go forward' }];
const schedule = (changes: object = {}) => ({
  __typename: 'Schedule',
  id: ID,
  name: 'nightly',
  app: { id: 'cutting:1.0.0' },
  procedure: 'solve',
  description: '',
  owner: { name: 'Ada' },
  cron: '30 6 * * *',
  zone: 'Europe/Amsterdam',
  overlap: 'SKIP',
  missed: 'ALL',
  atMost: 3,
  state: 'ACTIVE',
  next: TIMES,
  ...changes,
});

/** What is sent to change this one. */
const changing = async (before: object, ...options: string[]): Promise<unknown> => {
  const found = { nodes: [], pageInfo: { hasNextPage: false } };
  const fake = await serve({ schedule: () => before, jobs: () => found, changeSchedule: () => schedule() });
  const { code, stderr } = await run('change', ID, ...options);
  expect([code, stderr]).toEqual([0, '']);
  return fake.callsOf('ChangeSchedule')[0]?.variables['terms'];
};

describe('a schedule', () => {
  it('is changed in what is given, and stays in the rest', async () =>
    expect(await changing(schedule(), '--overlap', 'queue', '--name', 'daily')).toEqual({
      name: 'daily',
      when: { at: null, in: null, cron: '30 6 * * *', zone: 'Europe/Amsterdam' },
      overlap: 'QUEUE',
      missed: 'ALL',
      atMost: 3,
    }));

  it('is given another time in the zone that it has', async () =>
    expect(await changing(schedule(), '--at', '2027-03-01T06:00')).toMatchObject({
      when: { at: '2027-03-01T06:00', zone: 'Europe/Amsterdam' },
    }));

  it('is given a time in the zone of this computer where it had none', async () => {
    const { timeZone: zone } = Intl.DateTimeFormat().resolvedOptions();
    const before = schedule({ cron: null, zone: null, in: 60 });
    expect(await changing(before, '--cron', '0 * * * *')).toMatchObject({
      when: { cron: '0 * * * *', zone },
    });
  });

  it('keeps the time that was asked for in a while', async () => {
    const before = schedule({ cron: null, zone: null, in: 60 });
    expect(await changing(before, '--name', 'soon')).toMatchObject({
      when: { at: null, in: 60, cron: null, zone: null },
    });
  });

  it('that there is not is not changed', async () => {
    const found = { nodes: [], pageInfo: { hasNextPage: false } };
    const fake = await serve({ schedule: () => null, jobs: () => found });
    expect((await run('change', ID, '--name', 'x')).code).toBe(4);
    expect((await run('change', ID, '--overlap', 'maybe')).code).toBe(2);
    expect(fake.callsOf('ChangeSchedule')).toEqual([]);
  });

  it('says when it would run before it is made', async () => {
    const fake = await serve({ dueTimes: () => TIMES });
    const { stdout } = await run('next', '--cron', '30 6 * * *', '--zone', 'UTC', '--count', '1');
    expect(stdout).toBe('  Mon, 29 Mar 2027, 06:30   (the clocks go forward)\n');
    expect(fake.callsOf('DueTimes')).toMatchObject([
      { variables: { when: { cron: '30 6 * * *', zone: 'UTC' }, count: 1 } },
    ]);
  });
});
