import { refuse, type Refusal } from './refusal.js';

/** An input is wrong; `field` names it, `limit` says what would be right. */
export type BadInput = Refusal<'BadInput'>;

const bad = (field: string, problem: string, limit: string): BadInput =>
  refuse('BadInput', `${field} ${problem}: it must be ${limit}`, { field, limit });

/** Control characters, lone surrogates (which PostgreSQL rejects), line separators and bidi overrides (which forge what people read). */
const FORGING = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;
const ALL_FORGING = new RegExp(FORGING, 'gu');
const LINE_BREAKS = /[\n\r\t]/g;

/** Text of `min` to `max` characters that shows as what it is; `multiline` permits line breaks and tabs. */
export const checkText = (
  field: string,
  value: unknown,
  { min = 1, max, multiline = false }: { min?: number; max: number; multiline?: boolean },
): BadInput | undefined => {
  const limit = `${min} to ${max} characters of text${multiline ? '' : ' in one line'}`;
  if (typeof value !== 'string') return bad(field, 'is not text', limit);
  if (value.length > max) return bad(field, `has ${value.length} characters`, limit);
  if (value.trim().length < min) return bad(field, value === '' ? 'is empty' : 'is too short', limit);
  if (FORGING.test(multiline ? value.replace(LINE_BREAKS, '') : value))
    return bad(field, 'has control characters', limit);
  return undefined;
};

/** Text of a given form; `limit` puts the form in words. */
export const checkForm = (
  field: string,
  value: unknown,
  form: RegExp,
  limit: string,
): BadInput | undefined =>
  typeof value === 'string' && form.test(value) ? undefined : bad(field, 'has another form', limit);

/** The SHA-256 of some bytes in lower-case hexadecimal. */
export const checkDigest = (field: string, value: unknown): BadInput | undefined =>
  checkForm(field, value, /^[0-9a-f]{64}$/, 'a SHA-256 digest of 64 lower-case hexadecimal digits');

/** A number from `min` (or above `above`) to `max`; `unit` goes into the message. */
export const checkNumber = (
  field: string,
  value: unknown,
  range: ({ min: number } | { above: number }) & { max: number; whole?: boolean; unit?: string },
): BadInput | undefined => {
  const low = 'min' in range ? `from ${range.min}` : `above ${range.above}`;
  const unit = range.unit ? ` ${range.unit}` : '';
  const limit = `a ${range.whole ? 'whole ' : ''}number ${low} ${'min' in range ? 'to' : 'and at most'} ${range.max}${unit}`;
  if (typeof value !== 'number') return bad(field, 'is not a number', limit);
  const fits = value <= range.max && ('min' in range ? value >= range.min : value > range.above);
  return fits && (!range.whole || Number.isInteger(value)) ? undefined : bad(field, `is ${value}`, limit);
};

export const checkOneOf = (
  field: string,
  value: unknown,
  allowed: readonly string[],
): BadInput | undefined =>
  allowed.some((one) => one === value)
    ? undefined
    : bad(
        field,
        typeof value === 'string' ? `is "${clip(value, 40)}"` : 'is not text',
        `one of ${allowed.join(', ')}`,
      );

const MAX_DEPTH = 32;

/** What PostgreSQL's `jsonb` or a later `JSON.stringify` would choke on; found here it stops one command, found there a projection. */
const jsonProblem = (value: unknown, depth: number): string | undefined => {
  switch (typeof value) {
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : `has the number ${value}`;
    case 'string':
      return /[\0\p{Cs}]/u.test(value) ? 'has a character that cannot be stored' : undefined;
    case 'object': {
      if (value === null) return undefined;
      if (depth === 0) return 'is nested too deep';
      for (const [key, inner] of Object.entries(value)) {
        const problem = jsonProblem(key, depth) ?? jsonProblem(inner, depth - 1);
        if (problem) return problem;
      }
      return undefined;
    }
    default:
      return `has a ${typeof value}`;
  }
};

/** A JSON object of at most `maxBytes` in UTF-8 and 32 levels, with nothing in it that cannot be stored. */
export const checkJson = (field: string, value: unknown, maxBytes: number): BadInput | undefined => {
  const limit = `a JSON object of at most ${maxBytes} bytes and ${MAX_DEPTH} levels`;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return bad(field, 'is not a JSON object', limit);
  const problem = jsonProblem(value, MAX_DEPTH);
  if (problem) return bad(field, problem, limit);
  const bytes = Buffer.byteLength(JSON.stringify(value));
  return bytes > maxBytes ? bad(field, `has ${bytes} bytes`, limit) : undefined;
};

/**
 * What a machine reports (an error, the last lines of a log), fit to be stored and shown: cut to
 * `max` characters, without control characters. A report is never refused for its wording.
 */
export const clip = (text: string, max: number): string => {
  const cut = text.length > max ? `${text.slice(0, max - 1)}…` : text;
  return cut.replace(ALL_FORGING, (character) => ('\n\r\t'.includes(character) ? character : '\ufffd'));
};

const LABEL = /^[A-Za-z0-9][A-Za-z0-9._-]*(=[A-Za-z0-9][A-Za-z0-9._-]*)?$/;
const MAX_LABEL = 63;

/** The most labels that a server can have, or a job ask for. */
export const MAX_LABELS = 32;
export const LABEL_LIMIT = `a label of 1 to ${MAX_LABEL} letters, digits, dots, dashes and underscores, like gpu or site=berlin`;

/** What a server has and a job may ask for: `gpu`, `site=berlin`. */
export const isLabel = (value: string): boolean => value.length <= MAX_LABEL && LABEL.test(value);

export const checkLabels = (field: string, labels: readonly string[]): BadInput | undefined => {
  const limit = `at most ${MAX_LABELS} different labels`;
  if (labels.length > MAX_LABELS) return bad(field, `has ${labels.length} labels`, limit);
  const wrong = labels.find((label) => typeof label !== 'string' || !isLabel(label));
  if (wrong !== undefined) return bad(field, `has "${clip(String(wrong), 80)}"`, LABEL_LIMIT);
  return new Set(labels).size < labels.length ? bad(field, 'names one twice', limit) : undefined;
};
