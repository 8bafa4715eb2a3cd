#!/usr/bin/env node
// Starts the built command line; builds it first where that has not been done yet.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const main = path.join(root, 'dist/cli/main.mjs');

if (!existsSync(main)) {
  console.error('Building the command line, once…');
  // Its output goes to stderr: what is piped from stdout stays the command's own.
  const { status } = spawnSync(process.execPath, [path.join(root, 'apps/server/build.mjs'), 'cli'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) {
    console.error('The build failed. Run `npm ci` in the project folder and try again.');
    process.exit(1);
  }
}
await import(pathToFileURL(main).href);
