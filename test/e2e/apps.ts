import {
  generateKeyPair,
  keyId,
  type KeyPair,
  packApp,
  packEngine,
  publicKeyFromPem,
  toPem,
} from '@openpro/engine';
import { isRefusal } from '@openpro/kernel';
import type { KeyObject } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Api } from './platform.js';

type Files = Readonly<Record<string, string>>;

/** An app of one file: the smallest that can be published, unless a test says otherwise. */
export interface TestApp {
  readonly name: string;
  readonly version?: string;
  readonly model: string;
  readonly engine?: { readonly name: string; readonly range: string };
  /** What a server must have. */
  readonly labels?: readonly string[];
  readonly licence?: string;
}

const INTERFACE = `{
    sets: { Items: {} },
    identifiers: {
      In: { kind: 'input', type: 'f64', default: 1, min: 0, max: 100 },
      Size: { kind: 'input', type: 'f64', domain: ['Items'] },
      Note: { kind: 'input', type: 'utf8' },
      Out: { kind: 'output', type: 'f64' },
    },
    procedures: { solve: { where: 'optimization' }, sum: { where: 'data' } },
  }`.replaceAll(/\s*\n\s*/g, ' ');

/** A model whose \`solve\` is this; its first line is line 5 of model/main.mjs. */
export const solving = (body: string): string =>
  `import { writeSync } from 'node:fs';
export default {
  interface: ${INTERFACE},
  async solve(data, ctx) {
${body}
  },
  initial(data) { data.sets.Items.replace(['one', 'two']); },
  procedures: { sum: (data, args) => data.Size.get(0) + data.Size.get(1) + (args.plus ?? 0) },
};
`;

/** Solves until it is stopped. */
export const ENDLESS = solving(
  'while (!ctx.signal.aborted) { await new Promise((next) => setTimeout(next, 50)); }',
);
/** Does so where its input In is above 0, and else ends at once. */
export const BUSY = solving(
  'while (!ctx.signal.aborted && data.In.value > 0) { await new Promise((next) => setTimeout(next, 50)); }\n data.Out.value = 7;',
);

export const manifestOf = ({
  name,
  version = '1.0.0',
  engine = { name: 'model-ts', range: '*' },
  labels,
  licence,
}: TestApp) => ({
  name,
  version,
  title: name,
  description: 'Made by a test.',
  category: 'Tests',
  engine,
  entry: { model: 'model/main.mjs' },
  procedures: [
    { name: 'solve', label: 'Solve', where: 'optimization' },
    { name: 'sum', label: 'Sum', where: 'data' },
  ],
  ...(labels ? { labels } : {}),
  ...(licence ? { licence } : {}),
});

const inFolder = async <T>(files: Files, use: (folder: string) => Promise<T>): Promise<T> => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'openpro-app-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), content);
    }
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const packed = async (files: Files, pack: (folder: string, file: string) => Promise<object>) =>
  inFolder(files, (folder) =>
    inFolder({}, async (place) => {
      const file = path.join(place, 'package');
      const outcome = await pack(folder, file);
      if (isRefusal(outcome)) throw new Error(outcome.message);
      return readFile(file);
    }),
  );

/** Who packs and publishes, with a key of his own. */
export class Author {
  readonly keys: KeyPair = generateKeyPair('signing');
  readonly keyId = keyId(this.keys.publicKey);

  private constructor(
    readonly api: Api,
    private readonly cluster: KeyObject,
  ) {}

  static async of(api: Api): Promise<Author> {
    const pem = await (await fetch(`${api.url}/api/cluster-key`)).text();
    return new Author(api, publicKeyFromPem(pem, 'cluster'));
  }

  trust(commandId?: string) {
    const publicKey = toPem(this.keys.publicKey);
    return this.api.change(
      'trustKey',
      '$publicKey: String!, $name: String!',
      { publicKey, name: 'A test' },
      '... on PublisherKey { id }',
      commandId,
    );
  }

  packApp(app: TestApp, cluster = this.cluster): Promise<Buffer> {
    const files = { 'app.json': JSON.stringify(manifestOf(app)), 'model/main.mjs': app.model };
    const keys = { signKey: this.keys.privateKey, clusterPublicKey: cluster };
    return packed(files, (folder, file) => packApp(folder, file, keys));
  }

  packEngine(files: Files): Promise<Buffer> {
    return packed(files, (folder, file) => packEngine(folder, file, this.keys.privateKey));
  }

  async publish(kind: 'APP' | 'ENGINE', bytes: Buffer, commandId?: string) {
    const upload = await this.api.upload(kind, 'package', bytes);
    const [field, type] = kind === 'APP' ? ['publishApp', 'AppVersion'] : ['publishEngine', 'Engine'];
    return this.api.change<{ id?: string; code?: string; message?: string; field?: string; limit?: string }>(
      field as string,
      '$upload: ID!',
      { upload },
      `... on ${type} { id }`,
      commandId,
    );
  }

  /** Publishes; a refusal fails the test. */
  async app(name: string, model: string, more: Partial<TestApp> = {}): Promise<string> {
    const { id, message } = await this.publish('APP', await this.packApp({ name, model, ...more }));
    if (id === undefined) throw new Error(message);
    return name;
  }
}
