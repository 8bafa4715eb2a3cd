import type { LeadershipEvent, NodeEvent } from '@openpro/cluster';
import type { Projection, Recorded } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { SessionEvent } from '@openpro/sessions';
import type { JobEvent } from './job.js';

type Moved = Extract<JobEvent, { type: 'JobStarted' | 'JobRequeued' | 'JobAbandoned' }>;
type Sessions = Extract<SessionEvent, { type: 'SessionPlaced' | 'SessionEnded' }>;
type On = NodeEvent | LeadershipEvent | Moved | Sessions;

/** What happened to a server, and what moved because of it. Grows with what goes wrong, not with the work. */
export interface TimelineRow {
  /** Position in the log, so that the order of the ids is the order of what happened. */
  readonly id: string;
  readonly at: number;
  readonly type: On['type'];
  readonly actor: string;
  readonly node: string | null;
  readonly job: string | null;
  readonly session: string | null;
  readonly details: {
    /** Of the server then. */
    readonly name?: string;
    readonly version?: string;
    readonly slots?: number;
    readonly draining?: boolean;
    readonly reason?: string;
    readonly graceS?: number;
    readonly attempt?: number;
    /** Id of the server where the session lived before. */
    readonly from?: string;
  };
}

/** Why a session has ended that its owner did not want to end: its server. */
const MOVES: readonly string[] = ['node-lost', 'drained'];

const worthTelling = ({ event }: Recorded<On>): boolean => {
  if (event.type === 'JobStarted') return event.attempt > 1;
  if (event.type === 'SessionPlaced') return event.from !== undefined;
  return event.type !== 'SessionEnded' || MOVES.includes(event.reason);
};

const whatOf = ({ stream, event }: Recorded<On>): Omit<TimelineRow, 'id' | 'at' | 'type' | 'actor'> => {
  const id = idOf(stream);
  const server = { node: id, job: null, session: null };
  switch (event.type) {
    case 'NodeInvited':
    case 'NodeAdmitted':
      return { ...server, details: { name: event.name } };
    case 'NodeJoined': {
      const { name, version, slots, draining = false } = event;
      return { ...server, details: { name, version, slots, draining } };
    }
    case 'NodeDeclaredDead':
    case 'NodeRemoved':
      return { ...server, details: { reason: event.reason } };
    case 'NodeLeft':
    case 'NodeResumed':
      return { ...server, details: {} };
    case 'NodeDrainStarted':
      return { ...server, details: { reason: event.reason, graceS: event.graceS } };
    case 'LeaderElected':
      return { node: event.node, job: null, session: null, details: {} };
    case 'JobStarted':
      return { node: event.node, job: id, session: null, details: { attempt: event.attempt } };
    case 'JobRequeued':
    case 'JobAbandoned': {
      const { node, attempt, reason } = event;
      return { node, job: id, session: null, details: { attempt, reason } };
    }
    case 'SessionPlaced':
      return { node: event.node, job: null, session: id, details: event.from ? { from: event.from } : {} };
    case 'SessionEnded':
      return { node: event.node ?? null, job: null, session: id, details: { reason: event.reason } };
  }
};

export const clusterTimeline: Projection<TimelineRow, On> = {
  name: 'cluster_timeline',
  version: 2,
  columns: {
    id: 'text',
    at: 'int8',
    type: 'text',
    actor: 'text',
    node: 'text',
    job: 'text',
    session: 'text',
    details: 'jsonb',
  },
  key: 'id',
  on: [
    'NodeInvited',
    'NodeAdmitted',
    'NodeJoined',
    'NodeDeclaredDead',
    'NodeLeft',
    'NodeDrainStarted',
    'NodeResumed',
    'NodeRemoved',
    'LeaderElected',
    'JobStarted',
    'JobRequeued',
    'JobAbandoned',
    'SessionPlaced',
    'SessionEnded',
  ],
  keyOf: (recorded) => (worthTelling(recorded) ? recorded.position : undefined),
  evolve: (_, recorded) => {
    const { position, at, actor, event } = recorded;
    return { id: position, at, type: event.type, actor, ...whatOf(recorded) };
  },
};

const graceWords = (seconds: number): string =>
  seconds === 0
    ? 'what runs there is moved at once'
    : `what runs there may go on for ${seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`}`;

const because = (reason: string | undefined): string => (reason ? `: ${reason}` : '');

/** The entry in words; `server` is the name of its server, `from` of the one where the session lived before. */
export const sentenceOf = ({ type, details }: TimelineRow, server: string, from = 'a server'): string => {
  const { reason, attempt } = details;
  switch (type) {
    case 'NodeInvited':
      return `${server} was invited to the cluster`;
    case 'NodeAdmitted':
      return `${server} showed its token and was let in`;
    case 'NodeJoined': {
      const slots = details.slots ?? 0;
      const drains = details.draining ? ', and goes on draining' : '';
      return `${server} joined with ${slots} slot${slots === 1 ? '' : 's'}, version ${details.version}${drains}`;
    }
    case 'NodeDeclaredDead':
      return `${server} was declared dead${because(reason)}`;
    case 'NodeLeft':
      return `${server} left in good order`;
    case 'NodeDrainStarted':
      return `${server} takes no new work${because(reason)}; ${graceWords(details.graceS ?? 0)}`;
    case 'NodeResumed':
      return `${server} takes work again`;
    case 'NodeRemoved':
      return `${server} was removed from the cluster${because(reason)}`;
    case 'LeaderElected':
      return `${server} leads from now on`;
    case 'JobStarted':
      return `A job runs again on ${server}, as attempt ${attempt}`;
    case 'JobRequeued':
      if (reason === 'crashed')
        return `A job went back to the queue, because its process crashed on ${server} in attempt ${attempt}`;
      return reason === 'drained'
        ? `A job went back to the queue, because ${server} gave back its work; attempt ${attempt} is not charged`
        : `A job went back to the queue, because ${server} was lost in attempt ${attempt}`;
    case 'JobAbandoned':
      return `A job was given up${because(reason)}`;
    case 'SessionPlaced':
      return `A session of ${from} was opened again on ${server}, with what it had kept`;
    case 'SessionEnded':
      return `A session ended, because ${server} ${reason === 'drained' ? 'gave back its work' : 'was lost'}`;
  }
};
