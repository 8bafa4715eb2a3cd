import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { generateKeyPair, rawPublicKey } from './keys.js';
import type { Source } from './source.js';

/** Plain bytes of a segment; its cipher text is longer by the tag. */
export const SEGMENT_BYTES = 1024 * 1024;
export const TAG_BYTES = 16;

const CIPHER = 'aes-256-gcm';

/** A data key that only one cluster can unwrap: X25519 with a key made for this package, HKDF-SHA-256, AES-256-GCM. */
export interface WrappedKey {
  /** The package's own public key, raw, base64. */
  readonly ephemeral: string;
  /** Cipher text and tag, base64. */
  readonly wrapped: string;
}

const X25519_SPKI_PREFIX = Buffer.from('302a300506032b656e032100', 'hex');

const publicFromRaw = (raw: Buffer): KeyObject =>
  createPublicKey({ key: Buffer.concat([X25519_SPKI_PREFIX, raw]), format: 'der', type: 'spki' });

/** Both public keys enter the derivation, so a wrapped key means something between these two only. */
const wrappingKey = (secret: Buffer, ephemeral: Buffer, cluster: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, Buffer.concat([ephemeral, cluster]), 'openpro app data key 1', 32));

/** The wrapping key serves once, so its nonce may be fixed. */
const NONCE = Buffer.alloc(12);

export const newDataKey = (): KeyObject => createSecretKey(randomBytes(32));

export const wrapKey = (dataKey: KeyObject, clusterPublicKey: KeyObject): WrappedKey => {
  const { publicKey, privateKey } = generateKeyPair('cluster');
  const ephemeral = rawPublicKey(publicKey);
  const secret = diffieHellman({ privateKey, publicKey: clusterPublicKey });
  const cipher = createCipheriv(
    CIPHER,
    wrappingKey(secret, ephemeral, rawPublicKey(clusterPublicKey)),
    NONCE,
  );
  const wrapped = Buffer.concat([cipher.update(dataKey.export()), cipher.final(), cipher.getAuthTag()]);
  return { ephemeral: ephemeral.toString('base64'), wrapped: wrapped.toString('base64') };
};

/** @throws when the key was wrapped for another cluster, or altered */
export const unwrapKey = ({ ephemeral, wrapped }: WrappedKey, clusterPrivateKey: KeyObject): KeyObject => {
  const raw = Buffer.from(ephemeral, 'base64');
  const secret = diffieHellman({ privateKey: clusterPrivateKey, publicKey: publicFromRaw(raw) });
  const cluster = rawPublicKey(createPublicKey(clusterPrivateKey));
  const bytes = Buffer.from(wrapped, 'base64');
  const decipher = createDecipheriv(CIPHER, wrappingKey(secret, raw, cluster), NONCE);
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  return createSecretKey(Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]));
};

/**
 * The number of the segment and whether it is the last one are its nonce (the STREAM construction of Hoang,
 * Reyhanitabar, Rogaway and Vizár): segments that are swapped, dropped or cut off do not decrypt. The data key
 * belongs to one package, so no nonce meets it twice.
 */
const segmentNonce = (index: number, isLast: boolean): Buffer => {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(index, 7);
  nonce.writeUInt8(isLast ? 1 : 0, 11);
  return nonce;
};

/** Collects plain bytes into segments and passes their cipher text on; `end` must follow the last bytes. */
export class SegmentCipher {
  readonly #pending = Buffer.alloc(SEGMENT_BYTES);
  #filled = 0;
  #index = 0;

  constructor(
    private readonly key: KeyObject,
    private readonly out: (bytes: Uint8Array) => Promise<void>,
  ) {}

  async write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      if (this.#filled === SEGMENT_BYTES) await this.#flush(false);
      const part = bytes.subarray(done, done + SEGMENT_BYTES - this.#filled);
      this.#pending.set(part, this.#filled);
      this.#filled += part.length;
      done += part.length;
    }
  }

  end(): Promise<void> {
    return this.#flush(true);
  }

  async #flush(isLast: boolean): Promise<void> {
    const cipher = createCipheriv(CIPHER, this.key, segmentNonce(this.#index++, isLast));
    const text = cipher.update(this.#pending.subarray(0, this.#filled));
    this.#filled = 0;
    await this.out(Buffer.concat([text, cipher.final(), cipher.getAuthTag()]));
  }
}

/** The plain bytes behind a source of segments, decrypted where they are read: they never touch a disk. */
export const decrypted = (segments: Source, key: KeyObject): Source => {
  const count = Math.max(1, Math.ceil(segments.size / (SEGMENT_BYTES + TAG_BYTES)));
  const size = segments.size - count * TAG_BYTES;
  if (size < (count - 1) * SEGMENT_BYTES) throw new RangeError('the payload is cut off');

  const decrypt = async (index: number): Promise<Buffer> => {
    const start = index * (SEGMENT_BYTES + TAG_BYTES);
    const isLast = index === count - 1;
    const end = isLast ? segments.size : start + SEGMENT_BYTES + TAG_BYTES;
    const bytes = await segments.read(start, end - start);
    const decipher = createDecipheriv(CIPHER, key, segmentNonce(index, isLast));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]);
  };

  // Reads come in order, mostly: the last segment serves the next few reads as well.
  let latest: { index: number; plain: Promise<Buffer> } | undefined;
  const segment = (index: number): Promise<Buffer> => {
    if (latest?.index !== index) latest = { index, plain: decrypt(index) };
    return latest.plain;
  };

  return {
    size,
    read: async (position, length) => {
      if (position + length > size) throw new RangeError('Reads past the end of the payload');
      const parts: Buffer[] = [];
      for (let at = position; at < position + length;) {
        const index = Math.floor(at / SEGMENT_BYTES);
        const plain = await segment(index);
        const from = at - index * SEGMENT_BYTES;
        const part = plain.subarray(from, from + position + length - at);
        parts.push(part);
        at += part.length;
      }
      return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    },
    close: () => segments.close(),
  };
};
