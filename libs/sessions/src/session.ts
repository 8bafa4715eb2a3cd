import { clip, type Decider, refuse, type Refusal } from '@openpro/kernel';

/** A published package: a session keeps the versions that it was opened with. */
interface PackageRef {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
}

interface Requested {
  readonly environment: string;
  readonly owner: string;
  readonly app: PackageRef;
  readonly engine: PackageRef;
  /** What the app needs of a server. */
  readonly labels?: readonly string[];
  /** It waits for a data seat of this licence before it gets a server. */
  readonly licence?: string;
  /** Where its owner opened it: his sessions on one device share a seat. */
  readonly device?: string;
  /** Opened with the data that another session kept before it ended, and the server where that one lived. */
  readonly restores?: { readonly session: string; readonly digest: string; readonly node?: string };
}

/** One life of one server. */
interface Place {
  readonly node: string;
  readonly nodeEpoch: number;
}

/** A step of the launch, and when it was done: milliseconds after the server began. */
export interface LaunchStep {
  readonly name: string;
  readonly ms: number;
}

export type EndReason =
  | 'closed'
  | 'idle'
  | 'crashed'
  | 'node-lost'
  | 'drained'
  | 'failed-to-start'
  | 'no-server'
  | 'left-line'
  | 'seat-freed';

export type SessionEvent =
  | ({ readonly type: 'SessionRequested' } & Requested)
  /** `from`: the server where the session lived that this one opens again. */
  | ({ readonly type: 'SessionPlaced'; readonly from?: string } & Place)
  | ({ readonly type: 'SessionReady'; readonly steps: readonly LaunchStep[] } & Place)
  | { readonly type: 'SessionAttached' }
  | { readonly type: 'SessionDetached' }
  /** Its data as it is now is kept under this digest, should it be lost. */
  | ({ readonly type: 'SessionSaved'; readonly digest: string } & Place)
  /** Names the server if it had one, so that its listeners need no other event. */
  | ({
      readonly type: 'SessionEnded';
      readonly reason: EndReason;
      readonly message?: string;
    } & Partial<Place>);

export type SessionCommand =
  | ({ readonly type: 'RequestSession' } & Requested)
  | ({ readonly type: 'PlaceSession' } & Place)
  | ({ readonly type: 'ReportReady'; readonly steps: readonly LaunchStep[] } & Place)
  /** `waiting`: it is said by a server where its owner waits for it, and means nothing once it is placed. */
  | { readonly type: 'AttachSession' | 'DetachSession'; readonly waiting?: true }
  | ({ readonly type: 'ReportSaved'; readonly digest: string } & Place)
  | ({ readonly type: 'ReportDrained' } & Place)
  | { readonly type: 'EndSession'; readonly reason: EndReason; readonly message?: string }
  | ({ readonly type: 'LoseNode' } & Place)
  | ({ readonly type: 'ReportCrash'; readonly message: string } & Place);

export type SessionRefusal = Refusal<'SessionExists' | 'NoSuchSession' | 'StaleReport'>;

/**
 * ```
 *   new ──RequestSession──► requested ──PlaceSession──► starting ──ReportReady──► ready
 *                               │                          │                        │
 *                               └── EndSession ────────────┴── EndSession, LoseNode, ReportDrained, ReportCrash ──► ended
 * ```
 * Attached or detached in every state between: whether somebody looks at it. Its place counts anew who does.
 */
export type Session =
  | { readonly is: 'new' }
  | { readonly is: 'requested'; readonly attached: boolean; readonly from: string | null }
  | ({ readonly is: 'starting' | 'ready'; readonly attached: boolean; readonly saved: string | null } & Place)
  | { readonly is: 'ended' };

type Placed = Session & { readonly is: 'starting' | 'ready' };

/** What a server says of a session that lives there. */
type Report = Extract<SessionCommand, { type: `Report${string}` }>;

const MAX_MESSAGE_LENGTH = 4000;

const placeOf = (session: Session): Place | undefined =>
  session.is === 'starting' || session.is === 'ready'
    ? { node: session.node, nodeEpoch: session.nodeEpoch }
    : undefined;

const livesAt = (session: Session, { node, nodeEpoch }: Place): session is Placed => {
  const place = placeOf(session);
  return place?.node === node && place.nodeEpoch === nodeEpoch;
};

const staleReport = () =>
  refuse('StaleReport', 'The session does not live on this server, or not any more: the report is dropped');

const ended = (session: Session, reason: EndReason, message?: string): readonly SessionEvent[] => [
  {
    type: 'SessionEnded',
    reason,
    ...(message === undefined ? {} : { message: clip(message, MAX_MESSAGE_LENGTH) }),
    ...placeOf(session),
  },
];

const isReport = (command: SessionCommand): command is Report => command.type.startsWith('Report');

const reported = (session: Placed, command: Report): readonly SessionEvent[] => {
  const { node, nodeEpoch } = command;
  switch (command.type) {
    case 'ReportReady':
      return session.is === 'starting'
        ? [{ type: 'SessionReady', node, nodeEpoch, steps: command.steps }]
        : [];
    case 'ReportSaved':
      return session.is === 'ready' && session.saved !== command.digest
        ? [{ type: 'SessionSaved', node, nodeEpoch, digest: command.digest }]
        : [];
    case 'ReportDrained':
      return ended(session, 'drained');
    case 'ReportCrash':
      return ended(session, session.is === 'ready' ? 'crashed' : 'failed-to-start', command.message);
  }
};

const decider: Decider<Session, SessionCommand, SessionEvent, SessionRefusal> = {
  initial: { is: 'new' },

  decide(command, session) {
    if (command.type === 'RequestSession')
      return session.is === 'new'
        ? [{ ...command, type: 'SessionRequested' }]
        : refuse('SessionExists', 'There is a session with this id already');
    if (session.is === 'new') return refuse('NoSuchSession', 'There is no such session');
    if (isReport(command)) return livesAt(session, command) ? reported(session, command) : staleReport();
    if (session.is === 'ended') return []; // whatever else is still said about it comes late
    if ('waiting' in command && session.is !== 'requested') return [];
    switch (command.type) {
      case 'PlaceSession': {
        if (session.is !== 'requested') return [];
        const { node, nodeEpoch } = command;
        const again = session.from === null ? {} : { from: session.from };
        return [{ type: 'SessionPlaced', node, nodeEpoch, ...again }];
      }
      case 'AttachSession':
        return session.attached ? [] : [{ type: 'SessionAttached' }];
      case 'DetachSession':
        return session.attached ? [{ type: 'SessionDetached' }] : [];
      case 'EndSession':
        return ended(session, command.reason, command.message);
      case 'LoseNode': // no report of the session's server: the process may tell it twice, or late
        return livesAt(session, command) ? ended(session, 'node-lost') : [];
    }
  },

  evolve(session, event) {
    if (event.type === 'SessionRequested')
      return { is: 'requested', attached: false, from: event.restores?.node ?? null };
    if (session.is === 'new' || session.is === 'ended') return session;
    switch (event.type) {
      case 'SessionPlaced':
      case 'SessionReady': {
        const { node, nodeEpoch } = event;
        const is = event.type === 'SessionPlaced' ? 'starting' : 'ready';
        const attached = is === 'ready' && session.attached;
        return { is, attached, saved: null, node, nodeEpoch };
      }
      case 'SessionSaved':
        return session.is === 'requested' ? session : { ...session, saved: event.digest };
      case 'SessionAttached':
        return { ...session, attached: true };
      case 'SessionDetached':
        return { ...session, attached: false };
      case 'SessionEnded':
        return { is: 'ended' };
    }
  },
};

export const session = { name: 'session', context: 'sessions', decider } as const;
