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
export type { Health } from './catch-up.js';
export { coalesce } from './coalesce.js';
export { copyLog } from './copy-log.js';
export { entityOf, schemaDrift } from './entity.js';
export { follow, type Following } from './follower.js';
export { CommandHandler, type Outcome, TooBusy } from './handler.js';
export { AccessRefused } from './kurrent-errors.js';
export { KurrentEventStore } from './kurrent-event-store.js';
export { MemoryEventStore } from './memory-event-store.js';
export { commandHandler } from './nest-commands.js';
export { PostgresEventStore } from './postgres-event-store.js';
export type { Dispatch } from './outbox.js';
export type { Change } from './projection-runner.js';
export type { AnyProcess } from './reactions.js';
export type * from './read-side.js';
export { type ConsumerHealth, ReadSide, type ReadSideOptions } from './read-side-runner.js';
export { type AnyProjection, numbersFromInt8 } from './rows.js';
export { Snapshots } from './snapshots.js';
export { type Verdict, verifyLog } from './verify-log.js';
export type { Report } from './waiting.js';
