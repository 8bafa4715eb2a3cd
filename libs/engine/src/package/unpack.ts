import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { isNativeError } from 'node:util/types';
import { namingFullDisk } from '@openpro/kernel';

/** A package that was good when it was read is so no more: somebody changed it on disk. Nothing of it was kept. */
export class PackageAltered extends Error {
  override readonly name = 'PackageAltered';

  constructor(file: string, problem: string, cause?: unknown) {
    super(`${file} has changed since it was verified: ${problem}. Publish the package again.`, { cause });
  }
}

export interface UnpackedFile {
  readonly name: string;
  readonly size: number;
  readonly executable: boolean;
  /** Lower-case hex; checked while the file is written, where given. */
  readonly sha256?: string;
}

const writeFile = async (target: string, file: UnpackedFile, content: Readable): Promise<void> => {
  const handle = await open(target, 'wx', file.executable ? 0o555 : 0o444);
  try {
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of content as AsyncIterable<Buffer>) {
      size += chunk.length;
      hash.update(chunk);
      await handle.writeFile(chunk);
    }
    if (size !== file.size) throw new RangeError(`${file.name} has ${size} bytes instead of ${file.size}`);
    if (file.sha256 !== undefined && hash.digest('hex') !== file.sha256)
      throw new RangeError(`${file.name} has another content`);
    await handle.datasync();
  } finally {
    await handle.close();
  }
};

const exists = (folder: string): Promise<boolean> =>
  access(folder).then(
    () => true,
    () => false,
  );

/**
 * Writes the files of a verified package into a folder that appears complete or not at all. A folder that is
 * there already was completed by another caller, so its name must tell packages apart (by their digest).
 */
export const unpackInto = async (
  folder: string,
  archive: string,
  files: Iterable<UnpackedFile>,
  stream: (name: string) => Promise<Readable>,
): Promise<void> => {
  if (await exists(folder)) return;
  const temporary = `${folder}.${randomUUID()}.part`;
  try {
    await mkdir(temporary, { recursive: true });
    for (const file of files) {
      const target = path.join(temporary, ...file.name.split('/'));
      await mkdir(path.dirname(target), { recursive: true });
      await writeFile(target, file, await stream(file.name));
    }
    await rename(temporary, folder).catch(async (error: unknown) => {
      if (!(await exists(folder))) throw error;
      await rm(temporary, { recursive: true, force: true });
    });
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    const named = namingFullDisk(error, folder);
    const ofTheMachine = named !== error || (isNativeError(error) && 'syscall' in error);
    throw ofTheMachine ? named : new PackageAltered(archive, (error as Error).message, error);
  }
};
