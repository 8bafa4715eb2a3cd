export type { Brand } from './brand.js';
export { systemClock, type Clock } from './clock.js';
export type { Decider, DomainEvent } from './decider.js';
export { isUuid, uuidv5, uuidv7 } from './ids.js';
export { isRefusal, refuse, type Refusal } from './refusal.js';
