import type { BenchDatabase } from './frame.js';

/** A job queue of npm, as this bench uses it. */
export interface PeerQueue {
  /** From now on jobs are taken and completed; `onDone` hears of each one. */
  start(onDone: () => void): Promise<void>;
  /** Resolves when the job is durably queued. */
  add(job: object): Promise<unknown>;
  close(): Promise<unknown>;
}

export function graphileWorker(database: BenchDatabase): Promise<PeerQueue>;
export function pgBoss(
  database: BenchDatabase,
  how: { readonly workers: number; readonly batchSize: number },
): Promise<PeerQueue>;
/** Is there a redis-server on this machine? */
export function hasRedis(): boolean;
export function bullMq(): Promise<PeerQueue>;
