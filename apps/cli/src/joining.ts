import {
  clusterOf,
  type Credential,
  type Identity,
  identityIn,
  identityOf,
  newKeyPair,
  saveCredential,
} from '@openpro/link';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import path from 'node:path';
import tls from 'node:tls';

/** What a join leaves behind, beside the credential: the server starts with it. */
export interface Joined {
  readonly node: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly servers: readonly { readonly node: string; readonly address: string }[];
}

/** Why this server cannot join; the message is for the person who tries, and nothing of the join is left. */
export class NotJoined extends Error {
  override readonly name = 'NotJoined';

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const CONNECT_MS = 10_000;

/**
 * Trades a one-time token for a certificate, and keeps both in the server's data folder. The private key is made here
 * and stays here; the token says which cluster is the right one, so that it is shown to no other.
 */
export const joinCluster = async (
  address: string,
  token: string,
  name: string,
  dataDir: string,
): Promise<Joined> => {
  const [node = '', , cluster = ''] = token.split('.');
  if (!/^[0-9a-f-]{36}$/.test(node) || !/^[0-9a-f]{32}$/.test(cluster))
    throw new NotJoined('BadInput', 'This is no token of openpro server invite');
  const idFile = path.join(dataDir, 'node-id');
  if (existsSync(idFile) && readFileSync(idFile, 'utf8').trim() !== node)
    throw new NotJoined(
      'OtherServer',
      `${dataDir} belongs to another server already. Give this one a folder of its own with --data. To start over here, ` +
        `stop that server and delete ${path.join(dataDir, 'link')} and ${idFile}; an administrator removes it (openpro server remove).`,
    );
  const { publicKey, privateKey } = keptKey(dataDir);
  const socket = await connect(address, cluster);
  const { authority, certificate, servers } = await ask(socket, address, { token, name, publicKey });
  const credential = { authority, certificate, privateKey };
  const { roles } = admission(credential, node, cluster);
  const folder = path.join(dataDir, 'link');
  // What the next start looks for comes last: until then the join can be tried again as if nothing had been.
  saveCredential(folder, credential);
  write(idFile, node);
  write(path.join(folder, 'servers.json'), JSON.stringify(servers));
  write(path.join(folder, 'joined.json'), JSON.stringify({ name, roles }));
  return { node, name, roles, servers };
};

/** Whole or not at all. */
const write = (file: string, text: string): void => {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
};

/** As what the certificate lets this server in: what else the answer says counts for nothing. */
const admission = (credential: Credential, node: string, cluster: string): Identity => {
  try {
    const identity = identityOf(credential);
    const own = new X509Certificate(credential.certificate).checkPrivateKey(
      createPrivateKey(credential.privateKey),
    );
    if (own && identity.node === node && identity.cluster === cluster) return identity;
  } catch {
    // told below
  }
  throw new NotJoined('BadAnswer', 'The answer holds no certificate of this cluster for this server');
};

/** The same key when a join is tried again: its answer may have been lost, and the token is good for one key only. */
const keptKey = (dataDir: string): { publicKey: string; privateKey: string } => {
  const file = path.join(dataDir, 'link', 'joining.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as ReturnType<typeof newKeyPair>;
  const pair = newKeyPair();
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  write(file, JSON.stringify(pair));
  return pair;
};

/** A connection to a server whose certificate the right cluster has made. */
const connect = async (address: string, cluster: string): Promise<tls.TLSSocket> => {
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
  if (!host) throw new NotJoined('BadInput', `"${address}" is no address: it must be host:port`);
  // Nobody is trusted yet: who it is shows below, before anything is said.
  const socket = tls.connect({ host, port: Number(port), rejectUnauthorized: false, minVersion: 'TLSv1.3' });
  socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error('no answer')));
  try {
    await once(socket, 'secureConnect');
  } catch (error) {
    throw new NotJoined('Unreachable', `${address} cannot be reached: ${(error as Error).message}`);
  }
  const wrong = wrongWith(socket.getPeerX509Certificate(), cluster);
  if (!wrong) return socket;
  socket.destroy();
  throw new NotJoined('OtherCluster', `At ${address} ${wrong}`);
};

/** A server without `pro`, or one that was removed and has its certificate still, gets no token to see. */
const wrongWith = (leaf: X509Certificate | undefined, cluster: string): string | null => {
  const authority = leaf?.issuerCertificate;
  const right =
    authority &&
    clusterOf(authority.toString()) === cluster &&
    leaf.checkIssued(authority) &&
    leaf.verify(authority.publicKey);
  if (!right) return 'is another cluster than the one that made the token';
  const identity = identityIn(leaf);
  if (identity?.cluster !== cluster || !identity.roles.includes('pro'))
    return 'is no server that lets others in: give the link of one with the role pro, as invite prints it';
  const now = Date.now();
  return now < Date.parse(leaf.validFrom) || now > Date.parse(leaf.validTo)
    ? 'is a server whose certificate is not valid now: does the clock of one of the two go wrong?'
    : null;
};

interface Answer {
  readonly authority: string;
  readonly certificate: string;
  readonly servers: Joined['servers'];
}

const ask = async (socket: tls.TLSSocket, address: string, body: object): Promise<Answer> => {
  const { status, text } = await post(socket, address, JSON.stringify(body)).catch((error: Error) => {
    throw new NotJoined(
      'Unreachable',
      `${address} did not answer: ${error.message}. Try the same again; the token is good for this server until it expires`,
    );
  });
  let answer: Partial<Answer & { code: string; message: string }>;
  try {
    answer = Object(JSON.parse(text)) as typeof answer;
  } catch {
    throw new NotJoined('BadAnswer', `${address} answered ${status} with something else than JSON`);
  }
  const { authority, certificate, servers, code, message } = answer;
  if (status !== 200) throw new NotJoined(code ?? 'Refused', message ?? `${address} answered ${status}`);
  if (!authority || !certificate || !Array.isArray(servers))
    throw new NotJoined('BadAnswer', `${address} answered without a certificate`);
  return { authority, certificate, servers: servers as Joined['servers'] };
};

const post = async (
  socket: tls.TLSSocket,
  address: string,
  body: string,
): Promise<{ status: number; text: string }> => {
  const request = https.request({
    createConnection: () => socket,
    host: address,
    method: 'POST',
    path: '/link/join',
    headers: { 'content-type': 'application/json', connection: 'close' },
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, text };
};
