import type { CaseData, Cell, DataSession, RejectedCell } from '@openpro/engine';
import { checkDigest, checkJson, refuse, type Refusal } from '@openpro/kernel';

const MAX_CELLS = 10_000;
const MAX_ARGS_BYTES = 64 * 1024;
/** Longer than any name of an interface, and so any name that is worth looking up. */
const MAX_NAME = 200;
const MAX_TUPLE = 12;

/** A change of a session's data, as a value: the same whether the session lives here or on another server. */
export type Change =
  | {
      readonly do: 'set';
      readonly identifier: string;
      readonly cells: readonly Cell[];
      readonly ifVersion: number | null;
    }
  | { readonly do: 'run'; readonly procedure: string; readonly args: Readonly<Record<string, unknown>> }
  /** The data of a stored case. */
  | { readonly do: 'load'; readonly digest: string };

/** What came of it. */
export interface Changes {
  readonly set: {
    readonly identifier: string;
    readonly version: number;
    readonly rejected: readonly RejectedCell[];
  };
  readonly run: { readonly value: unknown; readonly changed: readonly string[] };
  readonly load: { readonly loaded: string };
}
type Changed = Changes[Change['do']];

/** Text that may be the name of something in an app. */
export const isName = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= MAX_NAME;

const isCell = (cell: unknown): boolean => {
  if (typeof cell !== 'object' || cell === null) return false;
  const { tuple, value } = cell as { tuple?: unknown; value?: unknown };
  return (
    Array.isArray(tuple) &&
    tuple.length <= MAX_TUPLE &&
    tuple.every((element) => typeof element === 'string') &&
    (typeof value !== 'object' || value === null)
  );
};

/** Says what is wrong with a change; another machine may have sent it. */
export const checkChange = (change: Change): Refusal | undefined => {
  const bad = (field: string, limit: string) =>
    refuse('BadInput', `${field} is wrong: it must be ${limit}`, { field, limit });
  switch (change.do) {
    case 'set': {
      const { identifier, cells, ifVersion } = change;
      if (!isName(identifier)) return bad('identifier', `a name of at most ${MAX_NAME} characters`);
      if (!Array.isArray(cells)) return bad('cells', 'tuples with values');
      if (cells.length > MAX_CELLS)
        return refuse('TooLarge', `These are ${cells.length} cells at once`, {
          field: 'cells',
          limit: `${MAX_CELLS} cells`,
        });
      if (!cells.every(isCell)) return bad('cells', `tuples of at most ${MAX_TUPLE} elements with values`);
      return ifVersion === null || Number.isSafeInteger(ifVersion)
        ? undefined
        : bad('ifVersion', 'a whole number');
    }
    case 'run':
      return isName(change.procedure)
        ? checkJson('args', change.args, MAX_ARGS_BYTES)
        : bad('procedure', `a name of at most ${MAX_NAME} characters`);
    case 'load':
      return checkDigest('digest', change.digest);
  }
  return bad('change', 'set, run or load');
};

/** Makes the change in the session's process; what the app does not have or does not let be edited is refused. */
export const makeChange = async (
  data: DataSession,
  change: Change,
  load: (digest: string) => Promise<CaseData>,
): Promise<Changed | Refusal> => {
  switch (change.do) {
    case 'set': {
      const { identifier, cells, ifVersion } = change;
      const known = (await data.describe()).identifiers.find(({ name }) => name === identifier);
      if (!known)
        return refuse('NoSuchIdentifier', `There is no identifier "${identifier.slice(0, 100)}"`, {
          field: 'identifier',
        });
      if (known.kind !== 'input' || known.readOnly)
        return refuse('ReadOnly', `${identifier} cannot be edited`, {
          field: 'identifier',
          limit: 'an input that is not read-only',
        });
      const { version, rejected } = await data.set(identifier, cells, ifVersion ?? undefined);
      return { identifier, version, rejected };
    }
    case 'run': {
      const { procedure, args } = change;
      const known = (await data.describe()).procedures.find(({ name }) => name === procedure);
      if (!known || known.where !== 'data')
        return refuse('NoSuchProcedure', `There is no data procedure "${procedure.slice(0, 100)}"`, {
          field: 'procedure',
        });
      const { value, changed } = await data.run(procedure, args);
      return { value, changed };
    }
    case 'load':
      await data.load(await load(change.digest));
      return { loaded: change.digest };
  }
};
