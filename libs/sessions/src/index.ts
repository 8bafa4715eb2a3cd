export { endIdleSession, IDLE_MS } from './end-idle-session.process.js';
export { endSessionsOfLostNode } from './end-sessions-of-lost-node.process.js';
export { placeSession } from './place-session.process.js';
export { session, type SessionCommand, type SessionEvent } from './session.js';
export { sessionList, type SessionRow } from './session-list.projection.js';
export { SessionHosts } from './session-hosts.js';
export { ForSession } from './sessions.commands.js';
export { SessionsModule } from './sessions.module.js';
export { SessionQueries } from './sessions.queries.js';
