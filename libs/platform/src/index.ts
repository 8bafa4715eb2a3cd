export {
  AccessGuard,
  type Actor,
  has,
  mayChange,
  maySee,
  metaOf,
  Needs,
  needsOf,
  type RequestContext,
} from './access.js';
export {
  answer,
  answerRefusal,
  badInput,
  connection,
  type Lazy,
  MAX_PAGE,
  type PageRequest,
  pageRequest,
} from './answers.js';
export { CachedRows } from './cached-rows.js';
export { Commands } from './commands.js';
export { isOutage, patiently, reportTo } from './outage.js';
export { ConfigError, type Liveness, readConfig, type ServerConfig } from './config.js';
export type * from './generated/schema.js';
export {
  type LinkCaller,
  LinkError,
  type LinkRoute,
  LinkUnavailable,
  LocalLink,
  type ProLink,
} from '@openpro/link';
export { Last, LiveQueue } from './live.js';
export { Metrics } from './metrics.js';
export { LEADER_POOL, PlatformModule, type ReadModel } from './platform.module.js';
export { PUBLIC_URL_HEADER, publicUrlOf } from './public-url.js';
export { readPage, readRows, Where } from './read-page.js';
export { storageFolder } from './storage-folder.js';
export { fingerprintOf, hashSecret, newSecret } from './secrets.js';
export { CONFIG, EVENT_STORE, LINK, NODE, type ThisNode } from './tokens.js';
export { chosenIds, traced, tracedEffect, tracedOperation, tracePast, turnOnTracing } from './tracing.js';
