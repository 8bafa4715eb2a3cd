import { AggregateCommand, commandHandler } from '@openpro/eventstore';
import { leadership, type LeadershipCommand } from './leadership.js';
import { node, type NodeCommand } from './node.js';

export class ForNode extends AggregateCommand<NodeCommand> {}
export class ForLeadership extends AggregateCommand<LeadershipCommand> {}

export const clusterHandlers = [commandHandler(ForNode, node), commandHandler(ForLeadership, leadership)];
