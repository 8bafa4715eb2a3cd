import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EngineError } from './engine-error.js';
import { encodeFrame, FRAME_LIMITS } from './frame.js';
import { Peer, type Call, type Handlers } from './peer.js';

interface Api {
  echo: { params: unknown; result: unknown };
  note: { params: unknown; result: null };
}
type Side = Peer<Api, Api>;

let folder: string;
let sockets: [Socket, Socket];
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'openpro-peer-'));
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(path.join(folder, 's'), resolve));
  const there = new Promise<Socket>((resolve) => server.once('connection', resolve));
  sockets = [connect(path.join(folder, 's')), await there];
  server.close();
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  rmSync(folder, { recursive: true });
});

const echo = (params: unknown, { binary }: Call) => ({ result: params, binary: [binary] });
const pair = (handlers: Handlers<Api>, own: Handlers<Api> = {}): [Side, Side] => [
  new Peer<Api, Api>(sockets[0], own),
  new Peer<Api, Api>(sockets[1], handlers),
];

describe('a connection', () => {
  it('answers requests with their results and bytes, each to its caller', async () => {
    const [here] = pair({ echo });
    const all = await Promise.all(
      [1, 2, 3].map((n) => here.request('echo', { n }, { binary: [Uint8Array.of(n, n)] })),
    );
    expect(all.map(({ result, binary }) => [result, [...binary]])).toEqual([
      [{ n: 1 }, [1, 1]],
      [{ n: 2 }, [2, 2]],
      [{ n: 3 }, [3, 3]],
    ]);
  });

  it('serves both sides', async () => {
    const [here, there] = pair({ echo }, { echo: () => ({ result: 'here' }) });
    expect((await there.request('echo', null)).result).toBe('here');
    expect((await here.request('echo', 'x')).result).toBe('x');
  });

  it('carries data of more than a frame in chunks, and other messages between them', async () => {
    const [here] = pair({ echo });
    const big = new Uint8Array(FRAME_LIMITS.frame + 5).fill(7);
    big[FRAME_LIMITS.frame] = 9;
    const order: string[] = [];
    const first = here.request('echo', 'big', { binary: [big, Uint8Array.of(1)] }).then((reply) => {
      order.push('big');
      return reply;
    });
    const second = here.request('echo', 'small').then(() => order.push('small'));
    const [{ binary }] = await Promise.all([first, second]);
    expect(order).toEqual(['small', 'big']);
    expect(binary).toHaveLength(big.length + 1);
    expect([binary[0], binary[FRAME_LIMITS.frame], binary.at(-1)]).toEqual([7, 9, 1]);
  });

  it('passes errors on with their code and place', async () => {
    const [here] = pair({
      echo: () => {
        throw new EngineError('ModelError', 'no such thing', 'main.mjs:3:1');
      },
    });
    await expect(here.request('echo', null)).rejects.toMatchObject({
      code: 'ModelError',
      message: 'no such thing',
      where: 'main.mjs:3:1',
    });
  });

  it.each(['nope', '__proto__', 'constructor'])('refuses the unknown method %s', async (method) => {
    const [here] = pair({ echo });
    await expect(here.request(method as 'echo', null)).rejects.toMatchObject({ code: 'UnknownMethod' });
  });

  it('tells the other side when the caller has given up', async () => {
    const aborted: Promise<void>[] = [];
    const [here] = pair({
      echo: (_, { signal }) => {
        const gone = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        aborted.push(gone);
        return gone.then(() => ({ result: null }));
      },
    });
    await expect(here.request('echo', null, { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'TimeOut',
      message: 'echo had no answer within 0.02 s',
    });
    const stop = new AbortController();
    const second = here.request('echo', null, { signal: stop.signal });
    stop.abort();
    await expect(second).rejects.toMatchObject({ code: 'Cancelled' });
    await Promise.all(aborted);
    expect(aborted.length).toBeGreaterThan(0);
  });

  it('fails what waits when it ends', async () => {
    const [here, there] = pair({ echo: () => new Promise(() => undefined) });
    const waiting = here.request('echo', null);
    there.close();
    await expect(waiting).rejects.toMatchObject({ code: 'ConnectionClosed' });
    await expect(here.request('echo', null)).rejects.toMatchObject({ code: 'ConnectionClosed' });
    expect(await here.closed).toBeUndefined();
  });

  it('refuses messages over the limits on the caller side, and goes on', async () => {
    const [here] = pair({ echo });
    await expect(here.request('echo', 'x'.repeat(FRAME_LIMITS.json))).rejects.toThrow('at most 4194304');
    expect((await here.request('echo', 1)).result).toBe(1);
  });

  it.each([
    ['a broken frame', Buffer.from('garbage garbage')],
    ['a chunk of nothing', Buffer.concat(encodeFrame(2, {}, [Uint8Array.of(1)]))],
    ['too much data', Buffer.concat(encodeFrame(1, { id: 1, method: 'echo', size: 2 ** 40 }))],
    ['a size that is none', Buffer.concat(encodeFrame(1, { id: 1, method: 'echo', size: 'x' }))],
    ['a note that cannot be understood', Buffer.concat(encodeFrame(0, { method: 'note' }))],
  ])('ends at %s', async (_, bytes) => {
    const there = new Peer<Api, Api>(sockets[1], {
      note: () => {
        throw new Error('not understood');
      },
    });
    sockets[0].on('error', () => undefined).write(bytes);
    expect(await there.closed).toBeInstanceOf(Error);
  });

  it('ignores answers to nobody', async () => {
    const [here] = pair({ echo });
    sockets[1].write(Buffer.concat(encodeFrame(0, { id: 77, result: 1 })));
    expect((await here.request('echo', 1)).result).toBe(1);
  });
});
