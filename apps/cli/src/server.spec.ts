import { describe, expect, it } from '@jest/globals';
import { cliForSuite, type Ended } from './cli.testing.js';
import { job, JOB_ID } from './fake-platform.testing.js';

const { serve, ...cli } = cliForSuite();
const start = (...args: string[]) => cli.start(['server', ...args]);
const run = (...args: string[]): Promise<Ended> => start(...args).ended;

const id = (n: number): string => `0190a000-0000-7000-8000-00000000000${n}`;
const server = (n: number, changes: object = {}) => ({
  __typename: 'Node',
  id: id(n),
  name: `server-${n}`,
  state: 'joined',
  epoch: 1,
  leader: n === 1,
  roles: ['portal', 'pro'],
  labels: n === 2 ? ['gpu'] : [],
  version: '0.2.0',
  slots: 4,
  runningJobs: 0,
  sessions: 0,
  joinedAt: 1_700_000_000_000,
  lastBeat: null,
  isolation: 'plain process',
  ...changes,
});
const page = (nodes: readonly object[]) => ({ nodes, pageInfo: { hasNextPage: false } });
const drain = { reason: 'new disk', until: 1_700_000_300_000 };

describe('the servers', () => {
  it('are listed with state, labels and load; those that were removed when asked for', async () => {
    const fake = await serve({
      nodes: () => page([server(1), server(2, { state: 'draining', runningJobs: 3, drain })]),
    });
    const { code, stdout } = await run('list');
    expect(code).toBe(0);
    const [head, first, second] = stdout.split('\n').map((line) => line.replaceAll(/ +/g, ' '));
    expect(head).toMatch(/^name state leader roles labels jobs slots sessions version joined last beat id/);
    expect(first).toMatch(/^server-1 joined yes portal pro 0 4 0 0\.2\.0/);
    expect(second).toMatch(/^server-2 draining portal pro gpu 3 4 0 0\.2\.0/);
    const told = await run('list', '--removed', '--json');
    expect(JSON.parse(told.stdout)).toMatchObject([{ name: 'server-1' }, { name: 'server-2', drain }]);
    expect(fake.callsOf('Servers').map(({ variables }) => variables['removed'])).toEqual([false, true]);
  });

  it('are found by name or id; a name that several have is refused', async () => {
    const fake = await serve({
      nodes: () => page([server(1), server(2), server(3, { name: 'server-1', state: 'dead' })]),
      resumeNode: (args) => server(Number(String(args['id']).at(-1))),
    });
    expect((await run('resume', 'server-2')).stdout).toBe('server-2 takes work again.\n');
    expect((await run('resume', id(1).toUpperCase())).code).toBe(0);
    expect(fake.callsOf('ResumeServer').map(({ variables }) => variables['id'])).toEqual([id(2), id(1)]);
    const ambiguous = await run('resume', 'server-1', '--json');
    expect(ambiguous.code).toBe(2);
    expect(JSON.parse(ambiguous.stderr)).toMatchObject({
      error: { code: 'AmbiguousName', limit: `${id(1)} (joined), ${id(3)} (dead)` },
    });
    const unknown = await run('resume', 'server-9');
    expect([unknown.code, unknown.stderr]).toEqual([
      4,
      expect.stringContaining('There is no server "server-9"'),
    ]);
    expect(fake.callsOf('ResumeServer')).toHaveLength(2);
  });

  it('say that one which does not run takes work later', async () => {
    await serve({ nodes: () => page([server(1)]), resumeNode: () => server(1, { state: 'dead' }) });
    expect((await run('resume', 'server-1')).stdout).toContain('as soon as it runs again');
  });
});

describe('an invitation', () => {
  it.each([
    ['127.0.0.1:4700', true],
    ['localhost:4700', true],
    ['berlin-1.example:4700', false],
  ])('to %s says whether other machines reach it', async (address, loopback) => {
    await serve({
      inviteServer: () => ({
        __typename: 'ServerInvitation',
        node: id(2),
        name: 'server-2',
        roles: ['pro'],
        address,
        token: 'a.b.c',
        expiresAt: 1_700_000_900_000,
      }),
    });
    const { code, stdout } = await run('invite', 'server-2');
    expect([code, stdout.includes(`npx openpro server join ${address} a.b.c --name server-2`)]).toEqual([
      0,
      true,
    ]);
    expect(stdout.includes('from this machine only')).toBe(loopback);
  });
});

describe('draining a server', () => {
  it('says what may go on there, and until when', async () => {
    const fake = await serve({
      nodes: () => page([server(1)]),
      drainNode: () => server(1, { state: 'draining', runningJobs: 2, sessions: 1, drain }),
    });
    const { code, stdout } = await run('drain', 'server-1', '--reason', 'new disk', '--grace', '10m');
    expect(code).toBe(0);
    expect(stdout).toContain('server-1 gets no new work; 2 jobs and 1 session may go on there until 2023-');
    expect(fake.callsOf('DrainServer')[0]?.variables).toMatchObject({
      id: id(1),
      reason: 'new disk',
      graceS: 600,
    });
  });

  it('waits until nothing runs there, and shows what still does', async () => {
    const at = (runningJobs: number) => ({
      clusterChanged: { nodes: [server(2), server(1, { state: 'draining', runningJobs, drain })] },
    });
    await serve({
      nodes: () => page([server(1)]),
      drainNode: () => server(1, { state: 'draining', runningJobs: 2, drain }),
      jobs: () => page([job()]),
      clusterChanged: async function* () {
        yield* [at(2), at(1), at(0)];
      },
    });
    const { code, stdout, stderr } = await run('drain', 'server-1', '--watch');
    expect([code, stdout]).toEqual([0, 'Nothing runs on server-1 any more.\n']);
    expect(stderr.split('\n').filter((line) => line.startsWith('server-1'))).toEqual([
      'server-1: 2 jobs still there',
      'server-1: 1 job still there',
    ]);
    expect(stderr).toContain(`${JOB_ID}  solve-file:1.0.0 solve`);
  });

  it('ends when somebody resumes it meanwhile', async () => {
    await serve({
      nodes: () => page([server(1)]),
      drainNode: () => server(1, { state: 'draining', runningJobs: 2, drain }),
      clusterChanged: async function* () {
        yield { clusterChanged: { nodes: [server(1, { runningJobs: 2 })] } };
      },
    });
    const { code, stderr } = await run('drain', 'server-1', '--watch');
    expect([code, stderr]).toEqual([3, expect.stringContaining('server-1 was resumed meanwhile')]);
  });

  it('is refused in the words of the server', async () => {
    await serve({
      nodes: () => page([server(1)]),
      drainNode: () => ({
        __typename: 'BadInput',
        code: 'BadInput',
        message: 'graceS is 90000: it must be a whole number from 0 to 86400 seconds',
        field: 'graceS',
      }),
    });
    const { code, stderr } = await run('drain', 'server-1', '--grace', '25h');
    expect([code, stderr]).toEqual([2, expect.stringContaining('from 0 to 86400 seconds')]);
  });
});

describe('removing a server', () => {
  it('needs a yes, and says what it means', async () => {
    const fake = await serve({
      nodes: () => page([server(1, { runningJobs: 1, sessions: 2 })]),
      removeNode: () => server(1, { state: 'removed' }),
    });
    const asked = await run('remove', 'server-1', '--force');
    expect([asked.code, fake.callsOf('RemoveServer')]).toEqual([2, []]);
    expect(asked.stderr).toContain(
      'server-1 (joined) leaves the cluster for ever. 1 job and 2 sessions there are cut off',
    );
    const told = await run('remove', 'server-1', '--force', '--yes', '--reason', 'sold');
    expect([told.code, told.stdout]).toEqual([0, 'server-1 was removed from the cluster.\n']);
    expect(fake.callsOf('RemoveServer')[0]?.variables).toMatchObject({
      id: id(1),
      force: true,
      reason: 'sold',
    });
  });

  it('is refused while it works', async () => {
    await serve({
      nodes: () => page([server(1)]),
      removeNode: () => ({
        __typename: 'Conflict',
        code: 'StillWorking',
        message: 'This server takes part in the work: drain it first',
      }),
    });
    const { code, stderr } = await run('remove', 'server-1', '--yes', '--json');
    expect(code).toBe(3);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'StillWorking' } });
  });
});
