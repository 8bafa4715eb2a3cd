// npm test [-- jest arguments] [--no-build]: installs and builds what is missing or old, then runs jest.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const at = (...parts) => path.join(root, ...parts);
const args = process.argv.slice(2).filter((arg) => arg !== '--no-build');

const run = (command, ...rest) => {
  const { status } = spawnSync(command, rest, { cwd: root, stdio: 'inherit', shell: command === 'npm' });
  if (status !== 0) process.exit(status ?? 1);
};

const newest = (folder) =>
  Math.max(
    ...fs.readdirSync(folder, { withFileTypes: true }).map((entry) => {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === 'node_modules' ? 0 : newest(file);
      return entry.name.endsWith('.spec.ts') ? 0 : fs.statSync(file).mtimeMs;
    }),
    0,
  );

const SOURCES = ['apps', 'libs', 'engines', 'examples', 'migrations', 'schema'];
const stamp = at('dist/.built');
const isBuilt = () =>
  fs.existsSync(stamp) && SOURCES.every((folder) => newest(at(folder)) <= fs.statSync(stamp).mtimeMs);

if (!fs.existsSync(at('node_modules'))) run('npm', 'ci', '--no-audit', '--no-fund');
if (!process.argv.includes('--no-build') && !isBuilt()) {
  const started = new Date();
  run(process.execPath, at('apps/server/build.mjs'));
  fs.writeFileSync(stamp, '');
  fs.utimesSync(stamp, started, started); // what changed during the build counts as newer
}

const jest = spawn(process.execPath, [at('node_modules/jest/bin/jest.js'), ...args], {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --no-warnings`,
  },
});
process.on('SIGINT', () => undefined); // Ctrl-C reaches jest as well: wait until it has cleaned up
process.on('SIGTERM', () => jest.kill('SIGTERM'));
jest.on('exit', (code) => process.exit(code ?? 1));
