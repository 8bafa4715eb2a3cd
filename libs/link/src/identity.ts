import type { X509Certificate } from 'node:crypto';

/** Who a certificate says its holder is: one server of one cluster, with the roles it was admitted with. */
export interface Identity {
  /** The first 32 hex digits of the SHA-256 of the cluster's own certificate. */
  readonly cluster: string;
  readonly node: string;
  readonly roles: readonly string[];
}

/** As a SPIFFE ID (https://spiffe.io): the cluster is the trust domain, roles and node are the path. */
export const identityUri = ({ cluster, node, roles }: Identity): string =>
  `spiffe://${cluster}/${[...roles].sort().join('+')}/${node}`;

/** The whole field, so that nothing before or after the one name can be taken for it. */
const ONE_URI =
  /^URI:spiffe:\/\/([0-9a-f]{32})\/([a-z]+(?:\+[a-z]+)*)\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Null for a certificate that names no server, or more than one. Whether to believe it is TLS's to say. */
export const identityIn = ({ subjectAltName }: Pick<X509Certificate, 'subjectAltName'>): Identity | null => {
  const [, cluster, roles, node] = ONE_URI.exec(subjectAltName ?? '') ?? [];
  return cluster && roles && node ? { cluster, node, roles: roles.split('+') } : null;
};
