import { AggregateCommand, commandHandler } from '@openpro/eventstore';
import { authority, type AuthorityCommand } from './authority.js';
import { leadership, type LeadershipCommand } from './leadership.js';
import { node, type NodeCommand } from './node.js';
import { refusals, type RefusalsCommand } from './refusals.js';

export class ForNode extends AggregateCommand<NodeCommand> {}
export class ForLeadership extends AggregateCommand<LeadershipCommand> {}
export class ForAuthority extends AggregateCommand<AuthorityCommand> {}
export class ForRefusals extends AggregateCommand<RefusalsCommand> {}

export const clusterHandlers = [
  commandHandler(ForNode, node),
  commandHandler(ForLeadership, leadership),
  commandHandler(ForAuthority, authority),
  commandHandler(ForRefusals, refusals),
];
