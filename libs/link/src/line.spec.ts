import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { answerLine, Line } from './line.js';
import { LinkError, LinkUnavailable, LocalLink } from './link.js';

const PING_MS = 20;
/** Never while a test runs. */
const RARELY_MS = 3_600_000;
const pro = { node: 'a', roles: ['pro'] };

let door: WebSocketServer;
let sockets: WebSocket[];
let reported: unknown[];
const report = (error: unknown): void => void reported.push(error);

beforeEach(async () => {
  door = new WebSocketServer({ port: 0 });
  await once(door, 'listening');
  sockets = [];
  reported = [];
});
afterEach(() => {
  for (const socket of sockets) socket.terminate();
  door.close();
});

/** Both ends of a connection. */
const connected = async (options: object = {}): Promise<{ near: WebSocket; far: WebSocket }> => {
  const accepted = once(door, 'connection');
  const near = new WebSocket(`ws://127.0.0.1:${(door.address() as AddressInfo).port}`, options);
  const [far] = (await accepted) as [WebSocket];
  await once(near, 'open');
  sockets.push(near, far);
  return { near, far };
};

describe('the side of a line that answers', () => {
  let local: LocalLink;
  beforeEach(() => {
    local = new LocalLink(pro);
  });

  const asked = async (pingMs = RARELY_MS, options: object = {}) => {
    const { near, far } = await connected(options);
    answerLine(far, pro, local, report, pingMs);
    const answers: unknown[] = [];
    let more = (): void => undefined;
    near.on('message', (data: Buffer) => {
      answers.push(JSON.parse(data.toString()));
      more();
    });
    const ask = async (...messages: unknown[]): Promise<unknown[]> => {
      const expected = answers.length + messages.length;
      const enough = new Promise<void>((resolve) => (more = () => answers.length >= expected && resolve()));
      for (const message of messages) near.send(JSON.stringify(message));
      await enough;
      return answers.splice(0);
    };
    return { near, far, ask };
  };

  it.each(['nonsense', 'null', '7', '"text"', '[]', '{}', '{"id":"1"}', '{"id":1.5}'])(
    'ends the line at what is no message: %s',
    async (text) => {
      const { near } = await asked();
      near.send(text);
      expect((await once(near, 'close'))[0]).toBe(1008);
    },
  );

  it('answers a wrong question, a repeated id and one too many under their ids, and goes on', async () => {
    local.serve('hello', { accepts: ['pro'], call: () => Promise.resolve('hello') });
    local.serve('hang', { accepts: ['pro'], call: () => new Promise(() => undefined) });
    const { near, ask } = await asked();
    const error = (id: number, code: string) => ({ id, error: expect.objectContaining({ code }) as unknown });
    const wrong = [{ id: 1 }, { id: 2, call: 7 }, { id: 3, listen: {} }];
    expect(await ask(...wrong)).toEqual([1, 2, 3].map((id) => error(id, 'BadMessage')));
    near.send(JSON.stringify({ id: 4, call: 'hang' }));
    expect(await ask({ id: 4, call: 'hello' })).toEqual([error(4, 'TooMany')]);
    for (let id = 5; id < 10_004; id++) near.send(JSON.stringify({ id, call: 'hang' }));
    expect(await ask({ id: 10_004, call: 'hello' })).toEqual([error(10_004, 'TooMany')]);
    near.send(JSON.stringify({ id: 4, stop: true }));
    expect(await ask({ id: 10_005, call: 'hello' })).toEqual([{ id: 10_005, result: 'hello' }]);
  });

  it('tells refusals in their words, and of bugs no more than the id under which they are reported', async () => {
    const bugs: [string, () => Promise<unknown>][] = [
      ['throws', () => Promise.reject(new Error('password=secret'))],
      ['code', () => Promise.reject(Object.assign(new Error('secret'), { code: 'EACCES' }))],
      ['cyclic', () => Promise.resolve(reported)],
    ];
    for (const [method, call] of bugs) local.serve(method, { accepts: ['pro'], call });
    local.serve('full', { accepts: ['pro'], call: () => Promise.reject(new LinkError('Full', 'No room')) });
    local.serve('listen', {
      accepts: ['pro'],
      listen: () => {
        throw new TypeError('secret');
      },
    });
    reported.push(reported); // JSON knows no circles
    const { ask } = await asked();
    expect(await ask({ id: 1, call: 'full' })).toEqual([
      { id: 1, error: { code: 'Full', message: 'No room' } },
    ]);
    for (const question of [
      { id: 2, call: 'throws' },
      { id: 3, call: 'code' },
      { id: 4, call: 'cyclic' },
      { id: 5, listen: 'listen' },
    ]) {
      const [answer] = (await ask(question)) as [{ error: { code: string; message: string } }];
      expect(answer.error.code).toBe('Internal');
      expect(answer.error.message).not.toContain('secret');
    }
    expect(reported.length).toBe(5);
  });

  it('cuts a line whose other side does not read, and stops what it listened to', async () => {
    let stopped = (): void => undefined;
    const gone = new Promise<void>((resolve) => (stopped = resolve));
    const megabyte = 'x'.repeat(1024 * 1024);
    let pushes = 0;
    local.serve('flood', {
      accepts: ['pro'],
      listen: (_params, push) => {
        const flood = setInterval(() => {
          if (++pushes > 200) clearInterval(flood);
          push(megabyte);
        });
        return () => [clearInterval(flood), stopped()];
      },
    });
    const { near } = await asked();
    near.send(JSON.stringify({ id: 1, listen: 'flood' }));
    near.pause();
    await gone;
    expect(pushes).toBeLessThan(200);
    expect(String(reported[0])).toContain('does not read');
  });

  it('stops everything when the line closes, whatever one of them throws', async () => {
    const stopped: string[] = [];
    let last = (): void => undefined;
    const all = new Promise<void>((resolve) => (last = resolve));
    local.serve('bad', {
      accepts: ['pro'],
      listen: () => () => {
        throw new Error('bug');
      },
    });
    local.serve('good', {
      accepts: ['pro'],
      listen: (_params, push) => (push('here'), () => (stopped.push('good'), last())),
    });
    const { near, ask } = await asked();
    near.send(JSON.stringify({ id: 1, listen: 'bad' }));
    await ask({ id: 2, listen: 'good' });
    near.terminate();
    await all;
    expect(reported).toEqual([new Error('bug')]);
  });

  it('is cut when the other side gives no sign of life', async () => {
    const { far } = await asked(PING_MS, { autoPong: false });
    await once(far, 'close');
  });
});

describe('the side of a line that asks', () => {
  it.each(['nonsense', 'null', '[]', '{"id":null}'])(
    'ends the line at what is no message: %s',
    async (text) => {
      const { near, far } = await connected();
      const line = new Line(near, 'b', report, RARELY_MS);
      far.on('message', () => far.send(text));
      await expect(line.call('x', null)).rejects.toThrow('A message is a JSON object');
    },
  );

  it('takes answers in any other form than the agreed one for refusals', async () => {
    const { near, far } = await connected();
    const line = new Line(near, 'b', report, RARELY_MS);
    far.on('message', (data: Buffer) => {
      const { id, call } = JSON.parse(data.toString()) as { id: number; call: string };
      far.send(JSON.stringify({ id: id + 1000, result: 'nobody asked' }));
      const errors = { text: 'no', object: { code: 1, message: {} } };
      far.send(JSON.stringify({ id, message: 'no result', error: errors[call as keyof typeof errors] }));
    });
    for (const method of ['text', 'object', 'none'])
      await expect(line.call(method, null)).rejects.toMatchObject({ code: 'Refused' });
  });

  it('ends a stream whose message its listener cannot use, and keeps the line', async () => {
    const { near, far } = await connected();
    const line = new Line(near, 'b', report, RARELY_MS);
    const told: { id: number; stop?: boolean; call?: string }[] = [];
    far.on('message', (data: Buffer) => {
      const question = JSON.parse(data.toString()) as (typeof told)[number];
      told.push(question);
      far.send(JSON.stringify({ id: question.id, message: null, result: 'well' }));
    });
    const ended = new Promise<Error>((resolve) => {
      line.listen('x', null, (message) => (message as string).length, resolve);
    });
    expect(await ended).toMatchObject({ code: 'BadMessage' });
    expect(await line.call('y', null)).toBe('well');
    expect(told.map(({ stop }) => stop)).toContain(true);
  });

  it('refuses at once what cannot be sent', async () => {
    const { near } = await connected();
    const line = new Line(near, 'b', report, RARELY_MS);
    const circle: unknown[] = [];
    circle.push(circle);
    await expect(line.call('x', circle)).rejects.toThrow('circular');
    await new Promise((resolve) => line.listen('x', circle, () => undefined, resolve));
    await expect(line.call('x', 'y'.repeat(33 * 1024 * 1024))).rejects.toMatchObject({ code: 'TooLarge' });
    line.close();
    await expect(line.call('x', null)).rejects.toBeInstanceOf(LinkUnavailable);
    await new Promise((resolve) => line.listen('x', null, () => undefined, resolve));
  });

  it('waits as long as the caller wants, and then tells the other side', async () => {
    const { near, far } = await connected();
    const line = new Line(near, 'b', report, RARELY_MS);
    const told: unknown[] = [];
    const stopped = new Promise<void>((resolve) =>
      far.on('message', (data: Buffer) => {
        told.push(JSON.parse(data.toString()));
        if (told.length === 2) resolve();
      }),
    );
    await expect(line.call('x', null, 10)).rejects.toThrow('did not answer x within 0.01 s');
    await stopped;
    expect(told[1]).toEqual({ id: 1, stop: true });
  });

  it('is cut when the other side gives no sign of life', async () => {
    const { near } = await connected({});
    for (const socket of door.clients) socket.pause();
    const line = new Line(near, 'b', report, PING_MS);
    await expect(line.call('x', null)).rejects.toBeInstanceOf(LinkUnavailable);
  });

  it('lasts when this server itself has stood still', async () => {
    const { near, far } = await connected();
    const line = new Line(near, 'b', report, PING_MS);
    answerLine(far, pro, new LocalLink(pro), report, RARELY_MS);
    for (let stalls = 0; stalls < 3; stalls++) {
      await once(far, 'ping'); // answered, and the answer not read yet
      for (const end = performance.now() + 5 * PING_MS; performance.now() < end;);
    }
    await expect(line.call('x', null)).rejects.toMatchObject({ code: 'NoSuchMethod' });
  });
});
