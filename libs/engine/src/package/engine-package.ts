import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { isRefusal, refuse, type Refusal } from '@openpro/kernel';
import { checked, flag, listBy, number, object, oneOf, optional, text } from './check.js';
import { addFiles, listFolder, writePackage, type PackagedFile } from './folder.js';
import { keyId, notTrusted, type TrustedKeys } from './keys.js';
import { readEngineManifest, type EngineManifest } from './manifest.js';
import { chunks, fileSource, type Source } from './source.js';
import { PackageAltered, unpackInto } from './unpack.js';
import { badPackage, openZip, type Zip } from './zip.js';
import { ZipWriter } from './zip-writer.js';

/** A verified engine package. */
export interface EnginePackage {
  readonly file: string;
  readonly manifest: EngineManifest;
  /** SHA-256 of the package, lower-case hex. */
  readonly digest: string;
  /** Bytes of the package. */
  readonly size: number;
  /** Who signed it. */
  readonly keyId: string;
  readonly files: readonly PackagedFile[];
}

/** `files.json`: every file but itself and the signature, and the bytes of the zip up to here. */
interface FileList {
  /** SHA-256 of all bytes before the entry `files.json`: equal files in another zip are another package. */
  readonly archive: string;
  readonly files: readonly {
    readonly path: string;
    readonly size: number;
    readonly sha256: string;
    readonly executable?: boolean;
  }[];
}

/** `signature.json`: Ed25519 over the bytes of `files.json`. */
interface Signature {
  readonly keyId: string;
  readonly algorithm: 'Ed25519';
  readonly value: string;
  readonly countersignature?: {
    readonly keyId: string;
    readonly algorithm: 'Ed25519';
    readonly value: string;
  };
}

const MANIFEST = 'engine.json';
const FILES = 'files.json';
const SIGNATURE = 'signature.json';
const MAX = { manifest: 1024 ** 2, files: 4 * 1024 ** 2, signature: 16 * 1024 } as const;

const sha256 = text(64, (value) => /^[0-9a-f]{64}$/.test(value), 'a SHA-256 in 64 lower-case hex digits');
const signed = {
  keyId: text(16, (value) => /^[0-9a-f]{16}$/.test(value), 'a key id of 16 lower-case hex digits'),
  algorithm: oneOf('Ed25519'),
  value: text(88, (value) => /^[A-Za-z0-9+/]{86}==$/.test(value), 'a signature of 64 bytes in base64'),
};
const signatureFile = object<Signature>({ ...signed, countersignature: optional(object(signed)) });
const fileList = object<FileList>({
  archive: sha256,
  files: listBy(
    object<FileList['files'][number]>({
      path: text(255),
      size: number(0, 2 * 1024 ** 3, 'bytes'),
      sha256,
      executable: optional(flag),
    }),
    'path',
    10_000,
  ),
});

/** Packs a folder that holds `engine.json`; what could not be published is refused, and no file is left. */
export const packEngine = async (
  folder: string,
  outFile: string,
  privateKey: KeyObject,
): Promise<EnginePackage | Refusal> => {
  const publicKey = createPublicKey(privateKey);
  const names = await listFolder(folder, [FILES, SIGNATURE]);
  if (isRefusal(names)) return names;
  const write = async (handle: FileHandle): Promise<void> => {
    const written = createHash('sha256');
    const zip = new ZipWriter(async (bytes) => {
      written.update(bytes);
      await handle.writeFile(bytes);
    });
    const files = await addFiles(zip, folder, names);
    const listed: FileList = {
      archive: written.copy().digest('hex'),
      files: files.map(({ name, size, sha256, executable }) => ({ path: name, size, sha256, executable })),
    };
    const list = Buffer.from(JSON.stringify(listed, null, 1));
    const value = sign(null, list, privateKey).toString('base64');
    const signature: Signature = { keyId: keyId(publicKey), algorithm: 'Ed25519', value };
    await zip.add(FILES, list);
    await zip.add(SIGNATURE, Buffer.from(JSON.stringify(signature, null, 1)));
    await zip.end();
  };
  return writePackage(outFile, write, (file) => readEnginePackage(file, () => publicKey));
};

/** Checks the signature before anything else of the package is believed. */
const readSignedList = async (
  zip: Zip,
  trusted: TrustedKeys,
): Promise<{ keyId: string; list: FileList } | Refusal> => {
  const signatureBytes = await zip.bytes(SIGNATURE, MAX.signature);
  const listBytes = await zip.bytes(FILES, MAX.files);
  if (!signatureBytes || !listBytes)
    return notTrusted(`The package is not signed: it has no ${listBytes ? SIGNATURE : FILES}.`);
  if (isRefusal(signatureBytes)) return signatureBytes;
  if (isRefusal(listBytes)) return listBytes;
  const signature = checked(SIGNATURE, signatureBytes, signatureFile);
  if (isRefusal(signature)) return signature;
  const publicKey = await trusted(signature.keyId);
  if (!publicKey)
    return notTrusted(`The package is signed with the key ${signature.keyId}, which is not trusted here.`);
  if (!verify(null, listBytes, publicKey, Buffer.from(signature.value, 'base64')))
    return notTrusted(`The signature of the package is not by the key ${signature.keyId} over its ${FILES}.`);
  const list = checked(FILES, listBytes, fileList, { maxBytes: MAX.files, maxDepth: 4 });
  return isRefusal(list) ? list : { keyId: signature.keyId, list };
};

/** The signed list and the zip must name the same files, and these two last. */
const listProblem = (zip: Zip, list: FileList): Refusal | undefined => {
  const names = [...zip.entries.values()].toSorted((a, b) => a.offset - b.offset).map(({ name }) => name);
  if (names.at(-2) !== FILES || names.at(-1) !== SIGNATURE)
    return badPackage(
      `${FILES} and ${SIGNATURE} are not the last entries.`,
      'both at the end, in this order',
    );
  const listed = new Map(list.files.map((file) => [file.path, file]));
  const extra = names.slice(0, -2).find((name) => !listed.has(name));
  if (extra !== undefined)
    return badPackage(`The entry ${extra} is not in ${FILES}.`, 'every file in the signed list');
  const wrong = list.files.find(({ path, size }) => zip.entries.get(path)?.size !== size);
  if (wrong)
    return badPackage(
      `The entry ${wrong.path} is missing or has not the ${wrong.size} bytes of ${FILES}.`,
      'the files of the signed list',
    );
  return undefined;
};

/** Hashes the package once: as a whole, and up to the entry `files.json`. */
const digests = async (source: Source, listOffset: number): Promise<{ whole: string; archive: string }> => {
  const hash = createHash('sha256');
  for await (const bytes of chunks(source, 0, listOffset)) hash.update(bytes);
  const archive = hash.copy().digest('hex');
  for await (const bytes of chunks(source, listOffset)) hash.update(bytes);
  return { archive, whole: hash.digest('hex') };
};

/** What the manifest names must be there, and each solver needs its licence notice. */
const manifestProblem = (
  zip: Zip,
  { entry, requires, sbom, solvers }: EngineManifest,
): Refusal | undefined => {
  const named = [
    ...Object.entries(entry).map(([role, { file }]) => [`entry.${role}.file`, file] as const),
    ...(requires?.probe ?? []).map((file, i) => [`requires.probe[${i}]`, file] as const),
    ...(sbom === undefined ? [] : [['sbom', sbom] as const]),
  ];
  const absent = named.find(([, file]) => !zip.entries.has(file));
  if (absent)
    return refuse(
      'BadManifest',
      `${MANIFEST}: ${absent[0]} names ${absent[1]}, which is not in the package.`,
      { field: absent[0], limit: 'a file of the package' },
    );
  const files = [...zip.entries.keys()];
  const unlicensed = solvers.findIndex(
    ({ id }) => !files.some((file) => new RegExp(`^licenses/${id}(?:[./-]|$)`, 'i').test(file)),
  );
  if (unlicensed < 0) return undefined;
  const { id } = solvers[unlicensed]!;
  return refuse(
    'BadManifest',
    `${MANIFEST}: solvers[${unlicensed}] (${id}) has no licence notice in the package.`,
    { field: `solvers[${unlicensed}].license`, limit: `a file licenses/${id}…` },
  );
};

const readVerified = async (
  file: string,
  source: Source,
  trusted: TrustedKeys,
): Promise<EnginePackage | Refusal> => {
  const zip = await openZip(source);
  if (isRefusal(zip)) return zip;
  const signedList = await readSignedList(zip, trusted);
  if (isRefusal(signedList)) return signedList;
  const { list } = signedList;
  const misfit = listProblem(zip, list);
  if (misfit) return misfit;
  const digest = await digests(source, zip.entries.get(FILES)!.offset);
  if (digest.archive !== list.archive)
    return badPackage('The package was packed anew after it was signed.', 'the bytes that were signed');
  const altered = await zip.contentProblem(new Map(list.files.map(({ path, sha256 }) => [path, sha256])));
  if (altered) return altered;
  const bytes = await zip.bytes(MANIFEST, MAX.manifest);
  if (!bytes) return badPackage(`The package has no ${MANIFEST}.`, 'a manifest');
  if (isRefusal(bytes)) return bytes;
  const manifest = readEngineManifest(bytes);
  if (isRefusal(manifest)) return manifest;
  return (
    manifestProblem(zip, manifest) ?? {
      file,
      manifest,
      digest: digest.whole,
      size: source.size,
      keyId: signedList.keyId,
      files: list.files.map(({ path, size, sha256, executable = false }) => ({
        name: path,
        size,
        sha256,
        executable,
      })),
    }
  );
};

/**
 * Verifies an engine package: the zip's directory, the signature, every digest, the manifest, the licences.
 * @returns a refusal `BadPackage`, `NotTrusted` or `BadManifest` that names the entry or field and the limit
 * @throws the file system's errors
 */
export const readEnginePackage = async (
  file: string,
  trusted: TrustedKeys,
): Promise<EnginePackage | Refusal> => {
  const source = await fileSource(file);
  try {
    return await readVerified(file, source, trusted);
  } finally {
    await source.close();
  }
};

/**
 * Unpacks a verified package into a folder that appears complete or not at all; digests are checked again
 * while writing. An existing folder is taken as this package, so name it by `digest`.
 * @throws PackageAltered when the file is no longer what was verified
 * @throws DiskFull
 */
export const unpackEngine = async (engine: EnginePackage, folder: string): Promise<void> => {
  const source = await fileSource(engine.file);
  try {
    const zip = await openZip(source);
    if (isRefusal(zip)) throw new PackageAltered(engine.file, zip.message);
    await unpackInto(folder, engine.file, engine.files, (name) => zip.stream(name));
  } finally {
    await source.close();
  }
};
