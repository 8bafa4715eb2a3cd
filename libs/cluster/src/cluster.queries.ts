import { Inject, Injectable } from '@nestjs/common';
import {
  entityOf,
  type EventStore,
  type Position,
  type Recorded,
  type StreamName,
} from '@openpro/eventstore';
import {
  badInput,
  connection,
  EVENT_STORE,
  type LogEvent,
  MAX_PAGE,
  type Node,
  type PageRequest,
} from '@openpro/platform';
import { DataSource } from 'typeorm';
import { leader } from './leader.projection.js';
import { nodeList } from './node-list.projection.js';

/** What a server has to do just now; jobs and sessions tell it. */
export interface Load {
  jobs(node: string): Promise<number>;
  sessions(node: string): Promise<number>;
}

export const LOAD = Symbol('Load');

/** Events read at once while looking for the wanted types. */
const SCAN = 1000;
const MAX_PAGES_BACK = 100;

@Injectable()
export class ClusterQueries {
  constructor(
    private readonly db: DataSource,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(LOAD) private readonly load: Load,
  ) {}

  async nodes({ first, after }: PageRequest) {
    const [leading, rows] = await Promise.all([
      this.db.getRepository(entityOf(leader)).findOneBy({ id: 'cluster' }),
      this.db
        .getRepository(entityOf(nodeList))
        .createQueryBuilder('n')
        .where(after ? 'n.id > :id' : 'true', { id: after?.[0] })
        .orderBy('n.id', 'ASC')
        .limit(first + 1)
        .getMany(),
    ]);
    return connection(
      rows,
      first,
      (row) => ({
        id: row.id,
        name: row.name,
        state: row.state,
        epoch: row.epoch,
        leader: row.state === 'joined' && leading?.node === row.id,
        roles: [...row.roles],
        version: row.version,
        slots: row.slots,
        runningJobs: () => this.load.jobs(row.id),
        sessions: () => this.load.sessions(row.id),
        joinedAt: row.joined_at,
        isolation: row.isolation,
      }),
      (row) => [row.id],
    );
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
