import { randomUUID } from 'node:crypto';
import { constants, copyFileSync, existsSync, linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Makes a folder that is not there yet, and never the one around it: a storage that is away for a moment must not be
 * taken for an empty one, whoever starts meanwhile.
 */
export const makeFolder = (folder: string, mode = 0o777): void => {
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
};

/**
 * A file for all servers of a cluster: whole or absent, and never written twice. Of servers that start together for the
 * first time one makes it for all; who comes later finds it. For this account only.
 */
export const writeOnce = (file: string, text: string): void => {
  makeFolder(path.dirname(file), 0o700);
  const own = `${file}.${randomUUID()}`;
  writeFileSync(own, text, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(own, file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Some shares know no hard links.
    if (code !== 'EEXIST' && !existsSync(file)) copyFileSync(own, file, constants.COPYFILE_EXCL);
  } finally {
    rmSync(own, { force: true });
  }
};
