import { Text, useComputedColorScheme } from '@mantine/core';
import { type MouseEvent, useEffect, useRef, useState } from 'react';
import { reader } from '../api.js';
import { formatKpi } from '../format.js';
import { BatchScenarioDocument } from '../generated/graphql.js';
import { navigate } from '../router.js';
import { pathTo } from '../routes.js';
import { argumentsAt, type Axes, CELLS, countsOf, layoutOf, showArgument } from './cells.js';
import { colorOf, labelOf } from './states.js';

/** Every scenario as a cell in the colour of its state: one canvas, however many there are. */
export const StateGrid = ({
  id,
  cells,
  axes,
  objectives,
}: {
  id: string;
  cells: string;
  axes: Axes | null;
  objectives: readonly (number | null)[];
}) => {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const dark = useComputedColorScheme('light') === 'dark';
  const [width, setWidth] = useState(0);
  const [over, setOver] = useState<{ index: number; x: number; y: number } | null>(null);
  useEffect(() => {
    if (!box.current) return;
    const follow = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    follow.observe(box.current);
    return () => follow.disconnect();
  }, []);
  const { columns, rows, size, isMatrix } = layoutOf(cells.length, axes, Math.max(width, 40));
  const [shownWidth, shownHeight] = [columns * size, rows * size];

  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || width === 0) return;
    const ratio = devicePixelRatio;
    context.canvas.width = shownWidth * ratio;
    context.canvas.height = shownHeight * ratio;
    context.scale(ratio, ratio);
    const style = getComputedStyle(document.documentElement);
    const colors = new Map(
      Object.entries(CELLS).map(([letter, state]) => [
        letter,
        style.getPropertyValue(`--mantine-color-${colorOf(state, dark)}`),
      ]),
    );
    const space = size > 7 ? 2 : 1;
    for (let index = 0; index < cells.length; index++) {
      context.fillStyle = colors.get(cells[index]!) ?? '';
      const [x, y] = [(index % columns) * size, Math.floor(index / columns) * size];
      context.fillRect(x, y, size - space, size - space);
    }
  }, [cells, columns, size, shownWidth, shownHeight, width, dark]);

  const cellAt = ({ nativeEvent: { offsetX, offsetY } }: MouseEvent): number | null => {
    const [column, row] = [Math.floor(offsetX / size), Math.floor(offsetY / size)];
    const index = row * columns + column;
    return column >= 0 && column < columns && index >= 0 && index < cells.length ? index : null;
  };
  const open = async (index: number) => {
    const { data } = await reader.query(BatchScenarioDocument, { id, index }).toPromise();
    const job = data?.batch?.scenario?.job;
    if (job !== undefined) navigate(pathTo('job', { id: job }));
  };
  const [across, down] = isMatrix && axes ? [axes.at(-1)!, axes.slice(0, -1)] : [null, []];
  const summary = countsOf(cells).map(([state, count]) => `${count} ${labelOf(state).toLowerCase()}`);
  return (
    <div ref={box} className="state-grid">
      {across && (
        <Text size="xs" c="dimmed">
          across: {across.argument}, {showArgument(across.values[0])} to {showArgument(across.values.at(-1))}{' '}
          · down: {down.map(({ argument }) => argument).join(', then ')}
        </Text>
      )}
      <canvas
        ref={canvas}
        role="img"
        aria-label={`${cells.length} scenarios: ${summary.join(', ')}`}
        style={{ width: shownWidth, height: shownHeight, cursor: over ? 'pointer' : 'default' }}
        onMouseMove={(event) => {
          const index = cellAt(event);
          setOver(
            index === null
              ? null
              : { index, x: event.nativeEvent.offsetX, y: event.nativeEvent.offsetY + (across ? 18 : 0) },
          );
        }}
        onMouseLeave={() => setOver(null)}
        onClick={(event) => {
          const index = cellAt(event);
          if (index !== null) void open(index);
        }}
      />
      {over && (
        <div
          className="state-grid-tip"
          style={{
            top: over.y + 14,
            ...(over.x > width / 2 ? { right: width - over.x } : { left: over.x + 10 }),
          }}
        >
          <b>Scenario {over.index + 1}</b> · {labelOf(CELLS[cells[over.index]!] ?? null)}
          {axes && (
            <div>
              {argumentsAt(axes, over.index)
                .map(([name, value]) => `${name} = ${value}`)
                .join(', ')}
            </div>
          )}
          {typeof objectives[over.index] === 'number' && (
            <div>objective {formatKpi(objectives[over.index])}</div>
          )}
        </div>
      )}
    </div>
  );
};
