export { packApp, readAppPackage, unpackApp, type AppPackage, type AppPackKeys } from './app-package.js';
export { compileApp } from './compile.js';
export { packEngine, readEnginePackage, unpackEngine, type EnginePackage } from './engine-package.js';
export {
  generateKeyPair,
  keyId,
  privateKeyFromPem,
  publicKeyFromPem,
  readKeyPair,
  toPem,
  writeKeyPair,
  type KeyKind,
  type KeyPair,
  type TrustedKeys,
} from './keys.js';
export {
  readAppManifest,
  readEngineManifest,
  type AppManifest,
  type EngineCapabilities,
  type EngineEntry,
  type EngineManifest,
  type ProcedureManifest,
  type SolverAbility,
  type SolverInfo,
} from './manifest.js';
export { PackageAltered } from './unpack.js';
export { compareVersions, isVersion, satisfies } from './version.js';
