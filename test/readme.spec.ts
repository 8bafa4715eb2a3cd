import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { checkApp, compileApp, EnginePool, type EngineManifest, runAttempt } from '@openpro/engine';

jest.setTimeout(60_000);

const root = process.cwd();
const engineFolder = path.join(root, 'dist/engines/model-ts');

describe('the app in the README', () => {
  let folder: string;
  const pool = new EnginePool({ warm: 0 });
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'openpro-readme-'));
  });
  afterAll(async () => {
    await pool.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('compiles, checks and solves as it stands there', async () => {
    const readme = await readFile(path.join(root, 'README.md'), 'utf8');
    const block = (language: string) =>
      new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(readme)?.[1] ?? '';
    const source = path.join(folder, 'workshop');
    await mkdir(source);
    await writeFile(path.join(source, 'app.json'), block('json'));
    await writeFile(path.join(source, 'model.ts'), block('ts'));
    const app = path.join(folder, 'compiled');
    const manifest = await compileApp(source, app, { sdk: path.join(root, 'libs/engine/src/sdk/index.ts') });
    expect(manifest).toMatchObject({ name: 'workshop' });

    const engineManifest = JSON.parse(
      await readFile(path.join(engineFolder, 'engine.json'), 'utf8'),
    ) as EngineManifest;
    const engine = {
      name: 'model-ts',
      version: engineManifest.version,
      digest: 'engine',
      folder: engineFolder,
      manifest: engineManifest,
    };
    expect(await checkApp(pool, engine, app)).not.toHaveProperty('errors');

    const attempt = runAttempt(pool, {
      engine,
      app: { name: 'workshop', version: '1.0.0', digest: 'app', folder: app },
      job: 'job',
      attempt: 1,
      user: { id: 'u', name: 'u', roles: [], language: 'en', timeZone: 'UTC' },
      procedure: 'optimize',
      args: {},
      input: null,
      timeLimit: null,
      gap: null,
      seed: 0,
      limits: { memoryMiB: 1024, interruptGraceS: 5, logBytes: 100_000 },
      onStarted: () => undefined,
      onProgress: () => undefined,
      onIncumbent: () => undefined,
      onLog: () => undefined,
    });
    // 40 hours: 13 shelves take 39 and give 390; 5 chairs and 5 shelves take 40 and give 375; 2 chairs and 10 shelves 390.
    expect(await attempt.result).toMatchObject({ is: 'ended', outcome: 'completed', objective: 390 });
  });
});
