import { existsSync } from 'node:fs';
import path from 'node:path';
import type { ServerConfig } from './config.js';

/**
 * A folder in the storage that all `pro` servers share, to be made where it is not there yet. Whoever has been in a
 * cluster before finds its storage as it was: one that is away, like a share that is not mounted, must not be taken for
 * a new one. Servers that run would go on writing there, and what they wrote would be gone with the share's return.
 * @throws when it is away
 */
export const storageFolder = (
  { storageDir, dataDir }: Pick<ServerConfig, 'storageDir' | 'dataDir'>,
  name: string,
): string => {
  const wasThere = existsSync(path.join(dataDir, 'link')); // the certificate, made by the authority in the storage
  if (wasThere && !existsSync(path.join(storageDir, 'keys', 'authority.pem')))
    throw new Error(
      `The storage ${storageDir} is not there: mount it and start again. (A server that should begin a new cluster needs a new data folder, too.)`,
    );
  return path.join(storageDir, name);
};
