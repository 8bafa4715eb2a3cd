import { Button, Group, Text, Tooltip } from '@mantine/core';
import {
  type ClipboardEvent,
  type CSSProperties,
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useId,
  useRef,
  useState,
} from 'react';
import {
  type CellChange,
  type CellType,
  parseBlock,
  parseCell,
  pasteCells,
  type Rejection,
  tupleKey,
} from '../cells.js';
import { formatNumber } from '../format.js';
import { say } from '../notices.js';
import { useStore } from '../store.js';
import type { Row, TableSource } from '../table-source.js';
import { Loading } from './bits.js';
import { Icon } from './icons.js';

const ROW = 33;
const WIDEST = 380;
const MARGIN_ROWS = 8;
/** Chromium and Firefox draw no element taller than this. */
const TALLEST = 16_000_000;
const SHOWN_CHARS = 300;

const isNumber = (type: string) => type === 'f64' || type === 'i64';

export const showValue = (value: unknown): string => {
  if (typeof value === 'number') return formatNumber(value);
  if (typeof value === 'boolean') return value ? 'Yes' : 'No';
  return value === null || value === undefined ? '' : String(value).slice(0, SHOWN_CHARS);
};

export interface Editing {
  readonly onChange: (cells: readonly CellChange[], label: string) => void;
  readonly onReject: (rejected: readonly Rejection[]) => void;
  /** Reasons by tuple, of cells that were not accepted. */
  readonly rejected: ReadonlyMap<string, string>;
}

interface Props {
  readonly label: string;
  readonly source: TableSource;
  readonly cell: CellType;
  /** Rows to show instead of all, after a filter. */
  readonly only?: readonly Row[] | null;
  readonly editing?: Editing;
  readonly height?: number;
}

const Cell = ({ problem, children }: { problem: string | undefined; children: ReactNode }) =>
  problem === undefined ? children : <Tooltip label={problem}>{<span>{children}</span>}</Tooltip>;

/**
 * A table of any length: only the rows on screen exist. The arrow keys move, typing or Enter edits, Delete
 * sets the default, and a block from a spreadsheet can be pasted.
 */
export const DataGrid = ({ label, source, cell, only = null, editing, height = 380 }: Props) => {
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const { columns, total, problem } = useStore(source);
  const [top, setTop] = useState(0);
  const [active, setActive] = useState(0);
  const [draft, setDraft] = useState<string | null>(null);
  const open = useRef(false);
  const count = only ? only.length : total;
  const shown = Math.min(count, Math.floor(TALLEST / ROW));
  const first = Math.max(0, Math.floor(top / ROW) - MARGIN_ROWS);
  const last = Math.min(shown, Math.ceil((top + height) / ROW) + MARGIN_ROWS);
  const rowAt = (index: number): Row | undefined => (only ? only[index] : source.row(index));

  useEffect(() => {
    if (!only) source.need(first, last);
  }, [source, only, first, last]);

  if (problem !== null && columns === null)
    return (
      <Group>
        <Text size="sm" c="var(--problem)" role="alert">
          {problem}
        </Text>
        <Button size="compact-xs" variant="light" onClick={() => source.invalidate()}>
          Try again
        </Button>
      </Group>
    );
  if (columns === null) return <Loading what={`Reading ${label}`} />;

  const tupleOf = (row: Row): string[] => row.slice(0, -1).map(String);
  const grid: CSSProperties = { gridTemplateColumns: `repeat(${columns.length}, minmax(110px, 1fr))` };
  const go = (to: number) => {
    const next = Math.max(0, Math.min(shown - 1, to));
    setActive(next);
    const view = box.current;
    if (!view) return;
    const [above, below] = [next * ROW, (next + 2) * ROW - view.clientHeight];
    if (view.scrollTop > above) view.scrollTop = above;
    else if (view.scrollTop < below) view.scrollTop = below;
  };

  const write = (text: string) => {
    const row = rowAt(active);
    if (!row || !editing) return;
    const tuple = tupleOf(row);
    const parsed = parseCell(text, cell);
    if ('problem' in parsed) editing.onReject([{ tuple, reason: parsed.problem }]);
    else if (parsed.value !== row.at(-1))
      editing.onChange([{ tuple, value: parsed.value }], `${label} ${tuple.join(', ')}`);
  };
  const begin = (text: string) => {
    open.current = true;
    setDraft(text);
  };
  /** Null takes nothing over. Leaving the field comes here too, after Enter and Escape have been here: once is enough. */
  const finish = (text: string | null, then = 0) => {
    if (!open.current) return;
    open.current = false;
    setDraft(null);
    box.current?.focus();
    if (text !== null) write(text);
    go(active + then);
  };

  const page = Math.max(1, Math.floor(height / ROW) - 2);
  const moves: Record<string, number> = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: page,
    PageUp: -page,
    Home: -shown,
    End: shown,
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (draft !== null || event.target !== box.current) return;
    const move = moves[event.key];
    if (move !== undefined) go(active + move);
    else if (!editing || event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key === 'Enter' || event.key === 'F2') begin(String(rowAt(active)?.at(-1) ?? ''));
    else if (event.key === 'Delete' || event.key === 'Backspace') write('');
    else if (event.key.length === 1) begin(event.key);
    else return;
    event.preventDefault();
  };

  const onPaste = (event: ClipboardEvent) => {
    if (!editing || draft !== null) return;
    event.preventDefault();
    const below: string[][] = [];
    for (let index = active; index < shown; index++) {
      const row = rowAt(index);
      if (!row) break;
      below.push(tupleOf(row));
    }
    const pasted = pasteCells(parseBlock(event.clipboardData.getData('text/plain')), cell, below);
    if (pasted.problem !== null) return say({ kind: 'problem', title: 'Not pasted', text: pasted.problem });
    if (pasted.rejected.length > 0) editing.onReject(pasted.rejected);
    if (pasted.cells.length > 0) editing.onChange(pasted.cells, `${label}, ${pasted.cells.length} pasted`);
  };

  return (
    <div
      ref={box}
      className="grid"
      role="grid"
      aria-label={label}
      aria-rowcount={count + 1}
      aria-colcount={columns.length}
      aria-readonly={!editing}
      aria-activedescendant={shown > 0 ? `${id}-${active}` : undefined}
      tabIndex={0}
      style={{ maxHeight: height, maxWidth: columns.length * WIDEST }}
      onScroll={({ currentTarget }) => setTop(currentTarget.scrollTop)}
      onKeyDown={onKeyDown}
      onPaste={onPaste}
    >
      <div className="grid-row grid-head" role="row" aria-rowindex={1} style={grid}>
        {columns.map((name, index) => (
          <span
            key={index}
            role="columnheader"
            className={`grid-cell ${index === columns.length - 1 && isNumber(cell.type) ? 'num' : ''}`}
          >
            {name}
          </span>
        ))}
      </div>
      <div className="grid-body" style={{ height: shown * ROW }}>
        {Array.from({ length: Math.max(0, last - first) }, (_, offset) => {
          const index = first + offset;
          const row = rowAt(index);
          const reason = row && editing?.rejected.get(tupleKey(row.slice(0, -1)));
          const edits = draft !== null && index === active;
          return (
            <div
              key={index}
              id={`${id}-${index}`}
              className="grid-row"
              role="row"
              aria-rowindex={index + 2}
              style={{ ...grid, top: index * ROW, height: ROW }}
              {...(index === active ? { 'data-active': true, 'aria-selected': true } : {})}
              onMouseDown={() => setActive(index)}
            >
              {columns.map((_, column) => {
                const isValue = column === columns.length - 1;
                const value = row?.[column];
                return (
                  <span
                    key={column}
                    role="gridcell"
                    className={`grid-cell ${isValue && isNumber(cell.type) ? 'num' : ''}`}
                    {...(isValue && editing ? { 'data-edit': true } : {})}
                    {...(isValue && reason !== undefined
                      ? { 'data-problem': true, 'aria-invalid': true }
                      : {})}
                    onDoubleClick={() => isValue && editing && row && begin(String(value ?? ''))}
                  >
                    {isValue && edits ? (
                      <input
                        autoFocus
                        aria-label={`${label}, ${row ? tupleOf(row).join(', ') : ''}`}
                        defaultValue={draft}
                        onFocus={({ target }) => draft.length > 1 && target.select()}
                        onBlur={({ target }) => finish(target.value)}
                        onKeyDown={(event) => {
                          const { value: text } = event.currentTarget;
                          if (event.key === 'Enter') finish(text, 1);
                          else if (event.key === 'Tab') finish(text, event.shiftKey ? -1 : 1);
                          else if (event.key === 'Escape') finish(null);
                          else return;
                          event.preventDefault();
                          event.stopPropagation();
                        }}
                      />
                    ) : (
                      <Cell problem={isValue ? reason : undefined}>
                        {isValue && reason !== undefined && <Icon name="warning" size={13} />}{' '}
                        {row ? showValue(value) : '…'}
                      </Cell>
                    )}
                  </span>
                );
              })}
            </div>
          );
        })}
      </div>
    </div>
  );
};
