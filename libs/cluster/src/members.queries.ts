import { entityOf, type ReadSide } from '@openpro/eventstore';
import { areCompatible, type Directory, type Identity } from '@openpro/link';
import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { nodeList, type NodeRow } from './node-list.projection.js';

type Member = Pick<NodeRow, 'id' | 'name' | 'state' | 'roles' | 'link' | 'version'>;

/** A server that beats at all does so within this time. */
const BEATS_WITHIN_MS = 2500;

/**
 * Servers of versions that do not fit together must not work on one log. Only those count that beat: after all were
 * killed, the first of a new version may start.
 * @throws when another server of another version runs
 */
export const mustFitTogether = async (db: DataSource, self: string, version: string): Promise<void> => {
  const others = await db.query<{ id: string; name: string; version: string; beat: string }[]>(
    `SELECT id, name, version, beat::text FROM node_list JOIN node_beat ON node = id AND node_beat.epoch = node_list.epoch
     WHERE state = 'joined' AND id <> $1`,
    [self],
  );
  const foreign = others.filter((other) => !areCompatible(other.version, version));
  if (foreign.length === 0) return;
  await delay(BEATS_WITHIN_MS);
  for (const { id, name, version: theirs, beat } of foreign) {
    const [now] = await db.query<{ beat: string }[]>('SELECT beat::text FROM node_beat WHERE node = $1', [
      id,
    ]);
    if (now && now.beat !== beat)
      throw new Error(
        `This server cannot join: it is of version ${version}, and ${name} of version ${theirs} runs. Stop the servers of the other version first.`,
      );
  }
};

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
