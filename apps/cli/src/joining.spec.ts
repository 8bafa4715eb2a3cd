import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { uuidv7 } from '@openpro/kernel';
import {
  Authority,
  Credentials,
  type Identity,
  LinkError,
  LinkServer,
  loadCredential,
  LocalLink,
  newKeyPair,
} from '@openpro/link';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { joinCluster } from './joining.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'openpro-join-'));
let authority: Authority;
let other: Authority;

beforeAll(async () => {
  authority = await Authority.open(path.join(folder, 'ours'));
  other = await Authority.open(path.join(folder, 'other'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('joining a cluster', () => {
  const servers: LinkServer[] = [];
  let dataDir: string;
  let node: string;
  let answers: (body: { publicKey: string }) => Promise<object>;

  beforeEach(() => {
    dataDir = mkdtempSync(path.join(folder, 'data-'));
    node = uuidv7();
    answers = async ({ publicKey }) => ({
      authority: authority.certificate,
      certificate: await authority.issue({ node, roles: ['webui'] }, publicKey),
      servers: [{ node: 'n1', address: 'one.example:4700' }],
    });
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });

  /** The address of a server of the cluster. */
  const serverAt = async (
    { roles = ['pro'], by = authority }: { roles?: Identity['roles']; by?: Authority } = {},
    lifeMs?: number,
    now?: number,
  ): Promise<string> => {
    const { publicKey, privateKey } = newKeyPair();
    const certificate = await by.issue({ node: uuidv7(), roles }, publicKey, lifeMs, now);
    const credentials = new Credentials(
      { authority: by.certificate, certificate, privateKey },
      () => Promise.reject(new Error('never due')),
      () => undefined,
      () => undefined,
    );
    credentials.stop();
    const server = new LinkServer({
      credentials,
      local: new LocalLink({ node: 'n1', roles }),
      version: '1.0.0',
      refuses: () => null,
      join: (body) => answers(body as { publicKey: string }),
      forward: { accepts: [], takes: () => false, request: () => undefined, upgrade: () => undefined },
      onRefused: () => undefined,
      report: () => undefined,
    });
    servers.push(server);
    return `127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
  };
  const token = () => `${node}.${'s'.repeat(43)}.${authority.cluster}`;
  const join = async (address: string) => joinCluster(address, token(), 'berlin-2', dataDir);
  const joined = () => path.join(dataDir, 'link', 'joined.json');

  it('keeps what the next start needs, and can be done again', async () => {
    const address = await serverAt();
    const expected = { node, name: 'berlin-2', roles: ['webui'] };
    expect(await join(address)).toMatchObject(expected);
    expect(JSON.parse(readFileSync(joined(), 'utf8'))).toEqual({ name: 'berlin-2', roles: ['webui'] });
    const { privateKey } = loadCredential(path.join(dataDir, 'link'))!;
    expect(await join(address)).toMatchObject(expected);
    expect(loadCredential(path.join(dataDir, 'link'))?.privateKey).toBe(privateKey);
  });

  it.each<[string, () => Promise<string>, string]>([
    ['is of another cluster', () => serverAt({ by: other }), 'is another cluster'],
    ['has no pro', () => serverAt({ roles: ['portal'] }), 'give the link of one with the role pro'],
    [
      'has an expired certificate',
      () => serverAt({}, 1000, Date.now() - 60_000),
      'certificate is not valid now',
    ],
    ['is nowhere', () => Promise.resolve('127.0.0.1:1'), 'cannot be reached'],
    ['has no port', () => Promise.resolve('berlin-1'), 'must be host:port'],
  ])('shows the token to no server that %s', async (_, at, words) => {
    let shown = false;
    answers = () => ((shown = true), Promise.reject(new Error('shown')));
    await expect(join(await at())).rejects.toMatchObject({
      name: 'NotJoined',
      message: expect.stringContaining(words),
    });
    expect([shown, existsSync(joined())]).toEqual([false, false]);
  });

  it.each<[string, () => Promise<object>, string]>([
    [
      'is refused',
      () => Promise.reject(new LinkError('TokenNotValid', 'This token has expired')),
      'This token has expired',
    ],
    ['fails there', () => Promise.reject(new Error('secret')), 'Something went wrong on the other server'],
    ['gets no certificate', () => Promise.resolve({ servers: [] }), 'without a certificate'],
    [
      'gets the certificate of another server',
      async () => ({
        authority: authority.certificate,
        certificate: await authority.issue({ node: uuidv7(), roles: ['pro'] }, newKeyPair().publicKey),
        servers: [],
      }),
      'no certificate of this cluster for this server',
    ],
    [
      'gets nonsense for one',
      () => Promise.resolve({ authority: 'a', certificate: 'c', servers: [] }),
      'no certificate of this cluster for this server',
    ],
  ])('leaves nothing half done when it %s', async (_, answer, words) => {
    const good = answers;
    answers = answer;
    const address = await serverAt();
    await expect(join(address)).rejects.toMatchObject({
      name: 'NotJoined',
      message: expect.stringContaining(words),
    });
    expect(existsSync(joined())).toBe(false);
    expect(loadCredential(path.join(dataDir, 'link'))).toBeNull();
    answers = good;
    expect(await join(address)).toMatchObject({ node });
  });

  it('says how to start over in the folder of another server', async () => {
    writeFileSync(path.join(dataDir, 'node-id'), uuidv7());
    await expect(join(await serverAt())).rejects.toThrow(
      /To start over here, .* delete .*link and .*node-id/,
    );
  });
});
