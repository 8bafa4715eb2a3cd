import { describe, expect, it } from '@jest/globals';
import { readAppManifest, readEngineManifest } from './manifest.js';
import { appManifest, bytesOf, engineManifest } from './package.testing.js';

/** The manifest with one place changed: `at('solvers', 0, 'license')(5)`. */
const changed = (manifest: object, keys: readonly (string | number)[], value: unknown): Buffer => {
  const copy = structuredClone(manifest) as Record<string | number, unknown>;
  let place = copy;
  for (const key of keys.slice(0, -1)) place = (place[key] ??= {}) as Record<string | number, unknown>;
  if (value === undefined) delete place[keys.at(-1)!];
  else place[keys.at(-1)!] = value;
  return bytesOf(copy);
};

describe('engine.json', () => {
  it('is read as it is', () => expect(readEngineManifest(bytesOf(engineManifest))).toEqual(engineManifest));

  it.each<[string, (string | number)[], unknown, string, string]>([
    ['the contract', ['contract'], 2, 'contract', 'one of 1'],
    [
      'a missing name',
      ['name'],
      undefined,
      'name',
      'a name of 1 to 64 lower-case letters, digits and dashes that starts with a letter or digit',
    ],
    [
      'an upper-case name',
      ['name'],
      'Tiny',
      'name',
      'a name of 1 to 64 lower-case letters, digits and dashes that starts with a letter or digit',
    ],
    [
      'a name of 65 letters',
      ['name'],
      'x'.repeat(65),
      'name',
      'a name of 1 to 64 lower-case letters, digits and dashes that starts with a letter or digit',
    ],
    ['no version', ['version'], '1.2', 'version', 'a version like 1.4.0 or 1.4.0-2'],
    [
      'a number for a text',
      ['title'],
      5,
      'title',
      'a text of 1 to 100 characters without line breaks or control characters',
    ],
    [
      'a title that turns the reading direction',
      ['title'],
      'a\u202eb',
      'title',
      'a text of 1 to 100 characters without line breaks or control characters',
    ],
    ['no platform', ['platforms'], [], 'platforms', 'a list of 1 to 20 items'],
    [
      'an unknown kind of entry',
      ['entry', 'data', 'kind'],
      'docker',
      'entry.data.kind',
      'one of "node", "exec"',
    ],
    [
      'an entry outside the package',
      ['entry', 'data', 'file'],
      '../data.mjs',
      'entry.data.file',
      'a path inside the package, with forward slashes, of at most 255 characters',
    ],
    [
      'an absolute entry',
      ['entry', 'data', 'file'],
      '/bin/sh',
      'entry.data.file',
      'a path inside the package, with forward slashes, of at most 255 characters',
    ],
    ['no optimization entry', ['entry', 'optimization'], undefined, 'entry.optimization', 'an object'],
    ['text for a number', ['solvers', 0, 'threads'], 'many', 'solvers[0].threads', 'a number from 1 to 4096'],
    [
      'an unknown ability',
      ['solvers', 0, 'can'],
      ['fly'],
      'solvers[0].can[0]',
      'one of "incumbent", "bound", "progress", "log", "interrupt", "timeLimit", "warmStart", "iis"',
    ],
    ['a solver twice', ['solvers', 1], engineManifest.solvers[0], 'solvers[1].id', 'unique in its list'],
    [
      'a frame over the limit',
      ['limits', 'maxFrameMiB'],
      65,
      'limits.maxFrameMiB',
      'a number from 1 to 64 MiB',
    ],
    [
      'a misspelt field',
      ['limits', 'maxFrame'],
      1,
      'limits.maxFrame',
      'one of the fields maxFrameMiB, startTimeoutS, interruptGraceS',
    ],
    [
      'a range that is none',
      ['requires', 'node'],
      'new',
      'requires.node',
      'a range of versions like ^1.4.0, ~1.4.0, >=1.4.0 <2.0.0 or *',
    ],
  ])('is refused for %s', (_, keys, value, field, limit) => {
    expect(readEngineManifest(changed(engineManifest, keys, value))).toMatchObject({
      refused: 'BadManifest',
      field,
      limit,
    });
  });

  it('says what is there and what it must be', () => {
    expect(readEngineManifest(changed(engineManifest, ['solvers', 0, 'threads'], 'many'))).toMatchObject({
      message: 'engine.json: solvers[0].threads is "many"; it must be a number from 1 to 4096.',
    });
    expect(readEngineManifest(changed(engineManifest, ['vendor'], undefined))).toMatchObject({
      message: expect.stringContaining('engine.json: vendor is missing;'),
    });
  });
});

describe('app.json', () => {
  it('is read as it is', () => expect(readAppManifest(bytesOf(appManifest))).toEqual(appManifest));

  it('is read with every optional field', () => {
    const full = {
      ...appManifest,
      icon: 'webui/resources/icon.png',
      engine: { name: 'tiny', range: '>=1.0.0 <2.0.0', pinned: true },
      entry: { model: 'model/main.mjs', onOpen: 'init', onClose: 'bye', defaultPage: 'map' },
      procedures: [
        {
          name: 'run',
          label: 'Run',
          where: 'optimization',
          text: 'Solves.',
          args: [{ name: 'scale', type: 'f64' }],
          inputs: [],
          outputs: [],
          timeLimitS: 60,
          priority: 5,
          solver: 'highs',
          resources: { memoryMiB: 512, cpus: 1 },
        },
      ],
      roles: [
        {
          name: 'planner',
          pages: ['map'],
          identifiers: { edit: ['Demand'], read: [], hide: [] },
          procedures: ['run'],
        },
      ],
      data: { keep: ['Demand'], noSave: ['Lat'] },
      secrets: ['weather-api'],
      network: false,
      labels: ['gpu', 'site=berlin'],
      licence: 'gurobi',
    };
    expect(readAppManifest(bytesOf(full))).toEqual(full);
  });

  it.each<[string, (string | number)[], unknown, string]>([
    ['a name with a dash first', ['name'], '-x', 'name'],
    ['a description of 1,001 characters', ['description'], 'x'.repeat(1001), 'description'],
    ['a description that is a list', ['description'], ['x'], 'description'],
    ['no engine', ['engine'], undefined, 'engine'],
    ['an engine without a range', ['engine', 'range'], undefined, 'engine.range'],
    ['an engine range that is none', ['engine', 'range'], 'latest', 'engine.range'],
    ['no model', ['entry', 'model'], undefined, 'entry.model'],
    ['an unknown place for a procedure', ['procedures', 0, 'where'], 'cloud', 'procedures[0].where'],
    ['a procedure name with a space', ['procedures', 0, 'name'], 'run all', 'procedures[0].name'],
    ['an identifier that is code', ['procedures', 0, 'inputs'], ['a;b'], 'procedures[0].inputs[0]'],
    ['a procedure twice', ['procedures', 1], appManifest.procedures[0], 'procedures[1].name'],
    ['an endless time limit', ['procedures', 0, 'timeLimitS'], 1e9, 'procedures[0].timeLimitS'],
    ['a label of two words', ['labels'], ['big machine'], 'labels[0]'],
    ['33 labels', ['labels'], Array.from({ length: 33 }, (_, i) => `l${i}`), 'labels'],
    ['a licence that is no name', ['licence'], 'Gurobi 12', 'licence'],
    ['an unknown field', ['autostart'], true, 'autostart'],
    ['null', ['procedures'], null, 'procedures'],
  ])('is refused for %s', (_, keys, value, field) => {
    expect(readAppManifest(changed(appManifest, keys, value))).toMatchObject({
      refused: 'BadManifest',
      field,
    });
  });
});

describe('PKG-15 a manifest that is hostile as JSON', () => {
  const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;

  it.each<[string, Buffer, RegExp]>([
    ['too large', Buffer.alloc(1024 ** 2 + 1, ' '), /has 1048577 bytes/],
    ['no JSON', bytesOf('{"name": }'), /is not JSON/],
    ['empty', bytesOf(''), /is not JSON/],
    ['no UTF-8', Buffer.from('{"name":"\xff"}', 'latin1'), /is not JSON/],
    ['too deep', bytesOf(deep(33)), /nested deeper than 32/],
    ['very deep', bytesOf(deep(100_000)), /nested deeper|is not JSON/],
    ['with a key twice', bytesOf('{"name":"a","name":"b"}'), /has the key "name" twice/],
    ['with a key twice, once escaped', bytesOf('{"name":"a","n\\u0061me":"b"}'), /twice/],
    [
      'with a key twice inside',
      bytesOf('{"engine":{"name":"a","range":"*","name":"b"}}'),
      /has the key "name" twice/,
    ],
    ['with __proto__', bytesOf('{"__proto__":{"name":"x"}}'), /has the key "__proto__"/],
    ['a list', bytesOf('[]'), /app.json is a list/],
    ['a text', bytesOf('"app"'), /app.json is "app"/],
  ])('is refused when it is %s', (_, bytes, message) => {
    const outcome = readAppManifest(bytes);
    expect(outcome).toMatchObject({
      refused: 'BadManifest',
      message: expect.stringMatching(message),
    });
  });

  it('is allowed with equal keys in different objects, brackets and colons in texts, and a depth of 32', () => {
    const text = JSON.stringify({ ...appManifest, description: 'a "name": {[ \\" twice }' });
    expect(readAppManifest(bytesOf(text))).toMatchObject({ name: 'supply-network' });
    expect(readAppManifest(bytesOf(deep(32)))).toMatchObject({
      message: expect.stringMatching(/is a list/),
    });
  });
});
