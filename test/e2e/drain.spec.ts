import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { node, type NodeCommand } from '@openpro/cluster';
import { uuidv7 } from '@openpro/kernel';
import { Author, BUSY, solving } from './apps.js';
import { People } from './people.js';
import { type Api, Platform } from './platform.js';

jest.setTimeout(120_000);

interface Job {
  readonly state: string;
  readonly waitingFor: string | null;
  readonly attempts: readonly { readonly nodeName: string; readonly outcome: string | null }[];
}
interface Server {
  readonly id: string;
  readonly state: string;
  readonly drain: { readonly reason: string } | null;
  readonly runningJobs: number;
}

const SERVER = 'id name state epoch labels runningJobs sessions slots leader drain { reason until }';

describe('a server that is drained', () => {
  const platform = new Platform(undefined, ['--slots', '1']);
  let api: Api;
  let server: string;

  /** As another server of the cluster would. */
  const tell = async (id: string, command: NodeCommand): Promise<void> => {
    const people = new People(platform);
    await people.tell(node, id, command);
    await people.close();
  };
  const change = (field: string, types: string, args: object) =>
    api.change(field, types, { ...args }, `... on Node { ${SERVER} }`);
  const drain = (id: string, graceS: number, reason = 'new disk') =>
    change('drainNode', '$id: ID!, $graceS: Int, $reason: String', { id, graceS, reason });
  const resume = (id: string) => change('resumeNode', '$id: ID!', { id });
  const remove = (id: string, force = false) =>
    change('removeNode', '$id: ID!, $force: Boolean', { id, force });
  const servers = async (): Promise<Server[]> =>
    (await api.ask<{ nodes: { nodes: Server[] } }>(`{ nodes { nodes { ${SERVER} } } }`)).nodes.nodes;
  const submit = async (app: string, work: number): Promise<string> => {
    const input = {
      app,
      procedure: 'solve',
      values: [{ identifier: 'In', cells: [{ tuple: [], value: work }] }],
    };
    const job = await api.change<{ id: string }>(
      'submitJob',
      '$input: SubmitJob!',
      { input },
      '... on Job { id }',
    );
    return job.id;
  };
  const until = (id: string, wanted: (job: Job) => boolean) =>
    api.job<Job>(id, 'state waitingFor attempts { nodeName outcome }', wanted);

  beforeAll(async () => {
    await platform.start();
    api = await platform.signIn();
    const author = await Author.of(api);
    await author.trust();
    await author.app('busy', BUSY);
    await author.app('needs-gpu', solving(''), { labels: ['gpu'] });
    server = (await servers())[0]?.id ?? '';
  });

  afterAll(() => platform.remove());

  it('is refused with the reason, each as its union member', async () => {
    const [nobody, invited, gone] = [uuidv7(), uuidv7(), uuidv7()];
    const invite = { type: 'InviteNode', roles: ['pro'], tokenHash: 'a'.repeat(64), expiresAt: 1 } as const;
    await tell(invited, { ...invite, name: 'server-8' });
    await tell(gone, { ...invite, name: 'server-9' });
    expect(await remove(gone)).toMatchObject({ __typename: 'Node', state: 'removed', name: 'server-9' });
    for (const act of [(id: string) => drain(id, 60), resume])
      for (const [id, member, code] of [
        [nobody, 'NotFound', 'NoSuchNode'],
        ['server-1', 'NotFound', 'NoSuchNode'],
        [invited, 'Conflict', 'NotJoined'],
        [gone, 'Conflict', 'NodeRemoved'],
      ] as const)
        expect(await act(id)).toMatchObject({ __typename: member, code });
    expect(await drain(server, -1)).toMatchObject({ __typename: 'BadInput', field: 'graceS' });
    expect(await drain(server, 1, 'a\u202eb')).toMatchObject({ __typename: 'BadInput', field: 'reason' });
    expect(await remove(nobody)).toMatchObject({ __typename: 'NotFound', code: 'NoSuchNode' });
    expect(await remove(server)).toMatchObject({ __typename: 'Conflict', code: 'StillWorking' });
    expect((await servers()).map(({ state }) => state).sort()).toEqual(['invited', 'joined']);
  });

  it('lets a job wait with the reason in words, gives back what runs after the grace, and goes on when it is resumed', async () => {
    const running = await submit('busy', 1);
    await until(running, ({ state }) => state === 'RUNNING');
    expect(await drain(server, 3600)).toMatchObject({ state: 'draining', drain: { reason: 'new disk' } });
    const waiting = await submit('busy', 0);
    const { waitingFor } = await until(waiting, (job) => /draining/.test(job.waitingFor ?? ''));
    expect(waitingFor).toBe('The only server is draining: it takes no new jobs until it is resumed');
    expect((await servers()).find(({ id }) => id === server)?.runningJobs).toBe(1);
    expect(await remove(server)).toMatchObject({ code: 'StillWorking' });

    await drain(server, 0);
    const { attempts } = await until(running, ({ state }) => state === 'QUEUED');
    expect(attempts).toEqual([{ nodeName: 'server-1', outcome: 'drained' }]);

    await resume(server);
    await until(running, ({ state }) => state === 'RUNNING');
    await api.change('interruptJob', '$id: ID!', { id: running }, '... on Job { id }');
    await until(running, ({ state }) => state === 'INTERRUPTED' || state === 'COMPLETED');
    await until(waiting, ({ state }) => state === 'COMPLETED');
  });

  it('tells what moved where and why', async () => {
    const last = 'A job runs again on server-1, as attempt 2 (the platform)';
    const texts = await api.eventually(
      async () => {
        const { clusterTimeline } = await api.ask<{
          clusterTimeline: { nodes: { text: string; by: string }[] };
        }>('{ clusterTimeline { nodes { type text by job session node nodeName } } }');
        return clusterTimeline.nodes.map(({ text, by }) => `${text} (${by})`);
      },
      ([newest]) => newest === last,
    );
    expect(texts).toEqual([
      last,
      'server-1 takes work again (Administrator)',
      'A job went back to the queue, because server-1 gave back its work; attempt 1 is not charged (server-1)',
      'server-1 takes no new work: new disk; what runs there is moved at once (Administrator)',
      'server-1 takes no new work: new disk; what runs there may go on for 60 min (Administrator)',
      'server-9 was removed from the cluster (Administrator)',
      'server-9 was invited to the cluster (the platform)',
      'server-8 was invited to the cluster (the platform)',
      'server-1 leads from now on (server-1)',
      expect.stringMatching(/^server-1 joined with 1 slot, version .* \(server-1\)$/),
    ]);
  });

  it('says which label no server has', async () => {
    const id = await submit('needs-gpu', 0);
    const { waitingFor } = await until(id, (job) => /label/.test(job.waitingFor ?? ''));
    expect(waitingFor).toBe('No server has the label gpu');
    await api.change('terminateJob', '$id: ID!', { id }, '... on Job { id }');
  });

  it('goes on draining after a restart', async () => {
    await drain(server, 60);
    const { clusterChanged } = await api.until<{ clusterChanged: { nodes: Server[] } }>(
      `subscription { clusterChanged { nodes { ${SERVER} } newest } }`,
      {},
      ({ clusterChanged }) => clusterChanged.nodes.some(({ state }) => state === 'draining'),
    );
    expect(clusterChanged.nodes.find(({ id }) => id === server)?.drain?.reason).toBe('new disk');
    await platform.stop();
    await platform.start();
    api = await platform.signIn();
    const [again] = (await servers()).filter(({ id }) => id === server);
    expect(again).toMatchObject({ state: 'draining', epoch: 2, drain: { reason: 'new disk' } });
    const id = await submit('busy', 0);
    await until(id, (job) => /draining/.test(job.waitingFor ?? ''));
    await resume(server);
    await until(id, ({ state }) => state === 'COMPLETED');
  });
});
