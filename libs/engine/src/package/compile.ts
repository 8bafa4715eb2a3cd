import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isRefusal, refuse, type Refusal } from '@openpro/kernel';
import type * as Esbuild from 'esbuild';
import { badPackage } from './zip.js';
import { readAppManifest, type AppManifest } from './manifest.js';

/** Authors have it, servers do not: they never see TypeScript. */
const loadEsbuild = async (): Promise<typeof Esbuild> => {
  try {
    return await import('esbuild');
  } catch (cause) {
    throw new Error(
      'Compiling a TypeScript model needs esbuild, which is not installed. Run: npm install esbuild',
      {
        cause,
      },
    );
  }
};

const SOURCE = /\.m?ts$/;
/** Parts of an author's folder that are no part of the app. */
const LEFT_OUT = /^(?:node_modules|\.git|dist|package(?:-lock)?\.json|tsconfig\.json|.*\.spec\.ts|.*\.m?ts)$/;

const compiledName = (model: string): string => model.replace(SOURCE, '.mjs');

const messageOf = ({ text, location }: Esbuild.Message): string =>
  location ? `${location.file}:${location.line}:${location.column + 1}: ${text}` : text;

const bundle = async (
  folder: string,
  model: string,
  outFile: string,
  sdk: string,
): Promise<Refusal | undefined> => {
  const esbuild = await loadEsbuild();
  try {
    await esbuild.build({
      entryPoints: [path.join(folder, model)],
      outfile: outFile,
      absWorkingDir: folder,
      alias: { '@openpro/engine/sdk': sdk },
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      sourcemap: 'inline',
      sourcesContent: false,
      logLevel: 'silent',
    });
    return undefined;
  } catch (error) {
    const { errors } = error as Partial<Esbuild.BuildFailure>;
    if (!errors?.length) throw error;
    return refuse('BadModel', errors.slice(0, 20).map(messageOf).join('\n'), {
      field: 'entry.model',
      limit: 'a model that compiles',
    });
  }
};

/**
 * Makes a folder ready for `packApp` from an author's folder: the TypeScript model becomes one `.mjs` file,
 * everything that is no source is copied.
 * @param sdk the file that `@openpro/engine/sdk` means
 * @returns a refusal `BadManifest` or `BadModel` with file, line and column
 */
export const compileApp = async (
  folder: string,
  outFolder: string,
  { sdk }: { sdk: string },
): Promise<AppManifest | Refusal> => {
  const bytes = await readFile(path.join(folder, 'app.json')).catch(() => undefined);
  if (!bytes) return badPackage(`${folder} has no app.json.`, 'a manifest');
  const manifest = readAppManifest(bytes);
  if (isRefusal(manifest)) return manifest;
  const model = compiledName(manifest.entry.model);
  const compiled: AppManifest = { ...manifest, entry: { ...manifest.entry, model } };

  await mkdir(outFolder, { recursive: true });
  await cp(folder, outFolder, {
    recursive: true,
    filter: (from) => from === folder || !LEFT_OUT.test(path.basename(from)),
  });
  await writeFile(path.join(outFolder, 'app.json'), `${JSON.stringify(compiled, null, 2)}\n`);
  if (!SOURCE.test(manifest.entry.model)) return compiled;
  return (await bundle(folder, manifest.entry.model, path.join(outFolder, model), sdk)) ?? compiled;
};
