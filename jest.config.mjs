import { readFileSync } from 'node:fs';
import os from 'node:os';

const swc = JSON.parse(readFileSync(new URL('.swcrc', import.meta.url), 'utf8'));
swc.module = { type: 'es6' };
swc.sourceMaps = 'inline';
const { paths } = JSON.parse(readFileSync(new URL('tsconfig.json', import.meta.url), 'utf8')).compilerOptions;

/** Run by test/run.mjs, which adds NODE_OPTIONS=--experimental-vm-modules: NestJS 12 is ESM only. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/engines', '<rootDir>/examples', '<rootDir>/test'],
  testRegex: '\\.spec\\.ts$',
  moduleFileExtensions: ['ts', 'js', 'mjs', 'json'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { ...swc, swcrc: false }] },
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    ...Object.fromEntries(
      Object.entries(paths).map(([alias, [file]]) => [`^${alias}$`, `<rootDir>/${file.slice(2)}`]),
    ),
  },
  modulePathIgnorePatterns: ['<rootDir>/dist'],
  setupFiles: ['reflect-metadata'],
  maxWorkers: Math.max(2, os.availableParallelism() - 1), // tests wait more than they compute
  testTimeout: 30_000, // for a busy machine; no test measures time
  globalSetup: '<rootDir>/test/harness/setup.mjs',
  globalTeardown: '<rootDir>/test/harness/teardown.mjs',
};
