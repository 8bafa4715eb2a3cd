import 'reflect-metadata';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandHandler, MemoryEventStore, StoreUnavailable } from '@openpro/eventstore';
import { uuidv7 } from '@openpro/kernel';
import { Authority, identityIn, LocalLink, newKeyPair } from '@openpro/link';
import type { Commands } from '@openpro/platform';
import { appPool } from '@openpro/platform/postgres';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type pg from 'pg';
import { type FreshDatabase, freshDatabase } from '../../../test/harness/database.js';
import type { ForNode } from './cluster.commands.js';
import { FrontServers } from './front-servers.js';
import { node as nodeAggregate } from './node.js';
import type { Refused } from './refusals.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'openpro-fronts-'));
const pros = [{ node: uuidv7(), address: 'one.example:4700' }];
let authority: Authority;
let database: FreshDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  authority = await Authority.open(folder);
  database = await freshDatabase();
  pool = appPool(database.appUrl, { max: 1 });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
  rmSync(folder, { recursive: true });
});

describe('front servers', () => {
  let link: LocalLink;
  let refused: Refused[];
  let now: number;
  let executed: (command: ForNode) => Promise<void>;
  let node: string;

  beforeEach(() => {
    const handler = new CommandHandler(new MemoryEventStore());
    executed = () => Promise.resolve();
    const execute = (async (command: ForNode) => {
      await executed(command);
      return handler.execute(nodeAggregate, command.id, command.command, command.meta);
    }) as Commands['execute'];
    link = new LocalLink({ node: 'self', roles: ['pro'] });
    refused = [];
    now = 0;
    node = uuidv7();
    new FrontServers(
      { execute },
      { authority },
      { pro: pros },
      pool,
      { record: (refusal) => void refused.push(refusal) },
      { version: '1.2.0', beatMs: 700 },
      () => now,
    ).serve(link);
  });

  const about = { name: 'front-1', roles: ['portal'], version: '1.2.3', isolation: 'runs no sessions' };
  const call = (method: string, params: unknown, roles = ['portal', 'proxy']) =>
    link.answer(`cluster.${method}`, params, { node, roles });

  it('join, are told how often to beat and where the others are, and leave', async () => {
    expect(await call('join', about)).toEqual({ epoch: 1, beatMs: 700 });
    expect(await call('beat', { epoch: 1 })).toEqual({ known: true, servers: pros });
    expect(await call('beat', { epoch: 2 })).toMatchObject({ known: false });
    await call('leave', { epoch: 1 });
    expect(await call('beat', { epoch: 1 })).toMatchObject({ known: false });
  });

  it('get a new certificate as what they are', async () => {
    const { publicKey } = newKeyPair();
    const certificate = new X509Certificate((await call('renew', { publicKey })) as string);
    expect(identityIn(certificate)).toEqual({
      cluster: authority.cluster,
      node,
      roles: ['portal', 'proxy'],
    });
    await expect(call('renew', { publicKey: 'nonsense' })).rejects.toMatchObject({ code: 'BadInput' });
  });

  it.each([
    ['NotAllowed', { ...about, roles: ['webui'] }],
    ['NotAllowed', { ...about, roles: 'portal' }],
    ['NotAllowed', null],
    ['OtherVersion', { ...about, version: '2.0.0' }],
    ['BadInput', { ...about, name: 7 }],
  ])('are refused with %s, and it is recorded: %j', async (code, params) => {
    await expect(call('join', params)).rejects.toMatchObject({ code });
    expect(refused).toMatchObject([{ what: 'link', from: node, node, code }]);
  });

  it('join once a second at most', async () => {
    await call('join', about);
    await expect(call('join', about)).rejects.toMatchObject({ code: 'TooSoon' });
    now += 1000;
    expect(await call('join', about)).toMatchObject({ epoch: 2 });
  });

  it('have one call at a time, a few that wait, and no more', async () => {
    let running = 0;
    let most = 0;
    executed = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
    };
    const calls = await Promise.allSettled(
      Array.from({ length: 8 }, (_, n) => call(n === 0 ? 'join' : 'leave', n === 0 ? about : { epoch: 1 })),
    );
    expect(calls.map(({ status }) => status)).toEqual([
      ...Array<string>(5).fill('fulfilled'),
      ...Array<string>(3).fill('rejected'),
    ]);
    expect(calls[7]).toMatchObject({ reason: { code: 'TooMany' } });
    expect(most).toBe(1);
    await call('leave', { epoch: 1 });
  });

  it('hear that the database is away, and not how', async () => {
    executed = () => Promise.reject(new StoreUnavailable(new Error('password authentication failed')));
    await expect(call('join', about)).rejects.toMatchObject({
      code: 'Unavailable',
      message: 'The database is away just now',
    });
  });
});
