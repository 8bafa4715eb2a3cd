import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuMs, type Measured, report, residentMiB } from './frame.js';

const IDLE_S = 10;
const START = path.join(process.cwd(), 'apps/server/start.mjs');

/** Everything that `npm start` does, until it has printed the address; then ten idle seconds. */
const start = async (dataDir: string): Promise<Measured> => {
  const began = performance.now();
  const launcher = spawn(process.execPath, [START, '--data', dataDir, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  await new Promise<void>((resolve, reject) => {
    launcher.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (/Stop: +Ctrl-C/.test(output)) resolve();
    });
    launcher.once('exit', () => reject(new Error(`It did not start:\n${output}`)));
  });
  const readyMs = performance.now() - began;
  const file = path.join(dataDir, 'server.json');
  const { pid } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number };
  const before = cpuMs(launcher.pid);
  await delay(IDLE_S * 1000);
  const measured = {
    'ready after s': readyMs / 1000,
    'server MiB, idle': residentMiB(pid),
    'CPU %, idle': (cpuMs(launcher.pid) - before) / (10 * IDLE_S),
  };
  launcher.kill('SIGINT');
  await once(launcher, 'exit');
  return measured;
};

const dirs: string[] = [];
const freshDir = (): string => {
  const dir = mkdtempSync(path.join(process.cwd(), 'bench/node_modules/.data-'));
  dirs.push(dir);
  return dir;
};

const used = freshDir();
try {
  await start(used); // installs and builds what is missing, and publishes the examples
  await report({
    name: 'start',
    title: '`npm start`, to the printed address',
    about:
      'From the start of the launcher, built before: it compares the digest of all sources, starts PostgreSQL, ' +
      'migrates, starts the server. The first start in an empty folder also makes the database cluster and publishes ' +
      'engine and example apps. Memory is the resident set of the server process, CPU that of all processes together ' +
      `(launcher, PostgreSQL, server, warm engine processes), both over the ${IDLE_S} idle seconds that follow.`,
    rounds: 3,
    contestants: [
      { name: '**Second start**', measure: () => start(used) },
      { name: 'First start', measure: () => start(freshDir()) },
    ],
  });
} finally {
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
}
