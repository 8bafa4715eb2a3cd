import type { Shown } from './layout.js';

/**
 * The map convention, in the interface's `view`:
 *   map-lat, map-lon   over one set S: where the elements of S are, in degrees
 *   map-points         over one set S: drawn where S is, as large as its value
 *   map-arcs           over two sets A, B: drawn from A to B, as wide as its value
 * A set without coordinates of its own uses those of another set that has the element.
 * Pure.
 */
export interface MapLayers<I> {
  readonly latitudes: readonly I[];
  readonly longitudes: readonly I[];
  readonly points: readonly I[];
  readonly arcs: readonly I[];
}

export type Place = readonly [longitude: number, latitude: number];
type Rows = readonly (readonly unknown[])[];

export const mapLayers = <I extends Shown>(identifiers: readonly I[]): MapLayers<I> | null => {
  const having = (view: string, arity: number) =>
    identifiers.filter((identifier) => identifier.view === view && identifier.domain.length === arity);
  const layers = {
    latitudes: having('map-lat', 1),
    longitudes: having('map-lon', 1),
    points: having('map-points', 1),
    arcs: having('map-arcs', 2),
  };
  const placed = layers.latitudes.length > 0 && layers.longitudes.length > 0;
  return placed && layers.points.length + layers.arcs.length > 0 ? layers : null;
};

export interface MapPoint {
  readonly name: string;
  readonly at: Place;
  readonly value: number;
}

export interface MapArc {
  readonly name: string;
  readonly from: Place;
  readonly to: Place;
  readonly value: number;
}

export interface MapLayer<Item> {
  readonly label: string;
  readonly unit: string | null;
  readonly result: boolean;
  /** Yes or no: all of one size. */
  readonly flag: boolean;
  readonly items: readonly Item[];
}

export interface MapContent {
  readonly points: readonly MapLayer<MapPoint>[];
  readonly arcs: readonly MapLayer<MapArc>[];
  /** Elements that have a value but no coordinates. */
  readonly unplaced: number;
}

const asNumber = (value: unknown): number =>
  typeof value === 'boolean' ? Number(value) : Number(value ?? 0);

/** Where each element of each set is. */
const placesOf = <I extends Shown>(
  { latitudes, longitudes }: MapLayers<I>,
  rows: ReadonlyMap<string, Rows>,
) => {
  const sets = new Map<string, Map<string, Place>>();
  for (const latitude of latitudes) {
    const [set = ''] = latitude.domain;
    const longitude = longitudes.find(({ domain }) => domain[0] === set);
    if (!longitude) continue;
    const east = new Map(
      rows.get(longitude.name)?.map(([element, value]) => [String(element), asNumber(value)]),
    );
    const places = new Map<string, Place>();
    for (const [element, value] of rows.get(latitude.name) ?? []) {
      const name = String(element);
      // A coordinate of zero is a default, and defaults are not sent.
      places.set(name, [east.get(name) ?? 0, asNumber(value)]);
    }
    sets.set(set, places);
  }
  return (set: string | undefined, element: string): Place | undefined =>
    sets.get(set ?? '')?.get(element) ??
    [...sets.values()].find((places) => places.has(element))?.get(element);
};

export const mapContent = <I extends Shown & { readonly unit: string | null }>(
  layers: MapLayers<I>,
  rows: ReadonlyMap<string, Rows>,
): MapContent => {
  const placeOf = placesOf(layers, rows);
  let unplaced = 0;
  const layer = <Item>(
    identifier: I,
    item: (row: readonly unknown[], value: number) => Item | null,
  ): MapLayer<Item> => ({
    label: identifier.label,
    unit: identifier.unit,
    result: identifier.kind !== 'input',
    flag: identifier.type === 'bool',
    items: (rows.get(identifier.name) ?? []).flatMap((row) => {
      const value = asNumber(row.at(-1));
      if (!Number.isFinite(value) || value === 0) return [];
      const made = item(row, value);
      if (made === null) unplaced++;
      return made === null ? [] : [made];
    }),
  });
  return {
    points: layers.points.map((identifier) =>
      layer(identifier, ([element], value) => {
        const name = String(element);
        const at = placeOf(identifier.domain[0], name);
        return at ? { name, at, value } : null;
      }),
    ),
    arcs: layers.arcs.map((identifier) =>
      layer(identifier, ([a, b], value) => {
        const from = placeOf(identifier.domain[0], String(a));
        const to = placeOf(identifier.domain[1], String(b));
        return from && to ? { name: `${String(a)} → ${String(b)}`, from, to, value } : null;
      }),
    ),
    unplaced,
  };
};

const RADIANS = Math.PI / 180;
const [SOUTH, NORTH, CENTRE, MIDDLE] = [29.5 * RADIANS, 45.5 * RADIANS, -96 * RADIANS, 37.5 * RADIANS];
const N = (Math.sin(SOUTH) + Math.sin(NORTH)) / 2;
const C = Math.cos(SOUTH) ** 2 + 2 * N * Math.sin(SOUTH);
const radius = (latitude: number) => Math.sqrt(C - 2 * N * Math.sin(latitude)) / N;
const RADIUS = radius(MIDDLE);

/** Albers' equal-area conic with the parallels that maps of the United States use; y grows downwards. */
export const albers = {
  project: ([longitude, latitude]: readonly number[]): [number, number] => {
    // The Aleutians cross the date line: keep them west.
    const degrees = (longitude ?? 0) > 0 ? (longitude ?? 0) - 360 : (longitude ?? 0);
    const rho = radius((latitude ?? 0) * RADIANS);
    const theta = N * (degrees * RADIANS - CENTRE);
    return [rho * Math.sin(theta), rho * Math.cos(theta) - RADIUS];
  },
  unproject: ([x, y]: readonly number[]): [number, number] => {
    const down = RADIUS + (y ?? 0);
    const rho = Math.hypot(x ?? 0, down);
    const latitude = Math.asin((C - (rho * N) ** 2) / (2 * N));
    return [(Math.atan2(x ?? 0, down) / N + CENTRE) / RADIANS, latitude / RADIANS];
  },
};
