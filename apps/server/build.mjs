// Builds everything that runs, into dist/: programs, engines and example apps as folders ready to pack,
// and the portal. `node apps/server/build.mjs [part …]`
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, bundleCli } from './bundle.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const at = (...parts) => path.join(root, ...parts);

const parts = {
  server: () =>
    bundle({
      'server/main': 'apps/server/src/main.ts',
      'server/front': 'apps/server/src/front.ts',
      'server/beat': 'apps/server/src/beat.ts',
      'server/local': 'apps/server/src/local.ts',
      'server/copy-log': 'apps/server/src/copy-log.ts',
    }),
  cli: () => bundleCli(),
  'model-ts': async () => (await import('../../engines/model-ts/build.mjs')).default(),
  examples: async () => (await import('../../examples/build.mjs')).default(),
  portal: async () => {
    const vite = await import('vite');
    await vite.build({ root: at('apps/portal'), logLevel: 'warn' });
  },
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !parts[name]);
if (unknown.length > 0) {
  console.error(`There is no part ${unknown.join(', ')}. There are: ${Object.keys(parts).join(', ')}`);
  process.exit(2);
}
if (wanted.length === 0) await rm(at('dist'), { recursive: true, force: true });
for (const name of wanted.length > 0 ? wanted : Object.keys(parts)) {
  const started = performance.now();
  await parts[name]();
  console.log(`  built ${name.padEnd(10)} ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
