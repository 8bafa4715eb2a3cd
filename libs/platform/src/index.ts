export {
  AccessGuard,
  type Actor,
  groupsOf,
  has,
  mayChange,
  mayManage,
  maySee,
  maySubmit,
  metaOf,
  Needs,
  needsOf,
  type RequestContext,
  type Rights,
} from './access.js';
export {
  answer,
  answerRefusal,
  badInput,
  connection,
  isRefusalAnswer,
  type Lazy,
  MAX_PAGE,
  type PageRequest,
  pageRequest,
} from './answers.js';
export { CachedRows } from './cached-rows.js';
export { FieldLoader, rowsOfEach } from './field-loader.js';
export { Commands } from './commands.js';
export { untilItAnswers } from './database.js';
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
export { HTTP_SECONDS, Metrics } from './metrics.js';
export { mustBeOneLog } from './one-log.js';
export { FRONTS_POOL, LEADER_POOL, PlatformModule, QUOTA_POOL, type ReadModel } from './platform.module.js';
export { PUBLIC_URL_HEADER, publicUrlOf } from './public-url.js';
export { readPage, readRows, Where } from './read-page.js';
export { fingerprintOf, hashSecret, newSecret } from './secrets.js';
export { CONFIG, EVENT_STORE, LINK, NODE, type ThisNode } from './tokens.js';
export { chosenIds, traced, tracedEffect, tracedOperation, tracePast, turnOnTracing } from './tracing.js';
