import { describe, expect, it } from '@jest/globals';
import type { AppManifest, EngineManifest } from '@openpro/engine';
import { play, project, recorder, specFor } from '@openpro/kernel/testing';
import fc from 'fast-check';
import { app, type AppCommand, type AppEvent, type PublishedApp } from './app.js';
import { appList } from './app-list.projection.js';
import { appVersion } from './app-version.projection.js';
import { engine, type EngineEvent, type PublishedEngine } from './engine.js';
import { engineList } from './engine-list.projection.js';
import { publisher, type PublisherEvent } from './publisher.js';
import { publisherList } from './publisher-list.projection.js';

const digest = (letter: string) => letter.repeat(64);

describe('a publisher key', () => {
  const given = specFor(publisher.decider);
  const trusted = (name = 'Ada', publicKey = 'PEM'): PublisherEvent => ({
    type: 'KeyTrusted',
    publicKey,
    name,
  });
  const trust = (name = 'Ada', publicKey = 'PEM') => ({ type: 'TrustKey', publicKey, name }) as const;

  it('is trusted; a repeat changes nothing, another name renames it', () => {
    given().when(trust()).then(trusted());
    given(trusted()).when(trust()).then();
    given(trusted()).when(trust('Grace')).then(trusted('Grace'));
  });

  it('is revoked once, and can be trusted again', () => {
    given().when({ type: 'RevokeKey' }).thenRefused('NoSuchKey');
    given(trusted()).when({ type: 'RevokeKey' }).then({ type: 'KeyRevoked' });
    given(trusted(), { type: 'KeyRevoked' }).when({ type: 'RevokeKey' }).then();
    given(trusted(), { type: 'KeyRevoked' }).when(trust()).then(trusted());
  });

  it('never gives its id to another key, not even after it was revoked', () => {
    given(trusted()).when(trust('Ada', 'OTHER')).thenRefused('KeyIdTaken');
    given(trusted(), { type: 'KeyRevoked' }).when(trust('Ada', 'OTHER')).thenRefused('KeyIdTaken');
  });

  it('needs a name of one line and a key of text', () => {
    given().when(trust('a\nb')).thenRefused('BadInput', { field: 'name' });
    given().when(trust('Ada', '')).thenRefused('BadInput', { field: 'publicKey' });
    given()
      .when(trust('Ada', 'x'.repeat(1001)))
      .thenRefused('BadInput', { field: 'publicKey' });
  });

  it('stands in the read model', () => {
    const record = recorder();
    const log = [
      record('publisher-00ff', trusted(), { at: 5 }),
      record('publisher-00ff', { type: 'KeyRevoked' }),
    ];
    expect(project(publisherList, log).get('00ff')).toStrictEqual({
      key_id: '00ff',
      public_key: 'PEM',
      name: 'Ada',
      revoked: true,
      trusted_at: 5,
    });
  });
});

describe('an engine version', () => {
  const given = specFor(engine.decider);
  const highs: PublishedEngine = {
    name: 'model-ts',
    version: '1.15.3-2',
    title: 'TypeScript models with HiGHS',
    vendor: 'OpenPRO',
    license: 'MIT',
    digest: digest('a'),
    size: 1000,
    keyId: '00ff',
    manifest: { contract: 1 } as EngineManifest,
  };
  const published: EngineEvent = { type: 'EnginePublished', ...highs };

  it('is published once; the same bytes again change nothing, other bytes are refused', () => {
    given()
      .when({ type: 'PublishEngine', ...highs })
      .then(published);
    given(published)
      .when({ type: 'PublishEngine', ...highs })
      .then();
    given(published, { type: 'EngineRetired' })
      .when({ type: 'PublishEngine', ...highs })
      .then();
    given(published)
      .when({ type: 'PublishEngine', ...highs, digest: digest('b') })
      .thenRefused('VersionTaken');
  });

  it('is retired once', () => {
    given().when({ type: 'RetireEngine' }).thenRefused('NoSuchEngine');
    given(published).when({ type: 'RetireEngine' }).then({ type: 'EngineRetired' });
    given(published, { type: 'EngineRetired' }).when({ type: 'RetireEngine' }).then();
  });

  it.each<[string, Partial<PublishedEngine>]>([
    ['name', { name: 'Model TS' }],
    ['name', { name: '-x' }],
    ['version', { version: '1.2' }],
    ['version', { version: `1.2.3-${'9'.repeat(40)}` }],
    ['title', { title: '' }],
    ['vendor', { vendor: 'a\u202eb' }],
    ['license', { license: 'x'.repeat(201) }],
    ['digest', { digest: 'abc' }],
    ['size', { size: 0 }],
    ['manifest', { manifest: { title: 'x'.repeat(300_000) } as EngineManifest }],
  ])('is refused with a wrong %s', (field, change) =>
    given()
      .when({ type: 'PublishEngine', ...highs, ...change })
      .thenRefused('BadInput', { field }),
  );

  it('stands in the read model with who published it and when', () => {
    const record = recorder();
    const stream = 'engine-model-ts:1.15.3-2';
    const log = [
      record(stream, published, { at: 9, actor: 'ada' }),
      record(stream, { type: 'EngineRetired' }),
    ];
    const { keyId: _, ...shown } = highs;
    expect(project(engineList, log).get('model-ts:1.15.3-2')).toStrictEqual({
      id: 'model-ts:1.15.3-2',
      ...shown,
      published_at: 9,
      published_by: 'ada',
      retired: true,
    });
  });
});

describe('an app', () => {
  const given = specFor(app.decider);
  const cutting = (version: string, change: Partial<PublishedApp> = {}): PublishedApp => ({
    environment: 'ROOT',
    name: 'cutting',
    version,
    title: `Cutting ${version}`,
    description: 'Cuts\nstock',
    category: 'Production',
    engine: { name: 'model-ts', version: '1.0.0', digest: digest('e') },
    digest: digest('a'),
    size: 10,
    keyId: '00ff',
    manifest: { name: 'cutting' } as AppManifest,
    ...change,
  });
  const published = (version: string): AppEvent => ({ type: 'AppPublished', ...cutting(version) });
  const moved = (version: string): AppEvent => ({
    type: 'LatestTagMoved',
    environment: 'ROOT',
    name: 'cutting',
    version,
    title: `Cutting ${version}`,
    description: 'Cuts\nstock',
    category: 'Production',
  });
  const hidden = (version: string): AppEvent => ({ type: 'AppHidden', version });
  const one = [published('1.0.0'), moved('1.0.0')];
  const two = [...one, published('2.0.0'), moved('2.0.0')];

  it('gets a version and `latest` in one append', () => {
    given()
      .when({ type: 'PublishApp', ...cutting('1.0.0') })
      .then(...one);
    given(...one)
      .when({ type: 'PublishApp', ...cutting('2.0.0') })
      .then(published('2.0.0'), moved('2.0.0'));
  });

  it('keeps a version as it is: the same bytes again change nothing, other bytes are refused', () => {
    given(...two)
      .when({ type: 'PublishApp', ...cutting('1.0.0') })
      .then();
    given(...two)
      .when({ type: 'PublishApp', ...cutting('1.0.0', { digest: digest('b') }) })
      .thenRefused('VersionTaken');
  });

  it('hides and shows versions; repeats change nothing', () => {
    given(...two)
      .when({ type: 'HideApp', version: '1.0.0' })
      .then(hidden('1.0.0'));
    given(...two, hidden('1.0.0'))
      .when({ type: 'HideApp', version: '1.0.0' })
      .then();
    given(...two, hidden('1.0.0'))
      .when({ type: 'ShowApp', version: '1.0.0' })
      .then({ type: 'AppShown', version: '1.0.0' });
    given(...two)
      .when({ type: 'ShowApp', version: '1.0.0' })
      .then();
  });

  it('moves `latest` to the newest visible version when the latest is hidden', () => {
    const three = [...two, published('1.5.0'), moved('1.5.0')];
    given(...three)
      .when({ type: 'HideApp', version: '1.5.0' })
      .then(hidden('1.5.0'), moved('2.0.0'));
    given(...three, hidden('2.0.0'))
      .when({ type: 'HideApp', version: '1.5.0' })
      .then(hidden('1.5.0'), moved('1.0.0'));
  });

  it('always has a visible version', () => {
    given(...one)
      .when({ type: 'HideApp', version: '1.0.0' })
      .thenRefused('LatestIsHidden');
    given(...two, hidden('1.0.0'))
      .when({ type: 'HideApp', version: '2.0.0' })
      .thenRefused('LatestIsHidden');
  });

  it('rolls `latest` back and forward, but not to a hidden version', () => {
    given(...two)
      .when({ type: 'MoveLatest', version: '1.0.0' })
      .then(moved('1.0.0'));
    given(...two)
      .when({ type: 'MoveLatest', version: '2.0.0' })
      .then();
    given(...two, hidden('1.0.0'))
      .when({ type: 'MoveLatest', version: '1.0.0' })
      .thenRefused('VersionHidden');
  });

  it('refuses every change of a version that is not there', () => {
    for (const type of ['HideApp', 'ShowApp', 'MoveLatest'] as const) {
      given().when({ type, version: '1.0.0' }).thenRefused('NoSuchVersion');
      given(...one)
        .when({ type, version: '2.0.0' })
        .thenRefused('NoSuchVersion');
    }
  });

  it.each<[string, Partial<PublishedApp>]>([
    ['name', { name: 'Cutting' }],
    ['name', { name: '' }],
    ['version', { version: '1.0.0:2' }],
    ['title', { title: ' ' }],
    ['description', { description: 'x'.repeat(5001) }],
    ['category', { category: 'a\nb' }],
    ['digest', { digest: '' }],
    ['size', { size: 1.5 }],
    ['manifest', { manifest: { name: 'a\0' } as AppManifest }],
  ])('is refused with a wrong %s', (field, change) =>
    given()
      .when({ type: 'PublishApp', ...cutting('1.0.0', change) })
      .thenRefused('BadInput', { field }),
  );

  it('has a visible latest version after any commands, and each version once', () => {
    const version = fc.constantFrom('1.0.0', '2.0.0', '3.0.0');
    const command: fc.Arbitrary<AppCommand> = fc.oneof(
      fc.record({ version, letter: fc.constantFrom('a', 'b') }).map(({ version, letter }): AppCommand => ({
        type: 'PublishApp',
        ...cutting(version, { digest: digest(letter) }),
      })),
      fc.record({ type: fc.constantFrom('HideApp', 'ShowApp', 'MoveLatest'), version }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 30 }), (commands) => {
        const { history, state } = play(app.decider, commands);
        const record = recorder();
        const log = history.map((event) => record('app-ROOT:cutting', event));
        const versions = project(appVersion, log);
        const tile = project(appList, log).get('ROOT:cutting');
        const publishes = history.filter(({ type }) => type === 'AppPublished');
        expect(versions.size).toBe(publishes.length);
        expect(tile?.latest).toBe(state.is === 'published' ? state.latest : undefined);
        if (tile)
          expect(versions.get(`ROOT:cutting:${tile.latest}`)).toMatchObject({
            hidden: false,
            title: tile.title,
          });
      }),
    );
  });

  it('stands in the read model as a tile and as its versions', () => {
    const record = recorder();
    const log = [...two, hidden('1.0.0')].map((event, i) =>
      record('app-ROOT:cutting', event, { at: i, actor: 'ada' }),
    );
    expect(project(appList, log).get('ROOT:cutting')).toStrictEqual({
      id: 'ROOT:cutting',
      environment: 'ROOT',
      name: 'cutting',
      title: 'Cutting 2.0.0',
      description: 'Cuts\nstock',
      category: 'Production',
      latest: '2.0.0',
      updated_at: 3,
    });
    const { keyId: _, engine: __, ...shown } = cutting('1.0.0');
    expect(project(appVersion, log).get('ROOT:cutting:1.0.0')).toStrictEqual({
      id: 'ROOT:cutting:1.0.0',
      ...shown,
      hidden: true,
      engine_name: 'model-ts',
      engine_version: '1.0.0',
      engine_digest: digest('e'),
      published_at: 0,
      published_by: 'ada',
    });
  });
});
