import type { CaseData, Cell, DataSession, RejectedCell } from '@openpro/engine';
import { checkDigest, checkJson, refuse, type Refusal } from '@openpro/kernel';

const MAX_CELLS = 10_000;
const MAX_ARGS_BYTES = 64 * 1024;

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

const isCell = (cell: unknown): boolean =>
  typeof cell === 'object' && cell !== null && 'tuple' in cell && Array.isArray(cell.tuple);

/** Says what is wrong with a change; another machine may have sent it. */
export const checkChange = (change: Change): Refusal | undefined => {
  const bad = (field: string, limit: string) =>
    refuse('BadInput', `${field} is wrong: it must be ${limit}`, { field, limit });
  switch (change.do) {
    case 'set': {
      const { identifier, cells, ifVersion } = change;
      if (typeof identifier !== 'string') return bad('identifier', 'a name');
      if (!Array.isArray(cells) || !cells.every(isCell)) return bad('cells', 'tuples with values');
      if (ifVersion !== null && !Number.isSafeInteger(ifVersion)) return bad('ifVersion', 'a whole number');
      return cells.length <= MAX_CELLS
        ? undefined
        : refuse('TooLarge', `These are ${cells.length} cells at once`, {
            field: 'cells',
            limit: `${MAX_CELLS} cells`,
          });
    }
    case 'run':
      return typeof change.procedure === 'string'
        ? checkJson('args', change.args, MAX_ARGS_BYTES)
        : bad('procedure', 'a name');
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
