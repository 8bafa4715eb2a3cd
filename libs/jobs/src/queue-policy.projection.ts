import type { Projection } from '@openpro/eventstore';
import type { Policy, QueuePolicyEvent } from './queue-policy.js';

/** A version of the policy, and why it was made; the highest one holds. */
export interface QueuePolicyRow {
  /** The version as text. */
  readonly id: string;
  readonly version: number;
  readonly policy: Policy;
  readonly reason: string;
  readonly set_at: number;
  readonly set_by: string;
}

export const queuePolicyList: Projection<QueuePolicyRow, QueuePolicyEvent> = {
  name: 'queue_policy',
  version: 1,
  columns: {
    id: 'text',
    version: 'int4',
    policy: 'jsonb',
    reason: 'text',
    set_at: 'int8',
    set_by: 'text',
  },
  key: 'id',
  on: ['QueuePolicySet'],
  keyOf: ({ version }) => String(version),
  evolve: (_row, { version, at, actor, event: { policy, reason } }) => ({
    id: String(version),
    version,
    policy,
    reason,
    set_at: at,
    set_by: actor,
  }),
};
