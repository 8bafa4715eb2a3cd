import {
  type BadInput,
  checkDigest,
  checkForm,
  checkLabels,
  checkNumber,
  checkOneOf,
  checkText,
  type Decider,
  NODE_ROLES,
  refuse,
  type Refusal,
} from '@openpro/kernel';

/** How long the work of a draining server may go on before it is given back, where nobody says another time. */
export const DRAIN_GRACE_S = 300;
const MAX_DRAIN_GRACE_S = 86_400;

interface Joined {
  readonly name: string;
  readonly roles: readonly string[];
  /** Jobs that may run at once. */
  readonly slots: number;
  /** Of the platform. */
  readonly version: string;
  /** How well sessions are kept apart there. */
  readonly isolation: string;
  /** What it has that others have not (`gpu`, `site=berlin`): jobs that ask for it run only there. */
  readonly labels?: readonly string[];
  /** `host:port` where other servers reach it. */
  readonly link?: string;
  /** What it has for jobs that say what they need. */
  readonly memoryMiB?: number;
  readonly cores?: number;
}

/** As what a server may take part. */
interface Admission {
  readonly name: string;
  readonly roles: readonly string[];
}

interface Invitation extends Admission {
  /** SHA-256 of the one-time token. */
  readonly tokenHash: string;
  /** In milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Why a server takes no new work, and how long what runs there may go on. */
interface Drain {
  readonly reason: string;
  readonly graceS: number;
}

export type NodeEvent =
  | ({ readonly type: 'NodeInvited' } & Invitation)
  /** `key`: SHA-256 of the public key that the token was traded for. */
  | ({ readonly type: 'NodeAdmitted'; readonly key?: string } & Admission)
  /** `draining`: it was draining before, and a restart does not undo that. */
  | ({ readonly type: 'NodeJoined'; readonly epoch: number; readonly draining?: boolean } & Joined)
  /** Final for that epoch: the server must join again with a higher one. */
  | { readonly type: 'NodeDeclaredDead'; readonly epoch: number; readonly reason: string }
  | { readonly type: 'NodeLeft'; readonly epoch: number }
  | ({ readonly type: 'NodeDrainStarted'; readonly epoch: number } & Drain)
  | { readonly type: 'NodeResumed'; readonly epoch: number }
  /** Final for the server; a life that it still had was declared dead before. */
  | { readonly type: 'NodeRemoved'; readonly epoch: number; readonly reason: string };

export type NodeCommand =
  | ({ readonly type: 'InviteNode' } & Invitation)
  | {
      readonly type: 'AdmitNode';
      readonly tokenHash: string;
      readonly name: string;
      readonly key: string;
      readonly now: number;
    }
  | ({ readonly type: 'JoinNode' } & Joined)
  | { readonly type: 'DeclareDead'; readonly epoch: number; readonly reason: string }
  | { readonly type: 'LeaveNode'; readonly epoch: number }
  | ({ readonly type: 'DrainNode' } & Drain)
  | { readonly type: 'ResumeNode' }
  /** `working`: jobs and sessions there, as far as the caller knows. */
  | {
      readonly type: 'RemoveNode';
      readonly reason: string;
      readonly force: boolean;
      readonly working: number;
    };

export type NodeRefusal =
  | BadInput
  | Refusal<
      | 'NoSuchNode'
      | 'NodeExists'
      | 'TokenNotValid'
      | 'NotAdmitted'
      | 'NotJoined'
      | 'StillWorking'
      | 'NodeRemoved'
    >;

/**
 * ```
 *        InviteNode            AdmitNode (once)            JoinNode
 *   new ───────────► invited ──────────────────► admitted ─────────► joined ◄─────────┐
 *    │                                                                ▲  │            │ JoinNode,
 *    └─────────── JoinNode: it holds the keys to the log already ─────┘  │            │ epoch + 1
 *                                                                        ▼            │
 *                                         DeclareDead, LeaveNode:    dead, left ──────┘
 *
 *   all but new and joined: InviteNode, AdmitNode again, the way back of a server whose certificate has expired;
 *     dead and left stay what they are meanwhile
 *   joined, dead, left: DrainNode ⇄ ResumeNode; what drains goes on draining after a restart
 *   all but new: RemoveNode ──► removed, for ever
 * ```
 */
export type Node = { readonly is: 'new' } | Known | { readonly is: 'removed' };

interface Known {
  readonly is: 'invited' | 'admitted' | 'joined' | 'dead' | 'left';
  /** 0 before the first life. */
  readonly epoch: number;
  readonly draining: Drain | null;
  /** The last one, and the key that its token was traded for. */
  readonly invitation: (Invitation & { readonly key: string | null }) | null;
  /** Null for a server that nobody had to invite. */
  readonly admission: Admission | null;
}

/** A name, an IPv4 address or an IPv6 one in brackets, and a port. */
const LINK_ADDRESS = /^([A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:.]{2,45}\]):\d{1,5}$/;

const checkRoles = (roles: readonly string[]): BadInput | undefined =>
  roles.map((role) => checkOneOf('roles', role, NODE_ROLES)).find((wrong) => wrong !== undefined);

const checkReason = (reason: string): BadInput | undefined =>
  checkText('reason', reason, { min: 0, max: 500 });

const wrongInJoin = ({
  name,
  roles,
  slots,
  version,
  isolation,
  labels,
  link,
  memoryMiB,
  cores,
}: Joined): BadInput | undefined =>
  checkText('name', name, { max: 100 }) ??
  checkRoles(roles) ??
  checkNumber('slots', slots, { min: 0, max: 1024, whole: true }) ??
  checkText('version', version, { max: 100 }) ??
  checkText('isolation', isolation, { max: 200 }) ??
  checkLabels('labels', labels ?? []) ??
  (link === undefined ? undefined : checkForm('link', link, LINK_ADDRESS, 'host:port')) ??
  checkNumber('memoryMiB', memoryMiB ?? 0, { min: 0, max: Number.MAX_SAFE_INTEGER, unit: 'MiB' }) ??
  checkNumber('cores', cores ?? 0, { min: 0, max: 1_000_000 });

const wrongInInvitation = ({ name, roles, tokenHash, expiresAt }: Invitation): BadInput | undefined =>
  checkText('name', name, { max: 100 }) ??
  checkRoles(roles) ??
  checkDigest('tokenHash', tokenHash) ??
  checkNumber('expiresAt', expiresAt, {
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    whole: true,
    unit: 'milliseconds',
  });

const noSuchNode = () => refuse('NoSuchNode', 'There is no such server');
const removed = () => refuse('NodeRemoved', 'This server was removed from the cluster');
const notValid = (why: string) => refuse('TokenNotValid', `This token ${why}`);

const invite = (
  command: NodeCommand & { type: 'InviteNode' },
  node: Node,
): readonly NodeEvent[] | NodeRefusal => {
  if (node.is === 'removed') return removed();
  if (node.is === 'joined') return refuse('NodeExists', 'This server takes part already');
  const { name, roles, tokenHash, expiresAt } = command;
  return wrongInInvitation(command) ?? [{ type: 'NodeInvited', name, roles, tokenHash, expiresAt }];
};

const admit = (
  { tokenHash, name, key, now }: NodeCommand & { type: 'AdmitNode' },
  node: Node,
): readonly NodeEvent[] | NodeRefusal => {
  if (node.is === 'removed') return notValid('was withdrawn');
  const invitation = node.is === 'new' ? null : node.invitation;
  // Nobody learns more about an invitation than one who holds its token.
  if (tokenHash !== invitation?.tokenHash) return notValid('is not known here');
  if (name !== invitation.name) return notValid(`is for another server, "${invitation.name}"`);
  if (invitation.key !== null && invitation.key !== key) return notValid('has been used already');
  if (now >= invitation.expiresAt) return notValid('has expired');
  const again = invitation.key === key; // the answer was lost
  return (
    checkDigest('key', key) ?? (again ? [] : [{ type: 'NodeAdmitted', name, roles: invitation.roles, key }])
  );
};

/** What a server says of itself may be less than it was let in with, and nothing else. */
const wrongInAdmission = ({ name, roles }: Joined, admission: Admission | null): NodeRefusal | undefined => {
  if (!admission) return undefined;
  if (name !== admission.name)
    return refuse('NotAdmitted', `This server was admitted as "${admission.name}", not as "${name}"`);
  const foreign = roles.filter((role) => !admission.roles.includes(role));
  return foreign.length > 0
    ? refuse(
        'NotAdmitted',
        `This server was admitted as ${admission.roles.join(', ')}, not as ${foreign.join(', ')}`,
      )
    : undefined;
};

const join = (
  command: NodeCommand & { type: 'JoinNode' },
  node: Node,
): readonly NodeEvent[] | NodeRefusal => {
  if (node.is === 'removed') return removed();
  const known = past(node);
  if (node.is === 'invited' && !known.admission)
    return refuse('NotAdmitted', 'This server was invited: it must show its token before it joins');
  const wrong = wrongInJoin(command) ?? wrongInAdmission(command, known.admission);
  if (wrong) return wrong;
  const { name, roles, slots, version, isolation, labels, link, memoryMiB, cores } = command;
  return [
    // Who joins again has lost what ran before, even if nobody had noticed yet.
    ...(node.is === 'joined'
      ? [{ type: 'NodeDeclaredDead', epoch: known.epoch, reason: 'The server started again' } as const]
      : []),
    {
      type: 'NodeJoined',
      epoch: known.epoch + 1,
      name,
      roles,
      slots,
      version,
      isolation,
      ...(labels?.length ? { labels } : {}),
      ...(link === undefined ? {} : { link }),
      ...(memoryMiB === undefined ? {} : { memoryMiB }),
      ...(cores === undefined ? {} : { cores }),
      ...(known.draining ? { draining: true } : {}),
    },
  ];
};

const end = (
  command: NodeCommand & { type: 'DeclareDead' | 'LeaveNode' },
  node: Node,
): readonly NodeEvent[] | NodeRefusal => {
  if (node.is === 'new') return noSuchNode();
  const { epoch } = command;
  if (node.is !== 'joined' || node.epoch !== epoch) return []; // told twice, or too late
  return command.type === 'LeaveNode'
    ? [{ type: 'NodeLeft', epoch }]
    : [{ type: 'NodeDeclaredDead', epoch, reason: command.reason }];
};

const steer = (
  command: NodeCommand & { type: 'DrainNode' | 'ResumeNode' },
  node: Node,
): readonly NodeEvent[] | NodeRefusal => {
  switch (node.is) {
    case 'new':
      return noSuchNode();
    case 'removed':
      return removed();
    case 'invited':
    case 'admitted':
      return refuse('NotJoined', 'This server was invited, but has not joined the cluster yet');
    case 'joined':
    case 'dead':
    case 'left': {
      const { epoch, draining } = node;
      if (command.type === 'ResumeNode') return draining ? [{ type: 'NodeResumed', epoch }] : [];
      const { reason, graceS } = command;
      const grace = { min: 0, max: MAX_DRAIN_GRACE_S, whole: true, unit: 'seconds' };
      const wrong = checkReason(reason) ?? checkNumber('graceS', graceS, grace);
      if (wrong) return wrong;
      // Said again with another grace it counts from now: who cannot wait any longer says 0.
      const known = draining?.reason === reason && draining.graceS === graceS;
      return known ? [] : [{ type: 'NodeDrainStarted', epoch, reason, graceS }];
    }
  }
};

const remove = (
  { reason, force, working }: NodeCommand & { type: 'RemoveNode' },
  node: Node,
): readonly NodeEvent[] | NodeRefusal => {
  if (node.is === 'new') return noSuchNode();
  if (node.is === 'removed') return [];
  const wrong = checkReason(reason);
  if (wrong) return wrong;
  const { epoch } = node;
  if (node.is !== 'joined') return [{ type: 'NodeRemoved', epoch, reason }];
  if (!force && !node.draining)
    return refuse('StillWorking', 'This server takes part in the work: drain it first');
  if (!force && working > 0)
    return refuse(
      'StillWorking',
      `${working === 1 ? 'One job or session is' : `${working} jobs and sessions are`} still there: wait until this server is drained`,
    );
  return [
    // Whoever waits for the end of that life hears it in the words that it knows.
    { type: 'NodeDeclaredDead', epoch, reason: 'The server was removed from the cluster' },
    { type: 'NodeRemoved', epoch, reason },
  ];
};

const decider: Decider<Node, NodeCommand, NodeEvent, NodeRefusal> = {
  initial: { is: 'new' },

  decide(command, node) {
    switch (command.type) {
      case 'InviteNode':
        return invite(command, node);
      case 'AdmitNode':
        return admit(command, node);
      case 'JoinNode':
        return join(command, node);
      case 'DeclareDead':
      case 'LeaveNode':
        return end(command, node);
      case 'DrainNode':
      case 'ResumeNode':
        return steer(command, node);
      case 'RemoveNode':
        return remove(command, node);
    }
  },

  evolve(node, event) {
    const before = past(node);
    switch (event.type) {
      case 'NodeInvited': {
        const { name, roles, tokenHash, expiresAt } = event;
        const invitation = { name, roles, tokenHash, expiresAt, key: null };
        return { ...before, is: before.epoch > 0 ? before.is : 'invited', invitation };
      }
      case 'NodeAdmitted': {
        const { name, roles, key = '' } = event;
        const invitation = before.invitation && { ...before.invitation, key };
        const is = before.epoch > 0 ? before.is : 'admitted';
        return { ...before, is, invitation, admission: { name, roles } };
      }
      case 'NodeJoined':
        return { ...before, is: 'joined', epoch: event.epoch };
      case 'NodeDeclaredDead':
        return { ...before, is: 'dead', epoch: event.epoch };
      case 'NodeLeft':
        return { ...before, is: 'left', epoch: event.epoch };
      case 'NodeDrainStarted': {
        const { reason, graceS } = event;
        return { ...before, draining: { reason, graceS } };
      }
      case 'NodeResumed':
        return { ...before, draining: null };
      case 'NodeRemoved':
        return { is: 'removed' };
    }
  },
};

/** What is known of a server, and of one that nobody has heard of. */
const past = (node: Node): Known =>
  'epoch' in node ? node : { is: 'invited', epoch: 0, draining: null, invitation: null, admission: null };

export const node = { name: 'node', context: 'cluster', decider } as const;
