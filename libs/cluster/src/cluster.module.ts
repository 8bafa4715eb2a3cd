import { Global, Module } from '@nestjs/common';
import { isolationLevel } from '@openpro/engine';
import { CommandHandler } from '@openpro/eventstore';
import { CONFIG, LINK, LocalLink, NODE, type ServerConfig, type ThisNode } from '@openpro/platform';
import { clusterHandlers } from './cluster.commands.js';
import { ClusterQueries } from './cluster.queries.js';
import { ClusterResolver } from './cluster.resolver.js';
import { joinCluster } from './membership.js';
import { NODE_ROLES } from './node.js';

/** Global, because whoever runs something runs it as this server. */
@Global()
@Module({
  providers: [
    ...clusterHandlers,
    {
      provide: NODE,
      inject: [CommandHandler, CONFIG],
      useFactory: (handler: CommandHandler, { dataDir, nodeName, slots, version }: ServerConfig) =>
        joinCluster(handler, dataDir, {
          name: nodeName,
          roles: NODE_ROLES,
          slots,
          version,
          isolation: isolationLevel(),
        }),
    },
    {
      provide: LINK,
      inject: [NODE],
      useFactory: ({ id }: ThisNode) => new LocalLink({ node: id, roles: NODE_ROLES }),
    },
    ClusterQueries,
    ClusterResolver,
  ],
  exports: [LINK, NODE],
})
export class ClusterModule {}
