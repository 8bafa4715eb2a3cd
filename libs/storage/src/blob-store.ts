import { makeFolder, namingFullDisk } from '@openpro/kernel';
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, readdirSync, rmSync, statSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';

/** More bytes came than were allowed. Nothing was kept; the source was not read further. */
export class BlobTooLarge extends Error {
  override readonly name = 'BlobTooLarge';

  constructor(readonly maxBytes: number) {
    super(`More than the allowed ${maxBytes} bytes came.`);
  }
}

/** The bytes are not those that the digest names: another content was sent, or the disk lost some. */
export class WrongDigest extends Error {
  override readonly name = 'WrongDigest';

  constructor(
    readonly expected: string,
    readonly actual: string,
  ) {
    super(`The content should have the SHA-256 ${expected}, but has ${actual}.`);
  }
}

export interface Blob {
  /** SHA-256, lower-case hex. */
  readonly digest: string;
  readonly size: number;
}

/** Enough for the disk to be busy while the next bytes are hashed; small against the memory of a server. */
const BATCH_BYTES = 1024 * 1024;
/** Bytes are sent to the disk while more come, so that little is left for the sync at the end. */
const SYNC_BYTES = 32 * 1024 * 1024;
const ABANDONED_AFTER_MS = 24 * 3_600_000;

/**
 * Bytes by their SHA-256 in a folder, which may be a share that several servers use: `ab/cdef…`. A blob appears
 * by a rename after its bytes are on disk, so it is whole or absent, whenever the power fails.
 */
export class FolderBlobStore {
  private readonly temporary: string;

  constructor(readonly folder: string) {
    this.temporary = path.join(folder, '.part');
    makeFolder(folder);
    makeFolder(this.temporary);
    this.sweep();
  }

  /**
   * Stores what comes, hashing while it is written.
   * @throws BlobTooLarge, WrongDigest, DiskFull, and the source's own error; then nothing is kept
   */
  async put(
    source: AsyncIterable<Uint8Array>,
    { maxBytes, expectedDigest }: { maxBytes: number; expectedDigest?: string },
  ): Promise<Blob> {
    holdingErrors(source);
    const file = path.join(this.temporary, `${hostname()}~${process.pid}~${randomUUID()}`);
    try {
      const blob = await this.receive(file, source, maxBytes);
      if (expectedDigest !== undefined && blob.digest !== expectedDigest)
        throw new WrongDigest(expectedDigest, blob.digest);
      await this.publish(file, blob);
      return blob;
    } catch (error) {
      throw namingFullDisk(error, this.folder);
    } finally {
      await rm(file, { force: true });
    }
  }

  /** Stores bytes at hand; writes nothing when they are there already. */
  async putBytes(bytes: Uint8Array): Promise<Blob> {
    const digest = createHash('sha256').update(bytes).digest('hex');
    if ((await this.size(digest)) === bytes.byteLength) return { digest, size: bytes.byteLength };
    return this.put(Readable.from([bytes]), { maxBytes: bytes.byteLength });
  }

  /** The bytes as a stream, which fails at its end when they are not those of the digest. */
  open(digest: string): Readable {
    return Readable.from(
      verified(createReadStream(this.path(digest), { highWaterMark: BATCH_BYTES }), digest),
      {
        objectMode: false,
      },
    );
  }

  /** @throws WrongDigest when the disk has lost or changed bytes */
  async bytes(digest: string): Promise<Buffer> {
    const bytes = await readFile(this.path(digest));
    const actual = createHash('sha256').update(bytes).digest('hex');
    if (actual !== digest) throw new WrongDigest(digest, actual);
    return bytes;
  }

  /** Where the bytes lie, for readers that need a file. */
  path(digest: string): string {
    if (!/^[0-9a-f]{64}$/.test(digest))
      throw new TypeError('A digest is a SHA-256 in 64 lower-case hex digits');
    return path.join(this.folder, digest.slice(0, 2), digest.slice(2));
  }

  async has(digest: string): Promise<boolean> {
    return (await this.size(digest)) !== undefined;
  }

  async size(digest: string): Promise<number | undefined> {
    return (await statOrNothing(this.path(digest)))?.size;
  }

  async remove(digest: string): Promise<void> {
    await rm(this.path(digest), { force: true });
  }

  private async receive(file: string, source: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Blob> {
    const handle = await open(file, 'wx', 0o600);
    const hash = createHash('sha256');
    let size = 0;
    let batch: Uint8Array[] = [];
    let pending = 0;
    let unsynced = 0;
    let writing = Promise.resolve();
    let syncing = Promise.resolve();
    const flush = async (): Promise<void> => {
      await writing;
      if (unsynced >= SYNC_BYTES) {
        await syncing;
        syncing = inBackground(handle.datasync());
        unsynced = 0;
      }
      const full = batch;
      // The disk writes in another thread while this one hashes.
      writing = inBackground(writeAll(handle, full));
      for (const chunk of full) hash.update(chunk);
      unsynced += pending;
      [batch, pending] = [[], 0];
    };
    try {
      for await (const chunk of withoutDestroying(source)) {
        size += chunk.byteLength;
        if (size > maxBytes) throw new BlobTooLarge(maxBytes);
        batch.push(chunk);
        pending += chunk.byteLength;
        if (pending >= BATCH_BYTES) await flush();
      }
      await flush();
      await Promise.all([writing, syncing]);
      await handle.sync();
      return { digest: hash.digest('hex'), size };
    } finally {
      await Promise.allSettled([writing, syncing]);
      await handle.close();
    }
  }

  private async publish(file: string, { digest, size }: Blob): Promise<void> {
    const target = this.path(digest);
    if ((await this.size(digest)) === size) return;
    const folder = path.dirname(target);
    const made = await mkdir(folder, { recursive: true });
    await rename(file, target);
    await syncFolder(folder);
    if (made !== undefined) await syncFolder(this.folder);
  }

  /** Removes what writers that are no more left behind: those of this computer at once, others after a day. */
  private sweep(): void {
    for (const name of readdirSync(this.temporary)) {
      const [host, pid] = name.split('~');
      const file = path.join(this.temporary, name);
      const abandoned =
        host === hostname()
          ? !isAlive(Number(pid))
          : Date.now() - statSync(file).mtimeMs > ABANDONED_AFTER_MS;
      if (abandoned) rmSync(file, { force: true });
    }
  }
}

/** Leaves a stream open when we stop reading: the answer "too large" goes over the same connection. */
const withoutDestroying = (source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> =>
  source instanceof Readable ? source.iterator({ destroyOnReturn: false }) : source;

/** A stream that breaks before we read it must not end the server: the error is met when reading begins. */
const holdingErrors = (source: AsyncIterable<Uint8Array>): void => {
  if (source instanceof Readable) source.on('error', () => undefined);
};

/** A failure is met where the promise is awaited; until then it must not count as unhandled. */
const inBackground = (work: Promise<void>): Promise<void> => {
  work.catch(() => undefined);
  return work;
};

const writeAll = async (handle: FileHandle, buffers: readonly Uint8Array[]): Promise<void> => {
  let rest = buffers.filter(({ byteLength }) => byteLength > 0);
  while (rest.length) {
    let { bytesWritten } = await handle.writev(rest);
    // A disk that runs full takes a part first.
    while (bytesWritten > 0) {
      const first = rest[0]!;
      rest =
        bytesWritten < first.byteLength ? [first.subarray(bytesWritten), ...rest.slice(1)] : rest.slice(1);
      bytesWritten -= Math.min(bytesWritten, first.byteLength);
    }
  }
};

async function* verified(stream: Readable, digest: string): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    hash.update(chunk);
    yield chunk;
  }
  const actual = hash.digest('hex');
  if (actual !== digest) throw new WrongDigest(digest, actual);
}

const statOrNothing = (file: string) =>
  stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });

/** Makes a rename last through a power failure. Some shares and Windows know no such call and need none. */
const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r').catch(() => undefined);
  try {
    await handle?.sync();
  } catch (error) {
    if (!['EINVAL', 'EPERM', 'ENOTSUP', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw error;
  } finally {
    await handle?.close();
  }
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};
