import 'reflect-metadata';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandHandler, MemoryEventStore } from '@openpro/eventstore';
import { isRefusal, uuidv7 } from '@openpro/kernel';
import { Authority, identityOf, newKeyPair } from '@openpro/link';
import type { Actor, Commands } from '@openpro/platform';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ForNode } from './cluster.commands.js';
import { Joining } from './joining.js';
import { node } from './node.js';

const admin: Actor = {
  id: uuidv7(),
  name: 'Ada',
  environment: 'ROOT',
  roles: ['administrator'],
  tokenHash: null,
  expiresAt: Infinity,
};
const folder = mkdtempSync(path.join(os.tmpdir(), 'openpro-joining-'));
let authority: Authority;

beforeAll(async () => {
  authority = await Authority.open(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('joining the cluster by a token', () => {
  let now: number;
  let joining: Joining;
  const { publicKey, privateKey } = newKeyPair();
  const pro = [{ node: uuidv7(), address: 'one.example:4700' }];

  beforeEach(() => {
    now = Date.now();
    const handler = new CommandHandler(new MemoryEventStore());
    const execute = ((command: ForNode) =>
      handler.execute(
        node,
        command.id,
        command.command,
        command.meta,
        command.fingerprint,
      )) as Commands['execute'];
    joining = new Joining(
      { execute },
      { authority, address: 'one.example:4700' },
      {
        joined: [{ id: 'n1', name: 'server-1', state: 'joined', roles: ['pro'], link: null, version: '1' }],
        pro,
        read: () => Promise.resolve(),
      },
      () => now,
    );
  });

  const invited = async (roles = ['portal']) => {
    const invitation = await joining.invite(admin, 'server-2', roles, uuidv7());
    if (isRefusal(invitation)) throw new Error(invitation.message);
    return invitation;
  };

  it('gives a certificate for the name and roles of the invitation, and says where the servers are', async () => {
    const { token, node: id, expiresAt } = await invited(['portal', 'webui']);
    expect(expiresAt - now).toBe(15 * 60_000);
    const answer = (await joining.join({ token, name: 'server-2', publicKey })) as {
      certificate: string;
      authority: string;
    };
    expect(answer).toMatchObject({ node: id, roles: ['portal', 'webui'], servers: pro });
    expect(identityOf({ ...answer, privateKey })).toEqual({
      cluster: authority.cluster,
      node: id,
      roles: ['portal', 'webui'],
    });
  });

  it('answers the same server again when its answer was lost, and no other', async () => {
    const { token } = await invited();
    await joining.join({ token, name: 'server-2', publicKey });
    await expect(joining.join({ token, name: 'server-2', publicKey })).resolves.toBeDefined();
    const other = newKeyPair().publicKey;
    await expect(joining.join({ token, name: 'server-2', publicKey: other })).rejects.toThrow(
      'has been used already',
    );
  });

  it('refuses a token that is late, for another name, changed, or of another cluster', async () => {
    const { token } = await invited();
    await expect(joining.join({ token, name: 'server-3', publicKey })).rejects.toThrow(
      'is for another server',
    );
    const [id, secret, cluster] = token.split('.') as [string, string, string];
    const changed = `${id}.${secret.slice(1)}x.${cluster}`;
    await expect(joining.join({ token: changed, name: 'server-2', publicKey })).rejects.toThrow(
      'not known here',
    );
    const foreign = `${id}.${secret}.${'0'.repeat(32)}`;
    await expect(joining.join({ token: foreign, name: 'server-2', publicKey })).rejects.toThrow(
      'another cluster',
    );
    now += 15 * 60_000;
    await expect(joining.join({ token, name: 'server-2', publicKey })).rejects.toThrow('has expired');
  });

  it.each([null, 'token', {}, { token: 1 }, { token: 'a.b.c', name: 'x'.repeat(101), publicKey: 'k' }])(
    'refuses nonsense: %j',
    (body) => expect(joining.join(body)).rejects.toMatchObject({ code: 'BadInput' }),
  );

  it('does not invite under a name that is there, nor show a token twice', async () => {
    expect(await joining.invite(admin, 'server-1', ['pro'], uuidv7())).toMatchObject({
      refused: 'NameTaken',
    });
    const commandId = uuidv7();
    await joining.invite(admin, 'server-9', ['pro'], commandId);
    expect(await joining.invite(admin, 'server-9', ['pro'], commandId)).toMatchObject({
      refused: 'AlreadyInvited',
    });
    expect(await joining.invite(admin, 'server-8', ['king'], uuidv7())).toMatchObject({
      refused: 'BadInput',
    });
  });
});
