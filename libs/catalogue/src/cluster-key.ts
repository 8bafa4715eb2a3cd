import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type ServerConfig } from '@openpro/platform';
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
} from 'node:crypto';
import {
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

/** The key pair that app packages are encrypted for (X25519). Made at the first start, kept in the storage that all servers share. */
@Injectable()
export class ClusterKey {
  readonly privateKey: KeyObject;
  /** PEM; anyone may have it. */
  readonly publicPem: string;

  constructor(@Inject(CONFIG) config: ServerConfig) {
    const file = path.join(config.storageDir, 'keys', 'cluster.pem');
    if (!existsSync(file)) {
      mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      const { privateKey } = generateKeyPairSync('x25519');
      publishOnce(file, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    }
    this.privateKey = createPrivateKey(readFileSync(file));
    this.publicPem = createPublicKey(this.privateKey).export({ type: 'spki', format: 'pem' }).toString();
  }
}

/** Whole or absent, and never twice: of servers that start together for the first time one makes the key for all. */
const publishOnce = (file: string, text: string): void => {
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
