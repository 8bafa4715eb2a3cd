import { describe, expect, it } from '@jest/globals';
import { isRefusal } from '@openpro/kernel';
import fc from 'fast-check';
import { dueTimes, nextAfter, preview, type When, type whenOf, wrongWhen } from './recurrence.js';

const ms = (text: string): number => Date.parse(text);
const daily = (cron: string, zone: string): When => ({ cron, zone });

/** The next times as instants, each with the note's reason: gap, first of two, both of two. */
const times = (when: When, after: string, count: number): readonly string[] =>
  dueTimes(when, ms(after), ms(after), count).map(({ at, note }) => {
    const why = note === null ? '' : / (left out|first time only|both times)/.exec(note)?.[0];
    return new Date(at).toISOString().replace(':00.000Z', 'Z') + (why ?? ' ?');
  });

describe('a time of the day on the days that the clock is changed', () => {
  it.each<[string, When, string, readonly string[]]>([
    [
      'forward in Amsterdam: 02:30 is left out, and it runs at 03:00',
      daily('30 2 * * *', 'Europe/Amsterdam'),
      '2026-03-27T12:00Z',
      ['2026-03-28T01:30Z', '2026-03-29T01:00Z left out', '2026-03-30T00:30Z'],
    ],
    [
      'back in Amsterdam: 02:30 comes twice, and it runs at the first',
      daily('30 2 * * *', 'Europe/Amsterdam'),
      '2026-10-23T12:00Z',
      ['2026-10-24T00:30Z', '2026-10-25T00:30Z first time only', '2026-10-26T01:30Z'],
    ],
    [
      'forward in New York: 02:30 is left out, and it runs at 03:00',
      daily('30 2 * * *', 'America/New_York'),
      '2026-03-06T12:00Z',
      ['2026-03-07T07:30Z', '2026-03-08T07:00Z left out', '2026-03-09T06:30Z'],
    ],
    [
      'back in New York: 01:30 comes twice, and it runs at the first',
      daily('30 1 * * *', 'America/New_York'),
      '2026-10-30T12:00Z',
      ['2026-10-31T05:30Z', '2026-11-01T05:30Z first time only', '2026-11-02T06:30Z'],
    ],
    [
      'at several hours, of which one is left out and one follows: once',
      daily('0 2,3 * * *', 'Europe/Amsterdam'),
      '2026-03-28T12:00Z',
      ['2026-03-29T01:00Z', '2026-03-30T00:00Z', '2026-03-30T01:00Z'],
    ],
    [
      'every half hour: each that there is, forward',
      daily('*/30 * * * *', 'Europe/Amsterdam'),
      '2026-03-29T00:10Z',
      ['2026-03-29T00:30Z', '2026-03-29T01:00Z', '2026-03-29T01:30Z'],
    ],
    [
      'every half hour: each that there is, back',
      daily('*/30 * * * *', 'America/New_York'),
      '2026-11-01T04:40Z',
      [
        '2026-11-01T05:00Z both times',
        '2026-11-01T05:30Z both times',
        '2026-11-01T06:00Z both times',
        '2026-11-01T06:30Z both times',
        '2026-11-01T07:00Z',
      ],
    ],
  ])('%s', (_what, when, after, expected) =>
    expect(times(when, after, expected.length)).toStrictEqual(expected),
  );

  it('does not run at the second of the two when the first has passed', () =>
    expect(times({ cron: '30 2 * * *', zone: 'Europe/Amsterdam' }, '2026-10-25T00:45Z', 1)).toStrictEqual([
      '2026-10-26T01:30Z',
    ]));

  it('shows them as the clocks of the zone do', () =>
    expect(
      dueTimes(daily('30 2 * * *', 'Europe/Amsterdam'), 0, ms('2026-03-28T12:00Z'), 2).map(
        ({ text }) => text,
      ),
    ).toStrictEqual(['Sun, 29 Mar 2026, 03:00 GMT+2', 'Mon, 30 Mar 2026, 02:30 GMT+2']));
});

describe('a date', () => {
  const now = ms('2026-01-15T12:00Z');
  it.each<[string, string, string]>([
    ['2026-03-01T06:00', 'Europe/Amsterdam', '2026-03-01T05:00Z'],
    ['2026-08-01 06:00:30', 'Europe/Amsterdam', '2026-08-01T04:00:30.000Z'],
    ['2026-03-01T06:00Z', 'Europe/Amsterdam', '2026-03-01T06:00Z'],
    ['2026-03-01T06:00-05:30', 'UTC', '2026-03-01T11:30Z'],
    ['2026-10-25T02:30', 'Europe/Amsterdam', '2026-10-25T00:30Z first time only'],
    ['2026-10-25T02:30+01:00', 'Europe/Amsterdam', '2026-10-25T01:30Z'],
    ['2026-11-01T01:30', 'America/New_York', '2026-11-01T05:30Z first time only'],
    ['2028-02-29T00:00', 'UTC', '2028-02-29T00:00Z'],
  ])('%s in %s is %s', (at, zone, expected) => {
    expect(wrongWhen({ at, zone }, now)).toBeUndefined();
    expect(times({ at, zone }, '2026-01-15T12:00Z', 2)).toStrictEqual([expected]);
  });

  it('in a while counts from when it was asked for', () =>
    expect(nextAfter({ in: 90.5 }, 1000, 1000)).toBe(91_500));
});

describe('is refused, with field, problem and limit:', () => {
  const now = ms('2026-01-15T12:00Z');
  it.each<[string, Parameters<typeof whenOf>[0], string, RegExp, RegExp]>([
    ['nothing', {}, 'when', /not 0/, /one of at, in and cron/],
    ['two ways at once', { in: 5, cron: '* * * * *', zone: 'UTC' }, 'when', /not 2/, /one of/],
    ['no zone', { cron: '* * * * *' }, 'zone', /which time zone/, /Europe\/Amsterdam/],
    ['a date without a zone', { at: '2027-01-01T00:00' }, 'zone', /which time zone/, /UTC/],
    ['an unknown zone', { cron: '* * * * *', zone: 'Mars/Base' }, 'zone', /no time zone "Mars/, /name of/],
    ['an offset as a zone', { cron: '* * * * *', zone: '+02:00' }, 'zone', /no time zone/, /name of/],
    ['a wrong date', { at: '2026-02-30T00:00', zone: 'UTC' }, 'at', /no date and time that exists/, /like/],
    ['day 0', { at: '2026-03-00T00:00', zone: 'UTC' }, 'at', /no date and time/, /like/],
    ['month 13', { at: '2026-13-01T00:00', zone: 'UTC' }, 'at', /no date and time/, /like/],
    ['month 0', { at: '2027-00-01T00:00', zone: 'UTC' }, 'at', /no date and time/, /like/],
    ['an offset of no zone', { at: '2026-03-01T00:00+99:99', zone: 'UTC' }, 'at', /no date and/, /like/],
    ['a wrong hour', { at: '2026-02-03T24:00', zone: 'UTC' }, 'at', /no date and time/, /like/],
    ['another form', { at: 'tomorrow', zone: 'UTC' }, 'at', /"tomorrow" is no date/, /2027-03-01T06:00/],
    [
      'a past date',
      { at: '2026-01-15T11:59Z' },
      'at',
      /Thu, 15 Jan 2026, 11:59 GMT\+0 is in the past/,
      /after Thu/,
    ],
    ['the year 9999', { at: '9999-01-01T00:00', zone: 'UTC' }, 'at', /too far ahead/, /10 years/],
    [
      'an hour that is left out in Amsterdam',
      { at: '2026-03-29T02:30', zone: 'Europe/Amsterdam' },
      'at',
      /left out in Europe\/Amsterdam.*called Sun, 29 Mar 2026, 03:30 GMT\+2/,
      /clocks of the zone/,
    ],
    [
      'an hour that is left out in New York',
      { at: '2026-03-08T02:30', zone: 'America/New_York' },
      'at',
      /called Sun, 8 Mar 2026, 03:30 GMT-4/,
      /clocks/,
    ],
    ['no time at all', { in: 0 }, 'in', /in is 0/, /from 1 to 315360000 seconds/],
    ['a thousand years', { in: 3e10 }, 'in', /in is 30000000000/, /315360000/],
    ['30 February', { cron: '0 0 30 2 *', zone: 'UTC' }, 'cron', /never comes/, /days that exist/],
    [
      'seconds',
      { cron: '* * * * * *', zone: 'UTC' },
      'cron',
      /no cron expression: it has 6 fields$/,
      /five fields/,
    ],
    [
      'four fields',
      { cron: '* * * *', zone: 'UTC' },
      'cron',
      /no cron expression: it has 4 fields$/,
      /five fields/,
    ],
    ['minute 61', { cron: '61 * * * *', zone: 'UTC' }, 'cron', /Invalid value for minute: 61/, /five fields/],
    ['a question mark', { cron: '? * * * *', zone: 'UTC' }, 'cron', /character/, /five fields/],
    ['an unknown name', { cron: '@reboot', zone: 'UTC' }, 'cron', /no cron expression/, /five fields/],
    ['a long one', { cron: '*'.repeat(200), zone: 'UTC' }, 'cron', /too long/, /five fields/],
  ])('%s', (_what, asked, field, message, limit) => {
    const answer = preview(asked, now, 5);
    expect(isRefusal(answer) && [answer.field, answer.message, answer.limit]).toStrictEqual([
      field,
      expect.stringMatching(message),
      expect.stringMatching(limit),
    ]);
  });
});

describe('cron in any zone', () => {
  const ZONES = ['UTC', 'Europe/Amsterdam', 'America/New_York', 'Australia/Lord_Howe', 'America/Santiago'];
  const clock = (zone: string, at: number): string =>
    new Intl.DateTimeFormat('en', {
      timeZone: zone,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    }).format(at);

  it('meets every day once at a fixed time, and never the same instant twice', () =>
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        fc.integer({ min: 0, max: 23 }),
        fc.integer({ min: 0, max: 59 }),
        fc.integer({ min: ms('2026-01-01T00:00Z'), max: ms('2027-06-01T00:00Z') }),
        (zone, hour, minute, from) => {
          const wanted = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
          const met = dueTimes({ cron: `${minute} ${hour} * * *`, zone }, from, from, 5);
          let before = from;
          for (const { at, note } of met) {
            expect(at).toBeGreaterThan(before);
            expect(clock(zone, at) === wanted || note?.includes('left out')).toBe(true);
            if (before !== from)
              expect(Math.abs(at - before - 24 * 3600_000)).toBeLessThanOrEqual(90 * 60_000);
            before = at;
          }
        },
      ),
      { numRuns: 150 },
    ));
});
