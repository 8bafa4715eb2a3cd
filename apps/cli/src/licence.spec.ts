import { describe, expect, it } from '@jest/globals';
import { cliForSuite, type Ended } from './cli.testing.js';

const { serve, ...cli } = cliForSuite();
const run = (...args: string[]): Promise<Ended> => cli.start(['licence', ...args]).ended;

const page = (nodes: readonly object[]) => ({ nodes, pageInfo: { hasNextPage: false } });
const seat = (id: string, changes: object = {}) => ({
  id,
  kind: 'DATA',
  user: { id: 'u', name: 'Ada' },
  session: id,
  job: null,
  attempt: null,
  since: 1_700_000_000_000,
  waitedMs: 72_000,
  place: null,
  ...changes,
});
const licence = (changes: object = {}) => ({
  __typename: 'Licence',
  name: 'gurobi',
  title: 'Gurobi',
  dataSeats: 2,
  optimizationSeats: 4,
  holdS: 60,
  leaseS: 30,
  users: [],
  definedAt: 1_700_000_000_000,
  definedBy: 'Olga',
  reason: 'bought',
  version: 3,
  dataTaken: 1,
  optimizationTaken: 4,
  waiting: 1,
  note: null,
  seats: ({ waiting }: { waiting: boolean }) =>
    page(
      waiting
        ? [seat('s2', { place: 1, user: { id: 'v', name: 'Bob' } })]
        : [seat('s1'), seat('j:2', { kind: 'OPTIMIZATION', session: null, job: 'j', attempt: 2 })],
    ),
  ...changes,
});
const tidy = (text: string) => text.split('\n').map((line) => line.replaceAll(/ +/g, ' ').trim());

describe('licences', () => {
  it('are listed with the seats that are taken', async () => {
    await serve({
      licences: () => page([licence(), licence({ name: 'own', users: [{ id: 'u', name: 'Ada' }] })]),
    });
    expect(tidy((await run('list')).stdout)).toEqual([
      'name title data seats optimization seats waiting for',
      'gurobi Gurobi 1 of 2 4 of 4 1 everybody',
      'own Gurobi 1 of 2 4 of 4 1 Ada',
      '',
    ]);
  });

  it('are shown with who holds a seat and who waits', async () => {
    await serve({
      licence: ({ name }) => (name === 'gurobi' ? licence({ note: '3 of 2 are taken' }) : null),
    });
    const lines = tidy((await run('show', 'gurobi')).stdout);
    expect(lines).toEqual(
      expect.arrayContaining(['licence gurobi (Gurobi)', 'version 3', '! 3 of 2 are taken.']),
    );
    expect(lines.slice(-4, -1)).toEqual([
      expect.stringMatching(/^has it Ada session .* 1 min 12 s s1$/),
      expect.stringMatching(/^has it Ada attempt 2 of a job .* j:2$/),
      expect.stringMatching(/^1 Bob session .* s2$/),
    ]);
    expect(JSON.parse((await run('show', 'gurobi', '--json')).stdout)).toMatchObject({
      held: [{ id: 's1' }, { id: 'j:2' }],
      line: [{ place: 1 }],
    });
    expect((await run('show', 'cplex')).code).toBe(4);
  });

  it('are defined; what is not given is not sent', async () => {
    const fake = await serve({ defineLicence: () => licence() });
    await run(
      'define',
      'gurobi',
      '--data-seats',
      '2',
      '--hold',
      '1m',
      '--user',
      'Ada',
      'Bob',
      '--reason',
      'bought',
    );
    await run('define', 'gurobi', '--everybody', '--based-on', '3');
    const [first, second] = fake.callsOf('DefineLicence').map(({ variables }) => variables);
    expect(first).toMatchObject({
      name: 'gurobi',
      dataSeats: 2,
      holdS: 60,
      users: ['Ada', 'Bob'],
      reason: 'bought',
    });
    expect(Object.keys(first ?? {})).not.toContain('optimizationSeats');
    expect(second).toMatchObject({ users: [], basedOn: 3 });
    for (const wrong of [
      ['--data-seats', '-1'],
      ['--hold', 'soon'],
      ['--user', 'Ada', '--everybody'],
    ])
      expect((await run('define', 'gurobi', ...wrong)).code).toBe(2);
    expect(fake.callsOf('DefineLicence')).toHaveLength(2);
  });

  it('have a seat freed when somebody has agreed to what that means', async () => {
    const fake = await serve({ licence: () => licence(), freeSeat: () => licence({ dataTaken: 0 }) });
    const unasked = await run('free', 'gurobi', 's1');
    expect([unasked.code, unasked.stderr]).toEqual([2, expect.stringContaining('The session of Ada ends')]);
    expect((await run('free', 'gurobi', 'j:2')).stderr).toContain('is given back');
    expect((await run('free', 'gurobi', 's9')).code).toBe(4);
    expect(fake.callsOf('FreeSeat')).toHaveLength(0);
    const freed = await run('free', 'gurobi', 's1', '--reason', 'lunch', '--yes');
    expect([freed.code, freed.stdout]).toEqual([0, expect.stringContaining('The seat is free')]);
    expect(fake.callsOf('FreeSeat')[0]?.variables).toMatchObject({
      licence: 'gurobi',
      holder: 's1',
      reason: 'lunch',
    });
  });

  it('have a line that one can leave', async () => {
    const fake = await serve({
      leaveLine: () => ({ __typename: 'Session', id: 's2', state: 'REQUESTED', endReason: null }),
    });
    expect((await run('leave', 's2')).stdout).toContain('does not wait any more');
    expect(fake.callsOf('LeaveLine')[0]?.variables).toMatchObject({ session: 's2' });
  });
});
