import { Inject, Injectable } from '@nestjs/common';
import {
  type InstalledApp,
  type InstalledEngine,
  PackageAltered,
  readAppPackage,
  readEnginePackage,
  unpackApp,
  unpackEngine,
} from '@openpro/engine';
import { isRefusal, type Refusal } from '@openpro/kernel';
import { CONFIG, type ServerConfig } from '@openpro/platform';
import { FolderBlobStore } from '@openpro/storage';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { CatalogueQueries } from './catalogue.queries.js';
import { ClusterKey } from './cluster-key.js';

/**
 * Published packages as folders. Unpacked once per start of the server, with signature and every
 * digest checked again, into a folder that no earlier run has touched.
 */
@Injectable()
export class Packages {
  private readonly folder: string;
  private readonly unpacked = new Map<string, Promise<string>>();

  constructor(
    private readonly blobs: FolderBlobStore,
    private readonly queries: CatalogueQueries,
    private readonly clusterKey: ClusterKey,
    @Inject(CONFIG) config: ServerConfig,
  ) {
    this.folder = path.join(config.dataDir, 'run', 'packages');
    rmSync(this.folder, { recursive: true, force: true });
  }

  async engine(ref: { name: string; version: string; digest: string }): Promise<InstalledEngine> {
    const folder = await this.once(ref.digest, () => this.openEngine(ref));
    const row = await this.queries.engineRow(ref.name, ref.version);
    if (!row) throw new Error(`Engine ${ref.name}:${ref.version} is not in the catalogue`);
    return { ...ref, folder, manifest: row.manifest };
  }

  async app(ref: { name: string; version: string; digest: string }): Promise<InstalledApp> {
    return { ...ref, folder: await this.once(ref.digest, () => this.openApp(ref)) };
  }

  /** Signed by a key that is trusted, every digest right, the manifest sound: or the reason why not. */
  async readEngine(file: string) {
    return readEnginePackage(file, await this.queries.trustedKeys());
  }

  async readApp(file: string) {
    return readAppPackage(file, {
      trusted: await this.queries.trustedKeys(),
      clusterPrivateKey: this.clusterKey.privateKey,
    });
  }

  private async openEngine({ digest }: { digest: string }) {
    // A key revoked later does not take away what was published under it.
    const pkg = this.sound(
      digest,
      await readEnginePackage(this.blobs.path(digest), await this.queries.everTrustedKeys()),
    );
    const folder = path.join(this.folder, digest);
    await unpackEngine(pkg, folder);
    return folder;
  }

  private async openApp({ digest }: { digest: string }) {
    const trusted = await this.queries.everTrustedKeys();
    const { privateKey } = this.clusterKey;
    const file = this.blobs.path(digest);
    const pkg = this.sound(digest, await readAppPackage(file, { trusted, clusterPrivateKey: privateKey }));
    const folder = path.join(this.folder, digest);
    await unpackApp(pkg, folder);
    return folder;
  }

  /** What was published is what is used: a package that is no longer the same is not opened. */
  private sound<T extends { digest: string }>(digest: string, pkg: T | Refusal): T {
    const file = this.blobs.path(digest);
    if (isRefusal(pkg)) throw new PackageAltered(file, pkg.message);
    if (pkg.digest !== digest) throw new PackageAltered(file, `its digest is ${pkg.digest}`);
    return pkg;
  }

  private once(digest: string, open: () => Promise<string>): Promise<string> {
    const before = this.unpacked.get(digest);
    if (before) return before;
    const running = open();
    this.unpacked.set(digest, running);
    running.catch(() => this.unpacked.delete(digest)); // the next one tries again
    return running;
  }
}
