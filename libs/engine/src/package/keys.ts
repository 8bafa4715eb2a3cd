import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { refuse, type Refusal } from '@openpro/kernel';

/** `signing`: Ed25519, says who published; `cluster`: X25519, lets one cluster open what was packed for it. */
export type KeyKind = 'signing' | 'cluster';

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Finds the public key of a publisher by its id; undefined when nobody trusts it here. */
export type TrustedKeys = (keyId: string) => KeyObject | undefined | Promise<KeyObject | undefined>;

export const notTrusted = (message: string): Refusal<'NotTrusted'> =>
  refuse('NotTrusted', message, {
    field: 'package',
    limit: 'signed with a publisher key that is trusted here',
  });

const ALGORITHM = { signing: 'ed25519', cluster: 'x25519' } as const;

export const generateKeyPair = (kind: KeyKind): KeyPair =>
  kind === 'signing' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519');

/** The 32 bytes of an Ed25519 or X25519 public key, without their wrapping. */
export const rawPublicKey = (key: KeyObject): Buffer =>
  Buffer.from(key.export({ format: 'jwk' }).x!, 'base64url');

/** The first 16 hex digits of the SHA-256 of the raw public key. */
export const keyId = (publicKey: KeyObject): string =>
  createHash('sha256').update(rawPublicKey(publicKey)).digest('hex').slice(0, 16);

/** PKCS #8 for a private key, SPKI for a public one. */
export const toPem = (key: KeyObject): string =>
  key.export({ format: 'pem', type: key.type === 'private' ? 'pkcs8' : 'spki' }) as string;

const expectKind = (key: KeyObject, kind: KeyKind): KeyObject => {
  if (key.asymmetricKeyType === ALGORITHM[kind]) return key;
  throw new TypeError(`A ${kind} key must be ${ALGORITHM[kind]}; this one is ${key.asymmetricKeyType}.`);
};

/** @throws TypeError for a key of the other kind, and Node's own error for text that is no key. */
export const publicKeyFromPem = (pem: string, kind: KeyKind): KeyObject =>
  expectKind(createPublicKey(pem), kind);

/** @throws TypeError for a key of the other kind, and Node's own error for text that is no key. */
export const privateKeyFromPem = (pem: string, kind: KeyKind): KeyObject =>
  expectKind(createPrivateKey(pem), kind);

/** Writes `<name>.key.pem` (private, 0600) and `<name>.pub.pem`; refuses to replace a private key. */
export const writeKeyPair = async (folder: string, name: string, pair: KeyPair): Promise<void> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const write = async (file: string, pem: string, flags: string, mode: number): Promise<void> => {
    const handle = await open(path.join(folder, file), flags, mode);
    try {
      await handle.writeFile(pem);
      await handle.sync();
    } finally {
      await handle.close();
    }
  };
  await write(`${name}.key.pem`, toPem(pair.privateKey), 'wx', 0o600);
  await write(`${name}.pub.pem`, toPem(pair.publicKey), 'w', 0o644);
};

/** Reads what `writeKeyPair` wrote; the public key comes from the private one, so the two always belong together. */
export const readKeyPair = async (folder: string, name: string, kind: KeyKind): Promise<KeyPair> => {
  const privateKey = privateKeyFromPem(await readFile(path.join(folder, `${name}.key.pem`), 'utf8'), kind);
  return { privateKey, publicKey: createPublicKey(privateKey) };
};
