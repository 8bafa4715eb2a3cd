import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  webcrypto,
  X509Certificate,
} from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { writeOnce } from '@openpro/kernel';
import { type Identity, identityUri } from './identity.js';
import { LinkError } from './link.js';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const YEAR_MS = 365 * 86_400_000;
const AUTHORITY_LIFE_MS = 10 * YEAR_MS;
/** Of a server's certificate; renewed at half of it. */
export const LEAF_LIFE_MS = 24 * 3_600_000;
/** Servers' clocks may differ by this much. */
const SKEW_MS = 5 * 60_000;

/** Loaded only where certificates are made: it costs a fifth of a second and 17 MB. */
const x509 = async () => {
  const library = await import('@peculiar/x509');
  library.cryptoProvider.set(webcrypto as never);
  return library;
};

const fileIn = (folder: string): string => path.join(folder, 'authority.pem');

/** Positive, never zero, unpredictable. */
const serialNumber = (): string => `01${randomBytes(15).toString('hex')}`;

/** Names a cluster by its own certificate. */
export const clusterOf = (certificate: string): string =>
  createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex').slice(0, 32);

/**
 * The cluster's own small certificate authority: one key in the storage that all `pro` servers share. It makes
 * certificates for servers of this cluster and for nothing else.
 */
export class Authority {
  readonly cluster: string;

  private constructor(
    /** PEM; anyone may have it. */
    readonly certificate: string,
    private readonly key: string,
  ) {
    this.cluster = clusterOf(certificate);
  }

  static isIn(folder: string): boolean {
    return existsSync(fileIn(folder));
  }

  /** Of this folder; made by whichever server comes first. */
  static async open(folder: string): Promise<Authority> {
    const file = fileIn(folder);
    if (!existsSync(file)) await create(file);
    const text = readFileSync(file, 'utf8');
    const [certificate, key] = [
      /-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/,
      /-----BEGIN PRIVATE KEY-----[^]+?-----END PRIVATE KEY-----/,
    ].map((part) => part.exec(text)?.[0]);
    if (!certificate || !key) throw new Error(`${file} does not hold a certificate and its key`);
    return new Authority(certificate, key);
  }

  /**
   * @param publicKey of the server, SPKI as PEM: its private key never leaves it
   * @returns the certificate as PEM
   */
  async issue(
    { node, roles }: Omit<Identity, 'cluster'>,
    publicKey: string,
    lifeMs = LEAF_LIFE_MS,
    now = Date.now(),
  ): Promise<string> {
    const spki = serverKey(publicKey);
    const library = await x509();
    const authority = new library.X509Certificate(this.certificate);
    const [signingKey, leafKey] = await Promise.all([
      webcrypto.subtle.importKey('pkcs8', derOf(this.key), ALGORITHM, false, ['sign']),
      webcrypto.subtle.importKey('spki', spki.export({ type: 'spki', format: 'der' }), ALGORITHM, true, [
        'verify',
      ]),
    ]);
    const certificate = await library.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: `CN=${node}`,
      issuer: authority.subject,
      notBefore: new Date(now - SKEW_MS),
      notAfter: new Date(now + lifeMs),
      signingKey,
      publicKey: leafKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new library.BasicConstraintsExtension(false, undefined, true),
        new library.KeyUsagesExtension(library.KeyUsageFlags.digitalSignature, true),
        new library.ExtendedKeyUsageExtension([
          library.ExtendedKeyUsage.serverAuth,
          library.ExtendedKeyUsage.clientAuth,
        ]),
        new library.SubjectAlternativeNameExtension([
          { type: 'url', value: identityUri({ cluster: this.cluster, node, roles }) },
        ]),
        await library.AuthorityKeyIdentifierExtension.create(authority.publicKey),
      ],
    });
    return certificate.toString('pem');
  }
}

/** A server's public key, SPKI as PEM. @throws LinkError for anything else */
export const serverKey = (publicKey: string): KeyObject => {
  try {
    const key = createPublicKey(publicKey);
    if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key;
  } catch {
    // told below
  }
  throw new LinkError('BadInput', 'publicKey must be one of the curve P-256, as PEM');
};

const derOf = (pem: string): Buffer => Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');

const create = async (file: string): Promise<void> => {
  const library = await x509();
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await library.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: 'CN=OpenPRO cluster',
    notBefore: new Date(Date.now() - SKEW_MS),
    notAfter: new Date(Date.now() + AUTHORITY_LIFE_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new library.BasicConstraintsExtension(true, 0, true),
      new library.KeyUsagesExtension(library.KeyUsageFlags.keyCertSign, true),
      await library.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const key = library.PemConverter.encode(
    await webcrypto.subtle.exportKey('pkcs8', keys.privateKey),
    'PRIVATE KEY',
  );
  writeOnce(file, `${certificate.toString('pem')}\n${key}\n`);
};

/** A server's own key pair, PEM. */
export const newKeyPair = (): { readonly publicKey: string; readonly privateKey: string } =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
