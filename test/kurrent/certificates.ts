import { webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

/** An authority and a certificate of `localhost` that it signed, as PEM files in `dir`. */
export const makeCertificates = async (dir: string, name: string) => {
  x509.cryptoProvider.set(webcrypto);
  const keys = async () =>
    (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const [ofAuthority, ofServer] = [await keys(), await keys()];
  const life = { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + DAY_MS) };
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...life,
    serialNumber: '01',
    name: `CN=${name}`,
    keys: ofAuthority,
    signingAlgorithm: ALGORITHM,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  const server = await x509.X509CertificateGenerator.create({
    ...life,
    serialNumber: '02',
    subject: 'CN=localhost',
    issuer: authority.subject,
    publicKey: ofServer.publicKey,
    signingKey: ofAuthority.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }])],
  });
  const write = (file: string, pem: string): string => {
    const target = path.join(dir, `${name}-${file}.pem`);
    writeFileSync(target, pem, { mode: 0o600 });
    return target;
  };
  const key = await webcrypto.subtle.exportKey('pkcs8', ofServer.privateKey);
  return {
    ca: write('ca', authority.toString('pem')),
    cert: write('cert', server.toString('pem')),
    key: write('key', x509.PemConverter.encode(key, 'PRIVATE KEY')),
  };
};
