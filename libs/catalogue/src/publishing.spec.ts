import { describe, expect, it } from '@jest/globals';
import type { EnginePool } from '@openpro/engine';
import type { Position, ReadSide } from '@openpro/eventstore';
import type { CatalogueQueries } from './catalogue.queries.js';
import type { Packages } from './packages.js';
import { Publishing } from './publishing.js';

type Change = Parameters<Parameters<ReadSide['onCommitted']>[0]>[0];

describe('a published engine', () => {
  it('is warmed on every server that has started, in its newest version only', async () => {
    let commit = (_change: Change): void => undefined;
    const asked: string[] = [];
    const warmed: string[] = [];
    const versions = [
      { name: 'model-ts', version: '2.0.0', digest: 'd2' },
      { name: 'model-ts', version: '1.0.0', digest: 'd1' },
    ];
    let done = (): void => undefined;
    const warm = ({ name, version }: { name: string; version: string }): void => {
      warmed.push(`${name}:${version}`);
      done();
    };
    new Publishing(
      null as never,
      null as never,
      { engine: (ref: object) => Promise.resolve(ref) } as unknown as Packages,
      {
        engineVersions: (name: string) => {
          asked.push(name);
          return Promise.resolve(name === 'model-ts' ? versions : []);
        },
      } as unknown as CatalogueQueries,
      null as never,
      { warm } as unknown as EnginePool,
      null as never,
      null as never,
      { joinedAt: '0005' as Position },
      { onCommitted: (listener: typeof commit) => (commit = listener) } as unknown as ReadSide,
      null as never,
    );
    const keys = ['model-ts:1.0.0', 'model-ts:2.0.0'];
    commit({ projection: 'engine_list', keys, position: '0005' as Position }); // its lists catch up
    commit({ projection: 'app_list', keys, position: '0006' as Position });
    expect(asked).toEqual([]);
    const warming = new Promise<void>((resolve) => (done = resolve));
    commit({ projection: 'engine_list', keys: [...keys, 'gone:1.0.0'], position: '0006' as Position });
    await warming;
    expect(asked).toEqual(['model-ts', 'gone']);
    expect(warmed).toEqual(['model-ts:2.0.0']);
  });
});
