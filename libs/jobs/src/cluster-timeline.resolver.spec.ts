import { describe, expect, it } from '@jest/globals';
import type { ClusterQueries } from '@openpro/cluster';
import type { ReadSide } from '@openpro/eventstore';
import type { TimelineQueries } from './cluster-timeline.queries.js';
import { TimelineResolver } from './cluster-timeline.resolver.js';

describe('what changes in the cluster', () => {
  it('is read once for all who look, and again for what changed while it was read', async () => {
    const listeners = new Set<(change: { projection: string }) => void>();
    const change = () => listeners.forEach((listener) => listener({ projection: 'node_list' }));
    let readings = 0;
    let meanwhile = (): void => undefined;
    const resolver = new TimelineResolver(
      { newest: () => Promise.resolve(String(readings)) } as unknown as TimelineQueries,
      {
        nodes: () => {
          readings += 1;
          meanwhile();
          return Promise.resolve({ nodes: [] });
        },
      } as unknown as ClusterQueries,
      {
        onCommitted: (listener: (change: { projection: string }) => void) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      } as unknown as ReadSide,
    );
    const lookers = Array.from({ length: 20 }, () => resolver.clusterChanged());
    const all = async () =>
      new Set((await Promise.all(lookers.map((one) => one.next()))).map(({ value }) => value.clusterChanged));
    expect((await all()).size).toBe(1);
    meanwhile = () => {
      meanwhile = () => undefined;
      change();
    };
    change();
    expect([...(await all())]).toEqual([{ nodes: [], newest: '2' }]);
    expect([...(await all())]).toEqual([{ nodes: [], newest: '3' }]);
    expect(readings).toBe(3);
    for (const one of lookers) await one.return?.();
    expect(listeners.size).toBe(0);
  });
});
