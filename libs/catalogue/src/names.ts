import { type BadInput, checkForm } from '@openpro/kernel';

/** Manifests travel in events and stand in rows: far above any real one. */
export const MAX_MANIFEST_BYTES = 256 * 1024;

export const checkName = (field: string, value: string): BadInput | undefined =>
  checkForm(
    field,
    value,
    /^[a-z0-9][a-z0-9-]{0,63}$/,
    '1 to 64 lower-case letters, digits and dashes that start with a letter or digit',
  );

/** Semantic versions; what follows the dash may be a build of the same release. */
export const checkVersion = (field: string, value: string): BadInput | undefined =>
  checkForm(
    field,
    value,
    /^(?=.{1,40}$)\d+\.\d+\.\d+(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/,
    'a version like 1.2.3 or 1.2.3-4 of at most 40 characters',
  );
