import { clusterOf, newKeyPair, saveCredential } from '@openpro/link';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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

/** Why this server cannot join; the message is for the person who tries. */
export class NotJoined extends Error {
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
      `${dataDir} belongs to another server already: give a folder of its own with --data`,
    );
  const { publicKey, privateKey } = keptKey(dataDir);
  const socket = await connect(address, cluster);
  const answer = await ask(socket, address, { token, name, publicKey });
  const { authority, certificate, roles, servers } = answer;
  if (clusterOf(authority) !== cluster)
    throw new NotJoined('OtherCluster', 'The answer is of another cluster');
  saveCredential(path.join(dataDir, 'link'), { authority, certificate, privateKey });
  writeFileSync(idFile, node);
  const joined = { node, name, roles, servers };
  writeFileSync(path.join(dataDir, 'link', 'joined.json'), JSON.stringify({ name, roles }), { mode: 0o600 });
  writeFileSync(path.join(dataDir, 'link', 'servers.json'), JSON.stringify(servers), { mode: 0o600 });
  return joined;
};

/** The same key when a join is tried again: its answer may have been lost, and the token is good for one key only. */
const keptKey = (dataDir: string): { publicKey: string; privateKey: string } => {
  const file = path.join(dataDir, 'link', 'joining.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as ReturnType<typeof newKeyPair>;
  const pair = newKeyPair();
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, JSON.stringify(pair), { mode: 0o600 });
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
  const leaf = socket.getPeerX509Certificate();
  const authority = leaf?.issuerCertificate;
  const right =
    authority &&
    clusterOf(authority.toString()) === cluster &&
    leaf.checkIssued(authority) &&
    leaf.verify(authority.publicKey);
  if (right) return socket;
  socket.destroy();
  throw new NotJoined('OtherCluster', `At ${address} is another cluster than the one that made the token`);
};

interface Answer {
  readonly roles: readonly string[];
  readonly authority: string;
  readonly certificate: string;
  readonly servers: Joined['servers'];
}

const ask = async (socket: tls.TLSSocket, address: string, body: object): Promise<Answer> => {
  const request = https.request({
    createConnection: () => socket,
    host: address,
    method: 'POST',
    path: '/link/join',
    headers: { 'content-type': 'application/json', connection: 'close' },
  });
  request.end(JSON.stringify(body));
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  const answer = JSON.parse(text) as Answer & { code?: string; message?: string };
  if (response.statusCode !== 200)
    throw new NotJoined(answer.code ?? 'Refused', answer.message ?? text.slice(0, 200));
  return answer;
};
