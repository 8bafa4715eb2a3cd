import type { BenchDatabase } from './frame.js';

/** A job queue of npm, as this bench uses it. */
export interface PeerQueue {
  readonly name: string;
  /** From now on jobs are taken and completed; `onDone` hears of each one. */
  start(onDone: () => void): Promise<void>;
  /** Resolves when the job is durably queued. */
  add(job: object): Promise<unknown>;
  close(): Promise<unknown>;
}

export function graphileWorker(database: BenchDatabase): Promise<PeerQueue>;
export function pgBoss(database: BenchDatabase): Promise<PeerQueue>;
/** `null` when there is no redis-server on this machine. */
export function bullMq(): Promise<PeerQueue | null>;
