import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { once } from 'node:events';
import net from 'node:net';
import { TcpProxy } from './tcp-proxy.js';

const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

/** Answers each line, as PostgreSQL would: text, then "ready". */
let heard: string[];
let ends: () => number;
let news: () => void;
let server: net.Server;
let proxy: TcpProxy;
const clients: net.Socket[] = [];

beforeEach(async () => {
  const words: string[] = (heard = []);
  let ended = 0;
  ends = () => ended;
  news = () => undefined;
  server = net.createServer((socket) => {
    socket.on('data', (chunk) => {
      words.push(chunk.toString());
      news();
      if (socket.writable) socket.write(Buffer.concat([Buffer.from('answer'), READY]));
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      ended += 1;
      news();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  proxy = new TcpProxy(() => net.connect(port, '127.0.0.1'));
  await proxy.listen(0);
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await proxy.close();
  server.close();
  await once(server, 'close');
});

const closed = (client: net.Socket): Promise<void> =>
  new Promise((resolve) => client.once('close', () => resolve()));

const until = (what: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    news = () => what() && resolve();
    news();
  });

const dial = (): net.Socket => {
  const client = net.connect(proxy.port, '127.0.0.1');
  client.on('error', () => undefined);
  clients.push(client);
  return client;
};

const connect = async (): Promise<net.Socket> => {
  const client = dial();
  await once(client, 'connect');
  return client;
};

const ask = async (client: net.Socket, text: string): Promise<string> => {
  client.write(text);
  const [chunk] = (await once(client, 'data')) as [Buffer];
  return chunk.subarray(0, -READY.length).toString();
};

it('passes on what is said', async () => {
  expect(await ask(await connect(), 'hello')).toBe('answer');
  expect(heard).toEqual(['hello']);
});

it('cuts connections, and takes new ones', async () => {
  const client = await connect();
  await ask(client, 'one');
  const cut = closed(client);
  proxy.cut();
  await cut;
  expect(await ask(await connect(), 'two')).toBe('answer');
});

it('resets whoever comes while it refuses', async () => {
  const client = await connect();
  await ask(client, 'one');
  const cut = closed(client);
  proxy.change({ is: 'refuse' });
  await cut;
  await closed(dial());
  proxy.change({ is: 'fair' });
  expect(await ask(await connect(), 'two')).toBe('answer');
});

it('keeps what falls into a hole until it ends, new connections too', async () => {
  const client = await connect();
  await ask(client, 'one');
  proxy.change({ is: 'hole' });
  const late = await connect();
  const answers = Promise.all([ask(client, 'two'), ask(late, 'three')]);
  expect(heard).toEqual(['one']);
  proxy.change({ is: 'fair' });
  expect(await answers).toEqual(['answer', 'answer']);
  expect([...heard].sort()).toEqual(['one', 'three', 'two']);
});

it('tells nobody of an end during a hole, and delivers before it what was said', async () => {
  const client = await connect();
  await ask(client, 'one');
  proxy.change({ is: 'hole' });
  client.end('last words');
  await new Promise((resolve) => setImmediate(resolve));
  expect(ends()).toBe(0);
  proxy.change({ is: 'fair' });
  await until(() => ends() === 1);
  expect(heard).toEqual(['one', 'last words']);
});

it('delays what is said, and delivers it in order', async () => {
  const client = await connect();
  await ask(client, 'one');
  proxy.change({ is: 'delay', ms: 3_600_000 });
  const answer = ask(client, 'two');
  client.write(', three');
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toEqual(['one']);
  proxy.change({ is: 'fair' });
  expect(await answer).toBe('answer');
  await until(() => heard.join('').length > 6);
  expect(heard.join('')).toBe('onetwo, three');
});

it('lets answers trickle, not questions', async () => {
  const client = await connect();
  await ask(client, 'one');
  proxy.change({ is: 'slow', bytesPerSecond: 0.001 });
  const answer = ask(client, 'two');
  await until(() => heard.length === 2);
  proxy.change({ is: 'fair' });
  expect(await answer).toBe('answer');
});

it('leaves a connection half-open: gone there, alive here, until it is over', async () => {
  const client = await connect();
  await ask(client, 'one');
  const over = proxy.halfOpen();
  await until(() => ends() === 1);
  client.write('into the void');
  expect(client.destroyed).toBe(false);
  expect(await ask(await connect(), 'another')).toBe('answer');
  const cut = closed(client);
  over();
  await cut;
  expect(heard).toEqual(['one', 'another']);
});

it('cuts between the work and its reply', async () => {
  const client = await connect();
  await ask(client, 'one');
  const struck = proxy.cutBeforeReply('COMMIT', 10_000);
  expect(await ask(client, 'two')).toBe('answer');
  let answered = false;
  client.on('data', () => (answered = true));
  client.write('now COMMIT');
  await closed(client);
  expect(await struck).toBe(true);
  expect(answered).toBe(false);
  expect(heard).toEqual(['one', 'two', 'now COMMIT']);
});

it('says so when there was nothing to cut', async () => {
  expect(await proxy.cutBeforeReply('COMMIT', 1)).toBe(false);
});

it('holds a request and all that follows until the weather changes', async () => {
  const [client, other] = [await connect(), await connect()];
  await Promise.all([ask(client, 'one'), ask(other, 'two')]);
  const held = proxy.holdFrom('JobCompleted', 10_000);
  const answer = ask(client, 'JobCompleted');
  expect(await held).toBe(true);
  const second = ask(other, 'beat');
  expect(heard).toHaveLength(2);
  proxy.change({ is: 'fair' });
  expect(await Promise.all([answer, second])).toEqual(['answer', 'answer']);
});
