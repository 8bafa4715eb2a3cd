import { entityOf, type ReadSide } from '@openpro/eventstore';
import type { Directory, Identity } from '@openpro/link';
import type { DataSource } from 'typeorm';
import { nodeList, type NodeRow } from './node-list.projection.js';

type Member = Pick<NodeRow, 'id' | 'name' | 'state' | 'roles' | 'link' | 'version'>;

/** The servers of the cluster as this one knows them: in memory, because every call between servers asks. */
export class Members implements Directory {
  private members: ReadonlyMap<string, Member> = new Map();
  private reading: Promise<void> | null = null;
  private again = false;
  private readonly stopListening: () => void;

  constructor(
    private readonly db: DataSource,
    readSide: ReadSide,
    /** Told of servers that have been removed since. */
    private readonly onRemoved: (node: string) => void,
    private readonly report: (error: unknown) => void,
  ) {
    this.stopListening = readSide.onCommitted(({ projection }) => {
      if (projection === nodeList.name) void this.read().catch(this.report);
    });
  }

  /** Reads them now; one read at a time, and one more for what changed meanwhile. */
  read(): Promise<void> {
    this.again = true;
    this.reading ??= this.readWhileChanged().finally(() => (this.reading = null));
    return this.reading;
  }

  /** Looks once more before it says that a server is not there. */
  async address(node: string): Promise<string | null> {
    const known = this.linkOf(node);
    if (known !== null) return known;
    await this.read();
    return this.linkOf(node);
  }

  /** Those that a front server may pass requests on to. */
  get pro(): { readonly node: string; readonly address: string }[] {
    return [...this.members.values()].flatMap(({ id, state, roles, link }) =>
      state === 'joined' && roles.includes('pro') && link !== null ? [{ node: id, address: link }] : [],
    );
  }

  get joined(): readonly Member[] {
    return [...this.members.values()].filter(({ state }) => state === 'joined');
  }

  /** Why a server is not served although its certificate is sound. */
  refuses({ node }: Identity): string | null {
    return this.members.get(node)?.state === 'removed' ? 'This server was removed from the cluster' : null;
  }

  stop(): void {
    this.stopListening();
  }

  private linkOf(node: string): string | null {
    const member = this.members.get(node);
    return member?.state === 'joined' ? member.link : null;
  }

  private async readWhileChanged(): Promise<void> {
    while (this.again) {
      this.again = false;
      const rows = await this.db
        .getRepository(entityOf(nodeList))
        .createQueryBuilder('n')
        .select(['n.id', 'n.name', 'n.state', 'n.roles', 'n.link', 'n.version'])
        .getMany();
      const before = this.members;
      this.members = new Map(rows.map((row) => [row.id, row]));
      for (const { id, state } of rows)
        if (state === 'removed' && before.get(id)?.state !== 'removed') this.onRemoved(id);
    }
  }
}
