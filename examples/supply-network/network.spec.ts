import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { distanceKm, nearestArcs, spreadOut, type City } from './model/network.js';

// In a process of its own: jest takes fifteen seconds to read the 138,000 cities of the package, Node one.
const cities = JSON.parse(
  execFileSync(process.execPath, [fileURLToPath(new URL('../cities.mjs', import.meta.url)), '400'], {
    encoding: 'utf8',
    maxBuffer: 10 * 1024 ** 2,
  }),
) as readonly City[];
const named = (name: string) => cities.find((city) => city.name === name)!;

const place = fc.record({
  lat: fc.double({ min: -90, max: 90, noNaN: true }),
  lon: fc.double({ min: -180, max: 180, noNaN: true }),
});

describe('the cities', () => {
  it('are 400 of the contiguous states, largest first, each named once', () => {
    expect(cities).toHaveLength(400);
    expect(new Set(cities.map(({ name }) => name)).size).toBe(400);
    expect(cities.map(({ population }) => population)).toEqual(
      cities.map(({ population }) => population).toSorted((a, b) => b - a),
    );
    for (const { name, population, lat, lon } of cities) {
      expect(name).toMatch(/^.+, [A-Z]{2}$/);
      expect(name).not.toMatch(/, (AK|HI|PR)$/);
      expect(population).toBeGreaterThan(50_000);
      expect(lat > 24 && lat < 50 && lon > -125 && lon < -66).toBe(true);
    }
  });

  it('tell namesakes apart, and do not count boroughs beside their city', () => {
    expect(named('Portland, OR')).toBeDefined();
    expect(named('Kansas City, MO')).toBeDefined();
    expect(named('Kansas City, KS')).toBeDefined();
    expect(
      cities.filter(({ name }) => /^(Brooklyn|Queens|Manhattan|The Bronx|Staten Island), NY$/.test(name)),
    ).toEqual([]);
    expect(named('New York City, NY').population).toBeGreaterThan(8_000_000);
  });
});

describe('a distance', () => {
  it.each([
    ['New York City, NY', 'Los Angeles, CA', 3936],
    ['Chicago, IL', 'Houston, TX', 1515],
    ['Seattle, WA', 'Portland, OR', 234],
  ])('from %s to %s is about %i km', (from, to, km) => {
    expect(Math.abs(distanceKm(named(from), named(to)) - km)).toBeLessThan(10);
  });

  it('is the same both ways, nothing to itself, never more than half round the earth or a detour less', () => {
    fc.assert(
      fc.property(place, place, place, (a, b, c) => {
        expect(distanceKm(a, b)).toBeCloseTo(distanceKm(b, a), 6);
        expect(distanceKm(a, a)).toBe(0);
        expect(distanceKm(a, b)).toBeLessThanOrEqual(Math.PI * 6371 + 1e-6);
        expect(distanceKm(a, c)).toBeLessThanOrEqual(distanceKm(a, b) + distanceKm(b, c) + 1e-3);
      }),
    );
  });
});

describe('the candidate sites', () => {
  it('are 80 cities at least 100 km apart', () => {
    const sites = spreadOut(cities, 80, 100);
    expect(sites).toHaveLength(80);
    for (const [i, a] of sites.entries())
      for (const b of sites.slice(i + 1)) expect(distanceKm(a, b)).toBeGreaterThanOrEqual(100);
  });
});

describe('the ways to a city', () => {
  it('come from its nearest sites that may open', () => {
    const some = fc.array(place, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(
        some,
        some,
        fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
        fc.integer({ min: 1, max: 12 }),
        (to, from, may, reach) => {
          const arcs = nearestArcs(to, from, (site) => may[site]!, reach);
          const allowed = from.map((_, site) => site).filter((site) => may[site]);
          for (const [city, at] of to.entries()) {
            const ways = arcs.filter((arc) => arc.city === city);
            expect(ways).toHaveLength(Math.min(reach, allowed.length));
            const used = new Set(ways.map(({ site }) => site));
            expect(used.size).toBe(ways.length);
            const farthest = Math.max(0, ...ways.map(({ km }) => km));
            for (const site of allowed)
              if (!used.has(site)) expect(distanceKm(from[site]!, at)).toBeGreaterThanOrEqual(farthest);
          }
        },
      ),
    );
  });
});
