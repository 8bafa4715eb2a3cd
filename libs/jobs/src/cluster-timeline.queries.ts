import { Injectable } from '@nestjs/common';
import { ClusterQueries } from '@openpro/cluster';
import { IdentityQueries } from '@openpro/identity';
import { connection, type PageRequest, readPage, Where } from '@openpro/platform';
import { DataSource } from 'typeorm';
import { clusterTimeline, sentenceOf, type TimelineRow } from './cluster-timeline.projection.js';

const COLUMNS = Object.keys(clusterTimeline.columns) as (keyof TimelineRow)[];
const NODE = 'node:';
const PLATFORM = /^(system$|process:)/;

@Injectable()
export class TimelineQueries {
  constructor(
    private readonly db: DataSource,
    private readonly cluster: ClusterQueries,
    private readonly people: IdentityQueries,
  ) {}

  /** Newest first. */
  async page(page: PageRequest, node: string | null) {
    const where = new Where().and`true`;
    if (node) where.and`node = ${node}`;
    const list = { columns: COLUMNS, where, order: ['id'], direction: 'DESC', page } as const;
    const rows = await readPage(this.db, clusterTimeline, list);
    return connection(
      rows,
      page.first,
      (row) => this.view(row),
      ({ id }) => [id],
    );
  }

  /** The id of the newest entry; null before the first. */
  async newest(): Promise<string | null> {
    const [row] = await this.db.query<{ id: string | null }[]>('SELECT max(id) AS id FROM cluster_timeline');
    return row?.id ?? null;
  }

  private view(row: TimelineRow) {
    const { id, at, type, actor, node, job, session, details } = row;
    const server = async () => details.name ?? (node === null ? null : this.cluster.nameOf(node));
    return {
      id,
      at,
      type,
      text: async () => {
        const { from } = details;
        const names = [server(), from === undefined ? undefined : this.cluster.nameOf(from)] as const;
        const [name, former] = await Promise.all(names);
        return sentenceOf(row, name ?? 'a server', former);
      },
      actor,
      by: () => this.nameOf(actor),
      node,
      nodeName: server,
      job,
      session,
    };
  }

  private async nameOf(actor: string): Promise<string> {
    if (actor.startsWith(NODE)) return this.cluster.nameOf(actor.slice(NODE.length));
    return PLATFORM.test(actor) ? 'the platform' : (await this.people.user(actor)).name;
  }
}
