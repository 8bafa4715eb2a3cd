import { expect, it } from '@jest/globals';
import { cliForSuite } from './cli.testing.js';

const { serve, openpro } = cliForSuite();

const ID = '0198c0de-0000-7000-8000-000000000001';
const OTHER = '0198c0de-0000-7000-8000-000000000002';
const AT = 1_700_000_000_000;

it('shows a job with what it was given, what it waits for, who needs it, and what happened', async () => {
  const job = {
    id: ID,
    app: { id: 'cutting:1.0.0', name: 'cutting', version: '1.0.0', title: 'Cutting' },
    procedure: 'solve',
    description: 'nightly',
    owner: { id: 'u', name: 'Ada' },
    state: 'QUEUED',
    priority: 200,
    waitingFor: 'waits for job data (running)',
    queuedAt: AT,
    attempts: [],
    args: { rounds: 3 },
    seed: 7,
    dependsOn: [{ job: OTHER, on: 'ANY', met: false, title: 'data', state: 'RUNNING' }],
    neededBy: [{ id: OTHER, procedure: 'report', description: '', state: 'QUEUED' }],
    timeline: [{ position: '1', type: 'JobDependentAdded', at: AT, actor: 'process:release', data: {} }],
  };
  await serve({ job: ({ id }) => (id === ID ? job : null) });
  const { stdout } = await openpro('job', 'show', ID);
  for (const line of [
    /^waiting for +waits for job data \(running\)$/m,
    /^arguments +\{"rounds":3\}$/m,
    /^priority +200$/m,
    /^seed +7$/m,
    /^after any end of +\S+2 +data +running$/m,
    /^needed by +\S+2 +report +queued$/m,
    /dependent added +process:release$/m,
  ])
    expect(stdout).toMatch(line);
  expect(JSON.parse((await openpro('job', 'show', ID, '--json')).stdout)).toMatchObject({ seed: 7 });
  expect((await openpro('job', 'show', OTHER)).code).toBe(4);
});

it('lists jobs of a schedule, a session or a server, in the order that is asked for', async () => {
  const fake = await serve({ jobs: () => ({ nodes: [], pageInfo: { hasNextPage: false } }) });
  await openpro('job', 'list', '--schedule', ID, '--session', OTHER, '--server', 'n1', '--order', 'priority');
  await openpro('job', 'list', '--owner', 'u');
  expect(fake.callsOf('Jobs')).toMatchObject([
    { variables: { filter: { schedule: ID, session: OTHER, node: 'n1' }, order: 'PRIORITY' } },
    { variables: { filter: { owner: 'u' } } },
  ]);
  expect((await openpro('job', 'list', '--order', 'shuffled')).code).toBe(2);
});

it('says what one may choose for a job of an app', async () => {
  const profiles = [{ name: 'Gurobi', capacity: 4, memoryMiB: 16384, cores: 4, labels: ['gurobi'] }];
  const fake = await serve({
    jobChoices: ({ app }) => (app === 'cutting' ? { priority: 100, profile: null, profiles } : null),
  });
  const { stdout } = await openpro('job', 'choices', 'cutting:1.0.0');
  expect(stdout).toMatch(/^best priority +100$/m);
  expect(stdout).toMatch(/^Gurobi +4 +16384 +4 +gurobi$/m);
  expect(fake.callsOf('JobChoices')).toMatchObject([{ variables: { app: 'cutting', version: '1.0.0' } }]);
  expect((await openpro('job', 'choices', 'none')).code).toBe(4);
});

it('lists every tariff with its prices and why it was set', async () => {
  const nodes = [
    { version: 2, currency: 'EUR', job: 0.5, coreHour: 1, gibHour: 0, cpuHour: 2, reason: 'more', setAt: AT },
  ];
  await serve({ tariffHistory: () => ({ nodes, pageInfo: { hasNextPage: false } }) });
  expect((await openpro('tariff', 'history')).stdout).toMatch(/2 .* EUR +0.5 +1 +0 +2 +more/);
});

it('asks for the statistics of one user', async () => {
  const fake = await serve({ jobStatistics: () => ({ rows: [], more: false, currency: '' }) });
  await openpro('statistics', '--owner', 'u');
  expect(fake.callsOf('JobStatistics')).toMatchObject([{ variables: { owner: 'u' } }]);
});
