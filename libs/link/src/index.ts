export { Authority, clusterOf, LEAF_LIFE_MS, newKeyPair } from './authority.js';
export {
  type Credential,
  Credentials,
  identityOf,
  loadCredential,
  publicKeyOf,
  renewalDue,
  saveCredential,
} from './credential.js';
export { type Identity } from './identity.js';
export { type Line } from './line.js';
export {
  type LinkCaller,
  LinkError,
  type LinkRoute,
  LinkUnavailable,
  LocalLink,
  type ProLink,
} from './link.js';
export { Listening } from './listening.js';
export { forwardedBy, type LinkRefusal, LinkServer, REFUSED_HEADER } from './link-server.js';
export { areCompatible, asCaller, type Directory, openLine, TlsLink, VERSION_HEADER } from './tls-link.js';
