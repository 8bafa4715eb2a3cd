// npm run simulate: bundles the simulation and runs it.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { bundle } from '../../apps/server/bundle.mjs';
import { root } from '../../apps/server/ensure.mjs';

await bundle({ 'simulation/main': 'test/simulation/main.ts' });
const main = path.join(root, 'dist/simulation/main.mjs');
spawn(process.execPath, ['--no-warnings', main, ...process.argv.slice(2)], { stdio: 'inherit' }).on(
  'exit',
  (code) => (process.exitCode = code ?? 1),
);
