import { type BadInput, checkNumber, clip, isRefusal, refuse } from '@openpro/kernel';
import { Cron } from 'croner';

/** When a schedule runs, as it was written: once at a date, once after some seconds, or by cron. */
export type When =
  | { readonly at: string; readonly zone: string }
  | { readonly in: number }
  | { readonly cron: string; readonly zone: string };

/** One time at which it runs: as the clocks of its zone show it, and what is unusual about it. */
export interface DueTime {
  readonly at: number;
  readonly text: string;
  readonly note: string | null;
}

const YEARS_AHEAD = 10;
const LONGEST_S = YEARS_AHEAD * 365 * 24 * 3600;
const DAY_MS = 24 * 3600 * 1000;
const DATE = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d))?(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?$/;
/** Without `?`, which has had a meaning that depends on the clock. */
const CRON = /^[\dA-Za-z*,/#@ -]{1,100}$/;

const DATE_LIMIT = 'a date and time like 2027-03-01T06:00';
const CRON_LIMIT =
  'five fields: minute, hour, day of the month, month, day of the week, like "30 6 * * MON-FRI"';
const ZONE_LIMIT = 'the name of a time zone, like Europe/Amsterdam or UTC';

const bad = (field: string, message: string, limit: string): BadInput =>
  refuse('BadInput', message, { field, limit });

/** No time zone is an offset: an offset knows no summer. */
const isZone = (zone: string): boolean => {
  try {
    return /^[A-Za-z]/.test(zone) && new Intl.DateTimeFormat('en', { timeZone: zone }) instanceof Object;
  } catch {
    return false;
  }
};

const MOST_KNOWN = 100;

/** Made once: to make a clock or a cron costs many times what is asked of it. */
const known = <T>(make: (key: string) => T): ((key: string) => T) => {
  const all = new Map<string, T>();
  return (key) => {
    const one = all.get(key) ?? make(key);
    if (all.size >= MOST_KNOWN) all.clear();
    all.set(key, one);
    return one;
  };
};

const clockOf = known(
  (zone) =>
    new Intl.DateTimeFormat('en', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    }),
);

/** What the clocks of the zone show, as if it were UTC. */
const localTime = (instant: number, zone: string): number => {
  const parts = new Map(
    clockOf(zone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
};

/** When the clocks of the zone show this: once, in the hour that is left out never, in the one that comes twice two times. */
const instantsOf = (local: number, zone: string): readonly number[] => {
  const offsets = [-DAY_MS, DAY_MS].map((apart) => localTime(local + apart, zone) - (local + apart));
  return [...new Set(offsets.map((offset) => local - offset))]
    .filter((instant) => localTime(instant, zone) === local)
    .sort((a, b) => a - b);
};

/** The clock's text as if it were UTC, and whether it said itself where. */
const written = (at: string): { readonly local: number; readonly offset: string | undefined } | null => {
  const [, year, month, day, hour, minute, second = '0', offset] = DATE.exec(at) ?? [];
  const parts = [year, month, day, hour, minute, second].map(Number) as Parameters<typeof Date.UTC>;
  const local = Date.UTC(parts[0], parts[1]! - 1, ...parts.slice(2));
  const date = new Date(local);
  // 30 February would be taken for 2 March, and the thirteenth month for the next January.
  const same = date.getUTCMonth() === parts[1]! - 1 && date.getUTCHours() === parts[3];
  return year !== undefined && same && parts[4]! < 60 && parts[5]! < 60 ? { local, offset } : null;
};

const offsetMs = (offset: string): number => {
  if (offset === 'Z') return 0;
  const [hours = 0, minutes = 0] = offset.slice(1).split(':').map(Number);
  return (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
};

/** All that the date can mean; the first is what counts. */
const instantsAt = ({ at, zone }: { readonly at: string; readonly zone: string }): readonly number[] => {
  const date = written(at);
  if (!date) return [];
  const { local, offset } = date;
  return offset === undefined ? instantsOf(local, zone) : [local - offsetMs(offset)];
};

const cronIn = known((zone) =>
  known(
    // A run at given hours is one run a day, also on the two days a year that are not of 24 hours.
    (cron) => new Cron(cron, { timezone: zone, mode: '5-part', fixedTimeRule: 'no-wildcard' }),
  ),
);
const cronOf = ({ cron, zone }: { readonly cron: string; readonly zone: string }): Cron => cronIn(zone)(cron);

/** The first time after `after`; `made` is when it was asked for. */
export const nextAfter = (when: When, made: number, after: number): number | null => {
  if ('cron' in when) return cronOf(when).nextRun(new Date(after))?.getTime() ?? null;
  const due = 'in' in when ? made + Math.round(when.in * 1000) : (instantsAt(when)[0] ?? null);
  return due !== null && due > after ? due : null;
};

const wordsOf = (seconds: { readonly second?: '2-digit' }) =>
  known(
    (zone) =>
      new Intl.DateTimeFormat('en-GB', {
        timeZone: zone,
        weekday: 'short',
        day: 'numeric',
        month: 'short',
        year: 'numeric',
        hour: '2-digit',
        minute: '2-digit',
        ...seconds,
        timeZoneName: 'shortOffset',
      }),
  );
const toMinutes = wordsOf({});
const toSeconds = wordsOf({ second: '2-digit' });

const zoneOf = (when: When): string => ('zone' in when ? when.zone : 'UTC');

const inWords = (at: number, zone: string): string =>
  (at % 60_000 === 0 ? toMinutes : toSeconds)(zone).format(at);

const noteOn = (when: When, made: number, at: number): string | null => {
  if ('in' in when) return null;
  if ('cron' in when && !cronOf(when).match(new Date(at)))
    return 'The time asked for is left out that day, because the clock goes forward: it runs at the first moment after';
  const [first, second] = 'cron' in when ? instantsOf(localTime(at, when.zone), when.zone) : instantsAt(when);
  if (first === undefined || second === undefined) return null;
  return nextAfter(when, made, second - 1) === second
    ? 'This time comes twice that day, because the clock goes back: it runs both times'
    : 'This time comes twice that day, because the clock goes back: it runs the first time only';
};

/** The next times at which it runs, at most `count`. */
export const dueTimes = (when: When, made: number, after: number, count: number): readonly DueTime[] => {
  const times: DueTime[] = [];
  for (let at = nextAfter(when, made, after); at !== null && times.length < count;) {
    times.push({ at, text: inWords(at, zoneOf(when)), note: noteOn(when, made, at) });
    at = nextAfter(when, made, at);
  }
  return times;
};

const wrongZone = (zone: string): BadInput | undefined =>
  isZone(zone)
    ? undefined
    : bad('zone', `There is no time zone "${clip(zone, 60)}": it must be ${ZONE_LIMIT}`, ZONE_LIMIT);

const wrongDate = (when: Extract<When, { readonly at: string }>, now: number): BadInput | undefined => {
  const { at, zone } = when;
  const shown = clip(at, 40);
  const date = written(at);
  if (!date)
    return bad('at', `"${shown}" is no date and time that exists: it must be ${DATE_LIMIT}`, DATE_LIMIT);
  const [due] = instantsAt(when);
  if (due === undefined) {
    const after = inWords(date.local - (localTime(date.local - DAY_MS, zone) - (date.local - DAY_MS)), zone);
    const message = `${shown} is left out in ${zone}, because the clock goes forward then: that moment is called ${after}`;
    return bad('at', message, 'a time that the clocks of the zone show');
  }
  if (due <= now)
    return bad('at', `${inWords(due, zone)} is in the past`, `a time after ${inWords(now, zone)}`);
  return due > now + LONGEST_S * 1000
    ? bad('at', `${shown} is too far ahead`, `at most ${YEARS_AHEAD} years ahead`)
    : undefined;
};

const wrongCron = (when: Extract<When, { readonly cron: string }>, now: number): BadInput | undefined => {
  const shown = `"${clip(when.cron, 100)}"`;
  if (!CRON.test(when.cron))
    return bad('cron', `${shown} is too long, or has a character that no cron expression has`, CRON_LIMIT);
  try {
    if (nextAfter(when, now, now) !== null) return undefined;
  } catch (error) {
    const fields = when.cron.trim().split(/\s+/).length;
    const why =
      fields === 5
        ? (error as Error).message.replace(/^CronPattern: /, '')
        : `it has ${fields === 1 ? 'one field' : `${fields} fields`}`;
    return bad('cron', `${shown} is no cron expression: ${clip(why, 200)}`, CRON_LIMIT);
  }
  return bad('cron', `${shown} never comes: no day of any year fits it`, 'days that exist');
};

/** Why it cannot be asked for now, if so: whatever passes comes at least once. */
export const wrongWhen = (when: When, now: number): BadInput | undefined => {
  if ('in' in when) return checkNumber('in', when.in, { min: 1, max: LONGEST_S, unit: 'seconds' });
  const wrong = wrongZone(when.zone);
  if (wrong) return wrong;
  return 'at' in when ? wrongDate(when, now) : wrongCron(when, now);
};

/** One of the three, from what somebody has written. */
export const whenOf = (asked: {
  readonly at?: string | null | undefined;
  readonly in?: number | null | undefined;
  readonly cron?: string | null | undefined;
  readonly zone?: string | null | undefined;
}): When | BadInput => {
  const { at, cron, zone } = asked;
  const given = [at, asked.in, cron].filter((one) => one !== null && one !== undefined);
  if (given.length !== 1)
    return bad('when', `Say when it runs in one way, not ${given.length}`, 'one of at, in and cron');
  if (typeof asked.in === 'number') return { in: asked.in };
  const offset = typeof at === 'string' ? written(at)?.offset : undefined;
  if (!zone && offset === undefined) return bad('zone', 'Say in which time zone that is', ZONE_LIMIT);
  const where = zone ?? 'UTC';
  return typeof at === 'string' ? { at, zone: where } : { cron: cron ?? '', zone: where };
};

/** A refusal, or the times that come next: what is shown before it is asked for. */
export const preview = (
  asked: Parameters<typeof whenOf>[0],
  now: number,
  count: number,
): readonly DueTime[] | BadInput => {
  const when = whenOf(asked);
  if (isRefusal(when)) return when;
  return wrongWhen(when, now) ?? dueTimes(when, now, now, count);
};
