import { Inject, Injectable } from '@nestjs/common';
import { writeOnce } from '@openpro/kernel';
import { CONFIG, type ServerConfig, storageFolder } from '@openpro/platform';
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The key pair that app packages are encrypted for (X25519). Made at the first start, kept in the storage that all servers share. */
@Injectable()
export class ClusterKey {
  readonly privateKey: KeyObject;
  /** PEM; anyone may have it. */
  readonly publicPem: string;

  constructor(@Inject(CONFIG) config: ServerConfig) {
    const file = path.join(storageFolder(config, 'keys'), 'cluster.pem');
    if (!existsSync(file)) {
      const { privateKey } = generateKeyPairSync('x25519');
      writeOnce(file, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    }
    this.privateKey = createPrivateKey(readFileSync(file));
    this.publicPem = createPublicKey(this.privateKey).export({ type: 'spki', format: 'pem' }).toString();
  }
}
