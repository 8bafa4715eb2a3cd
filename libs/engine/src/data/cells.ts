import type { IdentifierDescription } from './description.js';
import type { Elements } from './elements.js';

/** A value as people and JSON write it: times as ISO 8601, elements by name, infinity as text, null = none. */
export type PlainValue = number | boolean | string | null;

export interface Problem {
  readonly problem: string;
}

const clip = (value: unknown): string => {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
};

const ISO = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?$/;

const microseconds = (value: unknown): number => {
  if (typeof value !== 'string' || !ISO.test(value)) return NaN;
  const zoned = value.length === 10 || /(?:Z|[+-]\d\d:\d\d)$/.test(value) ? value : `${value}Z`;
  const beyondMilliseconds = /\.\d{3}(\d{1,3})/.exec(zoned)?.[1] ?? '';
  return Date.parse(zoned) * 1000 + Number(beyondMilliseconds.padEnd(3, '0'));
};

const isoText = (time: number): string => {
  const micros = ((time % 1000) + 1000) % 1000;
  const text = new Date((time - micros) / 1000).toISOString();
  return micros ? text.replace('Z', `${String(micros).padStart(3, '0')}Z`) : text;
};

/** Reads a value that a user gives; null = the default. */
export const parseValue = (
  { name, type, min = -Infinity, max = Infinity, default: fallback }: IdentifierDescription,
  of: Elements | undefined,
  value: unknown,
): number | boolean | string | Problem => {
  const must = (limit: string): Problem => ({ problem: `${name} must be ${limit}; it is ${clip(value)}` });
  const range = `${min > -Infinity ? ` from ${min}` : ''}${max < Infinity ? ` up to ${max}` : ''}`;
  const within = (number: number): boolean => number >= min && number <= max;
  if (value === null || value === undefined) return fallback ?? -1;
  switch (type) {
    case 'f64': {
      const number = value === 'inf' ? Infinity : value === '-inf' ? -Infinity : value;
      return typeof number === 'number' && within(number) ? number : must(`a number${range}`);
    }
    case 'i64':
      return Number.isSafeInteger(value) && within(value as number)
        ? (value as number)
        : must(`a whole number${range || ' up to 2^53'}`);
    case 'bool':
      return typeof value === 'boolean' ? value : must('true or false');
    case 'utf8':
      return typeof value === 'string' ? value : must('text');
    case 'datetime': {
      const time = microseconds(value);
      return Number.isSafeInteger(time) ? time : must('a time like 2025-01-31T08:30:00Z');
    }
    case 'element': {
      const position = typeof value === 'string' ? of!.position(value) : -1;
      return position < 0 ? must(`an element of ${of!.name}`) : position;
    }
  }
};

/** The opposite of `parseValue`. */
export const plainValue = (
  { type }: IdentifierDescription,
  of: Elements | undefined,
  value: number | boolean | string,
): PlainValue => {
  if (type === 'element') return of!.elements[value as number] ?? null;
  if (type === 'datetime') return isoText(value as number);
  return value === Infinity ? 'inf' : value === -Infinity ? '-inf' : value;
};

/** The positions of a tuple of elements. */
export const parseTuple = (name: string, sets: readonly Elements[], tuple: unknown): number[] | Problem => {
  if (!Array.isArray(tuple) || tuple.length !== sets.length)
    return {
      problem: `${name} has ${sets.length} index sets (${sets.map((set) => set.name).join(', ') || 'none'}); the tuple is ${clip(tuple)}`,
    };
  const positions = sets.map((set, k) => set.position(String(tuple[k])));
  const wrong = positions.indexOf(-1);
  return wrong < 0
    ? positions
    : { problem: `${name}: the set ${sets[wrong]!.name} has no element ${clip(tuple[wrong])}` };
};
