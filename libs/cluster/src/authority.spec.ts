import { describe, it } from '@jest/globals';
import { specFor } from '@openpro/kernel/testing';
import { authority } from './authority.js';

const ours = { cluster: 'a'.repeat(32), certificate: '-----BEGIN CERTIFICATE-----\nMIIB' };

describe('the authority of a cluster', () => {
  const given = specFor(authority.decider);

  it('is the one of the first server, and told again it stays', () => {
    given()
      .when({ type: 'FoundAuthority', ...ours })
      .then({ type: 'AuthorityFounded', ...ours });
    given({ type: 'AuthorityFounded', ...ours })
      .when({ type: 'FoundAuthority', ...ours })
      .then();
  });

  it('is not that of another cluster: storage and database belong together', () => {
    const other = { ...ours, cluster: 'b'.repeat(32) };
    given({ type: 'AuthorityFounded', ...ours })
      .when({ type: 'FoundAuthority', ...other })
      .thenRefused('OtherCluster');
  });

  it('has a name and a certificate of sound form', () => {
    given()
      .when({ type: 'FoundAuthority', ...ours, cluster: 'A' })
      .thenRefused('BadInput');
    given()
      .when({ type: 'FoundAuthority', ...ours, certificate: '' })
      .thenRefused('BadInput');
  });
});
