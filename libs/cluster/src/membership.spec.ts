import { describe, expect, it } from '@jest/globals';
import { CommandHandler, MemoryEventStore } from '@openpro/eventstore';
import { uuidv7 } from '@openpro/kernel';
import { ConfigError } from '@openpro/platform';
import { joinCluster } from './membership.js';
import { node } from './node.js';

const server = {
  name: 'server-2',
  roles: ['pro'],
  slots: 2,
  version: '1.0.0',
  isolation: 'plain process',
};

describe('a server with pro', () => {
  it('joins as what it was admitted as, and otherwise is refused, which is recorded', async () => {
    const store = new MemoryEventStore();
    const handler = new CommandHandler(store);
    const id = uuidv7();
    const meta = () => ({ commandId: uuidv7(), actor: 'ada', roles: [] });
    const tokenHash = 'a'.repeat(64);
    const invitation = { name: 'server-2', roles: ['pro'], tokenHash, expiresAt: 1000 };
    await handler.execute(node, id, { type: 'InviteNode', ...invitation }, meta());
    const admit = { type: 'AdmitNode', tokenHash, name: 'server-2', key: 'b'.repeat(64), now: 0 } as const;
    await handler.execute(node, id, admit, meta());
    await expect(joinCluster(handler, id, { ...server, roles: ['portal', 'pro'] })).rejects.toThrow(
      new ConfigError('This server cannot join: This server was admitted as pro, not as portal'),
    );
    const [last] = await store.readBack(1);
    expect(last).toMatchObject({
      stream: expect.stringMatching(`^refusals-${id}:`),
      event: { type: 'RefusalRecorded', from: id, code: 'NotAdmitted' },
    });
    expect(await joinCluster(handler, id, server)).toMatchObject({ epoch: 1, name: 'server-2' });
  });
});
