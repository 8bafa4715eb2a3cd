// Builds the engine as a folder that is ready to pack: bin/*.mjs, the solver's WebAssembly and its licence notice.
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../apps/server/bundle.mjs';

const here = import.meta.dirname;
const require = createRequire(import.meta.url);

const buildEngine = async (out = path.resolve(here, '../../dist/engines/model-ts')) => {
  await rm(out, { recursive: true, force: true });
  const programs = ['data', 'solve', 'check', 'worker'];
  await bundle(
    Object.fromEntries(programs.map((name) => [`bin/${name}`, `engines/model-ts/src/bin/${name}.ts`])),
    { outdir: out, external: [], sourcemap: false, minifySyntax: true },
  );
  const wasm = require.resolve('highs/runtime');
  await mkdir(path.join(out, 'licenses'), { recursive: true });
  await cp(wasm, path.join(out, 'bin/highs.wasm'));
  await cp(path.resolve(path.dirname(wasm), '../LICENSE'), path.join(out, 'licenses/highs.txt'));
  await cp(path.resolve(here, '../../LICENSE'), path.join(out, 'licenses/openpro.txt'));
  await cp(path.join(here, 'engine.json'), path.join(out, 'engine.json'));
  await assertVersion(out, wasm);
};

/** The manifest tells which solver is inside: it must be the one that is installed. */
const assertVersion = async (out, wasm) => {
  const { version } = JSON.parse(await readFile(path.resolve(path.dirname(wasm), '../package.json'), 'utf8'));
  const { solvers } = JSON.parse(await readFile(path.join(out, 'engine.json'), 'utf8'));
  if (solvers[0].version !== version)
    throw new Error(`engine.json says HiGHS ${solvers[0].version}, but ${version} is installed`);
};

export default buildEngine;

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildEngine(process.argv[2]);
