import { isRefusal, refuse, type Refusal } from '@openpro/kernel';

/** A field that is wrong; stays inside this folder, where `checked` makes it a refusal. */
class WrongField extends Error {
  constructor(
    readonly field: string,
    readonly problem: string,
    readonly limit: string,
  ) {
    super(problem);
  }
}

/** Reads one value of a JSON document, or throws what is wrong with it. */
export interface Check<T> {
  (value: unknown, field: string): T;
  readonly optional?: true;
}

/** Line breaks, other control characters, and marks that turn the reading direction: they forge what people see. */
const FORGING = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;

/** The text with such characters written as their code, fit for a message. */
export const visible = (value: string): string =>
  value.replace(FORGING, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

const shown = (value: unknown): string => {
  if (value === undefined) return 'is missing';
  if (Array.isArray(value)) return 'is a list';
  if (value === null || typeof value === 'object') return value === null ? 'is null' : 'is an object';
  const text = visible(JSON.stringify(value));
  return `is ${text.length > 60 ? `${text.slice(0, 57)}…"` : text}`;
};

const wrong = (value: unknown, field: string, limit: string): never => {
  throw new WrongField(field, shown(value), limit);
};

/** A line of text; `accepts` narrows it, `says` puts that in words. */
export const text =
  (max: number, accepts?: (value: string) => boolean, says?: string): Check<string> =>
  (value, field) => {
    const limit = says ?? `a text of 1 to ${max} characters without line breaks or control characters`;
    const fits =
      typeof value === 'string' && value.length > 0 && value.length <= max && visible(value) === value;
    return fits && (accepts?.(value) ?? true) ? value : wrong(value, field, limit);
  };

export const flag: Check<boolean> = (value, field) =>
  typeof value === 'boolean' ? value : wrong(value, field, 'true or false');

export const number =
  (min: number, max: number, unit = ''): Check<number> =>
  (value, field) =>
    typeof value === 'number' && value >= min && value <= max
      ? value
      : wrong(value, field, `a number from ${min} to ${max}${unit && ` ${unit}`}`);

export const oneOf =
  <const T extends string | number>(...allowed: readonly T[]): Check<T> =>
  (value, field) =>
    allowed.find((each) => each === value) ??
    wrong(value, field, `one of ${allowed.map((each) => JSON.stringify(each)).join(', ')}`);

export const nullable =
  <T>(check: Check<T>): Check<T | null> =>
  (value, field) =>
    value === null ? null : check(value, field);

export const list =
  <T>(each: Check<T>, { min = 0, max = 200 } = {}): Check<readonly T[]> =>
  (value, field) =>
    Array.isArray(value) && value.length >= min && value.length <= max
      ? value.map((item: unknown, i) => each(item, `${field}[${i}]`))
      : wrong(value, field, `a list of ${min} to ${max} items`);

/** A list whose items differ in `key`: procedures and solvers are found by name. */
export const listBy = <T>(each: Check<T>, key: keyof T & string, max = 200): Check<readonly T[]> => {
  const items = list(each, { max });
  return (value, field) => {
    const seen = new Set<unknown>();
    return items(value, field).map((item, i) => {
      if (seen.has(item[key])) return wrong(item[key], `${field}[${i}].${key}`, 'unique in its list');
      seen.add(item[key]);
      return item;
    });
  };
};

export const optional = <T>(check: Check<T>): Check<T> & { readonly optional: true } =>
  Object.assign((value: unknown, field: string) => check(value, field), { optional: true as const });

type Shape<T> = {
  readonly [K in keyof T]-?: Partial<Pick<T, K>> extends Pick<T, K>
    ? Check<Exclude<T[K], undefined>> & { readonly optional: true }
    : Check<T[K]>;
};

/** An object with these fields and no other: a misspelt field must not pass as an absent one. */
export const object =
  <T extends object>(shape: Shape<T>): Check<T> =>
  (value, field) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return wrong(value, field, 'an object');
    const at = (key: string): string => (field ? `${field}.${key}` : key);
    const known = Object.keys(shape);
    const unknownKey = Object.keys(value).find((key) => !known.includes(key));
    if (unknownKey !== undefined)
      throw new WrongField(at(unknownKey), 'is unknown', `one of the fields ${known.join(', ')}`);
    const given = new Map<string, unknown>(Object.entries(value));
    const entries = Object.entries<Check<unknown>>(shape).flatMap(([key, check]) =>
      check.optional && !given.has(key) ? [] : [[key, check(given.get(key), at(key))] as const],
    );
    return Object.fromEntries(entries) as T;
  };

export interface JsonLimits {
  readonly maxBytes: number;
  readonly maxDepth: number;
}

const JSON_LIMITS: JsonLimits = { maxBytes: 1024 * 1024, maxDepth: 32 };

/**
 * Parses a JSON document of a package. Two readers must not see two documents, so duplicate keys are refused
 * (parsers differ on which one counts), as are keys that reach an object's prototype.
 */
export const parseJson = (name: string, bytes: Uint8Array, limits: JsonLimits = JSON_LIMITS): unknown => {
  const no = (problem: string, limit: string): Refusal =>
    refuse('BadManifest', `${name} ${problem}.`, { field: name, limit });
  if (bytes.byteLength > limits.maxBytes)
    return no(`has ${bytes.byteLength} bytes`, `at most ${limits.maxBytes} bytes`);
  let source: string;
  let value: unknown;
  try {
    source = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    value = JSON.parse(source);
  } catch (error) {
    return no(`is not JSON: ${(error as Error).message.slice(0, 200)}`, 'JSON in UTF-8');
  }
  const problem = structureProblem(source, limits.maxDepth);
  return problem ? no(...problem) : value;
};

/** `source` is valid JSON, so strings and brackets are all that matters. */
const structureProblem = (source: string, maxDepth: number): [problem: string, limit: string] | undefined => {
  const keysOf: (Set<string> | undefined)[] = [];
  let lastString = '';
  for (const [token] of source.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === '{' || token === '[') keysOf.push(token === '{' ? new Set() : undefined);
    else if (token === '}' || token === ']') keysOf.pop();
    else if (token !== ':') lastString = token;
    else {
      const key = JSON.parse(lastString) as string;
      if (key === '__proto__' || key === 'constructor' || key === 'prototype')
        return [`has the key ${lastString}`, 'no key of that name'];
      if (keysOf.at(-1)?.has(key)) return [`has the key ${lastString.slice(0, 80)} twice`, 'each key once'];
      keysOf.at(-1)?.add(key);
    }
    if (keysOf.length > maxDepth)
      return [`is nested deeper than ${maxDepth}`, `at most ${maxDepth} levels deep`];
  }
  return undefined;
};

/** Checks a value that was parsed elsewhere: `field` names the place in it, `limit` what would be right. */
export const checkedValue = <T>(name: string, value: unknown, check: Check<T>): T | Refusal => {
  try {
    return check(value, '');
  } catch (error) {
    if (!(error instanceof WrongField)) throw error;
    const { field, problem, limit } = error;
    const place = field || name;
    return refuse('BadManifest', `${name}: ${place} ${problem}; it must be ${limit}.`, {
      field: place,
      limit,
    });
  }
};

/** Parses and checks a document. */
export const checked = <T>(
  name: string,
  bytes: Uint8Array,
  check: Check<T>,
  limits?: JsonLimits,
): T | Refusal => {
  const value = parseJson(name, bytes, limits);
  return isRefusal(value) ? value : checkedValue(name, value, check);
};
