// npm test [-- jest arguments] [--no-build]: installs and builds what is missing or old, then runs jest.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { ensureBuilt, ensureInstalled, ensureNode, root } from '../apps/server/ensure.mjs';

const args = process.argv.slice(2).filter((arg) => arg !== '--no-build');
ensureNode();
ensureInstalled();
if (!process.argv.includes('--no-build')) ensureBuilt();

const jest = spawn(process.execPath, [path.join(root, 'node_modules/jest/bin/jest.js'), ...args], {
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
