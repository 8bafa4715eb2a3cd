#!/usr/bin/env node
// Starts the built command line; builds it first where that has not been done yet.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const main = path.join(root, 'dist/cli/main.mjs');

if (!existsSync(main)) {
  const { ensureInstalled, ensureNode } = await import('../server/ensure.mjs');
  ensureNode();
  ensureInstalled();
  console.error('… Building the command line, once');
  // Its output goes to stderr: what is piped from stdout stays the command's own.
  const build = [path.join(root, 'apps/server/build.mjs'), 'cli'];
  const { status } = spawnSync(process.execPath, build, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(1);
}
await import(pathToFileURL(main).href);
