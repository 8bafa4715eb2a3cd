import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { chmod, open, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { FolderBlobStore } from './blob-store.js';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const MIB = 1024 * 1024;

let folder: string;
let blobs: FolderBlobStore;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'openpro-blobs-'));
  blobs = new FolderBlobStore(folder);
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

/** Everything below the folder that is a file. */
const files = (): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));

const collected = async (digest: string): Promise<Buffer> =>
  Buffer.concat((await blobs.open(digest).toArray()) as Buffer[]);

/** FileHandle is no export of Node: its prototype is where a failing disk can be put. */
const fileHandles = async (): Promise<{
  writev: (buffers: Uint8Array[]) => Promise<{ bytesWritten: number }>;
}> => {
  const handle = await open(path.join(folder, '.part', 'probe'), 'w');
  await handle.close();
  rmSync(path.join(folder, '.part', 'probe'));
  return Object.getPrototypeOf(handle) as never;
};

const noSpace = (): Error =>
  Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

describe('a blob', () => {
  it('is found by the SHA-256 of its bytes, in whatever pieces they came', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 5000 }), { maxLength: 20 }), async (pieces) => {
        const whole = Buffer.concat(pieces);
        const stored = await blobs.put(Readable.from(pieces), { maxBytes: whole.length });
        expect(stored).toEqual({ digest: sha256(whole), size: whole.length });
        expect((await blobs.bytes(stored.digest)).equals(whole)).toBe(true);
        expect((await collected(stored.digest)).equals(whole)).toBe(true);
        expect(await blobs.size(stored.digest)).toBe(whole.length);
      }),
      { numRuns: 30 },
    );
  });

  it('may be larger than what is written at once', async () => {
    const large = randomBytes(40 * MIB + 3);
    const pieces = Array.from({ length: 700 }, (_, i) => large.subarray(i * 65_536, (i + 1) * 65_536));
    const { digest, size } = await blobs.put(Readable.from(pieces), { maxBytes: large.length });
    expect({ digest, size }).toEqual({ digest: sha256(large), size: large.length });
    expect((await readFile(blobs.path(digest))).equals(large)).toBe(true);
    expect(files()).toEqual([path.join(digest.slice(0, 2), digest.slice(2))]);
  });

  it('is stored once, however often it comes and by whom', async () => {
    const bytes = Buffer.from('the same');
    const stored = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        i % 2
          ? blobs.putBytes(bytes)
          : new FolderBlobStore(folder).put(Readable.from([bytes]), { maxBytes: 8 }),
      ),
    );
    expect(new Set(stored.map(({ digest }) => digest)).size).toBe(1);
    expect(files()).toHaveLength(1);
  });

  it('is not written again when it is there', async () => {
    const { digest } = await blobs.putBytes(Buffer.from('once'));
    const { mtimeMs, ino } = await stat(blobs.path(digest));
    await blobs.putBytes(Buffer.from('once'));
    await blobs.put(Readable.from([Buffer.from('once')]), { maxBytes: 4 });
    expect(await stat(blobs.path(digest))).toMatchObject({ mtimeMs, ino });
  });

  it('is there until it is removed', async () => {
    const { digest } = await blobs.putBytes(Buffer.from('gone soon'));
    expect(await blobs.has(digest)).toBe(true);
    await blobs.remove(digest);
    await blobs.remove(digest);
    expect(await blobs.has(digest)).toBe(false);
    expect(await blobs.size(digest)).toBeUndefined();
    await expect(blobs.bytes(digest)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each(['', '..', '../../etc/passwd', 'A'.repeat(64), `${'a'.repeat(63)}/`, 'a'.repeat(65)])(
    'has no name like %j',
    (name) => {
      expect(() => blobs.path(name)).toThrow('A digest is a SHA-256 in 64 lower-case hex digits');
    },
  );

  it('is compared with its digest whenever it is read', async () => {
    const { digest } = await blobs.putBytes(Buffer.from('precious data'));
    await chmod(blobs.path(digest), 0o600);
    await writeFile(blobs.path(digest), 'prEcious data');
    await expect(blobs.bytes(digest)).rejects.toMatchObject({ name: 'WrongDigest', expected: digest });
    await expect(collected(digest)).rejects.toMatchObject({ name: 'WrongDigest' });
  });

  it('is stored anew when the disk has kept only a part of it', async () => {
    const { digest } = await blobs.putBytes(Buffer.from('precious data'));
    await truncate(blobs.path(digest), 4);
    await blobs.putBytes(Buffer.from('precious data'));
    expect(String(await blobs.bytes(digest))).toBe('precious data');
  });
});

describe('what comes', () => {
  it('is refused when it is a byte too long, and not read further', async () => {
    let read = 0;
    const endless = (function* () {
      for (;;) {
        read += MIB;
        yield Buffer.alloc(MIB);
      }
    })();
    await expect(
      blobs.put(Readable.from(endless, { highWaterMark: 1 }), { maxBytes: 3 * MIB }),
    ).rejects.toMatchObject({ name: 'BlobTooLarge', maxBytes: 3 * MIB });
    expect(read).toBeLessThanOrEqual(8 * MIB);
    await expect(blobs.put(Readable.from([Buffer.alloc(11)]), { maxBytes: 10 })).rejects.toMatchObject({
      name: 'BlobTooLarge',
    });
    expect(files()).toEqual([]);
    expect(await blobs.put(Readable.from([Buffer.alloc(10)]), { maxBytes: 10 })).toMatchObject({ size: 10 });
  });

  it('keeps its connection when it is too long, so that the answer can be sent', async () => {
    const connection = new PassThrough();
    connection.write(Buffer.alloc(100));
    await expect(blobs.put(connection, { maxBytes: 10 })).rejects.toMatchObject({ name: 'BlobTooLarge' });
    expect(connection.destroyed).toBe(false);
  });

  it.each(['before it is read', 'in the middle'])('leaves nothing when it breaks off %s', async (when) => {
    const broken = new PassThrough();
    broken.write(Buffer.alloc(2 * MIB));
    if (when === 'in the middle') broken.once('drain', () => broken.destroy(new Error('connection reset')));
    const stored = blobs.put(broken, { maxBytes: 10 * MIB });
    if (when === 'before it is read') broken.destroy(new Error('connection reset'));
    await expect(stored).rejects.toThrow('connection reset');
    expect(files()).toEqual([]);
  });

  it('is refused when it is not what was announced, and kept when it is', async () => {
    const bytes = Buffer.from('content');
    const source = () => Readable.from([bytes]);
    await expect(
      blobs.put(source(), { maxBytes: 100, expectedDigest: sha256(Buffer.from('other')) }),
    ).rejects.toMatchObject({ name: 'WrongDigest', actual: sha256(bytes) });
    expect(files()).toEqual([]);
    expect(await blobs.put(source(), { maxBytes: 100, expectedDigest: sha256(bytes) })).toMatchObject({
      size: 7,
    });
  });
});

describe('a disk that runs full', () => {
  it('is named, and nothing of the upload stays', async () => {
    jest.spyOn(await fileHandles(), 'writev').mockRejectedValueOnce(noSpace());
    await expect(
      blobs.put(Readable.from([Buffer.alloc(5 * MIB)]), { maxBytes: 10 * MIB }),
    ).rejects.toMatchObject({
      name: 'DiskFull',
      folder,
      message: `No space is left on the disk of ${folder}. Free some, then try again.`,
    });
    expect(files()).toEqual([]);
    expect(await blobs.put(Readable.from([Buffer.alloc(5 * MIB)]), { maxBytes: 10 * MIB })).toMatchObject({
      size: 5 * MIB,
    });
  });

  it('is noticed when it takes only a part at a time', async () => {
    const prototype = await fileHandles();
    const real = prototype.writev;
    jest.spyOn(prototype, 'writev').mockImplementation(function (this: unknown, buffers: Uint8Array[]) {
      const first = buffers[0]!;
      return real.call(this as never, [first.subarray(0, Math.max(1, Math.floor(first.length / 3)))]);
    });
    const bytes = randomBytes(3 * MIB);
    const { digest } = await blobs.put(Readable.from([bytes.subarray(0, MIB), bytes.subarray(MIB)]), {
      maxBytes: 3 * MIB,
    });
    expect(digest).toBe(sha256(bytes));
    expect((await readFile(blobs.path(digest))).equals(bytes)).toBe(true);
  });
});

describe('what crashed writers left', () => {
  const DAY_MS = 24 * 3_600_000;
  /** No process has it: above the highest that Linux gives. */
  const NOBODY = 2 ** 22 + 1;
  const leave = (name: string, ageMs = 0): string => {
    const file = path.join(folder, '.part', name);
    writeFileSync(file, 'half');
    const at = (Date.now() - ageMs) / 1000;
    utimesSync(file, at, at);
    return path.join('.part', name);
  };

  it('is not made in a storage that is away', () => {
    expect(() => new FolderBlobStore(path.join(folder, 'away', 'blobs'))).toThrow('ENOENT');
    expect(readdirSync(folder)).not.toContain('away');
  });

  it('is swept at the next start: this computer’s at once, another’s after a day', () => {
    const own = leave(`${hostname()}~${process.pid}~running`);
    leave(`${hostname()}~${NOBODY}~crashed`);
    const other = leave('other-host~1~running', DAY_MS / 2);
    leave('other-host~1~crashed', DAY_MS * 2);
    new FolderBlobStore(folder);
    expect(files().sort()).toEqual([own, other].sort());
  });
});
