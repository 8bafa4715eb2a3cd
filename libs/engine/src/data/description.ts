import { isRefusal } from '@openpro/kernel';
import {
  checkedValue,
  flag,
  list,
  listBy,
  nullable,
  number,
  object,
  oneOf,
  optional,
  text,
  type Check,
} from '../package/check.js';
import type { IdentifierSpec, InterfaceSpec, ValueType, View } from '../sdk/app.js';
import { EngineError } from '../wire/engine-error.js';

export interface SetDescription {
  readonly name: string;
  readonly label: string;
  readonly text?: string;
  /** Elements now. */
  readonly count: number;
}

export interface IdentifierDescription {
  readonly name: string;
  readonly label: string;
  readonly text?: string;
  readonly group?: string;
  readonly kind: 'input' | 'output' | 'derived';
  readonly type: ValueType;
  /** Index sets, outermost first; empty for a scalar. */
  readonly domain: readonly string[];
  /** Set that an `element` belongs to. */
  readonly of?: string;
  readonly unit?: string;
  /** Null = no element. */
  readonly default: number | boolean | string | null;
  readonly min?: number;
  readonly max?: number;
  readonly readOnly: boolean;
  readonly view?: View;
}

export interface ProcedureDescription {
  readonly name: string;
  readonly label: string;
  readonly text?: string;
  readonly where: 'data' | 'optimization';
  /** Identifiers that travel to the solver. */
  readonly inputs: readonly string[];
  /** Identifiers that travel back. */
  readonly outputs: readonly string[];
}

/** What an app shows of itself. */
export interface InterfaceDescription {
  readonly sets: readonly SetDescription[];
  readonly identifiers: readonly IdentifierDescription[];
  readonly procedures: readonly ProcedureDescription[];
}

const bad = (message: string): EngineError => new EngineError('BadInterface', message);

/** Names that would hide something of the object that carries the identifiers. */
const RESERVED = ['sets', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'then'];
const name = text(
  64,
  (value) => /^[A-Za-z][A-Za-z0-9_]*$/.test(value) && !RESERVED.includes(value),
  `a name of 1 to 64 letters, digits and underscores that starts with a letter, and none of ${RESERVED.join(', ')}`,
);
const label = text(200);
const words = optional(text(2000));
const anyNumber = number(-Number.MAX_VALUE, Number.MAX_VALUE);

const setCheck = object<SetDescription>({ name, label, text: words, count: number(0, 2 ** 31) });
const identifierCheck = object<IdentifierDescription>({
  name,
  label,
  text: words,
  group: optional(label),
  kind: oneOf('input', 'output', 'derived'),
  type: oneOf('f64', 'i64', 'bool', 'utf8', 'datetime', 'element'),
  domain: list(name, { max: 12 }),
  of: optional(name),
  unit: optional(text(50)),
  default: nullable((value, field) =>
    ['number', 'boolean'].includes(typeof value) || value === ''
      ? (value as number)
      : text(10_000)(value, field),
  ) as Check<IdentifierDescription['default']>,
  min: optional(anyNumber),
  max: optional(anyNumber),
  readOnly: flag,
  view: optional(oneOf('table', 'value', 'text', 'map-lat', 'map-lon', 'map-points', 'map-arcs')),
});
const procedureCheck = object<ProcedureDescription>({
  name,
  label,
  text: words,
  where: oneOf('data', 'optimization'),
  inputs: list(name, { max: 2000 }),
  outputs: list(name, { max: 2000 }),
});
const interfaceCheck = object<InterfaceDescription>({
  sets: listBy(setCheck, 'name', 1000),
  identifiers: listBy(identifierCheck, 'name', 2000),
  procedures: listBy(procedureCheck, 'name', 200),
});

const TYPE_OF: Record<ValueType, string> = {
  f64: 'number',
  i64: 'number',
  datetime: 'number',
  bool: 'boolean',
  utf8: 'string',
  element: 'undefined',
};

const identifierProblem = (one: IdentifierDescription, sets: ReadonlySet<string>): string | undefined => {
  const unknown = [...one.domain, ...(one.of === undefined ? [] : [one.of])].find((set) => !sets.has(set));
  if (unknown !== undefined) return `names the set ${unknown}, which the interface does not have`;
  if ((one.type === 'element') !== (one.of !== undefined))
    return one.of === undefined
      ? 'is of the type element and must name its set in `of`'
      : `is of the type ${one.type}, which has no set: leave out \`of\``;
  const { default: value, min, max, type } = one;
  if (typeof (value ?? undefined) !== TYPE_OF[type])
    return `has the default ${JSON.stringify(value)}, which is not of its type ${type}`;
  if (type === 'i64' && !Number.isSafeInteger(value))
    return `has the default ${value}, which is no whole number`;
  if (min !== undefined && max !== undefined && min > max)
    return `has the minimum ${min} above its maximum ${max}`;
  return undefined;
};

/**
 * Checks what an engine or app says of itself.
 * @throws EngineError `BadInterface` that names the place, its problem and what would be right.
 */
export const checkInterface = (value: unknown): InterfaceDescription => {
  const checked = checkedValue('interface', value, interfaceCheck);
  if (isRefusal(checked)) throw bad(checked.message);
  const sets = new Set(checked.sets.map((set) => set.name));
  const kinds = new Map(checked.identifiers.map((one) => [one.name, one.kind]));
  for (const one of checked.identifiers) {
    const problem = identifierProblem(one, sets);
    if (problem) throw bad(`The identifier ${one.name} ${problem}.`);
  }
  for (const { name, inputs, outputs } of checked.procedures) {
    const unknown = [...inputs, ...outputs].find((one) => !kinds.has(one));
    if (unknown !== undefined)
      throw bad(`The procedure ${name} names ${unknown}, which is no identifier of the interface.`);
    const derived = [...inputs, ...outputs].find((one) => kinds.get(one) === 'derived');
    if (derived !== undefined)
      throw bad(`The procedure ${name} names ${derived}, which is derived: it is computed where it is read.`);
  }
  return checked;
};

const NO_VALUE = { f64: 0, i64: 0, datetime: 0, bool: false, utf8: '', element: null } as const;

const describeIdentifier = (name: string, spec: IdentifierSpec): IdentifierDescription => ({
  ...spec,
  name,
  label: spec.label ?? name,
  domain: spec.domain ?? [],
  default: spec.default ?? NO_VALUE[spec.type],
  readOnly: spec.readOnly ?? spec.kind !== 'input',
});

/**
 * Puts in what an author may leave out, and checks the rest.
 * @throws EngineError `BadInterface`
 */
export const describeInterface = (spec: InterfaceSpec): InterfaceDescription => {
  const identifiers = Object.entries(spec.identifiers ?? {}).map(([name, one]) =>
    describeIdentifier(name, one),
  );
  const all = (kind: 'input' | 'output'): string[] =>
    identifiers.filter((one) => one.kind === kind).map((one) => one.name);
  return checkInterface({
    sets: Object.entries(spec.sets ?? {}).map(([name, set]) => ({ label: name, ...set, name, count: 0 })),
    identifiers,
    procedures: Object.entries(spec.procedures ?? {}).map(([name, procedure]) => ({
      label: name,
      inputs: all('input'),
      outputs: all('output'),
      ...procedure,
      name,
    })),
  });
};
