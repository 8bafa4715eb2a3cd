/** A place as `examples/cities.mjs` makes it. */
export interface City {
  readonly name: string;
  readonly population: number;
  /** Degrees. */
  readonly lat: number;
  readonly lon: number;
}

const EARTH_RADIUS_KM = 6371;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;
const squaredHalfSine = (angle: number): number => Math.sin(angle / 2) ** 2;

/** Great-circle distance by the haversine formula. */
export const distanceKm = (a: { lat: number; lon: number }, b: { lat: number; lon: number }): number => {
  const [from, to] = [radians(a.lat), radians(b.lat)];
  const across = Math.cos(from) * Math.cos(to) * squaredHalfSine(radians(b.lon - a.lon));
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.sqrt(squaredHalfSine(to - from) + across));
};

/** The largest cities that lie at least so far apart: candidates all over the country, near the people. */
export const spreadOut = (cities: readonly City[], count: number, apartKm: number): readonly City[] => {
  const chosen: City[] = [];
  for (const city of cities)
    if (chosen.length < count && chosen.every((other) => distanceKm(city, other) >= apartKm))
      chosen.push(city);
  return chosen;
};

/** A possible way from a site to a city, by their positions in the sets. */
export interface Arc {
  readonly site: number;
  readonly city: number;
  readonly km: number;
}

/** For each city, in order, the ways from its nearest sites among those that may open. */
export const nearestArcs = (
  cities: readonly { lat: number; lon: number }[],
  sites: readonly { lat: number; lon: number }[],
  mayOpen: (site: number) => boolean,
  reach: number,
): readonly Arc[] =>
  cities.flatMap((place, city) =>
    sites
      .map((from, site) => ({ site, city, km: distanceKm(from, place) }))
      .filter(({ site }) => mayOpen(site))
      .sort((a, b) => a.km - b.km)
      .slice(0, reach),
  );
