import { createHash } from 'node:crypto';
import { open, readdir, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { isRefusal, namingFullDisk, type Refusal } from '@openpro/kernel';
import type { UnpackedFile } from './unpack.js';
import { badPackage, ZIP_LIMITS } from './zip.js';
import { nameProblem } from './zip-names.js';
import type { ZipWriter } from './zip-writer.js';

export interface PackagedFile extends UnpackedFile {
  readonly sha256: string;
}

/** The files of a folder in the order of their names, or what keeps one of them out of a package. */
export const listFolder = async (
  folder: string,
  except: readonly string[] = [],
): Promise<string[] | Refusal> => {
  const names: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const name = path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/');
    const problem = nameProblem(name);
    if (problem) return badPackage(`${name} ${problem[0]}.`, problem[1]);
    if (entry.isDirectory() || except.includes(name)) continue;
    if (!entry.isFile()) return badPackage(`${name} is a link or a device.`, 'files and folders only');
    names.push(name);
    if (names.length > ZIP_LIMITS.files)
      return badPackage(`${folder} has too many files.`, `at most ${ZIP_LIMITS.files} files`);
  }
  return names.sort();
};

export const addFiles = async (
  zip: ZipWriter,
  folder: string,
  names: readonly string[],
): Promise<PackagedFile[]> => {
  const files: PackagedFile[] = [];
  for (const name of names) {
    const file = path.join(folder, ...name.split('/'));
    const bytes = await readFile(file);
    const executable = ((await stat(file)).mode & 0o100) !== 0;
    await zip.add(name, bytes, executable);
    files.push({
      name,
      size: bytes.length,
      executable,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
  }
  return files;
};

/**
 * Writes a package beside its place, reads it back by the rules of publishing, and only then puts it there:
 * a package that would be refused at upload is refused where it is made, and no file is left.
 */
export const writePackage = async <Package extends object>(
  outFile: string,
  write: (handle: FileHandle) => Promise<void>,
  readBack: (file: string) => Promise<Package | Refusal>,
): Promise<Package | Refusal> => {
  const temporary = `${outFile}.part`;
  try {
    const handle = await open(temporary, 'w');
    try {
      await write(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    const outcome = await readBack(temporary);
    if (isRefusal(outcome)) return outcome;
    await rename(temporary, outFile);
    return { ...outcome, file: outFile };
  } catch (error) {
    throw namingFullDisk(error, path.dirname(outFile));
  } finally {
    await rm(temporary, { force: true });
  }
};
