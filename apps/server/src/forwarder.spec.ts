import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { uuidv7 } from '@openpro/kernel';
import type { Credentials } from '@openpro/link';
import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { WebSocket, WebSocketServer } from 'ws';
import { type Behind, Cluster, VERSION } from './behind.testing.js';
import { Forwarder } from './forwarder.js';
import { Upstreams } from './upstreams.js';

const cluster = new Cluster();
beforeAll(() => cluster.open());
afterAll(() => cluster.close());

describe('what a front server passes on', () => {
  let a: Behind;
  let b: Behind;
  let upstreams: Upstreams;
  let forwarder: Forwarder;
  let own: Credentials;
  let front: http.Server;
  let port: number;

  beforeEach(async () => {
    [a, b] = [await cluster.behind(), await cluster.behind()];
    upstreams = new Upstreams([a, b]);
    own = await cluster.credentials(uuidv7(), ['portal']);
    forwarder = new Forwarder({
      upstreams,
      credentials: own,
      version: VERSION,
      headers: () => ({}),
      cookies: true,
    });
    front = http
      .createServer((request, response) => {
        forwarder.request(request, response).catch(() => response.destroy());
      })
      .on('upgrade', (request: http.IncomingMessage, socket: Duplex, head: Buffer) =>
        forwarder.upgrade(request, socket, head),
      )
      .listen(0, '127.0.0.1');
    await once(front, 'listening');
    ({ port } = front.address() as AddressInfo);
  });

  afterEach(async () => {
    own.stop();
    forwarder.close();
    front.closeAllConnections();
    front.close();
    await Promise.all([a.stop(), b.stop()]);
  });

  /** Exactly these bytes, and what comes back until the end. */
  const raw = async (...parts: readonly (string | Buffer)[]): Promise<string> => {
    const socket = net.connect(port, '127.0.0.1');
    for (const part of parts) socket.write(part);
    return text(socket);
  };
  const head = (...lines: readonly string[]): string =>
    `${[...lines, 'host: front', 'connection: close'].join('\r\n')}\r\n\r\n`;
  const url = (at: string): string => `http://127.0.0.1:${port}${at}`;
  const bodies = (behind: Behind): string[] => {
    const got: string[] = [];
    behind.request = (request, response) => {
      void text(request).then((body) => {
        got.push(body);
        response.end('ok');
      });
    };
    return got;
  };

  describe('is one request there, whatever its body says', () => {
    const inner = 'POST /graphql/smuggled HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n';
    const chunked = `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`;

    it.each([
      ['a chunked body of a GET', ['GET /graphql HTTP/1.1', 'transfer-encoding: chunked'], chunked],
      ['a chunked body of a DELETE', ['DELETE /api/x HTTP/1.1', 'transfer-encoding: chunked'], chunked],
      ['a chunked body', ['POST /graphql HTTP/1.1', 'transfer-encoding: chunked'], chunked],
      ['a body of known length', ['GET /graphql HTTP/1.1', `content-length: ${inner.length}`], inner],
      [
        'a length that the connection claims',
        ['DELETE /graphql HTTP/1.1', `content-length: ${inner.length}`, 'connection: content-length, host'],
        inner,
      ],
    ])('%s', async (_name, lines, body) => {
      const got = [...[a, b].map(bodies)];
      expect(await raw(head(...lines), body)).toMatch(/^HTTP\/1\.1 200 /);
      expect(got.flat()).toEqual([inner]);
      expect([...a.seen, ...b.seen]).toHaveLength(1);
    });

    it('both framings at once are refused', async () => {
      const answer = await raw(
        head('POST /graphql HTTP/1.1', 'transfer-encoding: chunked', `content-length: ${chunked.length}`),
        chunked,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect([...a.seen, ...b.seen]).toEqual([]);
    });
  });

  it('arrives whole when it is too large to be kept', async () => {
    const body = Buffer.alloc(5_000_000, 'x');
    const lengths: (string | undefined)[] = [];
    a.request = (request, response) => {
      lengths.push(request.headers['content-length']);
      void buffer(request).then((all) => response.end(String(all.length)));
    };
    upstreams.replace([a]);
    const answer = await fetch(url('/api/upload'), { method: 'PUT', body });
    expect([await answer.text(), lengths]).toEqual(['5000000', ['5000000']]);
  });

  it('goes to another server when the first is not there, a stream too: nothing of it is lost', async () => {
    await a.stop();
    upstreams.begin(b); // so that a is asked first
    b.request = (request, response) => void buffer(request).then((all) => response.end(String(all.length)));
    const body = Buffer.alloc(3_000_000, 'x');
    expect(await (await fetch(url('/api/upload'), { method: 'PUT', body })).text()).toBe('3000000');
  });

  it('goes to another server when the first one does not let this one in', async () => {
    a.refuses = true;
    upstreams.begin(b);
    expect(await (await fetch(url('/graphql'), { method: 'POST', body: '{}' })).text()).toBe(b.node);
  });

  it('is not split between two servers when the first has begun to read and refuses', async () => {
    a.refuses = true;
    upstreams.begin(b);
    const answer = await fetch(url('/api/upload'), { method: 'PUT', body: Buffer.alloc(5_000_000, 'x') });
    expect([answer.status, b.seen]).toEqual([503, []]);
  });

  it('does not make a server one to avoid when the client leaves', async () => {
    const arrived = new Promise<void>((resolve) => (a.request = () => resolve()));
    upstreams.begin(b);
    const leaving = new AbortController();
    const asked = fetch(url('/graphql'), { signal: leaving.signal }).catch((error: Error) => error.name);
    await arrived;
    leaving.abort();
    expect(await asked).toBe('AbortError');
    upstreams.begin(b);
    expect(upstreams.next(new Set())).toMatchObject({ node: a.node });
  });

  it('breaks off with the answer that breaks off, and the server is avoided', async () => {
    a.request = (_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    };
    upstreams.begin(b);
    await expect(fetch(url('/graphql')).then((answer) => answer.text())).rejects.toThrow();
    expect(upstreams.next(new Set())).toMatchObject({ node: b.node });
  });

  it('is sent again elsewhere when its server leaves the cluster before it answers', async () => {
    const arrived = new Promise<void>((resolve) => (a.request = () => resolve()));
    upstreams.begin(b);
    const asked = fetch(url('/graphql'), { method: 'POST', body: '{}' });
    await arrived;
    upstreams.replace([b]);
    forwarder.keepOnly([b]);
    expect(await (await asked).text()).toBe(b.node);
  });

  it('ends when its server leaves and it may have been acted on', async () => {
    const arrived = new Promise<void>((resolve) => (a.request = () => resolve()));
    upstreams.begin(b);
    const asked = fetch(url('/api/x'), { method: 'POST', body: '{}' });
    await arrived;
    forwarder.keepOnly([b]);
    expect([(await asked).status, b.seen]).toEqual([503, []]);
  });

  it('goes on over a new certificate', async () => {
    upstreams.replace([a]);
    let answer = (): void => undefined;
    const arrived = new Promise<void>((resolve) => {
      a.request = (_request, response) => {
        answer = () => void response.end('late');
        resolve();
      };
    });
    const before = fetch(url('/graphql'));
    await arrived;
    await own.renewNow();
    a.request = (_request, response) => void response.end('new');
    expect(await (await fetch(url('/graphql'))).text()).toBe('new');
    answer();
    expect(await (await before).text()).toBe('late');
  });

  describe('a websocket', () => {
    const echo = (behind: Behind): void => {
      const sockets = new WebSocketServer({ noServer: true });
      behind.upgrade = (request, socket, first) =>
        sockets.handleUpgrade(request, socket, first, (opened) =>
          opened.on('message', (data: Buffer) => opened.send(`${behind.node} ${data.toString()}`)),
        );
    };
    const open = async (): Promise<WebSocket> => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`);
      await once(socket, 'open');
      return socket;
    };
    const said = async (socket: WebSocket): Promise<string> => {
      socket.send('hello');
      const [data] = (await once(socket, 'message')) as [Buffer];
      return data.toString();
    };

    beforeEach(() => [a, b].forEach(echo));

    it('is joined to a server that lets this one in', async () => {
      a.refuses = true;
      upstreams.begin(b);
      const socket = await open();
      expect(await said(socket)).toBe(`${b.node} hello`);
      socket.terminate();
    });

    it('outlives a new certificate, and ends with its server', async () => {
      upstreams.begin(b);
      const socket = await open();
      await own.renewNow();
      expect(await said(socket)).toBe(`${a.node} hello`);
      const closed = once(socket, 'close');
      forwarder.keepOnly([b]);
      expect((await closed)[0]).toBe(1006);
    });

    it('that is not wanted is told why, and leaves nothing open', async () => {
      a.upgrade = (_request, socket) =>
        void socket.end(
          'HTTP/1.1 401 Unauthorized\r\ntransfer-encoding: chunked\r\n\r\n5\r\nno way\r\n0\r\n\r\n'.replace(
            '5\r\n',
            '6\r\n',
          ),
        );
      upstreams.replace([a]);
      const answer = await raw(
        'GET /graphql HTTP/1.1\r\nhost: front\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n',
      );
      expect(answer).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\nConnection: close\r\n\r\nno way$/);
    });

    it('whose browser leaves before it is open costs its server nothing', async () => {
      let gone = (): void => undefined;
      const cut = new Promise<void>((resolve) => (gone = resolve));
      const arrived = new Promise<void>((resolve) => {
        a.upgrade = (_request, socket) => {
          socket.once('close', gone);
          socket.resume();
          resolve();
        };
      });
      upstreams.replace([a]);
      const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`);
      socket.on('error', () => undefined);
      await arrived;
      socket.terminate();
      await cut;
      upstreams.replace([a, b]);
      upstreams.begin(b);
      expect(upstreams.next(new Set())).toMatchObject({ node: a.node }); // neither busy nor avoided
    });
  });
});
