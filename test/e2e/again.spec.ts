import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Author, solving } from './apps.js';
import { People } from './people.js';
import { type Api, descendants, Platform } from './platform.js';

jest.setTimeout(240_000);

/** Works until it is interrupted, or not at all. */
const MODEL = solving(`    ctx.log('attempt of ' + ctx.args.name);
    data.Out.value = 7;
    ctx.incumbent({ objective: 7 });
    while (ctx.args.wait && !ctx.signal.aborted) await new Promise((resolve) => setTimeout(resolve, 10));`);

const JOB =
  'id state clones differs stoppedBy stopReason attempts { number outcome } result { table(identifier: "Out") { rows } }';

interface JobView {
  readonly id: string;
  readonly state: string;
  readonly differs: string | null;
  readonly stoppedBy: string | null;
  readonly stopReason: string | null;
  readonly attempts: readonly { readonly number: number }[];
}

describe('a job', () => {
  const platform = new Platform();
  let api: Api;
  let people: People;

  beforeAll(async () => {
    await platform.start();
    await platform.cli('whoami');
    api = await platform.signIn();
    people = new People(platform);
    const author = await Author.of(api);
    await author.trust();
    await author.app('waits', MODEL);
  });
  afterAll(async () => {
    await people.close();
    await platform.remove();
  });

  const submit = async (by: Api, input: object = {}): Promise<string> => {
    const job = { app: 'waits', procedure: 'solve', args: { wait: true, name: 'Ada' }, gap: 0.01, ...input };
    const { id } = await by.change<{ id: string }>(
      'submitJob',
      '$input: SubmitJob!',
      { input: job },
      '... on Job { id }',
    );
    return id;
  };
  const until = (by: Api, id: string, wanted: (job: JobView) => boolean) => by.job<JobView>(id, JOB, wanted);
  const works = (id: string) => api.progress(id, ({ objective }) => objective === 7);
  const stop = (by: Api, field: string, id: string, reason: string | null) =>
    by.change(field, '$id: ID!, $reason: String', { id, reason }, `... on Job { ${JOB} }`);

  it('says who has interrupted it and why, and keeps its best solution', async () => {
    const ada = await people.add('Ada', ['user']);
    const id = await submit(ada);
    await works(id);
    expect(await stop(api, 'interruptJob', id, 'x'.repeat(501))).toMatchObject({ field: 'reason' });
    await stop(api, 'interruptJob', id, 'good enough');
    expect(await until(ada, id, ({ state }) => state === 'INTERRUPTED')).toMatchObject({
      result: { table: { rows: [[7]] } },
      stoppedBy: 'Administrator',
      stopReason: 'good enough',
    });
    const { output } = await platform.cli('job', 'result', id);
    expect(output).toMatch(/stopped by +Administrator\nstop reason +good enough\n/);
  });

  it('says who has terminated it and why', async () => {
    const ada = await people.add('Ada', ['user']);
    const id = await submit(ada);
    await works(id);
    await stop(ada, 'terminateJob', id, 'wrong data');
    expect(await until(api, id, ({ state }) => state === 'CANCELLED')).toMatchObject({
      stoppedBy: 'Ada',
      stopReason: 'wrong data',
    });
  });

  it('is made after another one, and names in words what differs', async () => {
    const first = await submit(api, { args: { wait: false, name: 'Ada' } });
    const { code, output } = await platform.cli(
      ...['job', 'clone', first, '--arg', 'name=Eve', '--gap', '5%', '--watch', '--json'],
    );
    expect(code).toBe(0);
    expect(JSON.parse(output.trim().split('\n').at(-1) ?? '')).toMatchObject({
      job: {
        clones: first,
        differs: `As job ${first} but: argument name Eve instead of Ada; gap 0.05 instead of 0.01`,
      },
    });
  });

  it('is cloned by who may see it, and is then his', async () => {
    const first = await submit(api, { args: { wait: false, name: 'Ada' } });
    const clone = (by: Api, changes: object) =>
      by.change(
        'cloneJob',
        '$id: ID!, $changes: JobChanges!',
        { id: first, changes },
        '... on Job { owner { name } }',
      );
    const eve = await people.add('Eve', ['user']);
    expect(await clone(eve, {})).toMatchObject({ code: 'NoSuchJob' });
    expect(await clone(api, { priority: 99 })).toMatchObject({ code: 'BadInput', field: 'priority' });
    expect(await clone(api, { args: 1 })).toMatchObject({ code: 'BadInput', field: 'args' });
    const bob = await people.add('Bob', ['user', 'auditor']);
    expect(await clone(bob, {})).toMatchObject({ owner: { name: 'Bob' } });
  });

  it('runs again exactly after its data were removed, which stand in no list any more', async () => {
    const values = [{ identifier: 'In', cells: [{ tuple: [], value: 5 }] }];
    const id = await submit(api, { args: { name: 'Ada' }, values });
    await until(api, id, ({ state }) => state === 'COMPLETED');
    const data = [`${id}:input`, `${id}:result`];
    const removed = await platform.cli('case', 'remove', ...data, '--yes');
    expect([removed.code, removed.output]).toEqual([
      0,
      expect.stringMatching(/Removed these 2 cases: .* of room/),
    ]);
    const seen = await api.ask<{ job: object; cases: { nodes: { id: string }[] } }>(
      'query($id: ID!) { job(id: $id) { state input { id } result { id } } cases(first: 200) { nodes { id } } }',
      { id },
    );
    expect(seen.job).toEqual({ state: 'COMPLETED', input: null, result: null });
    expect(seen.cases.nodes.map((one) => one.id)).not.toEqual(expect.arrayContaining([data[0]]));
    expect((await platform.cli('case', 'remove', ...data, '--yes')).code).toBe(4);
    const { output } = await platform.cli('job', 'repeat', id, '--watch', '--json');
    expect(JSON.parse(output.trim().split('\n').at(-1) ?? '')).toMatchObject({
      job: { repeats: id, state: 'COMPLETED', input: { id: expect.stringMatching(/:input$/) } },
    });
  });

  it('shows its attempts beside each other, with their logs', async () => {
    const id = await submit(api);
    await works(id);
    const busy = descendants(platform.serverPid).filter(({ command }) => command.includes('solve.mjs'));
    for (const { pid } of busy) process.kill(pid, 'SIGKILL');
    await until(api, id, ({ attempts, state }) => attempts.length === 2 && state === 'RUNNING');
    await works(id);
    await stop(api, 'interruptJob', id, null);
    await until(api, id, ({ state }) => state === 'INTERRUPTED');
    const { output } = await platform.cli('job', 'attempts', id, '--logs', '1,2');
    expect(output).toMatch(/\n +1 .*crashed.*\n +2 .*interrupted/);
    expect(output).toMatch(/── attempt 1 ── .*── attempt 2 ──/);
    expect(output).toMatch(/attempt of Ada .*attempt of Ada/);
  });
});
