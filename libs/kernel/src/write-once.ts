import { randomUUID } from 'node:crypto';
import { constants, copyFileSync, existsSync, linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * A file for all servers of a cluster: whole or absent, and never written twice. Of servers that start together for the
 * first time one makes it for all; who comes later finds it. For this account only.
 */
export const writeOnce = (file: string, text: string): void => {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
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
