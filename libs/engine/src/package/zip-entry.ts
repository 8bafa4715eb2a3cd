import type { Entry, LocalFileHeader, ZipFile } from 'yauzl';
import { visible } from './check.js';
import type { Problem } from './zip-names.js';

/** Extra fields that give an entry a second meaning: another size, another name, a link, a cipher. */
const REFUSED_EXTRA_FIELDS = new Map([
  [0x0001, 'zip64 sizes'],
  [0x000d, 'a Unix link'],
  [0x756e, 'a Unix link'],
  [0x7075, 'a second name'],
  [0x9901, 'encryption'],
]);

const FLAG = {
  encrypted: 0x1,
  descriptor: 0x8,
  strongEncryption: 0x40,
  utf8: 0x800,
  masked: 0x2000,
} as const;
const UNIX_TYPE = { mask: 0o170000, file: 0o100000, folder: 0o040000 } as const;

const unixMode = (entry: Entry): number => {
  const madeBy = entry.versionMadeBy >> 8;
  return madeBy === 3 || madeBy === 19 ? entry.externalFileAttributes >>> 16 : 0;
};

export const isExecutable = (entry: Entry): boolean => (unixMode(entry) & 0o111) !== 0;

/** The name, or undefined when readers may differ on it: bytes that are no UTF-8, or are not marked as such. */
export const decodeName = (entry: Entry): string | undefined => {
  try {
    const name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(entry.fileNameRaw);
    return entry.generalPurposeBitFlag & FLAG.utf8 || /^[\x20-\x7e]*$/.test(name) ? name : undefined;
  } catch {
    return undefined;
  }
};

/** What stands against one entry by its record in the directory alone. */
export const entryProblem = (entry: Entry, isFolder: boolean): Problem | undefined => {
  const flags = entry.generalPurposeBitFlag;
  if (flags & (FLAG.encrypted | FLAG.strongEncryption | FLAG.masked))
    return ['is encrypted', 'no encryption inside the zip'];
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8)
    return [`uses compression method ${entry.compressionMethod}`, 'method 0 (stored) or 8 (deflate)'];
  const type = unixMode(entry) & UNIX_TYPE.mask;
  if (type !== 0 && type !== (isFolder ? UNIX_TYPE.folder : UNIX_TYPE.file))
    return ['is a link or a device', 'files and folders only'];
  const extra = entry.extraFields.find(({ id }) => REFUSED_EXTRA_FIELDS.has(id));
  if (extra) return [`carries ${REFUSED_EXTRA_FIELDS.get(extra.id)} in an extra field`, 'no such field'];
  if (isFolder && entry.uncompressedSize > 0) return ['is a folder with content', 'empty folder entries'];
  return undefined;
};

/** Both headers of an entry must agree: readers differ on which of the two they believe. */
const headersAgree = (entry: Entry, local: LocalFileHeader, described: boolean): boolean =>
  local.fileName.equals(entry.fileNameRaw) &&
  local.generalPurposeBitFlag === entry.generalPurposeBitFlag &&
  local.compressionMethod === entry.compressionMethod &&
  (described ||
    (local.crc32 === entry.crc32 &&
      local.compressedSize === entry.compressedSize &&
      local.uncompressedSize === entry.uncompressedSize));

/**
 * Entries must fill the file from its first byte to the directory without gap or overlap: overlapping entries
 * unpack to many times their size, and a gap can hide a second package.
 */
export const layoutProblem = async (
  zip: ZipFile,
  entries: readonly Entry[],
  directory: number,
): Promise<Problem | undefined> => {
  const byOffset = entries.toSorted((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader);
  let starts: readonly number[] = [0];
  for (const entry of byOffset) {
    const name = visible(entry.fileNameRaw.toString());
    const start = entry.relativeOffsetOfLocalHeader;
    if (!starts.includes(start)) {
      const how = start < starts[0]! ? 'overlaps the entry before it' : 'has foreign data before it';
      return [`The entry ${name} ${how}.`, 'entries one after the other, from the first byte on'];
    }
    const local = await zip.readLocalFileHeaderPromise(entry);
    const described = (entry.generalPurposeBitFlag & FLAG.descriptor) !== 0;
    if (!headersAgree(entry, local, described))
      return [
        `The entry ${name} has two headers that differ.`,
        'equal headers in the directory and at the data',
      ];
    const end = local.fileDataStart + entry.compressedSize;
    // A descriptor after the data comes with or without its signature.
    starts = described ? [end + 12, end + 16] : [end];
  }
  return starts.includes(directory)
    ? undefined
    : [
        'Data before the directory belongs to no entry, or to two.',
        'entries one after the other, then the directory',
      ];
};
