// Bundles a server with changed sources: JSON { outDir, patches, inject, programs } on stdin. See mutated-build.ts.
import { mkdir, readdir, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { bundle, SERVER } from '../../apps/server/bundle.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

const { outDir, patches, inject, programs } = await json(process.stdin);
const unused = new Set(patches);

const edit = (file, source) => {
  for (const patch of patches.filter((one) => one.file === file)) {
    const parts = source.split(patch.find);
    if (parts.length !== 2)
      throw new Error(
        `${patch.name}: its text occurs ${parts.length - 1} times in ${file}, not once:\n${patch.find}`,
      );
    source = parts.join(patch.replace);
    unused.delete(patch);
  }
  return source;
};

/** What a server looks for beside itself; a build in another folder borrows it. */
const borrow = async (from, names) => {
  await mkdir(path.join(outDir, from), { recursive: true });
  for (const name of names) await symlink(path.join(root, from, name), path.join(outDir, from, name));
};

await rm(outDir, { recursive: true, force: true });
await borrow('.', ['node_modules', 'schema', 'package.json']);
await borrow(
  'dist',
  (await readdir(path.join(root, 'dist'))).filter((name) => name !== 'server'),
);
await bundle(
  { ...SERVER, ...programs },
  { outdir: path.join(outDir, 'dist'), edit, inject: inject.map((file) => path.join(root, file)) },
);
for (const { name, file } of unused) throw new Error(`${name}: ${file} is not part of the server`);
