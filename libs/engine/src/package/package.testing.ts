import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { AppManifest, EngineManifest } from './manifest.js';

export const engineManifest: EngineManifest = {
  contract: 1,
  name: 'tiny',
  version: '1.2.0-1',
  title: 'Tiny engine',
  vendor: 'Test',
  license: 'MIT',
  platforms: [{ os: 'any', arch: 'any' }],
  requires: { node: '>=20.9', glibc: null },
  entry: {
    data: { kind: 'node', file: 'bin/data.mjs' },
    optimization: { kind: 'node', file: 'bin/solve.mjs', transport: 'socket', warmPool: true },
  },
  models: { languages: ['typescript'], extensions: ['.ts', '.mjs'] },
  solvers: [
    { id: 'highs', version: '1.15.1', license: 'MIT', classes: ['LP', 'MIP'], can: ['incumbent', 'log'] },
  ],
  capabilities: { encodings: ['cols1'], window: true, interrupt: 'cooperative' },
  limits: { maxFrameMiB: 64, startTimeoutS: 20, interruptGraceS: 10 },
};

export const engineFiles = {
  'engine.json': JSON.stringify(engineManifest),
  'bin/data.mjs': 'export const data = 1;',
  'bin/solve.mjs': `export const table = "${'0123456789'.repeat(500)}";`,
  'licenses/highs.txt': 'MIT License',
};

export const appManifest: AppManifest = {
  name: 'supply-network',
  version: '1.0.0',
  title: 'Supply network',
  description: 'Where to open warehouses.',
  category: 'Logistics',
  engine: { name: 'tiny', range: '^1.0.0' },
  entry: { model: 'model/main.mjs' },
  procedures: [
    { name: 'optimize', label: 'Optimize', where: 'optimization', inputs: ['Demand'], outputs: ['Flow'] },
  ],
};

export const appFiles = {
  'app.json': JSON.stringify(appManifest),
  'model/main.mjs': 'export default {};',
  'data/cities.csv': 'name,population\n'.repeat(2000),
};

/** A new folder with these files; `remove` ends it. */
export const folderWith = async (files: Readonly<Record<string, string | Buffer>> = {}) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'openpro-package-'));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), content);
  }
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
};

export const bytesOf = (value: unknown): Buffer =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
