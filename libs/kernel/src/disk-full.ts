/** An operational error: nothing was kept of what was being written, and it may be tried again. */
export class DiskFull extends Error {
  override readonly name = 'DiskFull';

  constructor(
    readonly folder: string,
    cause: unknown,
  ) {
    super(`No space is left on the disk of ${folder}. Free some, then try again.`, { cause });
  }
}

/** The error to throw on after a failed write below `folder`: a full disk (or quota) by its name, others as they are. */
export const namingFullDisk = (error: unknown, folder: string): unknown => {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT' ? new DiskFull(folder, error) : error;
};
