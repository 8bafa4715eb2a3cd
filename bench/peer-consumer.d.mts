import type { BenchDatabase } from './frame.js';

/** Emmett's PostgreSQL consumer with its defaults; `onEvent` is told the data of each event. */
export function emmettConsumer(
  database: BenchDatabase,
  onEvent: (data: { readonly id: string }) => void,
): Promise<{ append(data: { readonly id: string }): Promise<unknown>; close(): Promise<unknown> }>;
