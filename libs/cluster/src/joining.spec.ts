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
import type { Members } from './members.queries.js';
import { node } from './node.js';

const admin: Actor = {
  id: uuidv7(),
  name: 'Ada',
  environment: 'ROOT',
  roles: ['administrator'],
  groups: [],
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
  let handler: CommandHandler;
  let members: { id: string; name: string; state: string }[];
  const pro = [{ node: uuidv7(), address: 'one.example:4700' }];

  beforeEach(() => {
    now = Date.now();
    members = [{ id: uuidv7(), name: 'server-1', state: 'joined' }];
    handler = new CommandHandler(new MemoryEventStore());
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
        named: (name) => members.find((one) => one.name === name) as ReturnType<Members['named']>,
        pro,
        read: () => Promise.resolve(),
      },
      () => Promise.resolve(now),
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
    now += 15 * 60_000;
    await expect(joining.join({ token, name: 'server-2', publicKey })).rejects.toThrow('has expired');
  });

  it('answers no server that was removed meanwhile', async () => {
    const { token, node: id } = await invited();
    await joining.join({ token, name: 'server-2', publicKey });
    await handler.execute(
      node,
      id,
      { type: 'RemoveNode', reason: '', force: true, working: 0 },
      { commandId: uuidv7(), actor: 'ada', roles: [] },
    );
    await expect(joining.join({ token, name: 'server-2', publicKey })).rejects.toThrow('was withdrawn');
  });

  it('looks at the key before it spends the token', async () => {
    const { token } = await invited();
    const wrong = joining.join({ token, name: 'server-2', publicKey: 'no key' });
    await expect(wrong).rejects.toMatchObject({ code: 'BadInput' });
    await expect(joining.join({ token, name: 'server-2', publicKey })).resolves.toBeDefined();
  });

  it('lets a server that was off for too long come back under its name and id', async () => {
    const { token, node: id } = await invited();
    await joining.join({ token, name: 'server-2', publicKey });
    members.push({ id, name: 'server-2', state: 'left' });
    const again = await invited(['proxy']);
    expect(again.node).toBe(id);
    await expect(joining.join({ token, name: 'server-2', publicKey })).rejects.toThrow('not known here');
    const key = newKeyPair().publicKey;
    expect(await joining.join({ token: again.token, name: 'server-2', publicKey: key })).toMatchObject({
      node: id,
      roles: ['proxy'],
    });
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
