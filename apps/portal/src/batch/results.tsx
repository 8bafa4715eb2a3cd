import { MultiSelect, Text } from '@mantine/core';
import { type CSSProperties, useCallback, useEffect, useRef, useState } from 'react';
import { reader } from '../api.js';
import { formatDuration, formatGap, formatKpi } from '../format.js';
import {
  BatchResultsDocument,
  type JobState,
  type ScenarioFieldsFragment,
  type ScenarioOrder,
} from '../generated/graphql.js';
import { Link } from '../router.js';
import { pathTo } from '../routes.js';
import { StatePill, STATES } from '../ui/bits.js';
import { type Axes, CELLS, showArgument } from './cells.js';

const ROW = 33;
const HEIGHT = 460;
const PAGE = 100;
/** Scrolling fast does not ask for what flies by. */
const REST_MS = 60;

interface Column {
  readonly title: string;
  readonly width: string;
  readonly order?: ScenarioOrder;
  readonly number?: boolean;
  readonly cell: (row: ScenarioFieldsFragment) => React.ReactNode;
}

const columnsOf = (axes: Axes | null): readonly Column[] => [
  {
    title: 'Scenario',
    width: '110px',
    order: 'SCENARIO',
    number: true,
    cell: ({ index, job }) => <Link href={pathTo('job', { id: job })}>{index + 1}</Link>,
  },
  ...(axes
    ? axes.map(({ argument }) => ({
        title: argument,
        width: 'minmax(90px, 1fr)',
        cell: ({ args }: ScenarioFieldsFragment) =>
          showArgument((args as Readonly<Record<string, unknown>>)[argument]),
      }))
    : [
        {
          title: 'Arguments',
          width: 'minmax(200px, 3fr)',
          cell: ({ args }: ScenarioFieldsFragment) => (
            <span title={JSON.stringify(args)}>{JSON.stringify(args).slice(0, 300)}</span>
          ),
        },
      ]),
  { title: 'State', width: '130px', order: 'STATE', cell: ({ state }) => <StatePill state={state} /> },
  {
    title: 'Objective',
    width: '130px',
    order: 'OBJECTIVE',
    number: true,
    cell: ({ objective }) => formatKpi(objective),
  },
  { title: 'Gap', width: '90px', order: 'GAP', number: true, cell: ({ gap }) => formatGap(gap) },
  {
    title: 'Run time',
    width: '110px',
    order: 'RUN_TIME',
    number: true,
    cell: ({ runTime }) => formatDuration(runTime),
  },
  {
    title: 'Why not',
    width: 'minmax(120px, 2fr)',
    cell: ({ error }) => error !== null && <span title={error}>{error.slice(0, 300)}</span>,
  },
];

/** All scenarios in one table of which only the rows on screen exist; `poke`: they may have changed. */
export const Results = ({ id, axes, poke }: { id: string; axes: Axes | null; poke: unknown }) => {
  const [order, setOrder] = useState<ScenarioOrder>('SCENARIO');
  const [descending, setDescending] = useState(false);
  const [states, setStates] = useState<JobState[]>([]);
  const [top, setTop] = useState(0);
  const [total, setTotal] = useState<number | null>(null);
  const [pages, setPages] = useState<ReadonlyMap<number, readonly ScenarioFieldsFragment[]>>(new Map());
  const asked = useRef('');

  const first = Math.max(0, Math.floor(top / ROW) - 5);
  const last = Math.min(total ?? PAGE, Math.ceil((top + HEIGHT) / ROW) + 5);
  const [from, to] = [Math.floor(first / PAGE), Math.floor(Math.max(first, last - 1) / PAGE)];
  const what = JSON.stringify([order, descending, states]);

  const read = useCallback(async () => {
    const key = `${what} ${from} ${to}`;
    asked.current = key;
    const found = new Map<number, readonly ScenarioFieldsFragment[]>();
    let count = 0;
    for (let page = from; page <= to; page++) {
      const { data } = await reader
        .query(BatchResultsDocument, {
          id,
          states: states.length > 0 ? states : null,
          order,
          descending,
          first: PAGE,
          offset: page * PAGE,
        })
        .toPromise();
      if (!data?.batch || asked.current !== key) return;
      found.set(page, data.batch.results.rows);
      count = Math.max(count, data.batch.results.total);
    }
    setPages(found);
    setTotal(count);
  }, [id, states, order, descending, what, from, to]);

  useEffect(() => {
    const timer = setTimeout(() => void read(), REST_MS);
    return () => clearTimeout(timer);
  }, [read, poke]);

  const columns = columnsOf(axes);
  const grid: CSSProperties = { gridTemplateColumns: columns.map(({ width }) => width).join(' ') };
  const sort = (by: ScenarioOrder) => {
    setDescending(by === order && !descending);
    setOrder(by);
    setTop(0);
  };
  return (
    <>
      <MultiSelect
        aria-label="States"
        placeholder={states.length > 0 ? '' : 'Any state'}
        data={Object.values(CELLS).flatMap((state) =>
          state === null ? [] : [{ value: state, label: STATES[state].label }],
        )}
        value={states}
        onChange={(chosen) => setStates(chosen as JobState[])}
        clearable
        size="xs"
        maw={380}
        mb="xs"
      />
      <div
        className="grid"
        role="table"
        aria-label="Results"
        aria-rowcount={(total ?? 0) + 1}
        tabIndex={0}
        style={{ maxHeight: HEIGHT }}
        onScroll={({ currentTarget }) => setTop(currentTarget.scrollTop)}
      >
        <div className="grid-row grid-head" role="row" style={grid}>
          {columns.map(({ title, order: by, number }) => (
            <span
              key={title}
              role="columnheader"
              className={`grid-cell ${number ? 'num' : ''}`}
              {...(by === order
                ? { 'aria-sort': descending ? ('descending' as const) : ('ascending' as const) }
                : {})}
            >
              {by ? (
                <button type="button" className="sort" onClick={() => sort(by)}>
                  {title}
                  {by === order && (descending ? ' ↓' : ' ↑')}
                </button>
              ) : (
                title
              )}
            </span>
          ))}
        </div>
        <div className="grid-body" style={{ height: (total ?? 0) * ROW }}>
          {Array.from({ length: Math.max(0, last - first) }, (_, offset) => {
            const at = first + offset;
            const row = pages.get(Math.floor(at / PAGE))?.[at % PAGE];
            return (
              row && (
                <div
                  key={at}
                  className="grid-row"
                  role="row"
                  aria-rowindex={at + 2}
                  style={{ ...grid, top: at * ROW, height: ROW }}
                >
                  {columns.map(({ title, number, cell }) => (
                    <span key={title} role="cell" className={`grid-cell ${number ? 'num' : ''}`}>
                      {cell(row)}
                    </span>
                  ))}
                </div>
              )
            );
          })}
        </div>
      </div>
      {total === 0 && (
        <Text size="sm" c="dimmed" mt={6}>
          No scenario {states.length > 0 ? 'is in these states' : 'has a job yet'}.
        </Text>
      )}
    </>
  );
};
