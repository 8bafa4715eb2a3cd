import { Inject, Injectable, Logger } from '@nestjs/common';
import {
  type AppCheck,
  checkApp,
  EngineError,
  EnginePool,
  satisfies,
  unpackApp,
  unpackEngine,
} from '@openpro/engine';
import { type EventStore, ReadSide, streamOf } from '@openpro/eventstore';
import { isRefusal, refuse, type Refusal } from '@openpro/kernel';
import { LicenceQueries } from '@openpro/licensing';
import {
  type Actor,
  Commands,
  CONFIG,
  EVENT_STORE,
  fingerprintOf,
  metaOf,
  NODE,
  type ServerConfig,
  type ThisNode,
} from '@openpro/platform';
import { FolderBlobStore, StorageQuotas, Uploads } from '@openpro/storage';
import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { app } from './app.js';
import { appList } from './app-list.projection.js';
import { appVersion } from './app-version.projection.js';
import { ForApp, ForEngine } from './catalogue.commands.js';
import { CatalogueQueries } from './catalogue.queries.js';
import { engine } from './engine.js';
import { engineList } from './engine-list.projection.js';
import { Packages } from './packages.js';

/** From an upload to the catalogue: everything is verified and tried before the one event that makes it public. */
@Injectable()
export class Publishing {
  private readonly log = new Logger('Publishing');

  constructor(
    private readonly uploads: Uploads,
    private readonly blobs: FolderBlobStore,
    private readonly packages: Packages,
    private readonly queries: CatalogueQueries,
    private readonly licences: LicenceQueries,
    private readonly pool: EnginePool,
    private readonly commands: Commands,
    @Inject(CONFIG) private readonly config: ServerConfig,
    @Inject(NODE) node: Pick<ThisNode, 'joinedAt'>,
    readSide: ReadSide,
    private readonly quotas: StorageQuotas,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {
    // On every server: the first user of an engine need not wait for its processes either. What was published before
    // the server came is warmed when it has started, not while its lists catch up.
    readSide.onCommitted(({ projection, keys, position }) => {
      if (projection !== engineList.name || position <= node.joinedAt) return;
      for (const name of new Set(keys.map((key) => key.split(':')[0] ?? ''))) void this.warm(name);
    });
  }

  /**
   * A package counts for whoever has uploaded it: nothing is published by who keeps too much. What was published before
   * by this command is answered again.
   */
  private async over(
    actor: Actor,
    of: { readonly name: string },
    id: string,
    commandId: string,
  ): Promise<Refusal | undefined> {
    const full = await this.quotas.over(actor, 'upload');
    const before = full ? await this.store.readStream(streamOf(of, id)) : [];
    return before.some((recorded) => recorded.commandId === commandId) ? undefined : full;
  }

  async engine(actor: Actor, uploadId: string, commandId: string) {
    const meta = metaOf(actor, commandId);
    if (isRefusal(meta)) return meta;
    const upload = await this.uploads.stored(actor, uploadId, 'engine', 'upload');
    if (isRefusal(upload)) return upload;
    const pkg = await this.packages.readEngine(this.blobs.path(upload.digest));
    if (isRefusal(pkg)) return pkg;
    const { manifest } = pkg;
    const { name, version, title, vendor, license } = manifest;
    const id = `${name}:${version}`;
    const full = await this.over(actor, engine, id, meta.commandId);
    if (full) return full;
    // Unpacking checks the digest of every file: a package that does not unpack is not published.
    await this.inScratch((folder) => unpackEngine(pkg, path.join(folder, 'engine')));
    return this.commands.change(
      new ForEngine(
        id,
        {
          type: 'PublishEngine',
          name,
          version,
          title,
          vendor,
          license,
          digest: upload.digest,
          size: upload.size,
          keyId: pkg.keyId,
          manifest,
        },
        meta,
        fingerprintOf(actor.id, uploadId),
      ),
      engineList.name,
      () => this.queries.engine(name, version),
    );
  }

  async app(actor: Actor, uploadId: string, commandId: string) {
    const meta = metaOf(actor, commandId);
    if (isRefusal(meta)) return meta;
    const upload = await this.uploads.stored(actor, uploadId, 'app', 'upload');
    if (isRefusal(upload)) return upload;
    const pkg = await this.packages.readApp(this.blobs.path(upload.digest));
    if (isRefusal(pkg)) return pkg;
    const { manifest } = pkg;
    const { name, version } = manifest;
    const id = `${actor.environment}:${name}`;
    const full = await this.over(actor, app, id, meta.commandId);
    if (full) return full;
    const engine = await this.engineFor(manifest.engine);
    if (isRefusal(engine)) return engine;
    const { licence } = manifest;
    if (licence !== undefined && !(await this.licences.row(actor.environment, licence)))
      return refuse(
        'NoSuchLicence',
        `The app needs licence ${licence}, which is not defined: an administrator defines it first`,
        { field: 'licence', limit: 'a licence that is defined' },
      );
    const checked = await this.inScratch<AppCheck>(async (folder) => {
      const appFolder = path.join(folder, 'app');
      await unpackApp(pkg, appFolder);
      return checkApp(this.pool, await this.packages.engine(engine), appFolder);
    }).catch((error: unknown): AppCheck => {
      // checkApp tells of the app by value: what it throws is an engine that does not start.
      if (error instanceof EngineError) return { errors: [{ message: error.message }] };
      throw error;
    });
    if ('errors' in checked)
      return refuse(
        'AppDoesNotCheck',
        `The app has errors:\n${checked.errors.map(({ message, file, line, column }) => (file ? `${file}:${line ?? '?'}:${column ?? '?'} ${message}` : message)).join('\n')}`,
        { field: 'upload' },
      );
    return this.commands.change(
      new ForApp(
        id,
        {
          type: 'PublishApp',
          environment: actor.environment,
          name,
          version,
          title: manifest.title,
          description: manifest.description ?? '',
          category: manifest.category ?? '',
          engine,
          digest: upload.digest,
          size: upload.size,
          keyId: pkg.keyId,
          manifest,
        },
        meta,
        fingerprintOf(actor.id, uploadId),
      ),
      [appVersion.name, appList.name], // a version knows whether it is the latest
      () => this.queries.version(actor.environment, name, version),
    );
  }

  /** Its newest version: of older ones processes start when they are needed. */
  private async warm(name: string): Promise<void> {
    try {
      const [newest] = await this.queries.engineVersions(name);
      if (!newest) return;
      const { version, digest } = newest;
      this.pool.warm(await this.packages.engine({ name, version, digest }));
    } catch (error) {
      this.log.warn({ message: 'engine cannot be warmed', name, reason: String(error) });
    }
  }

  /** The newest published engine version in the app's range. */
  private async engineFor(wanted: {
    name: string;
    range: string;
  }): Promise<{ name: string; version: string; digest: string } | Refusal> {
    const candidates = await this.queries.engineVersions(wanted.name);
    const fit = candidates.find(({ version }) => satisfies(version, wanted.range));
    if (fit) return { name: fit.name, version: fit.version, digest: fit.digest };
    const there = candidates.map(({ version }) => version).join(', ') || 'none';
    return refuse(
      'NoSuchEngine',
      `The app needs engine ${wanted.name} ${wanted.range}; published: ${there}`,
      {
        field: 'engine',
        limit: `${wanted.name} ${wanted.range}`,
      },
    );
  }

  private async inScratch<T>(use: (folder: string) => Promise<T>): Promise<T> {
    const parent = path.join(this.config.dataDir, 'run');
    await mkdir(parent, { recursive: true });
    const folder = await mkdtemp(path.join(parent, 'check-'));
    try {
      return await use(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
