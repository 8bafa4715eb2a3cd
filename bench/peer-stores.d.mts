import type { BenchDatabase } from './frame.js';

/** An event store of npm, as this bench uses it. */
export interface PeerStore {
  readonly name: string;
  /** One event into a new stream; a conflict would be an error. */
  append(event: { readonly type: string; readonly data: object }): Promise<unknown>;
  /** So many events, fast. */
  fill?(count: number, event: { readonly type: string; readonly data: object }): Promise<void>;
  /** Reads everything forward in pages; returns how many events that were. */
  readAll?(page: number): Promise<number>;
  close(): Promise<unknown>;
}

export function castore(database: BenchDatabase): Promise<PeerStore>;
export function messageDb(database: BenchDatabase): Promise<PeerStore>;
export function emmett(database: BenchDatabase): Promise<PeerStore>;
