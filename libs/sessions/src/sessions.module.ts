import { Logger, Module } from '@nestjs/common';
import { CatalogueModule, Packages } from '@openpro/catalogue';
import { RefusalLog } from '@openpro/cluster';
import { EnginePool, openDataSession } from '@openpro/engine';
import type { EventStore } from '@openpro/eventstore';
import { IdentityQueries } from '@openpro/identity';
import { uuidv7 } from '@openpro/kernel';
import { LicensingModule } from '@openpro/licensing';
import {
  Commands,
  CONFIG,
  EVENT_STORE,
  LINK,
  NODE,
  type ProLink,
  reportTo,
  type ServerConfig,
  type ThisNode,
} from '@openpro/platform';
import { FolderBlobStore, loadCase, saveCase, StorageModule } from '@openpro/storage';
import path from 'node:path';
import { SavedData } from './saved-data.js';
import { SessionHosts } from './session-hosts.js';
import { serveSessions, SessionData } from './session-link.js';
import { ForSession, sessionHandlers } from './sessions.commands.js';
import { SessionQueries } from './sessions.queries.js';
import { SessionsResolver } from './sessions.resolver.js';

const reportSweep = (error: unknown): void =>
  new Logger('SavedData').warn({
    message: 'old data of sessions could not be removed',
    reason: String(error),
  });

@Module({
  imports: [CatalogueModule, LicensingModule, StorageModule],
  providers: [
    ...sessionHandlers,
    {
      provide: SessionHosts,
      inject: [
        NODE,
        EVENT_STORE,
        EnginePool,
        Packages,
        FolderBlobStore,
        IdentityQueries,
        Commands,
        RefusalLog,
        CONFIG,
        LINK,
        SavedData,
      ],
      useFactory: (
        node: ThisNode,
        store: EventStore,
        pool: EnginePool,
        packages: Packages,
        blobs: FolderBlobStore,
        people: IdentityQueries,
        commands: Commands,
        refusals: RefusalLog,
        { memoryMiB }: ServerConfig,
        link: ProLink,
        saved: SavedData,
      ) => {
        const log = new Logger('SessionHosts');
        const hosts = new SessionHosts({
          node,
          store,
          packages,
          log: reportTo(log),
          open: (options) => openDataSession(pool, options),
          memoryMiB,
          user: async (id) => people.user(id),
          load: async (digest) => (await loadCase(blobs, digest)).data,
          keep: (of, data) => saveCase(blobs, of, data),
          saved,
          report: (session, command, { id: actor, roles } = { id: `node:${node.id}`, roles: [] }) =>
            commands.insist(
              new ForSession(session, command, { commandId: uuidv7(), actor, roles }),
              ({ refused, message }) =>
                refusals.record({
                  what: 'report',
                  from: `session ${session}`,
                  node: node.id,
                  code: refused,
                  reason: message,
                }),
            ),
        });
        serveSessions(link, hosts, (error) => log.error(error));
        return hosts;
      },
    },
    {
      provide: SavedData,
      inject: [CONFIG, EVENT_STORE],
      useFactory: ({ storageDir }: ServerConfig, store: EventStore) => {
        const saved = new SavedData(path.join(storageDir, 'sessions'), async (session) => {
          const last = (await store.readStream(`session-${session}`)).at(-1);
          return last && (last.event.type === 'SessionEnded' ? last.at : null);
        });
        saved.sweepDaily(reportSweep);
        return saved;
      },
    },
    { provide: SessionData, inject: [LINK], useFactory: (link: ProLink) => new SessionData(link) },
    SessionQueries,
    SessionsResolver,
  ],
  exports: [SessionData, SessionHosts, SessionQueries],
})
export class SessionsModule {}
