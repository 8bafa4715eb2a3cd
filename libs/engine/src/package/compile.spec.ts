import { afterEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileApp } from './compile.js';
import { appManifest, folderWith } from './package.testing.js';

const made: Awaited<ReturnType<typeof folderWith>>[] = [];
const folder = async (files?: Readonly<Record<string, string>>): Promise<string> => {
  made.push(await folderWith(files));
  return made.at(-1)!.folder;
};
afterEach(async () => {
  await Promise.all(made.splice(0).map(({ remove }) => remove()));
});

const manifest = (model: string): string => JSON.stringify({ ...appManifest, entry: { model } });
const SDK = { 'sdk.ts': 'export const defineApp = <T>(app: T): T => app;' };

const compile = async (files: Readonly<Record<string, string>>) => {
  const out = path.join(await folder(), 'out');
  const sdk = path.join(await folder(SDK), 'sdk.ts');
  return { out, outcome: await compileApp(await folder(files), out, { sdk }) };
};

describe('an app of an author', () => {
  const files = {
    'app.json': manifest('model/main.ts'),
    'model/main.ts':
      "import { defineApp } from '@openpro/engine/sdk';\nimport { twice } from './twice.js';\nexport default defineApp({ answer: twice(21) });",
    'model/twice.ts': 'export const twice = (n: number): number => 2 * n;',
    'model/twice.spec.ts': 'throw new Error();',
    'model/data.json': '[1]',
    'package.json': '{}',
    'node_modules/x/index.js': '',
    'NOTICE.txt': 'Thanks',
  };

  it('becomes a folder with one module, its data and nothing of its workshop', async () => {
    const { out, outcome } = await compile(files);
    expect(outcome).toMatchObject({ name: appManifest.name, entry: { model: 'model/main.mjs' } });
    const names = (await readdir(out, { recursive: true })).sort();
    expect(names).toEqual(['NOTICE.txt', 'app.json', 'model', 'model/data.json', 'model/main.mjs']);
    expect(JSON.parse(await readFile(path.join(out, 'app.json'), 'utf8'))).toEqual(outcome);
    const model = pathToFileURL(path.join(out, 'model/main.mjs')).href;
    const script = `import(${JSON.stringify(model)}).then((m) => console.log(m.default.answer))`;
    expect(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })).toBe('42\n');
  });

  it('keeps a model that is JavaScript already', async () => {
    const { out, outcome } = await compile({
      'app.json': manifest('model/main.mjs'),
      'model/main.mjs': 'export default 1;',
    });
    expect(outcome).toMatchObject({ entry: { model: 'model/main.mjs' } });
    expect(await readFile(path.join(out, 'model/main.mjs'), 'utf8')).toBe('export default 1;');
  });

  it.each<[string, Record<string, string>, object]>([
    [
      'a mistake in its model',
      { ...files, 'model/main.ts': 'export default {\n  a: 1,,\n};' },
      { refused: 'BadModel', field: 'entry.model', message: expect.stringContaining('model/main.ts:2:8: ') },
    ],
    [
      'an import of what is not there',
      { ...files, 'model/main.ts': "import './gone.js';" },
      {
        refused: 'BadModel',
        message: expect.stringContaining('model/main.ts:1:8: Could not resolve "./gone.js"'),
      },
    ],
    ['no model', { 'app.json': manifest('model/main.ts') }, { refused: 'BadModel' }],
    ['a wrong manifest', { ...files, 'app.json': '{}' }, { refused: 'BadManifest', field: 'name' }],
    ['no manifest', { 'model/main.ts': '' }, { refused: 'BadPackage', limit: 'a manifest' }],
  ])('is refused with %s', async (_, wrong, expected) => {
    expect((await compile(wrong)).outcome).toMatchObject(expected);
  });
});
