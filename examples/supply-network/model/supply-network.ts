import { defineApp, type Data } from '@openpro/engine/sdk';
import { network, SITES } from './interface.js';
import { nearestArcs, spreadOut, type Arc, type City } from './network.js';

const SITES_APART_KM = 100;
/** Share of the whole demand that an average warehouse can serve. */
const CAPACITY_SHARE = 0.04;
const FIXED_COST = 25_000;

/** Different for each site, the same in every build: -1 to 1. */
const variation = (site: number, stride: number): number => ((site * stride) % SITES) / (SITES / 2) - 1;

type Network = Data<typeof network>;

const fill = (data: Network, cities: readonly City[]): void => {
  const sites = spreadOut(cities, SITES, SITES_APART_KM);
  const demand = cities.map(({ population }) => Math.round(population / 1000));
  const capacity = CAPACITY_SHARE * demand.reduce((sum, pallets) => sum + pallets, 0);
  data.sets.Cities.replace(cities.map(({ name }) => name));
  data.sets.Sites.replace(sites.map(({ name }) => name));
  data.Latitude.assign(cities.map(({ lat }) => lat));
  data.Longitude.assign(cities.map(({ lon }) => lon));
  data.Demand.assign(demand);
  data.Capacity.assign(sites.map((_, site) => Math.round(capacity * (1 + variation(site, 37) / 4))));
  data.FixedCost.assign(sites.map((_, site) => Math.round(FIXED_COST * (1 + variation(site, 53) / 5))));
  data.Allowed.clear();
  data.MaxSites.clear();
  data.Reach.clear();
  data.CostPerKm.clear();
};

/** The columns of the model: the same for building it and for reading its solution. */
const arcsOf = (data: Network): readonly Arc[] => {
  const place = (city: number) => ({ lat: data.Latitude.get(city), lon: data.Longitude.get(city) });
  const cities = data.sets.Cities.elements.map((_, city) => place(city));
  const sites = data.sets.Sites.elements.map((name) => place(data.sets.Cities.position(name)));
  return nearestArcs(cities, sites, (site) => data.Allowed.get(site), data.Reach.value);
};

/** The positions in `arcs` of the ways from each site, or to each city. */
const grouped = (
  arcs: readonly Arc[],
  by: 'site' | 'city',
  count: number,
): readonly (readonly number[])[] => {
  const groups = Array.from({ length: count }, (): number[] => []);
  for (const [position, arc] of arcs.entries()) groups[arc[by]]!.push(position);
  return groups;
};

/** Capacitated facility location: warehouses open or not, shares of each city's demand flow from its nearest sites. */
export const supplyNetwork = (cities: readonly City[]) =>
  defineApp({
    interface: network,
    initial: (data) => fill(data, cities),
    derived: {
      TotalDemand: (data) => data.Demand.dense().reduce((sum, pallets) => sum + pallets, 0),
      TotalCapacity: (data) =>
        data.Capacity.dense().reduce((sum, pallets, site) => sum + (data.Allowed.get(site) ? pallets : 0), 0),
    },
    procedures: {
      reset: (data) => {
        fill(data, cities);
        return `${cities.length} cities, ${data.sets.Sites.size} sites`;
      },
    },

    async solve(data, ctx) {
      // The scenarios of a batch differ in it.
      if (ctx.args['MaxSites'] !== undefined) data.MaxSites.value = ctx.args['MaxSites'] as number;
      const arcs = arcsOf(data);
      const sites = data.sets.Sites.size;
      const demand = data.Demand.dense();
      const mip = ctx.mip();
      const open = mip.variables('open', sites, {
        domain: 'binary',
        cost: data.FixedCost.dense(),
        upper: data.Allowed.dense(),
        start: ctx.warmStart ? data.Open.dense() : undefined,
      });
      const share = mip.variables('share', arcs.length, {
        upper: 1,
        cost: arcs.map(({ city, km }) => demand[city]! * km * data.CostPerKm.value),
      });

      // Every city gets all that it needs.
      for (const ways of grouped(arcs, 'city', demand.length)) {
        const row = mip.row(1, 1);
        for (const way of ways) row.add(share.at(way), 1);
      }
      // Only an open warehouse serves, and no more than it can.
      for (const [site, ways] of grouped(arcs, 'site', sites).entries()) {
        const row = mip.row(-Infinity, 0).add(open.at(site), -data.Capacity.get(site));
        for (const way of ways) row.add(share.at(way), demand[arcs[way]!.city]!);
      }
      const all = mip.row(0, data.MaxSites.value);
      for (let site = 0; site < sites; site++) all.add(open.at(site), 1);

      ctx.log(`${sites} sites, ${data.sets.Cities.size} cities, ${arcs.length} ways between them`);
      const solution = await mip.solve();
      if (solution.status === 'infeasible')
        ctx.log(
          'No network serves every city: allow more warehouses, more of the nearest sites, or more capacity.',
        );
    },

    project(solution, data) {
      const arcs = arcsOf(data);
      const open = solution.of('open');
      const share = solution.of('share');
      const used = new Float64Array(data.sets.Sites.size);
      const main = new Float64Array(data.sets.Cities.size);
      let [palletKm, pallets] = [0, 0];
      data.Flow.clear();
      data.ServedBy.clear();
      for (const [i, { site, city, km }] of arcs.entries()) {
        const flow = share[i]! * data.Demand.get(city);
        if (flow < 1e-6) continue;
        data.Flow.set([site, city], flow);
        if (flow > main[city]!) {
          main[city] = flow;
          data.ServedBy.set([city], site);
        }
        used[site]! += flow;
        palletKm += flow * km;
        pallets += flow;
      }
      const fixed = open.reduce((sum, is, site) => sum + Math.round(is) * data.FixedCost.get(site), 0);
      const transport = palletKm * data.CostPerKm.value;
      data.Open.assign(open);
      data.OpenSites.value = open.reduce((sum, is) => sum + Math.round(is), 0);
      data.Used.assign(used.map((flow, site) => (flow > 0 ? (100 * flow) / data.Capacity.get(site) : 0)));
      data.FixedTotal.value = fixed;
      data.TransportTotal.value = transport;
      data.TotalCost.value = fixed + transport;
      data.AverageDistance.value = pallets > 0 ? palletKm / pallets : 0;
    },
  });
