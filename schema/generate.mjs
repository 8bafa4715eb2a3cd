// Generates TypeScript from the API's schema: types for the server, typed operations for portal and CLI.
// `node schema/generate.mjs` writes the files; with `--check` it only says which ones are out of date.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { codegen } from '@graphql-codegen/core';
import * as typedDocumentNode from '@graphql-codegen/typed-document-node';
import * as typescript from '@graphql-codegen/typescript';
import * as typescriptOperations from '@graphql-codegen/typescript-operations';
import { buildSchema, parse, printSchema, validate } from 'graphql';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const pluginMap = { typescript, typescriptOperations, typedDocumentNode };

const common = {
  scalars: { Time: 'number', JSON: 'unknown', ID: 'string' },
  strictScalars: true,
  useTypeImports: true,
};

const targets = [
  {
    file: 'libs/platform/src/generated/schema.ts',
    plugins: [
      {
        typescript: {
          enumsAsTypes: true,
          avoidOptionals: { field: true },
          inputMaybeValue: 'T | null | undefined',
        },
      },
    ],
  },
  {
    file: 'apps/portal/src/generated/graphql.ts',
    operations: 'apps/portal/src',
    plugins: [{ typescriptOperations: { skipTypename: true } }, { typedDocumentNode: {} }],
  },
  {
    file: 'apps/cli/src/generated/graphql.ts',
    operations: 'apps/cli/src',
    // As text: the CLI sends it as it is and never loads the graphql package.
    plugins: [
      { typescriptOperations: { skipTypename: true } },
      { typedDocumentNode: { documentMode: 'string' } },
    ],
  },
];

const filesIn = async (folder, ending) =>
  (await readdir(path.join(root, folder), { recursive: true }))
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => path.join(folder, name));

const read = (file) => readFile(path.join(root, file), 'utf8');

const sdl = (await Promise.all((await filesIn('schema', '.graphql')).map(read))).join('\n');
const schema = buildSchema(sdl);

const documentsIn = async (folder) => {
  const documents = [];
  for (const location of await filesIn(folder, '.graphql')) {
    const document = parse(await read(location));
    const errors = validate(schema, document).map(
      (error) => `${location}:${error.locations?.[0]?.line ?? 1}: ${error.message}`,
    );
    if (errors.length) throw new Error(errors.join('\n'));
    documents.push({ location, document });
  }
  return documents;
};

const generate = async ({ file, operations, plugins }) => {
  const code = await codegen({
    filename: file,
    schema: parse(printSchema(schema)),
    schemaAst: schema,
    documents: operations ? await documentsIn(operations) : [],
    config: common,
    plugins,
    pluginMap,
  });
  return `// Made by schema/generate.mjs from schema/*.graphql${operations ? ` and ${operations}/*.graphql` : ''}: do not edit.\n${code.replaceAll('Record<string, any>', 'Record<string, unknown>').trimEnd()}\n`;
};

const check = process.argv.includes('--check');
const stale = [];
for (const target of targets) {
  const code = await generate(target);
  const place = path.join(root, target.file);
  if (existsSync(place) && (await read(target.file)) === code) continue;
  stale.push(target.file);
  if (check) continue;
  await mkdir(path.dirname(place), { recursive: true });
  await writeFile(place, code);
}
if (check && stale.length) {
  console.error(`Out of date: ${stale.join(', ')}\nRun: npm run generate`);
  process.exitCode = 1;
} else if (!check) console.log(stale.length ? `Wrote ${stale.join(', ')}` : 'Nothing has changed.');
