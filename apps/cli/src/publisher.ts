import { mkdtemp, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { isRefusal, type Refusal } from '@openpro/kernel';
import type { Api } from './api.js';
import { home } from './credentials.js';
import { badInput, EXIT, Failure } from './failure.js';

const KEY = 'publisher';

/** Loaded when a package or a key is needed: most commands need neither. */
const packages = () => import('@openpro/engine');

export interface Publisher {
  readonly id: string;
  readonly publicKey: string;
  readonly file: string;
}

/** The publisher's key pair; made on first use. */
const keyPair = async () => {
  const { generateKeyPair, readKeyPair, writeKeyPair } = await packages();
  try {
    return await readKeyPair(home(), KEY, 'signing');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const pair = generateKeyPair('signing');
    await writeKeyPair(home(), KEY, pair);
    return pair;
  }
};

export const publisher = async (): Promise<Publisher> => {
  const { keyId, toPem } = await packages();
  const { publicKey } = await keyPair();
  return { id: keyId(publicKey), publicKey: toPem(publicKey), file: path.join(home(), `${KEY}.key.pem`) };
};

/** The text of a public key in PEM, after a look that it is one. */
export const checkPublicKey = async (pem: string, file: string): Promise<string> => {
  const { publicKeyFromPem, toPem } = await packages();
  try {
    return toPem(publicKeyFromPem(pem, 'signing'));
  } catch (error) {
    throw badInput(
      'key',
      `${file} is no publisher key: ${(error as Error).message}`,
      'an Ed25519 public key in PEM',
    );
  }
};

const packed = <Package extends object>(result: Package | Refusal): Package => {
  if (!isRefusal(result)) return result;
  throw new Failure(EXIT.usage, result.message, {
    code: result.refused,
    field: result.field,
    limit: result.limit,
  });
};

/** What `@openpro/engine/sdk` means in an author's model. */
const SDK = path.resolve(import.meta.dirname, '../../libs/engine/src/sdk/index.ts');

const inTemporaryFolder = async <Result>(work: (folder: string) => Promise<Result>): Promise<Result> => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'openpro-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** Compiles the model where it is TypeScript, encrypts for the platform and signs. */
export const packApp = (
  api: Api,
  folder: string,
  fileFor: (app: { name: string; version: string }) => string,
) =>
  inTemporaryFolder(async (ready) => {
    const { compileApp, packApp: pack, publicKeyFromPem } = await packages();
    const manifest = packed(await compileApp(path.resolve(folder), ready, { sdk: SDK }));
    const clusterPublicKey = publicKeyFromPem(await (await api.get('/api/cluster-key')).text(), 'cluster');
    return packed(
      await pack(ready, fileFor(manifest), { signKey: (await keyPair()).privateKey, clusterPublicKey }),
    );
  });

const packEngine = async (folder: string, file: string) => {
  const { packEngine: pack } = await packages();
  return packed(await pack(folder, file, (await keyPair()).privateKey));
};

/** Gives `work` a package: the file itself, or a temporary one packed from a folder. */
export const withPackage = async <Result>(
  api: Api,
  kind: 'engine' | 'app',
  place: string,
  work: (file: string) => Promise<Result>,
): Promise<Result> => {
  const found = await stat(place).catch(() => null);
  if (found?.isFile()) return work(place);
  if (!found?.isDirectory())
    throw badInput(
      'package',
      `There is no file or folder ${place}`,
      `a *.${kind} file, or a folder with ${kind}.json`,
    );
  return inTemporaryFolder(async (folder) => {
    const file = path.join(folder, `${path.basename(path.resolve(place))}.${kind}`);
    await (kind === 'app' ? packApp(api, place, () => file) : packEngine(place, file));
    return work(file);
  });
};

/** A key that is not trusted yet is the usual case of a first publish: say what to do. */
export const explainTrust = (error: unknown): never => {
  if (!(error instanceof Failure) || error.details.code !== 'NotTrusted') throw error;
  throw new Failure(error.exit, error.message, {
    ...error.details,
    hint: 'An administrator trusts your key with: openpro key trust',
  });
};
