import {
  type BadInput,
  checkNumber,
  checkOneOf,
  checkText,
  type Decider,
  refuse,
  type Refusal,
} from '@openpro/kernel';

/** What a server can run; sessions and jobs run where `pro` is. */
export const NODE_ROLES = ['portal', 'webui', 'proxy', 'pro'] as const;

interface Joined {
  readonly name: string;
  readonly roles: readonly string[];
  /** Jobs that may run at once. */
  readonly slots: number;
  /** Of the platform. */
  readonly version: string;
  /** How well sessions are kept apart there. */
  readonly isolation: string;
}

export type NodeEvent =
  | ({ readonly type: 'NodeJoined'; readonly epoch: number } & Joined)
  /** Final for that epoch: the server must join again with a higher one. */
  | { readonly type: 'NodeDeclaredDead'; readonly epoch: number; readonly reason: string }
  | { readonly type: 'NodeLeft'; readonly epoch: number };

export type NodeCommand =
  | ({ readonly type: 'JoinNode' } & Joined)
  | { readonly type: 'DeclareDead'; readonly epoch: number; readonly reason: string }
  | { readonly type: 'LeaveNode'; readonly epoch: number };

export type NodeRefusal = BadInput | Refusal<'NoSuchNode'>;

export type Node =
  { readonly is: 'new' } | { readonly is: 'joined' | 'dead' | 'left'; readonly epoch: number };

const wrongIn = ({ name, roles, slots, version, isolation }: Joined): BadInput | undefined =>
  checkText('name', name, { max: 100 }) ??
  roles.map((role) => checkOneOf('roles', role, NODE_ROLES)).find((wrong) => wrong !== undefined) ??
  checkNumber('slots', slots, { min: 0, max: 1024, whole: true }) ??
  checkText('version', version, { max: 100 }) ??
  checkText('isolation', isolation, { max: 200 });

const decider: Decider<Node, NodeCommand, NodeEvent, NodeRefusal> = {
  initial: { is: 'new' },

  decide(command, node) {
    switch (command.type) {
      case 'JoinNode': {
        const { name, roles, slots, version, isolation } = command;
        const last = node.is === 'new' ? 0 : node.epoch;
        const wrong = wrongIn(command);
        if (wrong) return wrong;
        return [
          // Who joins again has lost what ran before, even if nobody had noticed yet.
          ...(node.is === 'joined'
            ? [{ type: 'NodeDeclaredDead', epoch: last, reason: 'The server started again' } as const]
            : []),
          { type: 'NodeJoined', epoch: last + 1, name, roles, slots, version, isolation },
        ];
      }
      case 'DeclareDead':
        if (node.is === 'new') return refuse('NoSuchNode', 'There is no such server');
        return node.is === 'joined' && node.epoch === command.epoch
          ? [{ type: 'NodeDeclaredDead', epoch: command.epoch, reason: command.reason }]
          : [];
      case 'LeaveNode':
        if (node.is === 'new') return refuse('NoSuchNode', 'There is no such server');
        return node.is === 'joined' && node.epoch === command.epoch
          ? [{ type: 'NodeLeft', epoch: command.epoch }]
          : [];
    }
  },

  evolve(_, event) {
    switch (event.type) {
      case 'NodeJoined':
        return { is: 'joined', epoch: event.epoch };
      case 'NodeDeclaredDead':
        return { is: 'dead', epoch: event.epoch };
      case 'NodeLeft':
        return { is: 'left', epoch: event.epoch };
    }
  },
};

export const node = { name: 'node', context: 'cluster', decider } as const;
