import { coalesce, type ReadSide } from '@openpro/eventstore';
import type { Directory, Identity } from '@openpro/link';
import type { DataSource } from 'typeorm';
import { nodeList, type NodeRow } from './node-list.projection.js';

type Member = Pick<NodeRow, 'id' | 'name' | 'state' | 'roles' | 'link' | 'version'>;

/** Those that take part first, then the newest of those that were removed: what is known must not grow for ever. */
const MAX_MEMBERS = 5000;

/** By the one clock that all servers share, milliseconds since 1970. */
export const databaseNow = async (db: DataSource): Promise<number> => {
  const [row] = await db.query<{ now: string }[]>(
    'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint::text AS now',
  );
  return Number(row?.now);
};

/** The servers of the cluster as this one knows them: in memory, because every call between servers asks. */
export class Members implements Directory {
  private members: ReadonlyMap<string, Member> = new Map();
  /** Reads them now; who asks while a reading runs shares the next one. */
  readonly read = coalesce(() => this.readAll());
  private readonly stopListening: () => void;

  constructor(
    private readonly db: DataSource,
    readSide: ReadSide,
    /** Told of servers that took part and do so no more: dead, gone or removed. */
    private readonly onOver: (node: string) => void,
    private readonly report: (error: unknown) => void,
  ) {
    this.stopListening = readSide.onCommitted(({ projection }) => {
      if (projection === nodeList.name) void this.read().catch(this.report);
    });
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

  /** The server of this name that was not removed; where several had it, the one that takes part, or the newest. */
  named(name: string): Member | undefined {
    const all = [...this.members.values()].filter((one) => one.name === name && one.state !== 'removed');
    return all.find(({ state }) => state === 'joined') ?? all[0];
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

  private async readAll(): Promise<void> {
    const rows = await this.db.query<Member[]>(
      `SELECT id, name, state, roles, link, version FROM node_list
       ORDER BY state = 'removed', id DESC LIMIT ${MAX_MEMBERS}`,
    );
    const before = this.members;
    this.members = new Map(rows.map((row) => [row.id, row]));
    for (const { id, state } of rows) {
      const known = before.get(id)?.state;
      if ((state === 'removed' && known !== 'removed') || (known === 'joined' && state !== 'joined'))
        this.onOver(id);
    }
  }
}
