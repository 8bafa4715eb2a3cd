import type { ComposeOption, ECharts } from 'echarts/core';
import * as echarts from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { type CSSProperties, useEffect, useRef } from 'react';

echarts.use([CanvasRenderer]);

/** A canvas does not inherit. */
export const FONT = "Inter, 'Segoe UI', system-ui, sans-serif";

export { echarts };

/** A chart that fills its box and follows it. `label` is what a screen reader says in its place. */
export const Chart = <Option extends ComposeOption<never>>({
  option,
  label,
  height,
}: {
  option: Option;
  label: string;
  height: CSSProperties['height'];
}) => {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts | null>(null);
  useEffect(() => {
    if (!box.current) return;
    const made = echarts.init(box.current);
    chart.current = made;
    const follow = new ResizeObserver(() => made.resize());
    follow.observe(box.current);
    return () => {
      follow.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, []);
  useEffect(() => {
    chart.current?.setOption(option, { replaceMerge: ['series'] });
  }, [option]);
  return <div ref={box} className="chart" role="img" aria-label={label} style={{ height }} />;
};

/** Colours that carry the same meaning in every chart, per scheme. */
export const palette = (dark: boolean) =>
  dark
    ? {
        text: '#b9c3cc',
        line: '#2c3641',
        objective: '#52b1ba',
        bound: '#f2b36b',
        area: '#1a2129',
        border: '#3b4754',
        muted: '#7b8896',
      }
    : {
        text: '#58636e',
        line: '#e3e8ec',
        objective: '#0c7680',
        bound: '#c7661b',
        area: '#ffffff',
        border: '#c3ccd4',
        muted: '#8a96a1',
      };
