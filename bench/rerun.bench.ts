import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Api, Platform } from '../test/e2e/platform.js';
import { type Measured, report } from './frame.js';

/** Real models with known results; they are not ours to copy. */
const folder = path.resolve('../shared/data/lp');
const MODELS = [
  { name: 'p0548', runs: 20, file: 'p0548.mps' },
  { name: 'gesa2', runs: 10, file: 'gesa2.mps' },
  { name: 'Supply network', runs: 20, file: null },
] as const;
type Model = (typeof MODELS)[number];
const AT_ONCE = 2;

interface Ended {
  readonly state: string;
  readonly objective: number | null;
  readonly compared: string | null;
}

const ended = async (api: Api, id: string): Promise<Ended> => {
  const fields = 'endedAt state objective compared error { message }';
  const { jobChanged } = await api.until<{
    jobChanged: Ended & { endedAt: number | null; error: { message: string } | null };
  }>(
    `subscription ($id: ID!) { jobChanged(id: $id) { ${fields} } }`,
    { id },
    (news) => news.jobChanged.endedAt !== null,
  );
  if (jobChanged.state !== 'COMPLETED') throw new Error(JSON.stringify(jobChanged));
  return jobChanged;
};

const asked = async (
  api: Api,
  field: string,
  types: string,
  args: Record<string, unknown>,
): Promise<string> => {
  const { id, message } = await api.change<{ id?: string; message?: string }>(
    field,
    types,
    args,
    '... on Job { id }',
    randomUUID(),
  );
  if (id === undefined) throw new Error(message);
  return id;
};

const submit = async (api: Api, { file }: Model, seed: number): Promise<string> => {
  const what =
    file === null
      ? { app: 'supply-network', procedure: 'optimize' }
      : {
          app: 'solve-file',
          procedure: 'solve',
          files: [
            {
              identifier: 'File',
              upload: await api.upload('FILE', file, readFileSync(path.join(folder, file))),
            },
          ],
          values: [{ identifier: 'Format', cells: [{ tuple: [], value: 'mps' }] }],
        };
  return asked(api, 'submitJob', '$input: SubmitJob!', { input: { ...what, seed } });
};

const platform = new Platform(mkdtempSync(path.join(process.cwd(), 'bench/node_modules/.data-')));

const measure = async (api: Api, model: Model): Promise<Measured> => {
  let [next, same, named] = [0, 0, 0];
  const lane = async (): Promise<void> => {
    while (next < model.runs) {
      const seed = ++next;
      const first = await submit(api, model, seed);
      await ended(api, first);
      const again = await asked(api, 'repeatJob', '$id: ID!', { id: first });
      const { compared } = await ended(api, again);
      if (compared?.startsWith('The same')) same++;
      else if (compared) named++;
      if (compared && !compared.startsWith('The same'))
        console.log(`  ${model.name}, seed ${seed}: ${compared}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return { runs: model.runs, 'the same, byte for byte': same, 'difference named': named };
};

if (!existsSync(folder)) throw new Error(`${folder} is not there: no real models to run`);
await platform.start();
try {
  const api = await platform.signIn();
  await report({
    name: 'rerun',
    title: 'Stored runs, run again exactly',
    about:
      'Each run has another seed; it is repeated by its stored request (packages and data by digest, arguments, limits, ' +
      'seed) and both ends are compared: outcome, objective to the last digit, result data by digest.',
    rounds: 1,
    contestants: MODELS.map((model) => ({
      name: `**${model.name}**`,
      measure: () => measure(api, model),
    })),
  });
} finally {
  await platform.remove();
}
process.exit();
