export { leader, type LeaderRow } from './leader.projection.js';
export { leadership, type LeadershipCommand, type LeadershipEvent } from './leadership.js';
export { node, NODE_ROLES, type NodeCommand, type NodeEvent } from './node.js';
export { nodeList, type NodeRow } from './node-list.projection.js';
export { ForLeadership, ForNode } from './cluster.commands.js';
export { ClusterModule } from './cluster.module.js';
export { LOAD } from './cluster.queries.js';
export { Lease } from './lease.js';
export { joinCluster, leaveCluster } from './membership.js';
