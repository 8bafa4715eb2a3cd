import { isUuid } from '@openpro/kernel';
import type { JobState, ValueInput } from './generated/graphql.js';
import { badInput } from './failure.js';

export interface Versioned {
  readonly name: string;
  readonly version: string | null;
}

/** `name` or `name:version`. */
export const parseVersioned = (text: string): Versioned => {
  const [name = '', version, ...rest] = text.split(':');
  if (!name || version === '' || rest.length)
    throw badInput('name', `"${text}" is not a name or name:version`, 'for example supply-network:1.2.0');
  return { name, version: version ?? null };
};

/** `name:version`, both needed. */
export const parseExactVersion = (text: string): { name: string; version: string } => {
  const { name, version } = parseVersioned(text);
  if (version === null)
    throw badInput('version', `"${text}" has no version`, 'name:version, for example supply-network:1.2.0');
  return { name, version };
};

/** A UUID; the cases of a job have the job's id, followed by `:input` or `:result`. */
export const parseId = (
  text: string,
  what: 'job' | 'case' | 'upload' | 'batch' | 'schedule' | 'session',
): string => {
  const id = text.toLowerCase();
  if (!isUuid(what === 'case' ? id.replace(/:(input|result)$/, '') : id))
    throw badInput('id', `"${text}" is not the id of a ${what}`, 'an id as the lists show it');
  return id;
};

/** `<job>` must succeed, `<job>:any` must end. */
export const parseDependency = (text: string): { job: string; on: 'SUCCESS' | 'ANY' } => {
  const [, id = text, any] = /^(.*?)(:any)?$/i.exec(text) ?? [];
  return { job: parseId(id, 'job'), on: any ? 'ANY' : 'SUCCESS' };
};

const SECONDS = { d: 86_400, h: 3600, m: 60, s: 1 } as const;

/** `90`, `90s`, `10m`, `1h30m`, `2d`: seconds. */
export const parseSeconds = (text: string): number => {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)([dhms])/g)];
  const seconds = parts.length
    ? parts.reduce((sum, [, number, unit]) => sum + Number(number) * SECONDS[unit as keyof typeof SECONDS], 0)
    : Number(text);
  const whole = parts.length ? parts.map(([part]) => part).join('') : text;
  if (whole !== text || text.trim() === '' || !Number.isFinite(seconds) || seconds < 0)
    throw badInput('time', `"${text}" is not a length of time`, 'for example 90s, 10m, 1h30m or 2d');
  return seconds;
};

/** `1%` or `0.01`: a relative gap. */
export const parseGap = (text: string): number => {
  const percent = /^\s*([\d.]+)\s*%\s*$/.exec(text)?.[1];
  const gap = percent === undefined ? Number(text) : Number(percent) / 100;
  if (text.trim() === '' || !Number.isFinite(gap) || gap < 0)
    throw badInput('gap', `"${text}" is not a gap`, 'for example 1% or 0.01');
  return gap;
};

export const parseInteger = (text: string, field: string, min: number, max: number): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < min || value > max)
    throw badInput(field, `"${text}" is not a whole number`, `from ${min} to ${max}`);
  return value;
};

export const parseOneOf = <Word extends string>(
  text: string,
  field: string,
  words: readonly Word[],
): Word => {
  const found = words.find((word) => word === text.trim().toLowerCase());
  if (!found) throw badInput(field, `"${text}" is not known`, words.join(', '));
  return found;
};

export const parseJson = (text: string, field: string, example = '{"rounds": 3}'): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw badInput(field, `${field} is not JSON: ${(error as Error).message}`, `for example '${example}'`);
  }
};

export const JOB_STATES: readonly JobState[] = [
  'QUEUED',
  'RUNNING',
  'COMPLETED',
  'INTERRUPTED',
  'TIME_LIMIT',
  'INFEASIBLE',
  'UNBOUNDED',
  'FAILED',
  'CANCELLED',
  'ABANDONED',
];

/** `running`, `time-limit`, also several with commas. */
export const parseStates = (text: string): JobState[] =>
  text.split(',').map((word) => {
    const wanted = word.trim().toUpperCase().replaceAll('-', '_');
    const state = JOB_STATES.find((each) => each === wanted);
    if (!state) {
      const known = JOB_STATES.map((each) => each.toLowerCase().replace('_', '-')).join(', ');
      throw badInput('state', `"${word}" is no state of a job`, known);
    }
    return state;
  });

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Numbers, true, false and null are what they look like; all else is text; quotes make text of anything. */
const parseValue = (text: string): unknown => {
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null' || text === '') return null;
  if (NUMBER.test(text)) return Number(text);
  return /^".*"$/s.test(text) ? parseJson(text, 'set') : text;
};

const ASSIGNMENT = /^([\p{L}_][\p{L}\p{N}_.]*)(?:\[((?:[^\]"]|"[^"]*")*)\])?=(.*)$/su;
const ELEMENT = /\s*("[^"]*"|[^,]*)\s*(?:,|$)/gy;

const parseTuple = (text: string): string[] => {
  const elements: string[] = [];
  for (const [whole, element = ''] of text.matchAll(ELEMENT)) {
    if (whole === '' && elements.length) break;
    elements.push(element.startsWith('"') ? element.slice(1, -1) : element.trim());
  }
  return elements;
};

/** `Capacity=12`, `Demand[Oslo]=12`, `Cost[Oslo,"Rome, GA"]=3.5`; several of one identifier go together. */
export const parseAssignments = (texts: readonly string[]): ValueInput[] => {
  const values = new Map<string, ValueInput>();
  for (const text of texts) {
    const [, identifier, tuple, value] = ASSIGNMENT.exec(text) ?? [];
    if (identifier === undefined || value === undefined)
      throw badInput('set', `"${text}" assigns nothing`, 'Identifier=value or Identifier[element,…]=value');
    const input = values.get(identifier) ?? { identifier, cells: [] };
    input.cells.push({ tuple: tuple === undefined ? [] : parseTuple(tuple), value: parseValue(value) });
    values.set(identifier, input);
  }
  return [...values.values()];
};

/** `Identifier=PATH`. */
export const parseFile = (text: string): { identifier: string; path: string } => {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1)
    throw badInput('file', `"${text}" names no file for an identifier`, 'Identifier=PATH');
  return { identifier: text.slice(0, at), path: text.slice(at + 1) };
};

const AXIS = /^([\p{L}_][\p{L}\p{N}_.]*)=(.+)$/su;
const RANGE = /^(-?\d+)\.\.(-?\d+)$/;
const MAX_RANGE = 10_000;

/** `price=1,2.5,"a"` or `seed=1..20`: an argument and the values that it takes. */
export const parseAxis = (text: string): { argument: string; values: unknown[] } => {
  const [, argument, values] = AXIS.exec(text) ?? [];
  if (argument === undefined || values === undefined)
    throw badInput(
      'vary',
      `"${text}" gives an argument no values`,
      'argument=value,value,… or argument=1..20',
    );
  const [, first, last] = RANGE.exec(values) ?? [];
  if (first === undefined || last === undefined)
    return { argument, values: parseTuple(values).map((value) => parseValue(value)) };
  const count = Number(last) - Number(first) + 1;
  if (count < 1 || count > MAX_RANGE)
    throw badInput('vary', `"${values}" are ${count} values`, `1 to ${MAX_RANGE}`);
  return { argument, values: Array.from({ length: count }, (_, n) => Number(first) + n) };
};

const ARGUMENT = /^([\p{L}_][\p{L}\p{N}_.]*)=(.*)$/su;

/** `rounds=3`, `mode=fast`: arguments of a procedure. */
export const parseArguments = (texts: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(
    texts.map((text) => {
      const [, name, value] = ARGUMENT.exec(text) ?? [];
      if (name === undefined || value === undefined)
        throw badInput('arg', `"${text}" gives no argument a value`, 'argument=value');
      return [name, parseValue(value)];
    }),
  );
