import { EventLog } from './0001-event-log.js';

/** In the order in which they run; never changed once released. */
export const migrations = [EventLog];
