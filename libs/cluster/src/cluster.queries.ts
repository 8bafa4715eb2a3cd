import { Inject, Injectable } from '@nestjs/common';
import {
  entityOf,
  type EventStore,
  type Position,
  ReadSide,
  type Recorded,
  type StreamName,
} from '@openpro/eventstore';
import {
  badInput,
  CachedRows,
  connection,
  EVENT_STORE,
  type Lazy,
  type LogEvent,
  MAX_PAGE,
  type Node,
  type PageRequest,
  readPage,
  Where,
} from '@openpro/platform';
import { DataSource } from 'typeorm';
import { leader } from './leader.projection.js';
import { nodeList, type NodeRow } from './node-list.projection.js';
import { Silence } from './silence.js';

/** What a server has to do just now; jobs and sessions tell it. */
export interface Load {
  jobs(node: string): Promise<number>;
  sessions(node: string): Promise<number>;
}

export const LOAD = Symbol('Load');

const COLUMNS = Object.keys(nodeList.columns) as (keyof NodeRow)[];

/** Events read at once while looking for the wanted types. */
const SCAN = 1000;
const MAX_PAGES_BACK = 100;

@Injectable()
export class ClusterQueries {
  private readonly rows: CachedRows<NodeRow>;

  constructor(
    private readonly db: DataSource,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(LOAD) private readonly load: Load,
    private readonly silence: Silence,
    readSide: ReadSide,
  ) {
    this.rows = new CachedRows(db, nodeList, readSide);
  }

  async nodes(page: PageRequest, removed: boolean) {
    const where = new Where().and`true`;
    if (!removed) where.and`state <> 'removed'`;
    const list = { columns: COLUMNS, where, order: ['id'], direction: 'ASC', page } as const;
    const [leading, rows] = await Promise.all([this.leading(), readPage(this.db, nodeList, list)]);
    return connection(
      rows,
      page.first,
      (row) => this.view(row, leading),
      ({ id }) => [id],
    );
  }

  async one(id: string) {
    const [leading, row] = await Promise.all([this.leading(), this.rows.row(id)]);
    return row && this.view(row, leading);
  }

  /** A server's name, also of one that was removed; one that nobody knows keeps its id. */
  nameOf(id: string): string | Promise<string> {
    return this.rows.view(id, (row) => row?.name ?? id);
  }

  /** Jobs and sessions that are there just now. */
  async working(id: string): Promise<number> {
    const [jobs, sessions] = await Promise.all([this.load.jobs(id), this.load.sessions(id)]);
    return jobs + sessions;
  }

  private async leading(): Promise<string | undefined> {
    return (await this.db.getRepository(entityOf(leader)).findOneBy({ id: 'cluster' }))?.node;
  }

  private stateOf({ id, draining }: NodeRow): string {
    if (this.silence.suspects(id)) return 'suspected';
    return draining ? 'draining' : 'joined';
  }

  private view(row: NodeRow, leading: string | undefined): Lazy<Node> {
    const { id, name, state, epoch, version, slots, isolation } = row;
    const silentMs = state === 'joined' ? this.silence.of(id) : null;
    return {
      id,
      name,
      state: state === 'joined' ? this.stateOf(row) : state,
      epoch,
      leader: state === 'joined' && leading === id,
      roles: [...row.roles],
      labels: [...row.labels],
      version,
      slots,
      runningJobs: () => this.load.jobs(id),
      sessions: () => this.load.sessions(id),
      drain:
        row.drain_reason === null || row.drain_until === null
          ? null
          : { reason: row.drain_reason, until: row.drain_until },
      joinedAt: row.joined_at,
      lastBeat: silentMs === null ? null : Math.round(Date.now() - silentMs),
      isolation,
    };
  }

  /** A page of the log: forwards after a position, or the last `last` events. */
  async events(
    { first, after }: PageRequest,
    last: number | null,
    stream: StreamName | null,
    types: readonly string[] | null,
  ) {
    if (last !== null && (last < 1 || last > MAX_PAGE))
      throw badInput('last', `last is ${last}`, `1 to ${MAX_PAGE}`);
    const wanted = (recorded: Recorded) => !types || types.includes(recorded.event.type);
    if (stream) {
      const start = (after?.[0] ?? '') as Position;
      const all = (await this.store.readStream(stream)).filter(
        (recorded) => recorded.position > start && wanted(recorded),
      );
      return page(last === null ? all.slice(0, first + 1) : all.slice(-last), last ?? first);
    }
    if (last !== null) {
      return page((await this.lastOf(last, wanted)).reverse(), last);
    }
    const found: Recorded[] = [];
    let position = (after?.[0] ?? '') as Position;
    while (found.length <= first) {
      const events = await this.store.readAll(position, SCAN);
      found.push(...events.filter(wanted));
      position = events.at(-1)?.position ?? position;
      if (events.length < SCAN) break;
    }
    return page(found.slice(0, first + 1), first);
  }

  /** Newest first. Looks back a bounded way: of a rare type the list may be short. */
  private async lastOf(last: number, wanted: (recorded: Recorded) => boolean): Promise<Recorded[]> {
    const found: Recorded[] = [];
    let before: Position | undefined;
    for (let pages = 0; pages < MAX_PAGES_BACK && found.length < last; pages++) {
      const events = await this.store.readBack(SCAN, before);
      found.push(...events.filter(wanted));
      before = events.at(-1)?.position;
      if (events.length < SCAN) break;
    }
    return found.slice(0, last);
  }
}

const page = (rows: readonly Recorded[], first: number) =>
  connection(rows, first, toLogEvent, ({ position }) => [position]);

export const toLogEvent = (recorded: Recorded): LogEvent => {
  const { type, ...data } = recorded.event;
  const { position, id, stream, version, at, actor, roles, commandId, correlation, causation, context } =
    recorded;
  return {
    position,
    id,
    type: `${context}.${type}`,
    stream,
    version,
    at,
    actor,
    roles: [...roles],
    commandId,
    correlation,
    causation: causation ?? null,
    data,
  };
};
