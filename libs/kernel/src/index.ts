export type { Brand } from './brand.js';
export {
  type BadInput,
  checkDigest,
  checkForm,
  checkJson,
  checkLabels,
  checkNumber,
  checkOneOf,
  checkText,
  clip,
  isLabel,
  LABEL_LIMIT,
  MAX_LABELS,
} from './checks.js';
export { systemClock, type Clock } from './clock.js';
export { csvLine } from './csv.js';
export type { Decider, DomainEvent } from './decider.js';
export { DiskFull, namingFullDisk } from './disk-full.js';
export { idOf, isUuid, uuidv5, uuidv7 } from './ids.js';
export { FRONT_ROLES, NODE_ROLES } from './node-roles.js';
export { matches } from './pattern.js';
export { isRefusal, refuse, type Refusal } from './refusal.js';
export { isRole, type Role, ROLES } from './roles.js';
export { waitedWords } from './waited.js';
export { makeFolder, writeOnce } from './write-once.js';
