import type { EngineManifest } from '../package/manifest.js';

/** An engine package, unpacked. */
export interface InstalledEngine {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  readonly folder: string;
  readonly manifest: EngineManifest;
}

/** An app package, decrypted and unpacked. */
export interface InstalledApp {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  readonly folder: string;
}
