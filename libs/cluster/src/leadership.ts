import { type Decider, refuse, type Refusal } from '@openpro/kernel';

interface Leader {
  readonly node: string;
  /** Of the lease; what a leader does carries it. */
  readonly epoch: number;
}

export type LeadershipEvent = { readonly type: 'LeaderElected' } & Leader;
export type LeadershipCommand = { readonly type: 'ElectLeader' } & Leader;
export type LeadershipRefusal = Refusal<'EpochNotNewer'>;

/** The epoch of the last leader, 0 before the first. */
export type Leadership = { readonly epoch: number };

const decider: Decider<Leadership, LeadershipCommand, LeadershipEvent, LeadershipRefusal> = {
  initial: { epoch: 0 },

  decide: ({ node, epoch }, last) =>
    Number.isInteger(epoch) && epoch > last.epoch
      ? [{ type: 'LeaderElected', node, epoch }]
      : refuse('EpochNotNewer', `Epoch ${epoch} is not newer than ${last.epoch}, that of the last leader`),

  evolve: (_, { epoch }) => ({ epoch }),
};

export const leadership = { name: 'leadership', context: 'cluster', decider } as const;
