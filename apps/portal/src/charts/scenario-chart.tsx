import { useComputedColorScheme } from '@mantine/core';
import { ScatterChart } from 'echarts/charts';
import { GridComponent, TooltipComponent } from 'echarts/components';
import { useMemo } from 'react';
import { formatKpi } from '../format.js';
import { Chart, echarts, FONT, palette } from './echarts.js';

echarts.use([ScatterChart, GridComponent, TooltipComponent]);

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 4 });

/** The objective of each scenario that has one; `nameOf` says what a scenario is. */
const ScenarioChart = ({
  objectives,
  nameOf,
}: {
  objectives: readonly (number | null)[];
  nameOf: (index: number) => string;
}) => {
  const dark = useComputedColorScheme('light') === 'dark';
  const data = useMemo(
    () => objectives.flatMap((value, index) => (value === null ? [] : [[index + 1, value] as const])),
    [objectives],
  );
  const option = useMemo(() => {
    const color = palette(dark);
    return {
      animation: false,
      textStyle: { fontFamily: FONT },
      grid: { left: 8, right: 16, top: 12, bottom: 4, containLabel: true },
      tooltip: {
        trigger: 'item' as const,
        backgroundColor: color.area,
        borderColor: color.border,
        textStyle: { color: color.text, fontSize: 12 },
        formatter: ({ value }: { value: unknown }) => {
          const [scenario, objective] = value as [number, number];
          return echarts.format.encodeHTML(`${nameOf(scenario - 1)}: ${formatKpi(objective)}`);
        },
      },
      xAxis: {
        type: 'value' as const,
        min: 1,
        max: Math.max(2, objectives.length),
        minInterval: 1,
        axisLabel: { color: color.text, hideOverlap: true },
        axisLine: { lineStyle: { color: color.border } },
        splitLine: { show: false },
      },
      yAxis: {
        type: 'value' as const,
        scale: true,
        axisLabel: { color: color.text, formatter: (value: number) => compact.format(value) },
        splitLine: { lineStyle: { color: color.line } },
      },
      series: [
        { type: 'scatter' as const, data, symbolSize: data.length > 500 ? 4 : 7, color: color.objective },
      ],
    };
  }, [data, objectives.length, nameOf, dark]);
  return <Chart option={option} height={240} label={`Objectives of ${data.length} scenarios`} />;
};

export default ScenarioChart;
