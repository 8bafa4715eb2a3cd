import { describe, expect, it } from '@jest/globals';
import type { EnginePool } from '@openpro/engine';
import { CommandHandler, MemoryEventStore, type Position, type ReadSide } from '@openpro/eventstore';
import { refuse, type Refusal, uuidv7 } from '@openpro/kernel';
import type { Actor } from '@openpro/platform';
import { app } from './app.js';
import type { ForApp } from './catalogue.commands.js';
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

describe('a publication', () => {
  const ada: Actor = {
    ...{ id: 'ada', name: 'Ada', environment: 'ROOT', roles: ['app-publisher'], groups: [] },
    ...{ tokenHash: null, expiresAt: 0 },
  };

  it('is no more for who keeps too much, but answered again where it was made before', async () => {
    const store = new MemoryEventStore();
    const handler = new CommandHandler(store);
    const world = { full: undefined as Refusal | undefined };
    const digest = 'a'.repeat(64);
    const manifest = { name: 'cutting', version: '1.0.0', title: 'Cutting' };
    let looked = 0;
    const publishing = new Publishing(
      { stored: () => Promise.resolve({ digest, size: 1 }) } as never,
      { path: () => '' } as never,
      {
        readApp: () => Promise.resolve({ manifest: { ...manifest, engine: { name: 'e', range: '1' } } }),
      } as never,
      {
        // Whoever comes so far was not refused.
        engineVersions: () => {
          looked++;
          return Promise.resolve([]);
        },
      } as unknown as CatalogueQueries,
      null as never,
      null as never,
      null as never,
      null as never,
      { joinedAt: '0005' as Position },
      { onCommitted: () => undefined } as unknown as ReadSide,
      { over: () => Promise.resolve(world.full) } as never,
      store,
    );
    const commandId = uuidv7();
    const command = {
      ...{ type: 'PublishApp', environment: 'ROOT', description: '', category: '', size: 1, keyId: 'k' },
      ...{ ...manifest, manifest, digest, engine: { name: 'e', version: '1.0.0', digest } },
    } as unknown as ForApp['command'];
    const meta = { commandId, actor: 'ada', roles: ['app-publisher'] };
    expect(await handler.execute(app, 'ROOT:cutting', command, meta)).toMatchObject({ is: 'done' });
    world.full = refuse('QuotaExceeded', 'full');
    expect(await publishing.app(ada, uuidv7(), uuidv7())).toMatchObject({ refused: 'QuotaExceeded' });
    expect(looked).toBe(0);
    await publishing.app(ada, uuidv7(), commandId);
    expect(looked).toBe(1);
  });
});
