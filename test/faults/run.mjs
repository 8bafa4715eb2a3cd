// npm run faults [-- options]: builds what is missing, bundles the harness and runs it. See docs/reliability.md.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt, ensureInstalled, ensureNode, root } from '../../apps/server/ensure.mjs';

ensureNode();
ensureInstalled();
ensureBuilt();
const { bundle } = await import(pathToFileURL(path.join(root, 'apps/server/bundle.mjs')).href);
const outdir = path.join(root, 'node_modules/.cache/openpro-faults'); // inside node_modules: packages are found from there
await bundle({ main: 'test/faults/main.ts' }, { outdir, packages: 'external', sourcemap: 'inline' });

const harness = spawn(
  process.execPath,
  ['--no-warnings', '--enable-source-maps', path.join(outdir, 'main.mjs'), ...process.argv.slice(2)],
  { stdio: 'inherit' },
).on('exit', (code) => process.exit(code ?? 1));
process.on('SIGINT', () => undefined); // Ctrl-C reaches the harness as well: wait until it has cleaned up
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => harness.kill(signal));
