import { refusalText } from '../answers.js';
import { type CellChange, type Rejection, tupleKey } from '../cells.js';
import { send } from '../commands.js';
import { type IdentifierFieldsFragment, SetDataDocument } from '../generated/graphql.js';
import { type Edit, emptyHistory, type History, record, redo, undo } from '../history.js';
import { say } from '../notices.js';
import { type Store, store } from '../store.js';
import type { TableSource } from '../table-source.js';
import { sessionTables } from '../tables.js';

export type Identifier = IdentifierFieldsFragment;
export type Rejected = ReadonlyMap<string, string>;

/** Cells of one request; the server takes 10,000. */
const AT_ONCE = 5000;

/** Rows that are read to remember what a paste overwrote. */
const REMEMBERED = 20_000;

export interface SessionData {
  source(identifier: string): TableSource;
  rejected(identifier: string): Store<Rejected>;
  edit(identifier: Identifier, cells: readonly CellChange[], label: string): Promise<void>;
  reject(identifier: string, cells: readonly Rejection[]): void;
  readonly history: Store<History>;
  /** Takes the last edit back (-1) or does it again (+1). */
  step(direction: -1 | 1): Promise<void>;
  /** The server says that this identifier is at `version` now. */
  changed(identifier: string, version?: number): void;
  /** Anything may have changed: a case was loaded, or the connection was lost for a while. */
  changedAll(): void;
  /** Texts too long to type: they go with the next run. */
  readonly files: Store<ReadonlyMap<string, File>>;
}

/** The data of one session as its page sees it: tables that read themselves, edits one after another, undo. */
export const sessionData = (session: string): SessionData => {
  const sources = new Map<string, TableSource>();
  const table = sessionTables(session);
  const rejections = new Map<string, Store<Rejected>>();
  const history = store<History>(emptyHistory);
  let last: Promise<unknown> = Promise.resolve();

  const made = <T>(map: Map<string, T>, key: string, make: () => T): T => {
    const value = map.get(key) ?? make();
    map.set(key, value);
    return value;
  };
  const source = (identifier: string) => made(sources, identifier, () => table(identifier));
  const rejected = (identifier: string) => made(rejections, identifier, () => store<Rejected>(new Map()));
  const reject = (identifier: string, cells: readonly Rejection[]) =>
    rejected(identifier).set(
      (now) => new Map([...now, ...cells.map(({ tuple, reason }) => [tupleKey(tuple), reason] as const)]),
    );

  /** What these cells hold now; a tuple that is not in the table holds the default. */
  const before = async (identifier: string, cells: readonly CellChange[]): Promise<CellChange[]> => {
    const valuesOf = (rows: readonly (readonly unknown[])[]) =>
      new Map(rows.map((row) => [tupleKey(row.slice(0, -1)), row.at(-1)]));
    const table = source(identifier);
    const here = valuesOf(table.loaded());
    const all = cells.every(({ tuple }) => here.has(tupleKey(tuple)))
      ? here
      : valuesOf(await table.all(REMEMBERED));
    return cells.map(({ tuple }) => ({ tuple, value: all.get(tupleKey(tuple)) ?? null }));
  };

  /** Returns the cells that were accepted. */
  const writeSome = async (
    identifier: string,
    cells: readonly CellChange[],
  ): Promise<readonly CellChange[]> => {
    const table = source(identifier);
    const { version } = table.get();
    const outcome = await send(SetDataDocument, {
      session,
      identifier,
      cells: [...cells],
      ...(version >= 0 ? { ifVersion: version } : {}),
    });
    if (outcome.is === 'failed') return [];
    if (outcome.is === 'refused') {
      const [only, ...more] = cells;
      if (only && more.length === 0)
        reject(identifier, [{ tuple: only.tuple, reason: refusalText(outcome.refusal) }]);
      else say({ kind: 'problem', title: 'Not changed', text: refusalText(outcome.refusal) });
      table.invalidate();
      return [];
    }
    const refused = new Set(outcome.value.rejected.map(({ tuple }) => tupleKey(tuple)));
    const accepted = cells.filter(({ tuple }) => !refused.has(tupleKey(tuple)));
    rejected(identifier).set((now) => {
      const next = new Map(now);
      for (const { tuple } of accepted) next.delete(tupleKey(tuple));
      for (const { tuple, reason } of outcome.value.rejected) next.set(tupleKey(tuple), reason);
      return next;
    });
    table.patch(accepted, outcome.value.version);
    return accepted;
  };

  const write = async (identifier: string, cells: readonly CellChange[]): Promise<readonly CellChange[]> => {
    const accepted: CellChange[] = [];
    for (let start = 0; start < cells.length; start += AT_ONCE)
      accepted.push(...(await writeSome(identifier, cells.slice(start, start + AT_ONCE))));
    return accepted;
  };

  /** Edits go one after another: each needs the version that the one before has made. */
  const inTurn = (act: () => Promise<void>): Promise<void> => {
    const mine = last.then(act).catch((error: unknown) =>
      say({
        kind: 'problem',
        title: 'Not changed',
        text: error instanceof Error ? error.message : String(error),
      }),
    );
    last = mine;
    return mine;
  };

  return {
    source,
    rejected,
    reject,
    history,
    files: store<ReadonlyMap<string, File>>(new Map()),
    edit: ({ name }, cells, label) =>
      inTurn(async () => {
        const old = await before(name, cells);
        const accepted = new Set((await write(name, cells)).map(({ tuple }) => tupleKey(tuple)));
        if (accepted.size === 0) return;
        const kept = ({ tuple }: CellChange) => accepted.has(tupleKey(tuple));
        const edit: Edit = { label, identifier: name, before: old.filter(kept), after: cells.filter(kept) };
        history.set((now) => record(now, edit));
      }),
    step: (direction) =>
      inTurn(async () => {
        const now = history.get();
        const edit = direction < 0 ? now.done.at(-1) : now.undone.at(-1);
        if (!edit) return;
        const accepted = await write(edit.identifier, direction < 0 ? edit.before : edit.after);
        if (accepted.length > 0) history.set(direction < 0 ? undo(now) : redo(now));
      }),
    changed: (identifier, version) => sources.get(identifier)?.invalidate(version),
    changedAll: () => {
      for (const table of sources.values()) table.invalidate();
      for (const reasons of rejections.values()) reasons.set(new Map());
    },
  };
};
