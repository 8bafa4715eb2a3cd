import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { readFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { isRefusal, refuse, type Refusal } from '@openpro/kernel';
import {
  decrypted,
  newDataKey,
  SegmentCipher,
  TAG_BYTES,
  unwrapKey,
  wrapKey,
  type WrappedKey,
} from './app-cipher.js';
import { checked, number, object, oneOf, text } from './check.js';
import { notTrusted, type TrustedKeys } from './engine-package.js';
import { addFiles, listFolder, writePackage } from './folder.js';
import { ICON_LIMITS, iconProblem } from './icon.js';
import { keyId } from './keys.js';
import { readAppManifest, type AppManifest } from './manifest.js';
import { chunks, fileSource, slice, type Source } from './source.js';
import { PackageAltered, unpackInto } from './unpack.js';
import { badPackage, openZip, unreadable, type Zip, type ZipEntry } from './zip.js';
import { ZipWriter } from './zip-writer.js';

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

/** A verified app package. */
export interface AppPackage {
  readonly file: string;
  readonly manifest: AppManifest;
  /** SHA-256 of the package, lower-case hex. */
  readonly digest: string;
  /** Bytes of the package. */
  readonly size: number;
  /** Who signed it. */
  readonly keyId: string;
  readonly files: readonly ZipEntry[];
  readonly payload: { readonly start: number; readonly end: number; readonly key: KeyObject };
}

const MAGIC = Buffer.from('OPROAPP1', 'latin1');
const SIGNATURE_BYTES = 64;
const MAX_HEADER_BYTES = 64 * 1024;
const MAX_PACKAGE_BYTES = 2 * 1024 ** 3;
const MANIFEST = 'app.json';
const MAX_MANIFEST_BYTES = 1024 ** 2;

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
const preamble = (value: AppHeader, length = 0): Buffer => {
  const json = Buffer.from(JSON.stringify(value).padEnd(length));
  const start = Buffer.alloc(MAGIC.length + 4);
  MAGIC.copy(start);
  start.writeUInt32BE(json.length, MAGIC.length);
  return Buffer.concat([start, json]);
};

export interface AppPackKeys {
  readonly signKey: KeyObject;
  readonly clusterPublicKey: KeyObject;
}

/** Packs a folder that holds `app.json` for one cluster; what could not be published is refused, and no file is left. */
export const packApp = async (
  folder: string,
  outFile: string,
  { signKey, clusterPublicKey }: AppPackKeys,
): Promise<AppPackage | Refusal> => {
  const names = await listFolder(folder);
  if (isRefusal(names)) return names;
  const manifest = names.includes(MANIFEST)
    ? readAppManifest(await readFile(path.join(folder, MANIFEST)))
    : badPackage(`${folder} has no ${MANIFEST}.`, 'a manifest');
  if (isRefusal(manifest)) return manifest;

  const dataKey = newDataKey();
  const publicKey = createPublicKey(signKey);
  const headerFor = (payload: AppHeader['payload']): AppHeader => ({
    format: 1,
    name: manifest.name,
    version: manifest.version,
    engine: { name: manifest.engine.name, range: manifest.engine.range },
    publisher: keyId(publicKey),
    cluster: keyId(clusterPublicKey),
    key: wrapped,
    payload,
  });
  const wrapped = wrapKey(dataKey, clusterPublicKey);

  const write = async (handle: FileHandle): Promise<void> => {
    const place = preamble(headerFor({ bytes: MAX_PACKAGE_BYTES, sha256: '0'.repeat(64) }));
    const hash = createHash('sha256');
    let bytes = 0;
    const segments = new SegmentCipher(dataKey, async (segment) => {
      await handle.write(segment, 0, segment.length, place.length + bytes);
      hash.update(segment);
      bytes += segment.length;
    });
    const zip = new ZipWriter((part) => segments.write(part));
    await addFiles(zip, folder, names);
    await zip.end();
    await segments.end();
    const start = preamble(headerFor({ bytes, sha256: hash.digest('hex') }), place.length - MAGIC.length - 4);
    await handle.write(start, 0, start.length, 0);
    await handle.write(sign(null, start, signKey), 0, SIGNATURE_BYTES, start.length + bytes);
  };
  const readBack = (file: string): Promise<AppPackage | Refusal> =>
    readPackage(
      file,
      () => publicKey,
      () => dataKey,
    );
  return writePackage(outFile, write, readBack);
};

interface Opened {
  readonly header: AppHeader;
  /** Where the payload begins. */
  readonly start: number;
}

/** Checks the signature before anything else of the package is believed. */
const readHeader = async (source: Source, trusted: TrustedKeys): Promise<Opened | Refusal> => {
  const minimum = MAGIC.length + 4 + TAG_BYTES + SIGNATURE_BYTES;
  if (source.size > MAX_PACKAGE_BYTES)
    return badPackage(`The package has ${source.size} bytes.`, `at most ${MAX_PACKAGE_BYTES} bytes`);
  const fixed = source.size < minimum ? undefined : await source.read(0, MAGIC.length + 4);
  if (!fixed?.subarray(0, MAGIC.length).equals(MAGIC))
    return badPackage('The file is no app package.', 'a file made by openpro pack');
  const length = fixed.readUInt32BE(MAGIC.length);
  if (length > MAX_HEADER_BYTES || length > source.size - minimum)
    return badPackage(
      `The header of the package has ${length} bytes.`,
      `at most ${MAX_HEADER_BYTES} bytes, and within the file`,
    );
  const start = fixed.length + length;
  const signed = await source.read(0, start);
  const read = checked('header', signed.subarray(fixed.length), header);
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

const digests = async (source: Source, start: number): Promise<{ whole: string; payload: string }> => {
  const [whole, payload] = [createHash('sha256'), createHash('sha256')];
  const end = source.size - SIGNATURE_BYTES;
  for await (const bytes of chunks(source, 0, start)) whole.update(bytes);
  for await (const bytes of chunks(source, start, end)) {
    whole.update(bytes);
    payload.update(bytes);
  }
  for await (const bytes of chunks(source, end)) whole.update(bytes);
  return { whole: whole.digest('hex'), payload: payload.digest('hex') };
};

const manifestProblem = async (
  zip: Zip,
  manifest: AppManifest,
  shown: AppHeader,
): Promise<Refusal | undefined> => {
  const no = (field: string, problem: string, limit: string): Refusal =>
    refuse('BadManifest', `${MANIFEST}: ${field} ${problem}; it must be ${limit}.`, { field, limit });
  const { name, version, engine } = shown;
  if (name !== manifest.name || version !== manifest.version)
    return no('name', 'and version differ from the header', 'the same in both');
  if (engine.name !== manifest.engine.name || engine.range !== manifest.engine.range)
    return no('engine', 'differs from the header', 'the same in both');
  if (!zip.entries.has(manifest.entry.model))
    return no(
      'entry.model',
      `names ${manifest.entry.model}, which is not in the package`,
      'a file of the package',
    );
  if (manifest.icon === undefined) return undefined;
  const icon = await zip.bytes(manifest.icon, ICON_LIMITS.bytes);
  if (!icon)
    return no('icon', `names ${manifest.icon}, which is not in the package`, 'a file of the package');
  if (isRefusal(icon)) return icon;
  const problem = iconProblem(icon);
  return problem && no('icon', problem[0], problem[1]);
};

const readPackage = async (
  file: string,
  trusted: TrustedKeys,
  dataKeyOf: (header: AppHeader) => KeyObject | Refusal,
): Promise<AppPackage | Refusal> => {
  const source = await fileSource(file);
  try {
    const opened = await readHeader(source, trusted);
    if (isRefusal(opened)) return opened;
    const { header: shown, start } = opened;
    const end = start + shown.payload.bytes;
    const digest = await digests(source, start);
    if (digest.payload !== shown.payload.sha256)
      return badPackage(
        'The payload of the package is not the one that was signed.',
        `SHA-256 ${shown.payload.sha256}`,
      );
    const key = dataKeyOf(shown);
    if (isRefusal(key)) return key;
    const zip = await openZip(decrypted(slice(source, start, end), key));
    if (isRefusal(zip)) return zip;
    const bytes = await zip.bytes(MANIFEST, MAX_MANIFEST_BYTES);
    if (!bytes) return badPackage(`The package has no ${MANIFEST}.`, 'a manifest');
    if (isRefusal(bytes)) return bytes;
    const manifest = readAppManifest(bytes);
    if (isRefusal(manifest)) return manifest;
    const problem = (await manifestProblem(zip, manifest, shown)) ?? (await zip.contentProblem());
    return (
      problem ?? {
        file,
        manifest,
        digest: digest.whole,
        size: source.size,
        keyId: shown.publisher,
        files: [...zip.entries.values()],
        payload: { start, end, key },
      }
    );
  } catch (error) {
    return unreadable(error);
  } finally {
    await source.close();
  }
};

/**
 * Verifies an app package: signature, digest, key, the inner zip's directory and content, the manifest.
 * @returns a refusal `BadPackage`, `NotTrusted` or `BadManifest` that names the entry or field and the limit
 * @throws the file system's errors
 */
export const readAppPackage = (
  file: string,
  { trusted, clusterPrivateKey }: { trusted: TrustedKeys; clusterPrivateKey: KeyObject },
): Promise<AppPackage | Refusal> => {
  const own = keyId(createPublicKey(clusterPrivateKey));
  return readPackage(file, trusted, ({ cluster, key }) => {
    const other = badPackage(
      `The package was packed for the cluster key ${cluster}, not for this cluster's key ${own}. Pack it again with this cluster's public key.`,
      `packed for ${own}`,
    );
    if (cluster !== own) return other;
    try {
      return unwrapKey(key, clusterPrivateKey);
    } catch {
      return other;
    }
  });
};

/**
 * Unpacks a verified package into a folder that appears complete or not at all. An existing folder is taken
 * as this package, so name it by `digest`.
 * @throws PackageAltered when the file is no longer what was verified
 * @throws DiskFull
 */
export const unpackApp = async (app: AppPackage, folder: string): Promise<void> => {
  const source = await fileSource(app.file);
  const { start, end, key } = app.payload;
  try {
    const zip = await openZip(decrypted(slice(source, start, end), key)).catch(unreadable);
    if (isRefusal(zip)) throw new PackageAltered(app.file, zip.message);
    await unpackInto(folder, app.file, app.files, (name) => zip.stream(name));
  } finally {
    await source.close();
  }
};
