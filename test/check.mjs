// `npm run check`: everything that needs no running server, two at a time. `npm run check -- types lint` runs some.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const installed = (file) => path.join(root, 'node_modules', file);
const sources = ['apps', 'libs', 'engines', 'examples', 'migrations', 'schema', 'test'].filter((folder) =>
  existsSync(path.join(root, folder)),
);

/** Longest first, so that two cores end at about the same time. */
const CHECKS = [
  {
    name: 'lint',
    run: [
      installed('eslint/bin/eslint.js'),
      '--max-warnings=0',
      '--no-error-on-unmatched-pattern',
      ...sources,
    ],
    fix: 'npx eslint --fix .',
  },
  {
    name: 'format',
    run: [installed('prettier/bin/prettier.cjs'), '--check', '--log-level=warn', '.'],
    fix: 'npm run format',
  },
  { name: 'unused', run: [installed('knip/bin/knip.js'), '--no-progress'], fix: 'delete what it names' },
  {
    name: 'imports',
    run: [
      installed('dependency-cruiser/bin/dependency-cruise.mjs'),
      '--config=.dependency-cruiser.mjs',
      '--output-type=err-long',
      ...sources,
    ],
    fix: 'the rule’s comment in .dependency-cruiser.mjs says where the code belongs',
  },
  { name: 'types', run: [installed('tsc7/bin/tsc'), '-p', 'tsconfig.json'], fix: 'correct the types' },
  {
    name: 'portal types',
    run: [installed('tsc7/bin/tsc'), '-p', 'apps/portal/tsconfig.json'],
    fix: 'correct the types',
  },
  {
    name: 'event shapes',
    run: ['schema/events.mjs', '--check'],
    fix: 'node schema/events.mjs; what is in a released log keeps its shape',
  },
  { name: 'generated', run: ['schema/generate.mjs', '--check'], fix: 'npm run generate' },
];

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

const run = (check) =>
  new Promise((resolve) => {
    const started = performance.now();
    const child = spawn(process.execPath, check.run, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('close', (code) => {
      const ok = code === 0;
      console.log(`${ok ? '  ok    ' : '  FAILED'} ${check.name.padEnd(14)} ${seconds(started).padStart(7)}`);
      resolve({ ...check, ok, output: output.trim() });
    });
  });

const wanted = process.argv.slice(2);
const names = CHECKS.map(({ name }) => name);
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length) {
  console.error(`There is no check ${unknown.join(', ')}: one of ${names.join(', ')}`);
  process.exit(2);
}

const queue = CHECKS.filter(({ name }) => !wanted.length || wanted.includes(name));
const started = performance.now();
const results = [];
const worker = async () => {
  for (let check = queue.shift(); check; check = queue.shift()) results.push(await run(check));
};
await Promise.all(Array.from({ length: Math.max(1, Math.min(4, os.availableParallelism())) }, worker));

const failed = results.filter(({ ok }) => !ok);
for (const { name, output, fix } of failed) console.error(`\n── ${name} ──\n${output}\n→ ${fix}`);
console.log(
  failed.length
    ? `\n${failed.length} of ${results.length} checks failed: ${failed.map(({ name }) => name).join(', ')} (${seconds(started)})`
    : `\nAll ${results.length} checks passed (${seconds(started)})`,
);
process.exitCode = failed.length ? 1 : 0;
