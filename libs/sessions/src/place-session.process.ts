import type { NodeEvent } from '@openpro/cluster';
import type { Process, ProcessCommand, Reaction } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { SessionCommand, SessionEvent } from './session.js';

/** A session that no server takes for so long is ended: its owner is told instead of waiting for ever. */
export const NO_SERVER_MS = 2 * 60_000;

/** The servers that can hold sessions, and who waits for one. */
export interface Cluster {
  readonly servers: { readonly [node: string]: { readonly epoch: number; readonly sessions: number } };
  readonly waiting: readonly string[];
  /** Proposed, and not yet seen in the log: which server was counted for it. */
  readonly proposed: { readonly [session: string]: { readonly node: string; readonly epoch: number } };
}

const NOBODY: Cluster = { servers: {}, waiting: [], proposed: {} };

type On =
  | Extract<SessionEvent, { type: 'SessionRequested' | 'SessionPlaced' | 'SessionEnded' }>
  | Extract<NodeEvent, { type: 'NodeJoined' | 'NodeDeclaredDead' | 'NodeLeft' }>;

const without = <T>(all: { readonly [key: string]: T }, key: string): { readonly [key: string]: T } =>
  Object.fromEntries(Object.entries(all).filter(([other]) => other !== key));

const counted = (cluster: Cluster, node: string, epoch: number, by: 1 | -1): Cluster => {
  const server = cluster.servers[node];
  if (server?.epoch !== epoch) return cluster;
  return { ...cluster, servers: { ...cluster.servers, [node]: { epoch, sessions: server.sessions + by } } };
};

/** Places who waits on the server with the fewest sessions, the first by name among equals. */
const placed = (
  cluster: Cluster,
  timers: { readonly [session: string]: number | null } = {},
): Reaction<Cluster> => {
  const commands: ProcessCommand[] = [];
  const cleared: { [session: string]: null } = {};
  let after: Cluster = { ...cluster, waiting: [] };
  for (const session of cluster.waiting) {
    const [best] = Object.entries(after.servers).sort(
      ([a, one], [b, other]) => one.sessions - other.sessions || (a < b ? -1 : 1),
    );
    if (!best) return { state: cluster, timers };
    const [node, { epoch }] = best;
    const command: SessionCommand = { type: 'PlaceSession', node, nodeEpoch: epoch };
    commands.push({ to: 'session', id: session, command });
    cleared[session] = null;
    after = counted(after, node, epoch, 1);
    after = { ...after, proposed: { ...after.proposed, [session]: { node, epoch } } };
  }
  return { state: after, commands, timers: cleared };
};

/** The session has left the cluster: it gives back what was counted for it. */
const gone = (cluster: Cluster, session: string, node?: string, epoch?: number): Cluster => {
  const waiting = cluster.waiting.filter((other) => other !== session);
  const promised = cluster.proposed[session];
  const rest = { ...cluster, waiting, proposed: without(cluster.proposed, session) };
  if (promised) return counted(rest, promised.node, promised.epoch, -1);
  return node === undefined || epoch === undefined ? rest : counted(rest, node, epoch, -1);
};

/** Gives every requested session a server, as soon as there is one. */
export const placeSession: Process<Cluster, On> = {
  name: 'place-session',
  version: 1,
  on: ['SessionRequested', 'SessionPlaced', 'SessionEnded', 'NodeJoined', 'NodeDeclaredDead', 'NodeLeft'],
  keyOf: () => 'cluster',

  react(cluster = NOBODY, { stream, at, event }) {
    const id = idOf(stream);
    switch (event.type) {
      case 'SessionRequested':
        return placed({ ...cluster, waiting: [...cluster.waiting, id] }, { [id]: at + NO_SERVER_MS });
      case 'SessionPlaced': {
        const promised = cluster.proposed[id];
        const kept = { ...cluster, proposed: without(cluster.proposed, id) };
        const { node, nodeEpoch } = event;
        if (promised?.node === node && promised.epoch === nodeEpoch) return { state: kept };
        return { state: counted(gone(cluster, id), node, nodeEpoch, 1) };
      }
      case 'SessionEnded':
        return { state: gone(cluster, id, event.node, event.nodeEpoch), timers: { [id]: null } };
      case 'NodeJoined': {
        if (!event.roles.includes('pro')) return { state: cluster };
        const servers = { ...cluster.servers, [id]: { epoch: event.epoch, sessions: 0 } };
        return placed({ ...cluster, servers });
      }
      case 'NodeDeclaredDead':
      case 'NodeLeft': {
        const same = cluster.servers[id]?.epoch === event.epoch;
        return { state: same ? { ...cluster, servers: without(cluster.servers, id) } : cluster };
      }
      case 'TimerFired': {
        if (!cluster.waiting.includes(event.timer)) return { state: cluster };
        const command: SessionCommand = {
          type: 'EndSession',
          reason: 'no-server',
          message: 'No server is there that could open it',
        };
        return { state: gone(cluster, event.timer), commands: [{ to: 'session', id: event.timer, command }] };
      }
    }
  },
};
