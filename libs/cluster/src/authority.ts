import { checkForm, checkText, type BadInput, type Decider, refuse, type Refusal } from '@openpro/kernel';

/** Which certificate authority this log's cluster trusts: storage and database of one cluster belong together. */
export type AuthorityEvent = {
  readonly type: 'AuthorityFounded';
  readonly cluster: string;
  /** PEM. */
  readonly certificate: string;
};

export type AuthorityCommand = {
  readonly type: 'FoundAuthority';
  readonly cluster: string;
  readonly certificate: string;
};

export type AuthorityRefusal = BadInput | Refusal<'OtherCluster'>;

export type Authority = { readonly is: 'new' } | { readonly is: 'founded'; readonly cluster: string };

const decider: Decider<Authority, AuthorityCommand, AuthorityEvent, AuthorityRefusal> = {
  initial: { is: 'new' },

  decide({ cluster, certificate }, authority) {
    if (authority.is === 'founded')
      return authority.cluster === cluster
        ? []
        : refuse(
            'OtherCluster',
            `The database belongs to cluster ${authority.cluster}, the storage to ${cluster}: they must be of one cluster`,
          );
    return (
      checkForm('cluster', cluster, /^[0-9a-f]{32}$/, '32 hexadecimal digits') ??
      checkText('certificate', certificate, { max: 10_000, multiline: true }) ?? [
        { type: 'AuthorityFounded', cluster, certificate },
      ]
    );
  },

  evolve: (_, { cluster }) => ({ is: 'founded', cluster }),
};

export const authority = { name: 'authority', context: 'cluster', decider } as const;
