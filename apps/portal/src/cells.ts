import { csvLine } from '../../../libs/kernel/src/csv.js';
import { count } from './format.js';

/** Reading and writing of table cells: typed text, pasted blocks, CSV. Pure. */

/** What must be known of an identifier to read a cell of it. */
export interface CellType {
  readonly type: string;
  readonly domain: readonly string[];
  readonly min: number | null;
  readonly max: number | null;
}

export interface CellChange {
  readonly tuple: string[];
  /** Null sets the default. */
  readonly value: unknown;
}

export interface Rejection {
  readonly tuple: readonly string[];
  readonly reason: string;
}

type Parsed = { readonly value: unknown } | { readonly problem: string };

/** One string per tuple, for maps. The separator cannot be typed. */
export const tupleKey = (tuple: readonly unknown[]): string => tuple.join('\u001f');

const GROUPED = /^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$/;
const WORDS: Record<string, boolean> = {
  true: true,
  yes: true,
  '1': true,
  false: false,
  no: false,
  '0': false,
};

const parseNumber = (text: string, { type, min, max }: CellType): Parsed => {
  const value = Number(GROUPED.test(text) ? text.replaceAll(',', '') : text);
  if (!Number.isFinite(value))
    return {
      problem: `"${text}" is not a number${/^-?\d+,\d+$/.test(text) ? ': write a point for decimals' : ''}`,
    };
  if (type === 'i64' && !Number.isSafeInteger(value)) return { problem: `${text} is not a whole number` };
  if (min !== null && value < min) return { problem: `${text} is below ${min}` };
  if (max !== null && value > max) return { problem: `${text} is above ${max}` };
  return { value };
};

/** What the user typed, as the identifier's type wants it. Nothing typed means: back to the default. */
export const parseCell = (input: string, cell: CellType): Parsed => {
  const text = input.trim();
  if (cell.type === 'utf8') return { value: input === '' ? null : input };
  if (text === '') return { value: null };
  if (cell.type === 'f64' || cell.type === 'i64') return parseNumber(text, cell);
  if (cell.type === 'bool') {
    const value = WORDS[text.toLowerCase()];
    return value === undefined ? { problem: `"${text}" is neither yes nor no` } : { value };
  }
  return { value: text };
};

/** A block copied from a spreadsheet: tabs between cells, quotes around cells with line breaks. */
export const parseBlock = (text: string): string[][] => {
  const rows: string[][] = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^\t\r\n]*))(\t|\r\n|\r|\n|$)/y;
  while (cell.lastIndex < text.length) {
    const found = cell.exec(text);
    if (!found) break;
    rows.at(-1)?.push(found[1] === undefined ? (found[2] ?? '') : found[1].replaceAll('""', '"'));
    if (found[3] !== '\t') rows.push([]);
  }
  if (text.endsWith('\t')) rows.at(-1)?.push('');
  return rows.filter((row) => row.some((value) => value.trim() !== ''));
};

export interface Pasted {
  readonly cells: CellChange[];
  readonly rejected: Rejection[];
  /** Why nothing of it could be used. */
  readonly problem: string | null;
}

/**
 * What a pasted block means for a table with `domain.length` index columns: one column fills values
 * downwards from the active row; index elements and a value set those tuples, wherever they are.
 */
export const pasteCells = (
  block: readonly (readonly string[])[],
  cell: CellType,
  below: readonly (readonly string[])[],
): Pasted => {
  const arity = cell.domain.length;
  const width = Math.max(0, ...block.map((row) => row.length));
  const nothing = (problem: string): Pasted => ({ cells: [], rejected: [], problem });
  if (width === 0) return nothing('There is nothing to paste');
  if (width !== 1 && width !== arity + 1)
    return nothing(
      `The copied block has ${count(width, 'column')}. Paste one column of values, ` +
        `or ${arity + 1} columns: ${[...cell.domain, 'value'].join(', ')}.`,
    );
  if (width === 1 && block.length > below.length)
    return nothing(
      `${count(block.length, 'value')} were copied, but only ${count(below.length, 'row')} follow here`,
    );

  const cells: CellChange[] = [];
  const rejected: Rejection[] = [];
  block.forEach((row, index) => {
    const tuple = [
      ...(width === 1 ? (below[index] ?? []) : row.slice(0, arity).map((element) => element.trim())),
    ];
    const parsed = parseCell(row.at(-1) ?? '', cell);
    const heading = index === 0 && width > 1 && 'problem' in parsed && block.length > 1;
    if (heading) return;
    if (row.length !== width || tuple.includes(''))
      rejected.push({ tuple, reason: `line ${index + 1} has an empty or missing cell` });
    else if ('problem' in parsed) rejected.push({ tuple, reason: parsed.problem });
    else cells.push({ tuple, value: parsed.value });
  });
  return { cells, rejected, problem: null };
};

export const toCsv = (columns: readonly string[], rows: readonly (readonly unknown[])[]): string =>
  [columns, ...rows].map(csvLine).join('');
