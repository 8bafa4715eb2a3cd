// Installs and builds what is missing or old, for `npm start`, `npm test` and `npx openpro`. Plain Node
// without dependencies, because the first thing it may have to do is to install them.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const at = (...parts) => path.join(root, ...parts);
const SOURCES = ['apps', 'libs', 'engines', 'examples', 'migrations', 'schema'];

const run = (what, command, args) => {
  console.error(`… ${what}`);
  const began = performance.now();
  const options = { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' };
  if (spawnSync(command, args, options).status !== 0) {
    console.error(`✗ ${what} failed: ${command} ${args.join(' ')}`);
    process.exit(1);
  }
  console.error(`✓ ${what} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
};

/** The digest of what a thing was made from stands beside it: nothing is made twice. */
const make = (stamp, digest, how) => {
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  how();
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, digest);
};

const digestOf = (folder, into) => {
  const entries = readdirSync(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name === 'node_modules' || entry.name.endsWith('.spec.ts') || entry.name.endsWith('.md'))
      continue;
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) digestOf(file, into);
    else into.update(path.relative(root, file)).update(readFileSync(file));
  }
  return into;
};

const lockDigest = () =>
  createHash('sha256')
    .update(readFileSync(at('package-lock.json')))
    .digest('hex');

export const ensureNode = () => {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`OpenPRO needs Node 20.19 or later; this is ${process.versions.node}.`);
  process.exit(2);
};

export const ensureInstalled = () =>
  make(at('node_modules/.openpro-installed'), lockDigest(), () => {
    // Somebody may have run `npm ci` himself: npm's own record is then as new as the lock.
    const record = at('node_modules/.package-lock.json');
    if (existsSync(record) && statSync(record).mtimeMs >= statSync(at('package-lock.json')).mtimeMs) return;
    const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
    run('Installing dependencies (about a minute, once)', 'npm', args);
  });

export const ensureBuilt = () => {
  const digest = SOURCES.reduce(
    (into, folder) => digestOf(at(folder), into),
    createHash('sha256').update(lockDigest()),
  ).digest('hex');
  make(at('dist/.built'), digest, () => run('Building', process.execPath, [at('apps/server/build.mjs')]));
};
