import { createHash, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { readFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { isRefusal, refuse, type Refusal } from '@openpro/kernel';
import { decrypted, newDataKey, SegmentCipher, unwrapKey, wrapKey } from './app-cipher.js';
import {
  MAX_PACKAGE_BYTES,
  preamble,
  PREFIX_BYTES,
  readHeader,
  SIGNATURE_BYTES,
  type AppHeader,
} from './app-header.js';
import { addFiles, listFolder, writePackage } from './folder.js';
import { ICON_LIMITS, iconProblem } from './icon.js';
import { keyId, type TrustedKeys } from './keys.js';
import { readAppManifest, type AppManifest } from './manifest.js';
import { chunks, fileSource, slice, type Source } from './source.js';
import { PackageAltered, unpackInto } from './unpack.js';
import { badPackage, openZip, unreadable, type Zip, type ZipEntry } from './zip.js';
import { ZipWriter } from './zip-writer.js';

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

const MANIFEST = 'app.json';
const MAX_MANIFEST_BYTES = 1024 ** 2;

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
    const start = preamble(headerFor({ bytes, sha256: hash.digest('hex') }), place.length - PREFIX_BYTES);
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

const openPayload = async (
  source: Source,
  { start, end, key }: AppPackage['payload'],
): Promise<Zip | Refusal> => {
  try {
    return await openZip(decrypted(slice(source, start, end), key));
  } catch (error) {
    return unreadable(error);
  }
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
    const zip = await openPayload(source, { start, end, key });
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
  try {
    const zip = await openPayload(source, app.payload);
    if (isRefusal(zip)) throw new PackageAltered(app.file, zip.message);
    await unpackInto(folder, app.file, app.files, (name) => zip.stream(name));
  } finally {
    await source.close();
  }
};
