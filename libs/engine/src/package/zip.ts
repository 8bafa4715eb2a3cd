import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isNativeError } from 'node:util/types';
import { refuse, type Refusal } from '@openpro/kernel';
import { fromRandomAccessReaderPromise, RandomAccessReader, type Entry, type ZipFile } from 'yauzl';
import { visible } from './check.js';
import { chunks, type Source } from './source.js';
import { decodeName, entryProblem, isExecutable, layoutProblem } from './zip-entry.js';
import { claimName, nameProblem, type Problem, type TakenNames } from './zip-names.js';

export interface ZipLimits {
  readonly files: number;
  /** Bytes of all files, unpacked. */
  readonly unpacked: number;
  /** Unpacked bytes per packed byte, over the whole package. */
  readonly ratio: number;
}

export const ZIP_LIMITS: ZipLimits = { files: 10_000, unpacked: 2 * 1024 ** 3, ratio: 200 };

/** Below this a high ratio harms nobody: a table of zeros is no bomb. */
const RATIO_FREE_BYTES = 16 * 1024 ** 2;

export interface ZipEntry {
  readonly name: string;
  /** Bytes, unpacked. */
  readonly size: number;
  readonly executable: boolean;
  /** Where its header starts in the package. */
  readonly offset: number;
}

/** A zip whose whole directory has passed every check; nothing of it has been unpacked yet. */
export interface Zip {
  /** Files only, in the order of the directory; folders are made as files need them. */
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /** The unpacked bytes, not one more or less than the directory says. */
  stream(name: string): Promise<Readable>;
  /** Undefined when there is no such file. */
  bytes(name: string, maxBytes: number): Promise<Buffer | Refusal | undefined>;
  /** Unpacks everything to nowhere: what is wrong with a file's content, or with its digest where one is given. */
  contentProblem(sha256?: ReadonlyMap<string, string>): Promise<Refusal | undefined>;
}

export const badPackage = (message: string, limit?: string): Refusal<'BadPackage'> =>
  refuse('BadPackage', message, { field: 'package', ...(limit === undefined ? {} : { limit }) });

/** Trouble of the machine (a disk that fails) and of our code is thrown on; trouble of the bytes is the package's. */
export const unreadable = (error: unknown): Refusal => {
  if (!isNativeError(error) || 'syscall' in error || error.name === 'TypeError') throw error;
  return badPackage(`The package is damaged: ${visible(error.message)}.`, 'a complete zip file');
};

class SourceReader extends RandomAccessReader {
  constructor(private readonly source: Source) {
    super();
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(chunks(this.source, start, end), { objectMode: false });
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.source.read(position, length).then(
      (bytes) => {
        bytes.copy(buffer, offset);
        callback(null);
      },
      (error: unknown) => callback(error as Error),
    );
  }
}

const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const RECORD_BYTES = 46;
const DIRECTORY_BYTES_PER_FILE = 1024;

/**
 * The end record must be the last bytes, the directory must end where it begins, and there is no zip64 record:
 * otherwise two readers can find two directories in one file.
 */
const endProblem = async (
  source: Source,
  { files }: ZipLimits,
): Promise<Problem | { start: number; size: number }> => {
  const tail = await source.read(
    Math.max(0, source.size - END_BYTES - LOCATOR_BYTES),
    Math.min(source.size, END_BYTES + LOCATOR_BYTES),
  );
  const end = tail.subarray(-END_BYTES);
  if (end.length < END_BYTES || end.readUInt32LE(0) !== 0x06054b50 || end.readUInt16LE(20) !== 0)
    return [
      'The package does not end with the end record of a zip: it is none, is cut off, or has data or a comment at its end.',
      'a zip file with its end record last, without a comment',
    ];
  const count = end.readUInt16LE(10);
  if (count > files)
    return [`The package has ${count === 0xffff ? '65535 or more' : count} files.`, `at most ${files} files`];
  const [size, start] = [end.readUInt32LE(12), end.readUInt32LE(16)];
  const oneDisk = end.readUInt32LE(4) === 0 && end.readUInt16LE(8) === count;
  const zip64 = tail.length === END_BYTES + LOCATOR_BYTES && tail.readUInt32LE(0) === 0x07064b50;
  if (!oneDisk || zip64 || start + size !== source.size - END_BYTES)
    return [
      'The package has more than one directory, or data between its directory and its end record.',
      'one directory, directly before the end record, without zip64',
    ];
  if (size > count * DIRECTORY_BYTES_PER_FILE)
    return ['The directory is too large for its files.', `at most ${DIRECTORY_BYTES_PER_FILE} bytes a file`];
  return { start, size };
};

type Records = ReadonlyMap<string, ZipEntry & { readonly record: Entry }>;

const readDirectory = async (
  zip: ZipFile,
  limits: ZipLimits,
  packed: number,
): Promise<Problem | { records: Records }> => {
  const records = new Map<string, ZipEntry & { record: Entry }>();
  const taken: TakenNames = new Map();
  let unpacked = 0;
  for await (const record of zip.eachEntry()) {
    const decoded = decodeName(record);
    const shown = visible(decoded ?? record.fileNameRaw.toString('latin1')).slice(0, 300);
    if (decoded === undefined)
      return [`The entry ${shown} has a name that is not marked as UTF-8.`, 'names in UTF-8'];
    const isFolder = decoded.endsWith('/');
    const name = isFolder ? decoded.slice(0, -1) : decoded;
    const problem = nameProblem(name) ?? entryProblem(record, isFolder);
    if (problem) return [`The entry ${shown} ${problem[0]}.`, problem[1]];
    if (!claimName(taken, name, isFolder))
      return [
        `The entry ${shown} is there twice, letter case aside, or as file and folder.`,
        'each name once',
      ];
    const { uncompressedSize: size, relativeOffsetOfLocalHeader: offset } = record;
    unpacked += size;
    if (unpacked > limits.unpacked)
      return [
        `With the entry ${shown} the package unpacks to ${unpacked} bytes.`,
        `at most ${limits.unpacked} bytes`,
      ];
    // Folders stay in the map under their slash until the layout has been checked.
    records.set(decoded, { name, size, executable: isExecutable(record), offset, record });
  }
  if (unpacked > RATIO_FREE_BYTES && unpacked > packed * limits.ratio)
    return [
      `The package of ${packed} bytes unpacks to ${unpacked} bytes.`,
      `at most ${limits.ratio} times its size`,
    ];
  return { records };
};

const check = async (
  source: Source,
  limits: ZipLimits,
): Promise<Problem | { zip: ZipFile; records: Records }> => {
  const directory = await endProblem(source, limits);
  if (!('start' in directory)) return directory;
  // The source is closed by whoever opened it.
  const zip = await fromRandomAccessReaderPromise(new SourceReader(source), source.size, {
    autoClose: false,
    decodeStrings: false,
  });
  const listed = await readDirectory(zip, limits, source.size);
  if (!('records' in listed)) return listed;
  const entries = [...listed.records.values()].map(({ record }) => record);
  const used = entries.reduce(
    (sum, entry) =>
      sum + RECORD_BYTES + entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength,
    0,
  );
  if (used !== directory.size) return ['The directory has data that belongs to no entry.', 'entries only'];
  return (await layoutProblem(zip, entries, directory.start)) ?? { zip, ...listed };
};

/**
 * Checks the whole directory of a zip, then offers its files: nothing is unpacked before every entry has passed.
 * @returns a refusal that names the entry, its problem and the limit
 */
export const openZip = async (source: Source, limits: ZipLimits = ZIP_LIMITS): Promise<Zip | Refusal> => {
  const outcome = await check(source, limits).catch(unreadable);
  if ('refused' in outcome) return outcome;
  if (!('zip' in outcome)) return badPackage(...outcome);
  const { zip, records } = outcome;
  const entries = new Map([...records].filter(([decoded]) => !decoded.endsWith('/')));
  const stream = async (name: string): Promise<Readable> => {
    const entry = entries.get(name);
    if (!entry) throw new RangeError(`${name} is not in the package`);
    return zip.openReadStreamPromise(entry.record);
  };
  return {
    entries,
    stream,
    bytes: async (name, maxBytes) => {
      const entry = entries.get(name);
      if (!entry) return undefined;
      if (entry.size > maxBytes)
        return badPackage(`The entry ${name} has ${entry.size} bytes.`, `at most ${maxBytes} bytes`);
      try {
        return Buffer.concat((await (await stream(name)).toArray()) as Buffer[]);
      } catch (error) {
        return unreadable(error);
      }
    },
    contentProblem: async (sha256) => {
      for (const name of entries.keys()) {
        const hash = createHash('sha256');
        const failed = await pipeline(await stream(name), hash).catch(unreadable);
        if (failed) return failed;
        const expected = sha256?.get(name);
        if (expected !== undefined && expected !== hash.digest('hex'))
          return badPackage(`The entry ${name} has another content.`, `SHA-256 ${expected}`);
      }
      return undefined;
    },
  };
};
