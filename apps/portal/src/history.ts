import type { CellChange } from './cells.js';

/** One edit of a user: what the cells held, and what he made of them. */
export interface Edit {
  readonly label: string;
  readonly identifier: string;
  readonly before: readonly CellChange[];
  readonly after: readonly CellChange[];
}

export interface History {
  readonly done: readonly Edit[];
  readonly undone: readonly Edit[];
}

const KEPT = 100;
export const emptyHistory: History = { done: [], undone: [] };

export const record = ({ done }: History, edit: Edit): History => ({
  done: [...done, edit].slice(-KEPT),
  undone: [],
});

export const undo = ({ done, undone }: History): History => {
  const edit = done.at(-1);
  return edit ? { done: done.slice(0, -1), undone: [...undone, edit] } : { done, undone };
};

export const redo = ({ done, undone }: History): History => {
  const edit = undone.at(-1);
  return edit ? { done: [...done, edit], undone: undone.slice(0, -1) } : { done, undone };
};
