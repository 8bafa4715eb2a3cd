// Before all tests. Nothing is started yet: the first test that asks for a database starts PostgreSQL,
// so that a run of pure tests costs nothing.
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

const startServer = async (dir) => {
  const { bundle } = await import(pathToFileURL(path.join(root, 'apps/server/bundle.mjs')).href);
  const outdir = path.join(root, `node_modules/.cache/openpro-test-${process.pid}`); // inside node_modules: packages are found from there
  try {
    await bundle({ server: 'test/harness/server.ts' }, { outdir, packages: 'external', sourcemap: 'inline' });
    const { startTestServer } = await import(pathToFileURL(path.join(outdir, 'server.mjs')).href);
    return await startTestServer(dir);
  } finally {
    fs.rmSync(outdir, { recursive: true, force: true });
  }
};

export default async function setup() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'openpro-test-'));
  let server; // a promise, made once
  const door = net.createServer(async (connection) => {
    connection.on('error', () => undefined);
    try {
      const { template } = await (server ??= startServer(dir));
      connection.end(JSON.stringify({ template }));
    } catch (error) {
      connection.end(JSON.stringify({ error: error.stack }));
    }
  });
  const address =
    process.platform === 'win32' ? `\\\\.\\pipe\\${path.basename(dir)}` : path.join(dir, 'door');
  await new Promise((resolve) => door.listen(address, resolve));
  process.env.OPENPRO_TEST_DOOR = address;

  let pid;
  globalThis.__openproTearDown = async () => {
    door.close();
    await (await server?.catch(() => undefined))?.stop();
    pid = undefined;
    fs.rmSync(dir, { recursive: true, force: true });
  };
  // Ctrl-C or a crash: teardown is not called then.
  const startedPid = () => server?.then((running) => (pid = running.pid)).catch(() => undefined);
  door.on('connection', startedPid);
  process.once('exit', () => {
    if (pid) process.kill(pid, 'SIGQUIT');
    fs.rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  });
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])
    process.once(signal, () => process.exit(code));
}
