import { afterAll, describe, expect, it } from '@jest/globals';
import { createHash, sign, verify } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import {
  generateKeyPair,
  keyId,
  privateKeyFromPem,
  publicKeyFromPem,
  rawPublicKey,
  readKeyPair,
  toPem,
  writeKeyPair,
} from './keys.js';
import { folderWith } from './package.testing.js';

describe('a key', () => {
  it('has an id from its raw public key', () => {
    const { publicKey } = generateKeyPair('signing');
    expect(rawPublicKey(publicKey)).toHaveLength(32);
    expect(keyId(publicKey)).toBe(
      createHash('sha256').update(rawPublicKey(publicKey)).digest('hex').slice(0, 16),
    );
    expect(keyId(generateKeyPair('signing').publicKey)).not.toBe(keyId(publicKey));
  });

  it.each(['signing', 'cluster'] as const)('of kind %s survives PEM', (kind) => {
    const { publicKey, privateKey } = generateKeyPair(kind);
    expect(publicKeyFromPem(toPem(publicKey), kind).equals(publicKey)).toBe(true);
    expect(privateKeyFromPem(toPem(privateKey), kind).equals(privateKey)).toBe(true);
  });

  it('of another kind is refused, as is text that is no key', () => {
    const { publicKey, privateKey } = generateKeyPair('cluster');
    expect(() => publicKeyFromPem(toPem(publicKey), 'signing')).toThrow(
      'A signing key must be ed25519; this one is x25519.',
    );
    expect(() => privateKeyFromPem(toPem(privateKey), 'signing')).toThrow('A signing key must be ed25519');
    expect(() => publicKeyFromPem('hello', 'signing')).toThrow();
  });
});

describe('a key pair in files', () => {
  const made = folderWith();
  afterAll(async () => (await made).remove());

  it('comes back, its private half readable by its owner only', async () => {
    const folder = path.join((await made).folder, 'keys');
    const pair = generateKeyPair('signing');
    await writeKeyPair(folder, 'publisher', pair);
    const back = await readKeyPair(folder, 'publisher', 'signing');
    const text = Buffer.from('text');
    expect(verify(null, text, pair.publicKey, sign(null, text, back.privateKey))).toBe(true);
    expect(back.publicKey.equals(pair.publicKey)).toBe(true);
    expect((await stat(path.join(folder, 'publisher.key.pem'))).mode & 0o777).toBe(0o600);
  });

  it('never replaces a private key', async () => {
    const { folder } = await made;
    const first = generateKeyPair('signing');
    await writeKeyPair(folder, 'mine', first);
    await expect(writeKeyPair(folder, 'mine', generateKeyPair('signing'))).rejects.toThrow(/EEXIST/);
    expect((await readKeyPair(folder, 'mine', 'signing')).publicKey.equals(first.publicKey)).toBe(true);
  });
});
