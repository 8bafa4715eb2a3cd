// npm run bench [-- name … --option=value]: each *.bench.ts in a process of its own. Writes docs/figures/<name>.md.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../apps/server/bundle.mjs';
import { ensureBuilt } from '../apps/server/ensure.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const all = fs
  .readdirSync(here)
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => path.basename(file, '.bench.ts'));
const wanted = process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
const options = process.argv.slice(2).filter((arg) => arg.startsWith('--'));
const unknown = wanted.filter((name) => !all.includes(name));
if (unknown.length) {
  console.error(`There is no bench ${unknown.join(', ')}. There are: ${all.join(', ')}`);
  process.exit(2);
}

if (!fs.existsSync(path.join(here, 'node_modules'))) {
  console.log('Installing the peers to measure beside us …');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: here,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
}

ensureBuilt(); // some start whole servers

process.on('SIGINT', () => undefined); // Ctrl-C reaches the bench as well: wait until it has cleaned up

const run = (file) =>
  new Promise((resolve) =>
    spawn(process.execPath, ['--no-warnings', file, ...options], { stdio: 'inherit' }).on('exit', resolve),
  );

const outdir = path.join(here, 'node_modules/.openpro'); // from here the peers are found
for (const name of wanted.length ? wanted : all) {
  await bundle({ [name]: `bench/${name}.bench.ts` }, { outdir });
  const code = await run(path.join(outdir, `${name}.mjs`));
  if (code !== 0) process.exit(code ?? 1);
}
await import('./readme.mjs');
