import { Global, Logger, Module } from '@nestjs/common';
import { isolationLevel } from '@openpro/engine';
import { CommandHandler, type EventStore, ReadSide } from '@openpro/eventstore';
import {
  Commands,
  CONFIG,
  EVENT_STORE,
  FRONTS_POOL,
  LINK,
  mustBeOneLog,
  NODE,
  type ServerConfig,
  type ThisNode,
} from '@openpro/platform';
import { asApp, mustFitTogether } from '@openpro/platform/postgres';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import { clusterHandlers } from './cluster.commands.js';
import { ClusterQueries } from './cluster.queries.js';
import { ClusterResolver } from './cluster.resolver.js';
import { Door } from './door.js';
import { FrontServers } from './front-servers.js';
import { Joining } from './joining.js';
import { databaseNow, Members } from './members.queries.js';
import { foundAuthority, joinCluster, nodeId } from './membership.js';
import { PulseQueries } from './pulse.queries.js';
import { RefusalLog } from './refusal-log.js';
import { Silence } from './silence.js';

/** Global, because whoever runs something runs it as this server, and shows where it ran by name. */
@Global()
@Module({
  providers: [
    ...clusterHandlers,
    {
      provide: Door,
      inject: [EVENT_STORE, CommandHandler, CONFIG, DataSource],
      useFactory: async (
        store: EventStore,
        handler: CommandHandler,
        config: ServerConfig,
        db: DataSource,
      ) => {
        const id = await nodeId(config.dataDir);
        await mustFitTogether(asApp(config.databaseUrl), id, config.version);
        await mustBeOneLog(store, db, config);
        const door = await Door.open(config, id);
        await foundAuthority(handler, id, door.authority);
        await mustBeOneLog(store, db, config);
        return door;
      },
    },
    {
      provide: NODE,
      inject: [CommandHandler, CONFIG, Door],
      useFactory: async (
        handler: CommandHandler,
        { dataDir, nodeName, roles, slots, version, labels, serverMemoryMiB, serverCores }: ServerConfig,
        { address: link }: Door,
      ) =>
        joinCluster(handler, await nodeId(dataDir), {
          name: nodeName,
          roles,
          slots,
          version,
          labels,
          link,
          memoryMiB: serverMemoryMiB,
          cores: serverCores,
          isolation: isolationLevel(),
        }),
    },
    { provide: LINK, inject: [Door], useFactory: ({ link }: Door) => link },
    {
      provide: Members,
      inject: [DataSource, ReadSide, Door],
      useFactory: (db: DataSource, readSide: ReadSide, door: Door) => {
        const log = new Logger('Members');
        return new Members(
          db,
          readSide,
          (node) => door.drop(node),
          (error) =>
            log.warn({ message: 'the servers of the cluster could not be read', reason: String(error) }),
        );
      },
    },
    {
      provide: RefusalLog,
      inject: [Commands, NODE],
      useFactory: (commands: Commands, node: ThisNode) => new RefusalLog(commands, node),
    },
    {
      provide: Joining,
      inject: [Commands, Door, Members, DataSource],
      useFactory: (commands: Commands, door: Door, members: Members, db: DataSource) =>
        new Joining(commands, door, members, () => databaseNow(db)),
    },
    {
      provide: FrontServers,
      inject: [Commands, Door, Members, FRONTS_POOL, RefusalLog, CONFIG],
      useFactory: (
        commands: Commands,
        door: Door,
        members: Members,
        pool: pg.Pool,
        refusals: RefusalLog,
        { version, liveness: { beatMs } }: ServerConfig,
      ) => new FrontServers(commands, door, members, pool, refusals, { version, beatMs }),
    },
    ClusterQueries,
    Silence,
    ClusterResolver,
    PulseQueries,
  ],
  exports: [
    ClusterQueries,
    Door,
    FrontServers,
    Joining,
    LINK,
    Members,
    NODE,
    PulseQueries,
    RefusalLog,
    Silence,
  ],
})
export class ClusterModule {}
