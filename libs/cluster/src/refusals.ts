import { checkText, clip, type BadInput, type Decider } from '@openpro/kernel';

/**
 * Who was not let in at the door for servers, what was reported by an attempt that has no say any more, or what a person
 * wanted to change and may not, or not so.
 */
export interface Refused {
  readonly what: 'link' | 'report' | 'command';
  /** An address, the server itself, or the person. */
  readonly from: string;
  /** What the person asked for: the name of the mutation. */
  readonly command?: string;
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
  decide: ({ type: _, from, reason, ...refused }) =>
    checkText('code', refused.code, { max: 100 }) ?? [
      { type: 'RefusalRecorded', ...refused, from: clip(from, 200), reason: clip(reason, 500) },
    ],
  evolve: (refusals) => refusals,
};

export const refusals = { name: 'refusals', context: 'cluster', decider } as const;
