export { type Aggregate, AggregateCommand, fold, streamOf } from './aggregate.js';
export {
  type Append,
  type AppendResult,
  BadAppend,
  type CommandMeta,
  type EventStore,
  LogGap,
  type Position,
  type Recorded,
  START,
  StoreUnavailable,
  type StreamName,
} from './event-store.js';
export { CommandHandler, type Outcome, TooBusy } from './handler.js';
export { MemoryEventStore } from './memory-event-store.js';
export { commandHandler } from './nest-commands.js';
export { PostgresEventStore } from './postgres-event-store.js';
export type * from './read-side.js';
export { type Verdict, verifyLog } from './verify-log.js';
