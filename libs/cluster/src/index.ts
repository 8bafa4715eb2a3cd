export { leader, type LeaderRow } from './leader.projection.js';
export { leadership, type LeadershipCommand, type LeadershipEvent } from './leadership.js';
export { node, NODE_ROLES, type NodeCommand, type NodeEvent } from './node.js';
export { nodeList, type NodeRow } from './node-list.projection.js';
