import { type BadInput, checkDigest, checkText, type Decider, refuse, type Refusal } from '@openpro/kernel';

interface Saved {
  readonly environment: string;
  readonly app: string;
  readonly version: string;
  readonly owner: string;
  readonly name: string;
  /** SHA-256 of the case's manifest, which names every blob. */
  readonly digest: string;
  /** The session whose data it is. */
  readonly session?: string;
}

/** `job`: whose input or result it was, which no event here has brought. */
interface OfJob {
  readonly job?: string;
}

export type CaseEvent = ({ readonly type: 'CaseSaved' } & Saved) | ({ readonly type: 'CaseRemoved' } & OfJob);
export type CaseCommand = ({ readonly type: 'SaveCase' } & Saved) | ({ readonly type: 'RemoveCase' } & OfJob);
export type CaseRefusal = BadInput | Refusal<'CaseExists' | 'NoSuchCase'>;

export type Case = { readonly is: 'new' | 'removed' } | { readonly is: 'saved'; readonly digest: string };

const decider: Decider<Case, CaseCommand, CaseEvent, CaseRefusal> = {
  initial: { is: 'new' },

  decide(command, state) {
    switch (command.type) {
      case 'SaveCase':
        if (state.is !== 'new') return refuse('CaseExists', 'There is a case with this id already');
        return (
          checkText('name', command.name, { max: 200 }) ??
          checkDigest('digest', command.digest) ?? [{ ...command, type: 'CaseSaved' }]
        );
      case 'RemoveCase':
        if (state.is === 'new' && command.job === undefined)
          return refuse('NoSuchCase', 'There is no such case');
        return state.is === 'removed' ? [] : [{ ...command, type: 'CaseRemoved' }];
    }
  },

  evolve(_, event) {
    switch (event.type) {
      case 'CaseSaved':
        return { is: 'saved', digest: event.digest };
      case 'CaseRemoved':
        return { is: 'removed' };
    }
  },
};

/** `case` is a word of the language. */
export const caseAggregate = { name: 'case', context: 'storage', decider } as const;
