import type { Position } from '@openpro/eventstore';

/** Injection tokens for what has no class of its own. */
export const EVENT_STORE = Symbol('EventStore');
export const CONFIG = Symbol('ServerConfig');
export const NODE = Symbol('ThisNode');
export const LINK = Symbol('ProLink');

/** This server's identity in the cluster; its epoch grows with every start. */
export interface ThisNode {
  readonly id: string;
  readonly epoch: number;
  readonly name: string;
  /** Where in the log it joined: what concerns it comes after. */
  readonly joinedAt: Position;
}
