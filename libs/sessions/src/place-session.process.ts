import type { NodeEvent } from '@openpro/cluster';
import type { Process, ProcessCommand, Reaction } from '@openpro/eventstore';
import type { JobEvent } from '@openpro/jobs';
import { idOf } from '@openpro/kernel';
import type { LicenceEvent } from '@openpro/licensing';
import type { SessionCommand, SessionEvent } from './session.js';

/** A session that no server takes for so long is ended: its owner is told instead of waiting for ever. */
export const NO_SERVER_MS = 2 * 60_000;

/** A session computes now and then, a job all the time: so many sessions weigh as much as one job. */
const SESSIONS_PER_JOB = 4;

interface Server {
  readonly epoch: number;
  /** Jobs that it can run at once: how strong it is. */
  readonly slots: number;
  readonly labels: readonly string[];
  /** Takes nothing new. */
  readonly draining: boolean;
  readonly sessions: number;
  readonly jobs: number;
}

interface Waiting {
  readonly session: string;
  readonly labels: readonly string[];
}

/** The servers that can hold sessions, and who waits for one. */
export interface Cluster {
  readonly servers: { readonly [node: string]: Server };
  readonly waiting: readonly Waiting[];
  /** Who waits for a seat first: their labels. */
  readonly unseated: { readonly [session: string]: readonly string[] };
  /** Proposed, and not yet seen in the log: which server was counted for it. */
  readonly proposed: { readonly [session: string]: { readonly node: string; readonly epoch: number } };
}

const NOBODY: Cluster = { servers: {}, waiting: [], unseated: {}, proposed: {} };

type On =
  | Extract<SessionEvent, { type: 'SessionRequested' | 'SessionPlaced' | 'SessionEnded' }>
  | Extract<
      JobEvent,
      { type: 'JobStarted' | 'JobRequeued' | 'JobCompleted' | 'JobFailed' | 'JobCancelled' | 'JobAbandoned' }
    >
  | Exclude<NodeEvent, { type: 'NodeInvited' | 'NodeAdmitted' }>
  | Extract<LicenceEvent, { type: 'SeatGranted' }>;

const without = <T>(all: { readonly [key: string]: T }, key: string): { readonly [key: string]: T } =>
  Object.fromEntries(Object.entries(all).filter(([other]) => other !== key));

/** One more or less, if this life of the server is still the one that counts. */
const counted = (
  cluster: Cluster,
  what: 'sessions' | 'jobs',
  node: string,
  epoch: number,
  by: 1 | -1,
): Cluster => {
  const server = cluster.servers[node];
  if (server?.epoch !== epoch) return cluster;
  const changed = { ...server, [what]: Math.max(0, server[what] + by) };
  return { ...cluster, servers: { ...cluster.servers, [node]: changed } };
};

/** What a server has to do, for what it can. */
const loadOf = ({ sessions, jobs, slots }: Server): number =>
  (jobs + sessions / SESSIONS_PER_JOB) / Math.max(1, slots);

const fits = ({ draining, labels }: Server, wanted: readonly string[]): boolean =>
  !draining && wanted.every((label) => labels.includes(label));

/** Places who waits where the load is least, on the first by name among equals. */
const placed = (
  cluster: Cluster,
  timers: { readonly [session: string]: number | null } = {},
): Reaction<Cluster> => {
  const commands: ProcessCommand[] = [];
  const cleared: { [session: string]: null } = {};
  let after: Cluster = { ...cluster, waiting: [] };
  for (const one of cluster.waiting) {
    const [best] = Object.entries(after.servers)
      .filter(([, server]) => fits(server, one.labels))
      .sort(([a, left], [b, right]) => loadOf(left) - loadOf(right) || (a < b ? -1 : 1));
    if (!best) {
      after = { ...after, waiting: [...after.waiting, one] };
      continue;
    }
    const [node, { epoch }] = best;
    const command: SessionCommand = { type: 'PlaceSession', node, nodeEpoch: epoch };
    commands.push({ to: 'session', id: one.session, command });
    cleared[one.session] = null;
    after = counted(after, 'sessions', node, epoch, 1);
    after = { ...after, proposed: { ...after.proposed, [one.session]: { node, epoch } } };
  }
  return { state: after, commands, timers: { ...timers, ...cleared } };
};

/** The session has left the cluster: it gives back what was counted for it. */
const gone = (cluster: Cluster, session: string, node?: string, epoch?: number): Cluster => {
  const waiting = cluster.waiting.filter((other) => other.session !== session);
  const promised = cluster.proposed[session];
  const rest = {
    ...cluster,
    waiting,
    unseated: without(cluster.unseated, session),
    proposed: without(cluster.proposed, session),
  };
  if (promised) return counted(rest, 'sessions', promised.node, promised.epoch, -1);
  return node === undefined || epoch === undefined ? rest : counted(rest, 'sessions', node, epoch, -1);
};

const drains = (cluster: Cluster, node: string, epoch: number, draining: boolean): Cluster => {
  const server = cluster.servers[node];
  if (server?.epoch !== epoch) return cluster;
  return { ...cluster, servers: { ...cluster.servers, [node]: { ...server, draining } } };
};

const noServer = (labels: readonly string[]): string =>
  labels.length > 0
    ? `No server that takes new sessions has all of ${labels.join(', ')}, which the app needs`
    : 'No server is there that could open it';

/** It may now have a server, and waits for one if none is there. */
const admitted = (
  cluster: Cluster,
  session: string,
  labels: readonly string[],
  at: number,
): Reaction<Cluster> =>
  placed(
    { ...cluster, waiting: [...cluster.waiting, { session, labels }] },
    { [session]: at + NO_SERVER_MS },
  );

/**
 * Who waits for a seat may have been looked at through the server that is gone, and nobody else would tell: the other
 * servers say so again where somebody looks.
 */
const unwatched = (cluster: Cluster): readonly ProcessCommand[] =>
  Object.keys(cluster.unseated).map((id) => {
    const command: SessionCommand = { type: 'DetachSession', waiting: true };
    return { to: 'session', id, command };
  });

/** Gives every requested session a server, as soon as it has its seat and there is one that fits. */
export const placeSession: Process<Cluster, On> = {
  name: 'place-session',
  version: 3,
  on: [
    'SessionRequested',
    'SessionPlaced',
    'SessionEnded',
    'JobStarted',
    'JobRequeued',
    'JobCompleted',
    'JobFailed',
    'JobCancelled',
    'JobAbandoned',
    'NodeJoined',
    'NodeDeclaredDead',
    'NodeLeft',
    'NodeDrainStarted',
    'NodeResumed',
    'NodeRemoved',
    'SeatGranted',
  ],
  keyOf: () => 'cluster',

  react(cluster = NOBODY, { stream, at, event }) {
    const id = idOf(stream);
    switch (event.type) {
      case 'SessionRequested': {
        const { licence, labels = [] } = event;
        if (licence === undefined) return admitted(cluster, id, labels, at);
        return { state: { ...cluster, unseated: { ...cluster.unseated, [id]: labels } } };
      }
      case 'SeatGranted': {
        const labels = cluster.unseated[event.holder];
        if (!labels) return { state: cluster };
        const unseated = without(cluster.unseated, event.holder);
        return admitted({ ...cluster, unseated }, event.holder, labels, at);
      }
      case 'SessionPlaced': {
        const promised = cluster.proposed[id];
        const kept = { ...cluster, proposed: without(cluster.proposed, id) };
        const { node, nodeEpoch } = event;
        if (promised?.node === node && promised.epoch === nodeEpoch) return { state: kept };
        return { state: counted(gone(cluster, id), 'sessions', node, nodeEpoch, 1) };
      }
      case 'SessionEnded':
        return { state: gone(cluster, id, event.node, event.nodeEpoch), timers: { [id]: null } };
      case 'JobStarted':
        return { state: counted(cluster, 'jobs', event.node, event.nodeEpoch, 1) };
      case 'JobRequeued':
      case 'JobCompleted':
      case 'JobFailed':
      case 'JobAbandoned':
        return { state: counted(cluster, 'jobs', event.node, event.nodeEpoch, -1) };
      case 'JobCancelled':
        return event.node === null || event.nodeEpoch === null
          ? { state: cluster }
          : { state: counted(cluster, 'jobs', event.node, event.nodeEpoch, -1) };
      case 'NodeJoined': {
        if (!event.roles.includes('pro')) return { state: cluster };
        const { epoch, slots, labels = [], draining = false } = event;
        const server: Server = { epoch, slots, labels, draining, sessions: 0, jobs: 0 };
        return placed({ ...cluster, servers: { ...cluster.servers, [id]: server } });
      }
      case 'NodeDeclaredDead':
      case 'NodeLeft':
      case 'NodeRemoved': {
        const same = cluster.servers[id]?.epoch === event.epoch;
        return {
          state: same ? { ...cluster, servers: without(cluster.servers, id) } : cluster,
          commands: unwatched(cluster),
        };
      }
      case 'NodeDrainStarted':
        return { state: drains(cluster, id, event.epoch, true) };
      case 'NodeResumed':
        return placed(drains(cluster, id, event.epoch, false));
      case 'TimerFired': {
        const late = cluster.waiting.find(({ session }) => session === event.timer);
        if (!late) return { state: cluster };
        const command: SessionCommand = {
          type: 'EndSession',
          reason: 'no-server',
          message: noServer(late.labels),
        };
        return { state: gone(cluster, event.timer), commands: [{ to: 'session', id: event.timer, command }] };
      }
    }
  },
};
