import { createPublicKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { clusterOf } from './authority.js';
import { type Identity, identityIn } from './identity.js';

/** What a server shows others, and by what it judges them; all PEM. */
export interface Credential {
  /** The cluster's own certificate. */
  readonly authority: string;
  readonly certificate: string;
  readonly privateKey: string;
}

/** As long as a timer can wait. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;
const RETRY_MS = 60_000;

const files = (folder: string) => ({
  authority: path.join(folder, 'authority.pem'),
  certificate: path.join(folder, 'certificate.pem'),
  privateKey: path.join(folder, 'key.pem'),
});

/** The credential in this folder; null when there is none, or only part of one. */
export const loadCredential = (folder: string): Credential | null => {
  const { authority, certificate, privateKey } = files(folder);
  if (![authority, certificate, privateKey].every((file) => existsSync(file))) return null;
  return {
    authority: readFileSync(authority, 'utf8'),
    certificate: readFileSync(certificate, 'utf8'),
    privateKey: readFileSync(privateKey, 'utf8'),
  };
};

export const saveCredential = (folder: string, credential: Credential): void => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const at = files(folder);
  // The certificate last: without it the others are no credential yet.
  for (const part of ['authority', 'privateKey', 'certificate'] as const) {
    writeFileSync(`${at[part]}.new`, credential[part], { mode: 0o600 });
    renameSync(`${at[part]}.new`, at[part]);
  }
};

/** @throws when the certificate names no server of the authority's cluster */
export const identityOf = ({ authority, certificate }: Credential): Identity => {
  const identity = identityIn(new X509Certificate(certificate));
  if (identity?.cluster !== clusterOf(authority))
    throw new Error('The certificate of this server is not of its cluster');
  return identity;
};

export const publicKeyOf = ({ privateKey }: Pick<Credential, 'privateKey'>): string =>
  createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();

/** When half of its life is over, milliseconds since 1970. */
export const renewalDue = ({ certificate }: Pick<Credential, 'certificate'>): number => {
  const { validFrom, validTo } = new X509Certificate(certificate);
  return (Date.parse(validFrom) + Date.parse(validTo)) / 2;
};

/** A credential that is renewed in time; who uses it asks for it each time, or listens. */
export class Credentials {
  private readonly listeners = new Set<(credential: Credential) => void>();
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private credential: Credential,
    /** A new certificate for the same key. */
    private readonly renew: (credential: Credential) => Promise<string>,
    private readonly keep: (credential: Credential) => void,
    private readonly report: (error: unknown) => void,
  ) {
    this.plan();
  }

  get current(): Credential {
    return this.credential;
  }

  /** Calls back with each new one; returns how to stop. */
  onRenewed(listener: (credential: Credential) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Now, whether it is due or not. */
  async renewNow(): Promise<void> {
    const certificate = await this.renew(this.credential);
    this.credential = { ...this.credential, certificate };
    this.keep(this.credential);
    for (const listener of this.listeners) listener(this.credential);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private plan(atLeastMs = 0): void {
    if (this.stopped) return;
    const wait = Math.max(atLeastMs, renewalDue(this.credential) - Date.now());
    this.timer = setTimeout(() => void this.tick(), Math.min(wait, LONGEST_WAIT_MS)).unref();
  }

  private async tick(): Promise<void> {
    try {
      await this.renewNow();
      this.plan();
    } catch (error) {
      this.report(error); // half of its life is left to try again
      this.plan(RETRY_MS);
    }
  }
}
