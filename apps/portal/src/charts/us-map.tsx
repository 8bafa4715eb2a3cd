import { useComputedColorScheme } from '@mantine/core';
import { LinesChart, ScatterChart } from 'echarts/charts';
import { GeoComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { useMemo } from 'react';
import { feature } from 'topojson-client';
import states from 'us-atlas/states-10m.json';
import { formatNumber } from '../format.js';
import { albers, type MapArc, type MapContent, type MapLayer, type MapPoint } from '../session/map-data.js';
import { Chart, echarts, FONT, palette } from './echarts.js';

echarts.use([LinesChart, ScatterChart, GeoComponent, LegendComponent, TooltipComponent]);

/** FIPS codes of what lies far from the other states. */
const FAR = new Set(['02', '15', '60', '66', '69', '72', '78']);
const all = feature(states, states.objects.states);
type Geo = Parameters<typeof echarts.registerMap>[1];
echarts.registerMap('states', all as unknown as Geo);
echarts.registerMap('contiguous', {
  ...all,
  features: all.features.filter(({ id }) => !FAR.has(id)),
} as unknown as Geo);

const isFar = ({ at: [longitude, latitude] }: MapPoint) => latitude > 50 || latitude < 24 || longitude < -126;

const LIGHT = { given: ['#2f7d95', '#8a6fb0', '#8b7a3d'], found: ['#d9480f', '#2b8a3e'], arc: '#c2571c' };
const DARK = { given: ['#5fb3c9', '#b49ad6', '#c9b56a'], found: ['#ff922b', '#69db7c'], arc: '#f08c4a' };

const largest = (items: readonly { readonly value: number }[]) =>
  items.reduce((most, { value }) => Math.max(most, Math.abs(value)), 0) || 1;

/** Areas, not radii, tell sizes apart. */
const points = ({ label, unit, result, flag, items }: MapLayer<MapPoint>, color: string, edge: string) => {
  const most = largest(items);
  return {
    type: 'scatter' as const,
    coordinateSystem: 'geo' as const,
    name: label,
    symbol: flag ? 'diamond' : 'circle',
    z: result ? 4 : 3,
    data: items.map(({ name, at, value }) => ({
      name,
      value: [...at, value],
      symbolSize: flag ? 13 : 3 + 15 * Math.sqrt(Math.abs(value) / most),
      tip: flag ? label : `${label}: ${formatNumber(value)} ${unit ?? ''}`,
    })),
    itemStyle: { color, opacity: result ? 0.95 : 0.6, borderColor: edge, borderWidth: result ? 1.2 : 0.4 },
  };
};

const arcs = ({ label, unit, items }: MapLayer<MapArc>, color: string) => {
  const most = largest(items);
  return {
    type: 'lines' as const,
    coordinateSystem: 'geo' as const,
    name: label,
    z: 2,
    color,
    data: items.map(({ name, from, to, value }) => ({
      name,
      coords: [[...from], [...to]],
      lineStyle: { width: 0.6 + 3 * Math.sqrt(Math.abs(value) / most) },
      tip: `${label}: ${formatNumber(value)} ${unit ?? ''}`,
    })),
    lineStyle: { color, opacity: 0.5, curveness: 0.12 },
  };
};

const tip = (params: unknown): HTMLElement | string => {
  const { name, data } = params as { name: string; data?: { tip?: string } };
  if (!data?.tip) return '';
  // As elements: names come from data and are text, never markup.
  const box = document.createElement('div');
  const title = document.createElement('b');
  title.textContent = name;
  box.append(title, document.createElement('br'), data.tip);
  return box;
};

const UsMap = ({ content, zoom }: { content: MapContent; zoom: number }) => {
  const dark = useComputedColorScheme('light') === 'dark';
  const option = useMemo(() => {
    const color = palette(dark);
    const colors = dark ? DARK : LIGHT;
    const edge = dark ? '#12181e' : '#ffffff';
    const of = (list: readonly string[], index: number) => list[index % list.length] ?? list[0]!;
    const given = content.points.filter(({ result }) => !result);
    const found = content.points.filter(({ result }) => result);
    return {
      animation: false,
      textStyle: { fontFamily: FONT },
      geo: {
        map: content.points.some(({ items }) => items.some(isFar)) ? 'states' : 'contiguous',
        projection: albers,
        roam: 'move' as const,
        zoom,
        top: 40,
        bottom: 10,
        left: 10,
        right: 10,
        silent: true,
        itemStyle: { areaColor: dark ? '#2a3540' : '#f1f4f6', borderColor: color.border, borderWidth: 0.7 },
      },
      legend: {
        data: [
          ...content.points.map(({ label, flag }) => ({ name: label, icon: flag ? 'diamond' : 'circle' })),
          ...content.arcs.map(({ label }) => ({
            name: label,
            icon: 'path://M0,9C6,2,14,2,20,9L20,11C14,4,6,4,0,11Z',
          })),
        ],
        top: 0,
        left: 0,
        itemWidth: 14,
        itemHeight: 10,
        textStyle: { color: color.text },
        inactiveColor: color.border,
      },
      tooltip: {
        backgroundColor: color.area,
        borderColor: color.border,
        textStyle: { color: color.text, fontSize: 12 },
        formatter: tip,
      },
      series: [
        ...content.arcs.map((layer) => arcs(layer, colors.arc)),
        ...given.map((layer, index) => points(layer, of(colors.given, index), edge)),
        ...found.map((layer, index) => points(layer, of(colors.found, index), edge)),
      ],
    };
  }, [content, dark, zoom]);
  const said = [...content.points, ...content.arcs]
    .map(({ label, items }) => `${label}: ${items.length}`)
    .join(', ');
  return (
    <div className="map">
      <Chart option={option} height="100%" label={`Map of the United States. ${said}`} />
    </div>
  );
};

export default UsMap;
