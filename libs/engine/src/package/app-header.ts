import { verify } from 'node:crypto';
import { isRefusal, type Refusal } from '@openpro/kernel';
import { TAG_BYTES, type WrappedKey } from './app-cipher.js';
import { checked, number, object, oneOf, text } from './check.js';
import { notTrusted, type TrustedKeys } from './keys.js';
import type { Source } from './source.js';
import { badPackage } from './zip.js';

/**
 * The clear header of an app package. On disk:
 * magic (8 bytes) | u32 length of the header (BE) | header, JSON padded with spaces | payload | signature (64 bytes)
 *
 * The payload is a zip in segments of 1 MiB, each AES-256-GCM. The signature is Ed25519 over all bytes before the
 * payload; these hold the payload's length and SHA-256, so it covers every byte of the file.
 */
export interface AppHeader {
  readonly format: 1;
  readonly name: string;
  readonly version: string;
  readonly engine: { readonly name: string; readonly range: string };
  /** Key id of the publisher. */
  readonly publisher: string;
  /** Key id of the cluster that can open it. */
  readonly cluster: string;
  readonly key: WrappedKey;
  readonly payload: { readonly bytes: number; readonly sha256: string };
}

export const PREFIX_BYTES = 12;
const MAGIC = Buffer.from('OPROAPP1', 'latin1');
export const SIGNATURE_BYTES = 64;
const MAX_HEADER_BYTES = 64 * 1024;
export const MAX_PACKAGE_BYTES = 2 * 1024 ** 3;

const hex = (digits: number) =>
  text(digits, (value) => new RegExp(`^[0-9a-f]{${digits}}$`).test(value), `${digits} lower-case hex digits`);
const base64 = (bytes: number) =>
  text(
    Math.ceil(bytes / 3) * 4,
    (value) =>
      Buffer.from(value, 'base64').length === bytes &&
      Buffer.from(value, 'base64').toString('base64') === value,
    `${bytes} bytes in base64`,
  );
/** Names are checked in the manifest, which the header must repeat. */
const header = object<AppHeader>({
  format: oneOf(1),
  name: text(64),
  version: text(64),
  engine: object({ name: text(64), range: text(100) }),
  publisher: hex(16),
  cluster: hex(16),
  key: object<WrappedKey>({ ephemeral: base64(32), wrapped: base64(32 + TAG_BYTES) }),
  payload: object<AppHeader['payload']>({
    bytes: number(TAG_BYTES, MAX_PACKAGE_BYTES, 'bytes'),
    sha256: hex(64),
  }),
});

/** Everything before the payload. `length` keeps the place that was left for a header not yet known in full. */
export const preamble = (value: AppHeader, length = 0): Buffer => {
  const json = Buffer.from(JSON.stringify(value).padEnd(length));
  const start = Buffer.alloc(PREFIX_BYTES);
  MAGIC.copy(start);
  start.writeUInt32BE(json.length, MAGIC.length);
  return Buffer.concat([start, json]);
};

export interface OpenedHeader {
  readonly header: AppHeader;
  /** Where the payload begins. */
  readonly start: number;
}

/** Checks the signature before anything else of the package is believed. */
export const readHeader = async (source: Source, trusted: TrustedKeys): Promise<OpenedHeader | Refusal> => {
  const minimum = PREFIX_BYTES + TAG_BYTES + SIGNATURE_BYTES;
  if (source.size > MAX_PACKAGE_BYTES)
    return badPackage(`The package has ${source.size} bytes.`, `at most ${MAX_PACKAGE_BYTES} bytes`);
  const fixed = source.size < minimum ? undefined : await source.read(0, PREFIX_BYTES);
  if (!fixed?.subarray(0, MAGIC.length).equals(MAGIC))
    return badPackage('The file is no app package.', 'a file made by openpro pack');
  const length = fixed.readUInt32BE(MAGIC.length);
  if (length > MAX_HEADER_BYTES || length > source.size - minimum)
    return badPackage(
      `The header of the package has ${length} bytes.`,
      `at most ${MAX_HEADER_BYTES} bytes, and within the file`,
    );
  const start = PREFIX_BYTES + length;
  const signed = await source.read(0, start);
  const read = checked('header', signed.subarray(PREFIX_BYTES), header);
  if (isRefusal(read)) return read;
  const publicKey = await trusted(read.publisher);
  if (!publicKey)
    return notTrusted(`The package is signed with the key ${read.publisher}, which is not trusted here.`);
  if (!verify(null, signed, publicKey, await source.read(source.size - SIGNATURE_BYTES, SIGNATURE_BYTES)))
    return notTrusted(`The signature of the package is not by the key ${read.publisher} over this header.`);
  if (start + read.payload.bytes + SIGNATURE_BYTES !== source.size)
    return badPackage(
      'The payload of the package is cut off, or data was added.',
      `${read.payload.bytes} bytes of payload`,
    );
  return { header: read, start };
};
