import { describe, expect, it } from '@jest/globals';
import {
  Dataset,
  describeInterface,
  type Data,
  type Mip,
  type Row,
  type Solution,
  type SolveContext,
  type VariableOptions,
} from '@openpro/engine/sdk';
import highsModule from 'highs';
import type { network } from './model/interface.js';
import type { City } from './model/network.js';
import { supplyNetwork } from './model/supply-network.js';

// The package's types are those of its CommonJS half: there the function is `default`, here it is the module.
const loadHighs = highsModule as unknown as typeof highsModule.default;
const highs = await loadHighs();

/** A line of cities, 100 km and more apart, the largest in the west. */
const line = (count: number): City[] =>
  Array.from({ length: count }, (_, i) => ({
    name: `City ${i}, KS`,
    population: 100_000 * (count - i),
    lat: 39,
    lon: -110 + 1.5 * i,
  }));

const launched = (cities: readonly City[]) => {
  const app = supplyNetwork(cities);
  const dataset = new Dataset(describeInterface(app.interface), app.derived as never);
  const data = dataset.data as unknown as Data<typeof network>;
  void app.initial?.(data);
  return { app, data };
};

/** The SDK's `Mip` in its simplest form: rows as lists, HiGHS in this thread. */
const plainMip = (project: (solution: Solution) => void): Mip => {
  const columns: { cost: number; upper: number; integer: number }[] = [];
  const rows: { lower: number; upper: number; terms: Map<number, number> }[] = [];
  const blocks = new Map<string, [start: number, end: number]>();
  const pick = (value: number | ArrayLike<number> | undefined, i: number, otherwise: number): number =>
    value === undefined ? otherwise : typeof value === 'number' ? value : value[i]!;
  const finite = (value: number): number => Math.max(-highs.infinity, Math.min(highs.infinity, value));
  return {
    variables(name: string, count: number, { cost, upper, domain }: VariableOptions = {}) {
      const start = columns.length;
      for (let i = 0; i < count; i++)
        columns.push({
          cost: pick(cost, i, 0),
          upper: pick(upper, i, domain ? 1 : Infinity),
          integer: domain === 'binary' ? 1 : 0,
        });
      blocks.set(name, [start, columns.length]);
      return { name, count, at: (i) => start + i };
    },
    row(lower, upper) {
      const terms = new Map<number, number>();
      rows.push({ lower, upper, terms });
      const row: Row = {
        add(column, coefficient) {
          terms.set(column, (terms.get(column) ?? 0) + coefficient);
          return row;
        },
      };
      return row;
    },
    solve: async () => {
      const terms = rows.map((row) => [...row.terms]);
      const size = { numCols: columns.length, numRows: rows.length };
      return highs.withModel(
        {
          ...size,
          sense: 1 as never,
          colCost: Float64Array.from(columns, ({ cost }) => cost),
          colLower: new Float64Array(columns.length),
          colUpper: Float64Array.from(columns, ({ upper }) => finite(upper)),
          rowLower: Float64Array.from(rows, ({ lower }) => finite(lower)),
          rowUpper: Float64Array.from(rows, ({ upper }) => finite(upper)),
          integrality: Int32Array.from(columns, ({ integer }) => integer),
          matrix: {
            ...size,
            format: 'csr',
            starts: Int32Array.from([0, ...terms.map((_, i) => terms.slice(0, i + 1).flat().length)]),
            indices: Int32Array.from(terms.flat(), ([column]) => column),
            values: Float64Array.from(terms.flat(), ([, coefficient]) => coefficient),
          },
        },
        (model) => {
          model.options.set({ output_flag: false });
          model.run();
          const found = model.getModelStatus() === highs.constants.modelStatus.optimal;
          const values = found ? Float64Array.from(model.getSolution().colValue) : new Float64Array();
          const solution: Solution = {
            status: found ? 'optimal' : 'infeasible',
            found,
            objective: found ? model.getObjectiveValue() : null,
            bound: null,
            gap: null,
            values,
            columns: [],
            of: (name) => values.slice(...blocks.get(name)!),
          };
          if (found) project(solution);
          return solution;
        },
      );
    },
  };
};

const optimize = async ({ app, data }: ReturnType<typeof launched>, args: SolveContext['args'] = {}) => {
  const log: string[] = [];
  let solution: Solution | undefined;
  const mip = () =>
    plainMip((found) => {
      solution = found;
      app.project?.(found, data);
    });
  await app.solve?.(data, {
    mip,
    args,
    warmStart: false,
    log: (text: string) => log.push(text),
  } as unknown as SolveContext);
  return { solution, log };
};

describe('Supply network', () => {
  it('opens with its cities, sites and costs, enough capacity, and no result', () => {
    const { data } = launched(line(20));
    expect(data.sets.Cities.size).toBe(20);
    expect(data.sets.Sites.elements).toEqual(data.sets.Cities.elements);
    expect(data.Demand.get(0)).toBe(2000);
    expect(data.TotalDemand.value).toBe(21_000);
    expect(data.CostPerKm.value).toBe(0.05);
    expect(data.Allowed.get(7)).toBe(true);
    expect(data.FixedCost.dense().every((cost) => cost >= 20_000 && cost <= 30_000)).toBe(true);
    expect(data.TotalCost.value).toBe(0);
    expect(data.Flow.count).toBe(0);
  });

  it('counts the capacity of sites that may open', () => {
    const { data } = launched(line(10));
    const before = data.TotalCapacity.value;
    data.Allowed.set([3], false);
    expect(data.TotalCapacity.value).toBeCloseTo(before - data.Capacity.get(3));
  });

  it('puts its data back on reset', () => {
    const { app, data } = launched(line(10));
    data.Demand.set([0], 5);
    data.MaxSites.value = 3;
    data.Allowed.set([1], false);
    expect(app.procedures?.reset(data, {})).toBe('10 cities, 10 sites');
    expect([data.Demand.get(0), data.MaxSites.value, data.Allowed.get(1)]).toEqual([1000, 27, true]);
  });

  it('serves every city from open sites within their capacity, at the cost that the solver found', async () => {
    const launch = launched(line(20));
    const { data } = launch;
    const capacities = data.Capacity.dense().map((capacity) => capacity * 8);
    data.Capacity.assign(capacities);
    data.MaxSites.value = 6;
    data.Allowed.set([0], false);
    const { solution } = await optimize(launch);

    const served = new Float64Array(20);
    const used = new Float64Array(20);
    data.Flow.each((flow, site, city) => {
      served[city]! += flow;
      used[site]! += flow;
      expect(data.Open.get(site)).toBe(true);
    });
    for (let city = 0; city < 20; city++) {
      expect(served[city]).toBeCloseTo(data.Demand.get(city), 3);
      expect(used[city]!).toBeLessThanOrEqual(capacities[city]! + 1e-3);
      expect(data.Open.get(data.ServedBy.get(city))).toBe(true);
    }
    expect(data.Open.get(0)).toBe(false);
    expect(data.OpenSites.value).toBeLessThanOrEqual(6);
    expect(data.OpenSites.value).toBe(data.Open.dense().reduce((sum, open) => sum + open, 0));
    expect(data.FixedTotal.value + data.TransportTotal.value).toBeCloseTo(data.TotalCost.value, 6);
    expect(Math.abs(data.TotalCost.value / solution!.objective! - 1)).toBeLessThan(1e-4);
    expect(data.AverageDistance.value).toBeGreaterThan(0);
  });

  it('takes from a scenario how many sites may open, and refuses what cannot be', async () => {
    const launch = launched(line(20));
    launch.data.Capacity.assign(launch.data.Capacity.dense().map((capacity) => capacity * 8));
    await optimize(launch, { MaxSites: 4 });
    expect(launch.data.OpenSites.value).toBeLessThanOrEqual(4);
    expect(launch.data.OpenSites.value).toBeGreaterThan(0);
    await expect(optimize(launch, { MaxSites: 'few' })).rejects.toThrow('MaxSites');
  });

  it('says what to change when no network serves every city', async () => {
    const launch = launched(line(20));
    launch.data.MaxSites.value = 1;
    const { solution, log } = await optimize(launch);
    expect(solution).toBeUndefined();
    expect(log.at(-1)).toBe(
      'No network serves every city: allow more warehouses, more of the nearest sites, or more capacity.',
    );
    expect(launch.data.Flow.count).toBe(0);
  });
});
