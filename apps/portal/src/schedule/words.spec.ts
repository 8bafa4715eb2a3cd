import { expect, it } from '@jest/globals';
import { draftOf, type Draft, eventDetail, eventTitle, whenOf, whenText } from './words.js';

const none = { at: null, in: null, cron: null, zone: null };
const empty: Draft = { kind: 'cron', at: '', minutes: '', cron: '', zone: 'UTC' };

it.each([
  [{ ...none, cron: '0 6 * * *', zone: 'UTC' }, '0 6 * * * in UTC'],
  [{ ...none, at: '2027-03-01T06:00', zone: 'UTC' }, 'once, at 2027-03-01 06:00 in UTC'],
  [{ ...none, in: 5400 }, 'once, 1 h 30 min after it was asked for'],
])('says when: %j', (when, text) => expect(whenText(when)).toBe(text));

it.each<[Draft, object | null]>([
  [empty, null],
  [
    { ...empty, cron: ' 0 6 * * * ' },
    { cron: '0 6 * * *', zone: 'UTC' },
  ],
  [{ ...empty, kind: 'at' }, null],
  [
    { ...empty, kind: 'at', at: '2027-03-01T06:00' },
    { at: '2027-03-01T06:00', zone: 'UTC' },
  ],
  [{ ...empty, kind: 'in' }, null],
  [{ ...empty, kind: 'in', minutes: 1.5 }, { in: 90 }],
])('asks for what the form says: %j', (draft, when) => expect(whenOf(draft)).toEqual(when));

it.each([
  { ...none, cron: '0 6 * * *', zone: 'UTC' },
  { ...none, at: '2027-03-01T06:00', zone: 'UTC' },
  { ...none, in: 5400 },
])('is changed from what it was: %j', (when) => {
  const { zone, ...rest } = { ...none, ...whenOf(draftOf(when, 'UTC')) };
  expect(rest).toEqual({ at: when.at, in: when.in, cron: when.cron });
  expect(zone).toBe(when.zone);
});

it.each([
  ['RunSkipped', { why: 'away', count: 3 }, 'No run', '3 times: away'],
  ['RunSkipped', { why: 'away', count: 1 }, 'No run', 'away'],
  ['SchedulePaused', { reason: 'holiday' }, 'Paused', 'holiday'],
  ['RunEnded', { outcome: 'completed' }, 'Run ended', 'completed'],
  ['SomethingNew', {}, 'SomethingNew', ''],
])('tells %s', (type, data, title, detail) =>
  expect([eventTitle(type), eventDetail(data)]).toEqual([title, detail]),
);
