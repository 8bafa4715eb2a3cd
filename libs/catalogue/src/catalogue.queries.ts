import { Injectable } from '@nestjs/common';
import { publicKeyFromPem } from '@openpro/engine';
import { entityOf, ReadSide } from '@openpro/eventstore';
import {
  type Actor,
  type App,
  type AppVersion,
  badInput,
  CachedRows,
  connection,
  type Engine,
  has,
  type Lazy,
  type PageRequest,
  type PublisherKey,
} from '@openpro/platform';
import { IdentityQueries } from '@openpro/identity';
import { DataSource } from 'typeorm';
import { appList, type AppRow } from './app-list.projection.js';
import { appVersion, type AppVersionRow } from './app-version.projection.js';
import { engineList, type EngineRow } from './engine-list.projection.js';
import { publisherList, type PublisherRow } from './publisher-list.projection.js';

const MAX_KEYS = 200;

@Injectable()
export class CatalogueQueries {
  private readonly engineRows: CachedRows<EngineRow>;
  private readonly versionRows: CachedRows<AppVersionRow>;
  private readonly appRows: CachedRows<AppRow>;

  constructor(
    private readonly db: DataSource,
    private readonly people: IdentityQueries,
    readSide: ReadSide,
  ) {
    this.engineRows = new CachedRows(db, engineList, readSide);
    this.versionRows = new CachedRows(db, appVersion, readSide);
    this.appRows = new CachedRows(db, appList, readSide);
  }

  engineRow(name: string, version: string): Promise<EngineRow | null> {
    return this.engineRows.row(`${name}:${version}`);
  }

  /** A version of an app in the actor's environment; `latest` when none is named. */
  async versionRow(
    environment: string,
    name: string,
    version?: string | null,
  ): Promise<AppVersionRow | null> {
    const id = `${environment}:${name.toLowerCase()}`;
    const wanted = version ?? (await this.appRows.row(id))?.latest;
    return wanted ? this.versionRows.row(`${id}:${wanted}`) : null;
  }

  async engines({ first, after }: PageRequest, includeRetired: boolean) {
    const query = this.engineTable
      .createQueryBuilder('e')
      .orderBy('e.published_at', 'DESC')
      .addOrderBy('e.id', 'DESC')
      .limit(first + 1);
    if (!includeRetired) query.andWhere('e.retired = false');
    if (after) query.andWhere('(e.published_at, e.id) < (:at, :id)', { at: after[0], id: after[1] });
    return connection(
      await query.getMany(),
      first,
      (row) => this.engineView(row),
      (row) => [row.published_at, row.id],
    );
  }

  /** Not retired, newest published first. */
  engineVersions(name: string): Promise<EngineRow[]> {
    return this.engineTable.find({
      where: { name, retired: false },
      order: { published_at: 'DESC' },
      take: 200,
    });
  }

  async engine(name: string, version: string): Promise<Lazy<Engine> | null> {
    const row = await this.engineRow(name, version);
    return row && this.engineView(row);
  }

  async apps(actor: Actor, { first, after }: PageRequest, search: string | null) {
    if (search && search.length > 100) throw badInput('search', 'search is too long', '100 characters');
    const query = this.appTable
      .createQueryBuilder('a')
      .where('a.environment = :environment', { environment: actor.environment })
      .orderBy('a.name', 'ASC')
      .limit(first + 1);
    if (search)
      query.andWhere("(a.name || ' ' || a.title || ' ' || a.description) ILIKE :search", {
        search: `%${search.replaceAll(/[\\%_]/g, '\\$&')}%`,
      });
    if (after) query.andWhere('a.name > :name', { name: after[0] });
    return connection(
      await query.getMany(),
      first,
      (row) => this.appView(row),
      (row) => [row.name],
    );
  }

  async app(actor: Actor, name: string): Promise<Lazy<App> | null> {
    const row = await this.appRows.row(`${actor.environment}:${name.toLowerCase()}`);
    return row && this.appView(row);
  }

  async version(environment: string, name: string, version: string): Promise<Lazy<AppVersion> | null> {
    const row = await this.versionRow(environment, name, version);
    return row && this.versionView(row);
  }

  /** The version that a job or a session names. */
  versionOf(thing: {
    readonly id: string;
    readonly environment: string;
    readonly app: string;
    readonly version: string;
  }): Lazy<AppVersion> | Promise<Lazy<AppVersion>> {
    const { id, environment, app, version } = thing;
    return this.versionRows.view(`${environment}:${app}:${version}`, (row) => {
      if (!row) throw new Error(`${id} names app ${app}:${version}, which is not there`);
      return this.versionView(row);
    });
  }

  async keys(): Promise<PublisherKey[]> {
    const rows = await this.db
      .getRepository(entityOf(publisherList))
      .find({ order: { trusted_at: 'DESC' }, take: MAX_KEYS });
    return rows.map(toKey);
  }

  async key(id: string): Promise<PublisherKey | null> {
    const row = await this.db.getRepository(entityOf(publisherList)).findOneBy({ key_id: id });
    return row && toKey(row);
  }

  trustedKeys() {
    return this.keysWhere({ revoked: false });
  }

  everTrustedKeys() {
    return this.keysWhere({});
  }

  engineView(row: EngineRow): Lazy<Engine> {
    return {
      id: row.id,
      name: row.name,
      version: row.version,
      title: row.title,
      vendor: row.vendor,
      license: row.license,
      digest: row.digest,
      size: row.size,
      solvers: row.manifest.solvers.map(({ id, version, license, classes }) => ({
        id,
        version,
        license,
        classes: [...classes],
      })),
      publishedAt: row.published_at,
      publishedBy: async () => (await this.people.user(row.published_by)).name,
      retired: row.retired,
    };
  }

  versionView(row: AppVersionRow): Lazy<AppVersion> {
    return {
      id: `${row.name}:${row.version}`,
      name: row.name,
      version: row.version,
      title: row.title,
      description: row.description,
      category: row.category,
      engine: async () => {
        const engine = await this.engine(row.engine_name, row.engine_version);
        if (!engine)
          throw new Error(
            `App ${row.id} names engine ${row.engine_name}:${row.engine_version}, which is not there`,
          );
        return engine;
      },
      procedures: () =>
        row.manifest.procedures.map(({ name, label, where, text }) => ({
          name,
          label: label ?? name,
          where,
          text: text ?? null,
        })),
      digest: row.digest,
      size: row.size,
      publishedAt: row.published_at,
      publishedBy: async () => (await this.people.user(row.published_by)).name,
      hidden: row.hidden,
      latest: async () => (await this.appRows.row(`${row.environment}:${row.name}`))?.latest === row.version,
    };
  }

  private appView(row: AppRow): Lazy<App> {
    return {
      name: row.name,
      title: row.title,
      description: row.description,
      category: row.category,
      latest: async () => {
        const latest = await this.version(row.environment, row.name, row.latest);
        if (!latest) throw new Error(`App ${row.id} has no version ${row.latest}`);
        return latest;
      },
      versions: async (_args: object, { actor }: { actor: Actor }) => {
        const rows = await this.versionTable.find({
          where: {
            environment: row.environment,
            name: row.name,
            ...(has(actor, 'app-publisher') ? {} : { hidden: false }),
          },
          order: { published_at: 'DESC' },
          take: 200,
        });
        return rows.map((version) => this.versionView(version));
      },
    };
  }

  private async keysWhere(where: { revoked?: boolean }) {
    const rows = await this.db.getRepository(entityOf(publisherList)).find({ where, take: 10_000 });
    const byId = new Map(rows.map((row) => [row.key_id, publicKeyFromPem(row.public_key, 'signing')]));
    return (keyId: string) => byId.get(keyId);
  }

  private get engineTable() {
    return this.db.getRepository(entityOf(engineList));
  }

  private get versionTable() {
    return this.db.getRepository(entityOf(appVersion));
  }

  private get appTable() {
    return this.db.getRepository(entityOf(appList));
  }
}

const toKey = (row: PublisherRow): PublisherKey => ({
  id: row.key_id,
  name: row.name,
  publicKey: row.public_key,
  trustedAt: row.trusted_at,
  revoked: row.revoked,
});
