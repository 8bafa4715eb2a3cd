export { Authority, clusterOf, LEAF_LIFE_MS, newKeyPair, serverKey } from './authority.js';
export {
  type Credential,
  Credentials,
  identityOf,
  loadCredential,
  publicKeyOf,
  renewalDue,
  saveCredential,
} from './credential.js';
export { type Identity, identityIn } from './identity.js';
export { type Line, type LinkReport } from './line.js';
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
