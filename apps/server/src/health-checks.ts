import type { PulseQueries } from '@openpro/cluster';
import type { EnginePool } from '@openpro/engine';
import type { EventStore, ReadSide } from '@openpro/eventstore';
import { DiskFull, namingFullDisk } from '@openpro/kernel';
import type { ServerConfig } from '@openpro/platform';
import { open, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { DataSource } from 'typeorm';
import { type Check, every, type Problem } from './health.js';

const MIN_FREE_SHARE = 0.01;
/** A list that is so far behind the log misleads whoever reads it. */
const MAX_LAG_MS = 30_000;
const WRITE_EVERY_MS = 10_000;

const NONE: readonly Problem[] = [];
const one = (problem: string, detail: string): readonly Problem[] => [{ problem, detail }];

/** One hundredth or less is free: writes will fail soon. */
export const isShort = ({ blocks, bavail }: { blocks: number; bavail: number }): boolean =>
  bavail <= blocks * MIN_FREE_SHARE;

/** For any folder that this server needs room in. */
export const diskCheck = (name: string, folder: string): Check => ({
  name,
  look: async () => {
    const disk = await statfs(folder);
    if (!isShort(disk)) return NONE;
    const freeMiB = Math.floor((disk.bavail * disk.bsize) / 1024 ** 2);
    return [
      { problem: `${name}: nearly full`, detail: `${folder} has ${freeMiB} MiB left`, diskShort: true },
    ];
  },
});

/**
 * Writes a few bytes to the disk and takes them away again: a share that is read-only or gone shows at once. One that is
 * not mounted leaves an empty folder, which can be written to: what the cluster keeps must be there.
 */
export const storageCheck = (folder: string, node: string): Check =>
  every(WRITE_EVERY_MS, {
    name: 'storage',
    look: async () => {
      const probe = path.join(folder, `.health-${node}`);
      try {
        const file = await open(probe, 'w');
        try {
          await file.write('ok');
          await file.sync();
        } finally {
          await file.close();
        }
        await rm(probe);
        const kept = await stat(path.join(folder, 'blobs')).catch(() => null);
        return kept ? NONE : one('storage: is another one', `${folder} has no blobs: is the share mounted?`);
      } catch (error) {
        const detail = String(error);
        return namingFullDisk(error, folder) instanceof DiskFull
          ? [{ problem: 'storage: no room is left', detail, diskShort: true }]
          : one('storage: cannot be written to', detail);
      }
    },
  });

export const databaseCheck = (db: DataSource): Check => ({
  name: 'database',
  look: async () => {
    try {
      await db.query('SELECT 1');
      return NONE;
    } catch (error) {
      return one('database: does not answer', String(error));
    }
  },
});

export const logCheck = (store: EventStore): Check => ({
  name: 'log',
  look: async () => {
    try {
      await store.head();
      return NONE;
    } catch (error) {
      return one('log: cannot be reached', String(error));
    }
  },
});

export const readSideCheck = (readSide: ReadSide): Check => ({
  name: 'read side',
  look: () =>
    readSide.health().flatMap(({ name, state, lagMs, reason, errorId }): readonly Problem[] => {
      const why = [reason, errorId && `error ${errorId}`].filter(Boolean).join(', ');
      if (state === 'paused' || state === 'stopped')
        return one(`read side: a part of it is ${state}`, `${name} is ${state}: ${why}`);
      if (lagMs > MAX_LAG_MS)
        return one(
          'read side: a part of it is behind',
          `${name} is ${(lagMs / 1000).toFixed(0)} s behind${why && `: ${why}`}`,
        );
      return NONE;
    }),
});

/** @param deadMs so long a server may be silent before the others take it for dead */
export const clusterCheck = (queries: Pick<PulseQueries, 'pulse'>, deadMs: number): Check => ({
  name: 'cluster',
  look: async () => {
    const { epoch, beatAgeMs } = await queries.pulse();
    return [
      ...(epoch === null ? one('cluster: no server leads', 'The lease has run out or was given back') : NONE),
      ...(beatAgeMs > deadMs
        ? one(
            'cluster: this server gives no sign of life',
            `No beat for ${(beatAgeMs / 1000).toFixed(1)} s or longer`,
          )
        : NONE),
    ];
  },
});

export const enginesCheck = (pool: Pick<EnginePool, 'startFailure'>): Check => ({
  name: 'engines',
  look: () =>
    pool.startFailure === null ? NONE : one('engines: their processes do not start', pool.startFailure),
});

/** What a server with the pro role needs. A front role, which has neither database nor storage, takes some of them. */
export const allChecks = (of: {
  readonly config: Pick<ServerConfig, 'dataDir' | 'storageDir' | 'liveness'>;
  readonly node: { readonly id: string };
  readonly db: DataSource;
  readonly store: EventStore;
  readonly readSide: ReadSide;
  readonly pulse: PulseQueries;
  readonly pool: EnginePool;
}): readonly Check[] => [
  databaseCheck(of.db),
  logCheck(of.store),
  readSideCheck(of.readSide),
  clusterCheck(of.pulse, of.config.liveness.deadMs),
  storageCheck(of.config.storageDir, of.node.id),
  diskCheck('own disk', of.config.dataDir),
  diskCheck('shared disk', of.config.storageDir),
  enginesCheck(of.pool),
];
