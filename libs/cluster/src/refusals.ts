import { checkText, clip, type BadInput, type Decider } from '@openpro/kernel';

/** Who was not let in at the door for servers, or what was reported by an attempt that has no say any more. */
export interface Refused {
  readonly what: 'link' | 'report';
  /** An address, or the server itself. */
  readonly from: string;
  /** The server that it says it is, where that is proven. */
  readonly node: string | null;
  readonly code: string;
  readonly reason: string;
}

/** One stream per server and day: what changes nothing, kept for auditors. */
export type RefusalsEvent = { readonly type: 'RefusalRecorded' } & Refused;
export type RefusalsCommand = { readonly type: 'RecordRefusal' } & Refused;

/** It only grows. */
export type Refusals = { readonly is: 'open' };

const decider: Decider<Refusals, RefusalsCommand, RefusalsEvent, BadInput> = {
  initial: { is: 'open' },
  decide: ({ what, from, node, code, reason }) =>
    checkText('code', code, { max: 100 }) ?? [
      { type: 'RefusalRecorded', what, from: clip(from, 200), node, code, reason: clip(reason, 500) },
    ],
  evolve: (refusals) => refusals,
};

export const refusals = { name: 'refusals', context: 'cluster', decider } as const;
