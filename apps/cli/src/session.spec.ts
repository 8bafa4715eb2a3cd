import { describe, expect, it } from '@jest/globals';
import { cliForSuite, type Ended } from './cli.testing.js';

const { serve, ...cli } = cliForSuite();
const run = (...args: string[]): Promise<Ended> => cli.start(['session', ...args]).ended;

const ID = '0198c0de-0000-7000-8000-000000000001';
const AT = 1_700_000_000_000;
const session = (changes: object = {}) => ({
  __typename: 'Session',
  id: ID,
  app: { id: 'cutting:1.0.0' },
  state: 'READY',
  owner: { id: 'u', name: 'Ada' },
  node: 'n',
  requestedAt: AT,
  readyAt: AT + 123_000,
  licence: 'planning',
  waitingFor: null,
  waited: '2 min 3 s: 1 min 50 s seat of Planning, 13 s server',
  steps: [
    { name: 'requested', at: AT },
    { name: 'seat', at: AT + 110_000 },
    { name: 'server', at: AT + 123_000 },
  ],
  ...changes,
});
const waiting = {
  state: 'REQUESTED',
  readyAt: null,
  waited: null,
  waitingFor: 'Waits for a seat: place 1 of 2',
};

describe('sessions', () => {
  it('are listed with what they wait for, or how they have waited', async () => {
    const nodes = [session(waiting), session()];
    const fake = await serve({ sessions: () => ({ nodes, pageInfo: { hasNextPage: false } }) });
    const { stdout } = await run('list', '--state', 'ready');
    expect(stdout).toMatch(/Waits for a seat: place 1 of 2 +cutting:1.0.0 +Ada/);
    expect(stdout).toMatch(/ready +cutting:1.0.0 .* 2 min 3 s: 1 min 50 s seat of Planning, 13 s server/);
    expect(fake.callsOf('Sessions')).toMatchObject([{ variables: { state: 'READY', first: 50 } }]);
    expect((await run('list', '--state', 'gone')).code).toBe(2);
  });

  it('are shown with the steps of their launch', async () => {
    await serve({ session: ({ id }) => (id === ID ? session() : null) });
    const { stdout } = await run('show', ID);
    expect(stdout).toMatch(/^waited +2 min 3 s: 1 min 50 s seat of Planning, 13 s server$/m);
    expect(stdout).toMatch(/^launch +seat after 1 min 50 s, server after 2 min 3 s$/m);
    expect(JSON.parse((await run('show', ID, '--json')).stdout)).toMatchObject({
      id: ID,
      licence: 'planning',
    });
    expect((await run('show', ID.replace('1', '2'))).code).toBe(4);
    expect((await run('show', 'mine')).code).toBe(2);
  });

  it('are ended', async () => {
    const fake = await serve({ endSession: () => session({ state: 'ENDED' }) });
    expect((await run('end', ID)).stdout).toContain('has ended');
    expect(fake.callsOf('EndSession')).toMatchObject([{ variables: { id: ID } }]);
  });
});
