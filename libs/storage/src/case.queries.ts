import { Injectable } from '@nestjs/common';
import { entityOf } from '@openpro/eventstore';
import {
  type Actor,
  badInput,
  type Case,
  connection,
  has,
  type Lazy,
  maySee,
  type PageRequest,
} from '@openpro/platform';
import { IdentityQueries } from '@openpro/identity';
import { Any, DataSource } from 'typeorm';
import { FolderBlobStore } from './blob-store.js';
import { caseList, type CaseRow } from './case-list.projection.js';
import { caseTable, loadManifest } from './case-store.js';

/** A window is at most this many tuples. */
const MAX_WINDOW = 10_000;

@Injectable()
export class CaseQueries {
  constructor(
    private readonly db: DataSource,
    private readonly blobs: FolderBlobStore,
    private readonly people: IdentityQueries,
  ) {}

  private get rows() {
    return this.db.getRepository(entityOf(caseList));
  }

  /** The row, if the actor may see it. */
  async row(actor: Actor, id: string): Promise<CaseRow | null> {
    const row = await this.rows.findOneBy({ id });
    return row && maySee(actor, row) ? row : null;
  }

  /** Those of these that the actor may see, by id. */
  async byId(actor: Actor, ids: readonly string[]): Promise<ReadonlyMap<string, CaseRow>> {
    const rows = await this.rows.findBy({ id: Any([...new Set(ids)]) });
    return new Map(rows.filter((row) => maySee(actor, row)).map((row) => [row.id, row]));
  }

  async one(actor: Actor, id: string): Promise<Lazy<Case> | null> {
    const row = await this.row(actor, id);
    return row && this.view(row);
  }

  /** Inputs and results of jobs, by id; who may see a job may see its cases. */
  async ofJobs(ids: readonly string[]): Promise<ReadonlyMap<string, Lazy<Case>>> {
    const rows = await this.rows.findBy({ id: Any([...new Set(ids)]) });
    return new Map(rows.map((row) => [row.id, this.view(row)]));
  }

  async page(
    actor: Actor,
    { first, after }: PageRequest,
    filter: { app?: string | null; kind?: string | null },
  ) {
    const query = this.rows
      .createQueryBuilder('c')
      .where('c.environment = :environment', { environment: actor.environment })
      .orderBy('c.created_at', 'DESC')
      .addOrderBy('c.id', 'DESC')
      .limit(first + 1);
    if (!has(actor, 'auditor')) query.andWhere('c.owner = :owner', { owner: actor.id });
    if (filter.app) query.andWhere('c.app = :app', { app: filter.app });
    if (filter.kind) query.andWhere('c.kind = :kind', { kind: filter.kind });
    if (after) query.andWhere('(c.created_at, c.id) < (:at, :id)', { at: after[0], id: after[1] });
    return connection(
      await query.getMany(),
      first,
      (row) => this.view(row),
      (row) => [row.created_at, row.id],
    );
  }

  private view(row: CaseRow): Lazy<Case> {
    return {
      id: row.id,
      name: row.name,
      kind: row.kind,
      app: row.app,
      version: row.version,
      owner: () => this.people.user(row.owner),
      job: row.job,
      createdAt: row.created_at,
      digest: row.digest,
      identifiers: async () =>
        (await loadManifest(this.blobs, row.digest)).identifiers.map(
          ({ name, type, domain, count, bytes, sha256 }) => ({
            name,
            type,
            domain: [...domain],
            count,
            size: bytes,
            digest: sha256,
          }),
        ),
      table: ({ identifier, offset, limit }: { identifier: string; offset: number; limit: number }) => {
        if (!(limit >= 1 && limit <= MAX_WINDOW))
          throw badInput('limit', `limit is ${limit}`, `1 to ${MAX_WINDOW}`);
        if (!(offset >= 0)) throw badInput('offset', `offset is ${offset}`, '0 or more');
        return caseTable(this.blobs, row.digest, identifier, offset, limit);
      },
    };
  }
}
