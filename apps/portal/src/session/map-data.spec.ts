import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { endReasonText, groupsOf, inputsOf, resultsOf, savedText, type Shown } from './layout.js';
import { albers, mapContent, mapLayers } from './map-data.js';

const identifier = (name: string, domain: string[], more: Partial<Shown & { unit: string | null }> = {}) => ({
  name,
  label: name,
  group: null,
  kind: 'input',
  type: 'f64',
  domain,
  view: null,
  unit: null,
  ...more,
});

const lat = identifier('Lat', ['City'], { view: 'map-lat' });
const lon = identifier('Lon', ['City'], { view: 'map-lon' });
const demand = identifier('Demand', ['City'], { view: 'map-points', unit: 't' });
const open = identifier('Open', ['Site'], { view: 'map-points', kind: 'output', type: 'bool' });
const flow = identifier('Flow', ['Site', 'City'], { view: 'map-arcs', kind: 'output' });

describe('a map', () => {
  it('is there when something is to be drawn and coordinates say where', () => {
    expect(mapLayers([lat, lon, demand])).not.toBeNull();
    expect([mapLayers([demand, flow]), mapLayers([lat, lon]), mapLayers([lat, demand])]).toEqual([
      null,
      null,
      null,
    ]);
  });

  it('draws points and arcs where their elements are, also of a set without coordinates of its own', () => {
    const layers = mapLayers([lat, lon, demand, open, flow])!;
    const content = mapContent(
      layers,
      new Map<string, unknown[][]>([
        [
          'Lat',
          [
            ['Boston', 42],
            ['Dallas', 33],
          ],
        ],
        [
          'Lon',
          [
            ['Boston', -71],
            ['Dallas', -97],
          ],
        ],
        [
          'Demand',
          [
            ['Boston', 5],
            ['Dallas', 0],
            ['Atlantis', 3],
          ],
        ],
        ['Open', [['Dallas', true]]],
        ['Flow', [['Dallas', 'Boston', 2]]],
      ]),
    );
    expect(content).toEqual({
      points: [
        {
          label: 'Demand',
          unit: 't',
          result: false,
          flag: false,
          items: [{ name: 'Boston', at: [-71, 42], value: 5 }],
        },
        {
          label: 'Open',
          unit: null,
          result: true,
          flag: true,
          items: [{ name: 'Dallas', at: [-97, 33], value: 1 }],
        },
      ],
      arcs: [
        {
          label: 'Flow',
          unit: null,
          result: true,
          flag: false,
          items: [{ name: 'Dallas → Boston', from: [-97, 33], to: [-71, 42], value: 2 }],
        },
      ],
      unplaced: 1,
    });
  });

  it('can be read back: what is projected comes from where it was', () =>
    fc.assert(
      fc.property(
        fc.double({ min: -170, max: -50, noNaN: true }),
        fc.double({ min: 15, max: 72, noNaN: true }),
        (east, north) => {
          const [longitude, latitude] = albers.unproject(albers.project([east, north]));
          expect(longitude).toBeCloseTo(east, 6);
          expect(latitude).toBeCloseTo(north, 6);
        },
      ),
    ));

  it('has north at the top and west on the left', () => {
    const [seattle, miami] = [albers.project([-122, 47.6]), albers.project([-80, 25.8])];
    expect(seattle[0]).toBeLessThan(miami[0]);
    expect(seattle[1]).toBeLessThan(miami[1]);
  });
});

describe('the page of an app', () => {
  it('shows inputs under their headings, in the order of the app, coordinates last', () => {
    const size = identifier('Size', [], { group: 'Policy' });
    const model = identifier('Model', [], { group: 'Policy', type: 'utf8', view: 'text' });
    const all = [lat, demand, size, open, model];
    expect(
      groupsOf(inputsOf(all), 'Inputs').map(({ title, scalars, texts, tables }) => [
        title,
        ...[scalars, texts, tables].map((members) => members.map(({ name }) => name)),
      ]),
    ).toEqual([
      ['Inputs', [], [], ['Demand', 'Lat']],
      ['Policy', ['Size'], ['Model'], []],
    ]);
    expect(resultsOf(all).map(({ name }) => name)).toEqual(['Open']);
  });
});

it('says how old the data is that was kept of a session', () =>
  expect([12_300, 400].map((ago) => savedText({ savedAt: 1e12 - ago, endedAt: 1e12 }))).toEqual([
    '12 s before the end',
    'as it was at the end',
  ]));

it('says in words why a session has ended', () =>
  expect(['idle', 'crashed: out of memory', 'something: else'].map(endReasonText)).toEqual([
    'Nobody used it for a while.',
    'Its process ended by itself. out of memory',
    'something: else',
  ]));
