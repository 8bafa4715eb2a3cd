import { type CaseData, decodeElements } from '@openpro/engine';
import type { FolderBlobStore } from './blob-store.js';
import {
  type CaseTable,
  csvOf,
  decode,
  type Decoded,
  domainOf,
  type Elements,
  tableOf,
  typeOf,
} from './case-table.js';

interface Stored {
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Elements of a set; tuples of an identifier that differ from its default. */
  readonly count: number;
}

export interface CaseHeader {
  readonly app: string;
  readonly version: string;
  /** name:version */
  readonly engine: string;
  readonly interfaceVersion?: string;
}

/** `case.json`: which blobs make up a case. Its own digest is the case's. */
export interface CaseManifest extends CaseHeader {
  readonly format: 1;
  readonly sets: readonly Stored[];
  readonly identifiers: readonly (Stored & { readonly type: string; readonly domain: readonly string[] })[];
}

const PARALLEL = 8;

/** Runs at most `PARALLEL` at a time: a case of a thousand identifiers must not open a thousand files. */
const eachInParallel = async <T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> => {
  const results = new Array<R>(items.length);
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i]!);
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL, items.length) }, lane));
  return results;
};

/**
 * Keeps a case. Equal data gives equal blobs and an equal digest, so saving twice costs a look at the disk.
 * @returns the digest of its manifest
 */
export const saveCase = async (
  blobs: FolderBlobStore,
  header: CaseHeader,
  data: CaseData,
): Promise<string> => {
  const byName = (all: ReadonlyMap<string, Uint8Array>) => [...all].sort(([a], [b]) => (a < b ? -1 : 1));
  const keep = async ([name, bytes]: readonly [string, Uint8Array]) => {
    const { digest, size } = await blobs.putBytes(bytes);
    return { name, sha256: digest, bytes: size };
  };
  const sets = await eachInParallel(byName(data.sets), async (entry) => ({
    ...(await keep(entry)),
    count: decodeElements(entry[1]).length,
  }));
  const identifiers = await eachInParallel(byName(data.identifiers), async (entry) => {
    const decoded = decode(...entry);
    return {
      ...(await keep(entry)),
      count: decoded.count,
      type: typeOf(decoded.value),
      domain: domainOf(decoded),
    };
  });
  const { app, version, engine, interfaceVersion } = header;
  const manifest: CaseManifest = {
    format: 1,
    app,
    version,
    engine,
    ...(interfaceVersion === undefined ? {} : { interfaceVersion }),
    sets,
    identifiers,
  };
  return (await blobs.putBytes(Buffer.from(JSON.stringify(manifest)))).digest;
};

/** @throws WrongDigest when the disk has lost or changed bytes, Error for a format of the future */
export const loadManifest = async (blobs: FolderBlobStore, digest: string): Promise<CaseManifest> => {
  const manifest = JSON.parse((await blobs.bytes(digest)).toString('utf8')) as CaseManifest;
  if (manifest.format !== 1)
    throw new Error(`The case ${digest} has the unknown format ${String(manifest.format)}`);
  return manifest;
};

/** Loads a case, or only these identifiers of it, with every set. */
export const loadCase = async (
  blobs: FolderBlobStore,
  digest: string,
  identifiers?: readonly string[],
): Promise<{ manifest: CaseManifest; data: CaseData }> => {
  const manifest = await loadManifest(blobs, digest);
  const missing = identifiers?.find((wanted) => manifest.identifiers.every(({ name }) => name !== wanted));
  if (missing !== undefined) throw new RangeError(`The case has no identifier ${missing}`);
  const wanted = identifiers
    ? manifest.identifiers.filter(({ name }) => identifiers.includes(name))
    : manifest.identifiers;
  const load = async ({ name, sha256 }: Stored) => [name, await blobs.bytes(sha256)] as const;
  return {
    manifest,
    data: {
      sets: new Map(await eachInParallel(manifest.sets, load)),
      identifiers: new Map(await eachInParallel(wanted, load)),
    },
  };
};

interface OpenTable {
  readonly decoded: Decoded;
  readonly elements: Elements;
}

const openTable = async (
  blobs: FolderBlobStore,
  digest: string,
  identifier: string,
): Promise<OpenTable | undefined> => {
  const manifest = await loadManifest(blobs, digest);
  const found = manifest.identifiers.find(({ name }) => name === identifier);
  if (!found) return undefined;
  const decoded = decode(identifier, await blobs.bytes(found.sha256));
  const named = new Set(domainOf(decoded));
  if (decoded.value.type === 'element') named.add(decoded.value.set);
  const sets = await eachInParallel(
    manifest.sets.filter(({ name }) => named.has(name)),
    async ({ name, sha256 }) => [name, decodeElements(await blobs.bytes(sha256))] as const,
  );
  const elements = new Map(sets);
  return { decoded, elements: (set) => elements.get(set) ?? [] };
};

/** One window of an identifier; null when the case has no such identifier. */
export const caseTable = async (
  blobs: FolderBlobStore,
  digest: string,
  identifier: string,
  offset: number,
  limit: number,
): Promise<CaseTable | null> => {
  const table = await openTable(blobs, digest, identifier);
  return table ? tableOf(identifier, table.decoded, table.elements, offset, limit) : null;
};

/** An identifier as CSV, in chunks; undefined when the case has no such identifier. */
export const caseCsv = async (
  blobs: FolderBlobStore,
  digest: string,
  identifier: string,
): Promise<Iterable<string> | undefined> => {
  const table = await openTable(blobs, digest, identifier);
  return table && csvOf(identifier, table.decoded, table.elements);
};
