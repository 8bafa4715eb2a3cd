// Builds the example apps as an author would: data beside the model, the model compiled to one file,
// each a folder under dist/examples that `openpro app pack` takes.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { largestCities } from './cities.mjs';

const root = path.resolve(import.meta.dirname, '..');
const out = path.join(root, 'dist/examples');
const sdk = path.join(root, 'libs/engine/src/sdk/index.ts');

const CITIES = 400;

/** Files that lie beside a model and are made here. */
const data = {
  'supply-network': () => ({ 'model/cities.json': JSON.stringify(largestCities(CITIES)) }),
  'solve-file': () => ({}),
};

/** The compiler of `openpro app pack` itself, so that the examples are what authors get. */
const loadCompiler = async () => {
  const file = path.join(out, 'compile.mjs');
  await build({
    entryPoints: [path.join(root, 'libs/engine/src/package/compile.ts')],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['esbuild'],
    tsconfig: path.join(root, 'tsconfig.json'),
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  const compiler = await import(pathToFileURL(file).href);
  await rm(file);
  return compiler;
};

export default async () => {
  await rm(out, { recursive: true, force: true });
  const { compileApp } = await loadCompiler();
  for (const [name, files] of Object.entries(data)) {
    const folder = path.join(out, name);
    const outcome = await compileApp(path.join(root, 'examples', name), folder, { sdk });
    if ('refused' in outcome) throw new Error(`${name}: ${outcome.message}`);
    for (const [file, content] of Object.entries(files())) {
      await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
      await writeFile(path.join(folder, file), content);
    }
  }
};
