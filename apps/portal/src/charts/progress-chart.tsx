import { useComputedColorScheme } from '@mantine/core';
import { LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { useMemo } from 'react';
import { formatDuration, formatGap, formatKpi } from '../format.js';
import type { PointFieldsFragment } from '../generated/graphql.js';
import { Chart, echarts, FONT, palette } from './echarts.js';

echarts.use([LineChart, GridComponent, LegendComponent, TooltipComponent]);

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 4 });

const series = (points: readonly PointFieldsFragment[], field: 'objective' | 'bound') =>
  points.flatMap((point) => {
    const value = point[field];
    return value === null || Math.abs(value) >= 1e20 ? [] : [[point.elapsed, value] as const];
  });

/** Objective and bound as they close in on each other. */
const ProgressChart = ({
  points,
  height = 240,
}: {
  points: readonly PointFieldsFragment[];
  height?: number;
}) => {
  const dark = useComputedColorScheme('light') === 'dark';
  const option = useMemo(() => {
    const color = palette(dark);
    const line = (name: string, field: 'objective' | 'bound') => ({
      type: 'line' as const,
      name,
      step: 'end' as const,
      data: series(points, field),
      showSymbol: points.length < 40,
      symbolSize: 5,
      lineStyle: { width: 2 },
      color: color[field],
    });
    return {
      animation: false,
      textStyle: { fontFamily: FONT },
      grid: { left: 8, right: 16, top: 34, bottom: 4, containLabel: true },
      legend: { top: 0, left: 0, itemWidth: 18, itemHeight: 8, textStyle: { color: color.text } },
      tooltip: {
        trigger: 'axis' as const,
        backgroundColor: color.area,
        borderColor: color.border,
        textStyle: { color: color.text, fontSize: 12 },
        valueFormatter: (value: unknown) =>
          formatKpi(Array.isArray(value) ? Number(value[1]) : Number(value)),
      },
      xAxis: {
        type: 'value' as const,
        max: 'dataMax' as const,
        axisLabel: {
          color: color.text,
          formatter: (seconds: number) => formatDuration(seconds),
          hideOverlap: true,
        },
        axisLine: { lineStyle: { color: color.border } },
        splitLine: { show: false },
      },
      yAxis: {
        type: 'value' as const,
        scale: true,
        axisLabel: { color: color.text, formatter: (value: number) => compact.format(value) },
        splitLine: { lineStyle: { color: color.line } },
      },
      series: [line('Objective', 'objective'), line('Bound', 'bound')],
    };
  }, [points, dark]);
  const last = points.at(-1);
  return (
    <Chart
      option={option}
      height={height}
      label={`Objective and bound over time: objective ${formatKpi(last?.objective)}, bound ${formatKpi(last?.bound)}, gap ${formatGap(last?.gap)}`}
    />
  );
};

export default ProgressChart;
