import { useComputedColorScheme } from '@mantine/core';
import { BarChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { useMemo } from 'react';
import { Chart, echarts, FONT, palette } from './echarts.js';

echarts.use([BarChart, GridComponent, LegendComponent, TooltipComponent]);

export interface Stack {
  readonly name: string;
  readonly color: 'objective' | 'bound' | 'muted';
  readonly values: readonly number[];
}

/** Stacked bars: upright over time, lying for names. */
const Bars = ({
  labels,
  stacks,
  lying,
  label,
  height = 260,
}: {
  labels: readonly string[];
  stacks: readonly Stack[];
  lying: boolean;
  label: string;
  height?: number;
}) => {
  const dark = useComputedColorScheme('light') === 'dark';
  const option = useMemo(() => {
    const color = palette(dark);
    const names = {
      type: 'category' as const,
      data: [...labels],
      inverse: lying,
      axisLabel: { color: color.text, hideOverlap: true },
      axisLine: { lineStyle: { color: color.border } },
      axisTick: { show: false },
    };
    const values = {
      type: 'value' as const,
      axisLabel: { color: color.text },
      splitLine: { lineStyle: { color: color.line } },
    };
    return {
      animation: false,
      textStyle: { fontFamily: FONT },
      grid: { left: 8, right: 16, top: 34, bottom: 4, containLabel: true },
      legend: { top: 0, left: 0, itemWidth: 14, itemHeight: 8, textStyle: { color: color.text } },
      tooltip: {
        trigger: 'axis' as const,
        axisPointer: { type: 'shadow' as const },
        backgroundColor: color.area,
        borderColor: color.border,
        textStyle: { color: color.text, fontSize: 12 },
      },
      xAxis: lying ? values : names,
      yAxis: lying ? names : values,
      series: stacks.map((stack) => ({
        type: 'bar' as const,
        name: stack.name,
        stack: 'all',
        data: [...stack.values],
        color: color[stack.color],
        barMaxWidth: 28,
      })),
    };
  }, [labels, stacks, lying, dark]);
  return <Chart option={option} height={height} label={label} />;
};

export default Bars;
