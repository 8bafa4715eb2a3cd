import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { uuidv7 } from '@openpro/kernel';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { TLSSocket } from 'node:tls';
import { text } from 'node:stream/consumers';
import os from 'node:os';
import path from 'node:path';
import { Authority, newKeyPair } from './authority.js';
import {
  type Credential,
  Credentials,
  identityOf,
  loadCredential,
  publicKeyOf,
  saveCredential,
} from './credential.js';
import type { Identity } from './identity.js';
import { LinkError, LinkUnavailable, LocalLink } from './link.js';
import { type LinkRefusal, LinkServer, REFUSED_HEADER } from './link-server.js';
import { areCompatible, asCaller, openLine, TlsLink, VERSION_HEADER } from './tls-link.js';

const VERSION = '1.2.0';
const folder = mkdtempSync(path.join(os.tmpdir(), 'openpro-link-'));
let authority: Authority;

beforeAll(async () => {
  authority = await Authority.open(path.join(folder, 'ours'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const credentialOf = async (
  roles: readonly string[],
  {
    by = authority,
    node = uuidv7(),
    lifeMs,
    now,
  }: { by?: Authority; node?: string; lifeMs?: number; now?: number } = {},
): Promise<Credential> => {
  const { publicKey, privateKey } = newKeyPair();
  const certificate = await by.issue({ node, roles }, publicKey, lifeMs, now);
  return { authority: by.certificate, certificate, privateKey };
};

const fixed = (credential: Credential): Credentials =>
  new Credentials(
    credential,
    ({ certificate }) => Promise.resolve(certificate),
    () => undefined,
    () => undefined,
  );

/** A server with its link, listening. */
class Server {
  readonly local: LocalLink;
  readonly identity: Identity;
  readonly refusals: LinkRefusal[] = [];
  readonly reported: unknown[] = [];
  readonly removed = new Set<string>();
  readonly credentials: Credentials;
  private readonly server: LinkServer;
  joining: () => Promise<object> = () => Promise.resolve({ welcome: true });
  address = '';

  constructor(credential: Credential, renew?: (credential: Credential) => Promise<string>) {
    this.identity = identityOf(credential);
    this.local = new LocalLink(this.identity);
    this.credentials = renew
      ? new Credentials(
          credential,
          renew,
          () => undefined,
          () => undefined,
        )
      : fixed(credential);
    this.server = new LinkServer({
      credentials: this.credentials,
      local: this.local,
      version: VERSION,
      refuses: ({ node }) => (this.removed.has(node) ? 'This server was removed from the cluster' : null),
      join: () => this.joining(),
      forward: {
        accepts: ['portal', 'proxy'],
        takes: (url) => url.startsWith('/graphql'),
        request: (_request, response) => void response.end('forwarded'),
        upgrade: (_request, socket) => void socket.end(),
      },
      onRefused: (refusal) => this.refusals.push(refusal),
      report: (error) => this.reported.push(error),
    });
  }

  async start(): Promise<this> {
    this.address = `localhost:${await this.server.listen(0, '127.0.0.1')}`;
    return this;
  }

  remove(node: string): void {
    this.removed.add(node);
    this.server.drop(node);
  }

  async stop(): Promise<void> {
    this.credentials.stop();
    await this.server.close();
  }
}

const get = async (
  address: string,
  credential: Credential,
  headers: Record<string, string> = { [VERSION_HEADER]: VERSION },
  agent?: https.Agent,
  url = '/graphql',
): Promise<{ status: number; body: string }> => {
  const request = https.get(`https://${address}${url}`, {
    ...asCaller(credential, () => true),
    headers,
    ...(agent ? { agent } : {}),
  });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode ?? 0, body };
};

describe('the link between servers', () => {
  let one: Server;
  let two: Server;
  let link: TlsLink;
  const linkFrom = (server: Server, to: () => Server): TlsLink =>
    new TlsLink(
      server.identity,
      server.local,
      server.credentials,
      { address: (node) => Promise.resolve(node === to().identity.node ? to().address : null) },
      VERSION,
      () => undefined,
    );

  beforeEach(async () => {
    one = await new Server(await credentialOf(['pro', 'portal'])).start();
    two = await new Server(await credentialOf(['pro'])).start();
    link = linkFrom(one, () => two);
  });
  afterEach(async () => {
    await link.close();
    await Promise.all([one.stop(), two.stop()]);
  });

  it('calls what another server serves, and knows who called', async () => {
    two.local.serve('add', {
      accepts: ['pro'],
      call: (params, caller) => Promise.resolve([...(params as number[]), caller.node, ...caller.roles]),
    });
    const { node } = one.identity;
    expect(await link.call(two.identity.node, 'add', [1, 2])).toEqual([1, 2, node, 'portal', 'pro']);
    const many = Array.from({ length: 200 }, (_, n) => link.call(two.identity.node, 'add', [n]));
    expect((await Promise.all(many)).map((answer) => (answer as number[])[0])).toEqual(many.map((_, n) => n));
  });

  it('gives back what the other side refuses, with its code', async () => {
    two.local.serve('fail', {
      accepts: ['pro'],
      call: () => Promise.reject(new LinkError('Full', 'No room')),
    });
    two.local.serve('secret', { accepts: ['proxy'], call: () => Promise.resolve('no') });
    await expect(link.call(two.identity.node, 'fail', null)).rejects.toEqual(
      new LinkError('Full', 'No room'),
    );
    await expect(link.call(two.identity.node, 'secret', null)).rejects.toMatchObject({ code: 'NotAllowed' });
    await expect(link.call(two.identity.node, 'missing', null)).rejects.toMatchObject({
      code: 'NoSuchMethod',
    });
    await expect(link.call(uuidv7(), 'fail', null)).rejects.toBeInstanceOf(LinkUnavailable);
  });

  it('listens until it stops, and the other side learns of it', async () => {
    let push: (message: unknown) => void = () => undefined;
    const heard: unknown[] = [];
    const listening = new Promise<void>((resolve) => {
      two.local.serve('news', {
        accepts: ['pro'],
        listen: (_params, to) => {
          push = to;
          resolve();
          return gone;
        },
      });
    });
    let gone = (): void => undefined;
    const left = new Promise<void>((resolve) => (gone = resolve));
    const arrived = new Promise<() => void>((resolve) => {
      const stop = link.listen(
        two.identity.node,
        'news',
        null,
        (message) => {
          heard.push(message);
          if (heard.length === 2) resolve(stop);
        },
        () => undefined,
      );
    });
    await listening;
    push('one');
    push({ two: 2 });
    (await arrived)();
    await left;
    expect(heard).toEqual(['one', { two: 2 }]);
  });

  it('tells listeners and callers that the line broke, and opens it again for the next', async () => {
    two.local.serve('hang', { accepts: ['pro'], call: () => new Promise(() => undefined) });
    two.local.serve('news', { accepts: ['pro'], listen: (_p, push) => (push('here'), () => undefined) });
    const ended = new Promise<Error>((resolve) => {
      link.listen(two.identity.node, 'news', null, () => void two.stop(), resolve);
    });
    const call = link.call(two.identity.node, 'hang', null);
    await expect(call).rejects.toBeInstanceOf(LinkUnavailable);
    expect(await ended).toBeInstanceOf(LinkUnavailable);
    two = await new Server(two.credentials.current).start();
    two.local.serve('hello', { accepts: ['pro'], call: () => Promise.resolve('again') });
    expect(await link.call(two.identity.node, 'hello', null)).toBe('again');
  });

  it('lets front servers pass requests on, and nobody else', async () => {
    expect(await get(two.address, await credentialOf(['proxy']))).toEqual({ status: 200, body: 'forwarded' });
    const refused = await get(two.address, await credentialOf(['webui']));
    expect(refused.status).toBe(403);
    expect(JSON.parse(refused.body)).toMatchObject({ code: 'NotAllowed' });
  });

  it('passes on calls of the API only', async () => {
    const refused = await get(two.address, await credentialOf(['proxy']), undefined, undefined, '/metrics');
    expect(refused.status).toBe(404);
    expect(two.refusals).toMatchObject([{ code: 'NotForwarded' }]);
  });

  it('tells a front server that it was refused itself, also when it wants to upgrade', async () => {
    const request = https.get(`https://${two.address}/graphql`, {
      ...asCaller(await credentialOf(['webui']), () => true),
      headers: { [VERSION_HEADER]: VERSION, connection: 'Upgrade', upgrade: 'websocket' },
    });
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    response.resume();
    expect([response.statusCode, response.headers[REFUSED_HEADER]]).toEqual([403, 'NotAllowed']);
  });

  it('reports a bug, and tells who joins no more than its id', async () => {
    two.joining = () => Promise.reject(new Error('secret of the database'));
    const request = https.request(`https://${two.address}/link/join`, {
      method: 'POST',
      ca: authority.certificate,
      checkServerIdentity: () => undefined,
    });
    request.end('{}');
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    const { code, message } = JSON.parse(await text(response)) as { code: string; message: string };
    expect([response.statusCode, code, two.reported]).toEqual([
      500,
      'Internal',
      [new Error('secret of the database')],
    ]);
    expect(message).not.toContain('secret');
  });

  it('asks again whether a server is served, and not who it is, with every request of a connection', async () => {
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
    const front = await credentialOf(['proxy']);
    const parsed = jest.spyOn(TLSSocket.prototype, 'getPeerX509Certificate');
    for (let n = 0; n < 3; n++) expect((await get(two.address, front, undefined, agent)).status).toBe(200);
    expect(parsed).toHaveBeenCalledTimes(1);
    parsed.mockRestore();
    two.removed.add(identityOf(front).node);
    expect((await get(two.address, front, undefined, agent)).status).toBe(403);
    agent.destroy();
  });

  it.each<[string, () => Promise<Credential>, string, string]>([
    [
      'expired',
      () => credentialOf(['portal'], { lifeMs: 1000, now: Date.now() - 60_000 }),
      'BadCertificate',
      'expired',
    ],
    [
      'not valid yet',
      () => credentialOf(['portal'], { now: Date.now() + 3_600_000 }),
      'BadCertificate',
      'not valid yet',
    ],
    [
      'of another cluster',
      async () => ({
        ...(await credentialOf(['portal'], { by: await Authority.open(path.join(folder, 'other')) })),
      }),
      'BadCertificate',
      'another cluster',
    ],
    [
      'forged: of another cluster that names ours',
      async () => {
        const other = await Authority.open(path.join(folder, 'forger'));
        Object.assign(other, { cluster: authority.cluster });
        return credentialOf(['pro'], { by: other });
      },
      'BadCertificate',
      '',
    ],
  ])('refuses a certificate that is %s, says why, and records it', async (_, make, code, words) => {
    const credential = { ...(await make()), authority: authority.certificate };
    // The caller's own check of its certificate is not what protects the server.
    const request = https.get(`https://${two.address}/graphql`, {
      ca: authority.certificate,
      cert: credential.certificate,
      key: credential.privateKey,
      checkServerIdentity: () => undefined,
      headers: { [VERSION_HEADER]: VERSION },
    });
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    expect(response.statusCode).toBe(401);
    response.resume();
    expect(two.refusals).toMatchObject([{ code, node: null }]);
    expect(two.refusals[0]?.reason).toContain(words);
  });

  it('refuses who shows no certificate, speaks plain text, or is of another version', async () => {
    const bare = https.get(`https://${two.address}/link`, {
      ca: authority.certificate,
      checkServerIdentity: () => undefined,
    });
    const [response] = (await once(bare, 'response')) as [http.IncomingMessage];
    expect(response.statusCode).toBe(401);
    response.resume();
    const socket = net.connect(Number(two.address.split(':')[1]), '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    socket.on('error', () => undefined).resume();
    await once(socket, 'close');
    const other = await get(two.address, await credentialOf(['portal']), { [VERSION_HEADER]: '2.0.0' });
    expect(JSON.parse(other.body)).toMatchObject({ code: 'OtherVersion' });
    expect(two.refusals.map(({ code }) => code)).toEqual(['NoCertificate', 'PlainText', 'OtherVersion']);
  });

  it('cuts a removed server off and lets it in no more', async () => {
    two.local.serve('hang', { accepts: ['pro'], call: () => new Promise(() => undefined) });
    two.local.serve('hello', { accepts: ['pro'], call: () => Promise.resolve('hello') });
    await link.call(two.identity.node, 'hello', null);
    const call = link.call(two.identity.node, 'hang', null);
    two.remove(one.identity.node);
    await expect(call).rejects.toBeInstanceOf(LinkUnavailable);
    await expect(link.call(two.identity.node, 'hello', null)).rejects.toMatchObject({ code: 'NotServed' });
    expect(two.refusals).toMatchObject([{ code: 'NotServed', node: one.identity.node }]);
  });

  it('does not talk to another server that answers at the address', async () => {
    const expected = openLine(
      two.address,
      one.credentials.current,
      VERSION,
      ({ node }) => node === one.identity.node,
    );
    await expect(expected).rejects.toThrow('belongs to another server');
  });

  it('cuts a connection when the certificate that it was let in with expires', async () => {
    two.local.serve('hang', { accepts: ['pro'], call: () => new Promise(() => undefined) });
    const shortLived = await credentialOf(['pro'], { lifeMs: 3000 }); // in whole seconds, as certificates say it
    const line = await openLine(two.address, shortLived, VERSION, () => true);
    await expect(line.call('hang', null)).rejects.toBeInstanceOf(LinkUnavailable);
    await expect(openLine(two.address, shortLived, VERSION, () => true)).rejects.toMatchObject({
      code: 'BadCertificate',
    });
  });

  it('uses a new certificate for new calls, and keeps what runs on the former', async () => {
    let answer: (value: string) => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      two.local.serve('slow', {
        accepts: ['pro'],
        call: () => (resolve(), new Promise((done) => (answer = done))),
      });
    });
    two.local.serve('hello', { accepts: ['pro'], call: () => Promise.resolve('hello') });
    const running = link.call(two.identity.node, 'slow', null);
    await asked;
    await one.credentials.renewNow();
    expect(await link.call(two.identity.node, 'hello', null)).toBe('hello');
    answer('done');
    expect(await running).toBe('done');
  });

  it('keeps nothing of lines that have ended', async () => {
    const { open, lines } = link as unknown as { open: Set<unknown>; lines: Map<string, unknown> };
    two.local.serve('hello', { accepts: ['pro'], call: () => Promise.resolve('hello') });
    for (let n = 0; n < 3; n++) {
      await link.call(two.identity.node, 'hello', null);
      await one.credentials.renewNow();
    }
    expect([open.size, lines.size]).toEqual([3, 0]);
    const asked = new Promise<void>((resolve) =>
      two.local.serve('hang', {
        accepts: ['pro'],
        call: () => (resolve(), new Promise(() => undefined)),
      }),
    );
    const hanging = link.call(two.identity.node, 'hang', null);
    const lost = expect(hanging).rejects.toBeInstanceOf(LinkUnavailable);
    await asked;
    await link.drop(two.identity.node); // it was declared dead
    await lost;
    while (open.size > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(lines.size).toBe(0);
  });

  it('renews certificates under load without one failed request', async () => {
    const node = uuidv7();
    const busy = await new Server(await credentialOf(['pro'], { node }), (credential) =>
      authority.issue({ node, roles: ['pro'] }, publicKeyOf(credential)),
    ).start();
    const front = await credentialOf(['portal']);
    const agent = new https.Agent({ keepAlive: true, maxSockets: 4 });
    const serials = new Set<string>();
    let failed = 0;
    for (let round = 0; round < 10; round++) {
      const requests = Array.from({ length: 20 }, (_, n) =>
        get(busy.address, front, undefined, n % 2 ? agent : undefined).catch(() => failed++),
      );
      await busy.credentials.renewNow();
      serials.add(busy.credentials.current.certificate);
      await Promise.all(requests);
    }
    agent.destroy();
    await busy.stop();
    expect(failed).toBe(0);
    expect(serials.size).toBe(10);
  });
});

describe('the authority of a cluster', () => {
  it('is made once, whoever comes first', async () => {
    const at = path.join(folder, 'race');
    const all = await Promise.all(Array.from({ length: 5 }, () => Authority.open(at)));
    expect(new Set(all.map(({ cluster }) => cluster)).size).toBe(1);
  });

  it('signs keys of servers only, and of one kind', async () => {
    const ed25519 = generateKeyPairSync('ed25519')
      .publicKey.export({ type: 'spki', format: 'pem' })
      .toString();
    const issue = (key: string) => authority.issue({ node: uuidv7(), roles: ['pro'] }, key);
    for (const key of ['nonsense', newKeyPair().privateKey.slice(0, 100), ed25519])
      await expect(issue(key)).rejects.toMatchObject({ code: 'BadInput' });
  });

  it('gives a certificate that names cluster, server and roles, and a credential that can be kept', async () => {
    const node = uuidv7();
    const credential = await credentialOf(['webui', 'portal'], { node });
    expect(identityOf(credential)).toEqual({ cluster: authority.cluster, node, roles: ['portal', 'webui'] });
    const at = path.join(folder, 'kept');
    expect(loadCredential(at)).toBeNull();
    saveCredential(at, credential);
    expect(loadCredential(at)).toEqual(credential);
  });
});

it.each([
  ['1.2.0', '1.9.3', true],
  ['1.2.0', '2.0.0', false],
  ['0.1.0', '0.1.7', true],
  ['0.1.0', '0.2.0', false],
])('versions %s and %s fit together: %s', (one, other, fit) => expect(areCompatible(one, other)).toBe(fit));
