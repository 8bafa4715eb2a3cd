import { Inject, Injectable } from '@nestjs/common';
import {
  type InstalledApp,
  type InstalledEngine,
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

/** A package in the blob store no longer is what was published: nothing of it is used. */
export class PackageAltered extends Error {
  override readonly name = 'PackageAltered';
}

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
    if (!row) throw new PackageAltered(`Engine ${ref.name}:${ref.version} is not in the catalogue`);
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

  private async openEngine({ name, version, digest }: { name: string; version: string; digest: string }) {
    // A key revoked later does not take away what was published under it.
    const pkg = this.sound(
      `Engine ${name}:${version}`,
      await readEnginePackage(this.blobs.path(digest), await this.queries.everTrustedKeys()),
    );
    const folder = path.join(this.folder, digest);
    await unpackEngine(pkg, folder);
    return folder;
  }

  private async openApp({ name, version, digest }: { name: string; version: string; digest: string }) {
    const pkg = this.sound(
      `App ${name}:${version}`,
      await readAppPackage(this.blobs.path(digest), {
        trusted: await this.queries.everTrustedKeys(),
        clusterPrivateKey: this.clusterKey.privateKey,
      }),
    );
    const folder = path.join(this.folder, digest);
    await unpackApp(pkg, folder);
    return folder;
  }

  private sound<T extends object>(what: string, pkg: T | Refusal): T {
    if (isRefusal(pkg)) throw new PackageAltered(`${what} cannot be opened: ${pkg.message}`);
    return pkg;
  }

  private once(digest: string, open: () => Promise<string>): Promise<string> {
    const running = this.unpacked.get(digest) ?? open();
    this.unpacked.set(digest, running);
    running.catch(() => this.unpacked.delete(digest));
    return running;
  }
}
