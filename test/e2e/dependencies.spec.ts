import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Author, solving } from './apps.js';
import { type Api, Platform } from './platform.js';

jest.setTimeout(240_000);

interface JobView {
  readonly state: string;
  readonly waitingFor: string | null;
  readonly error: { readonly message: string } | null;
  readonly dependsOn: readonly { readonly job: string; readonly met: boolean; readonly state: string }[];
  readonly neededBy: readonly { readonly id: string }[];
  readonly timeline: readonly { readonly type: string }[];
}

const FIELDS =
  'state waitingFor error { message } dependsOn { job met state } neededBy { id } timeline { type }';
const ENDED = ['COMPLETED', 'FAILED', 'CANCELLED'];

describe('jobs that wait for others', () => {
  const platform = new Platform();
  let api: Api;

  const submit = (app: string, after: readonly object[] = [], commandId?: string) =>
    api.change<{ id: string; code?: string; field?: string; message?: string }>(
      'submitJob',
      '$input: SubmitJob!',
      { input: { app, procedure: 'solve', description: app, after } },
      '... on Job { id }',
      commandId,
    );
  const read = async (id: string): Promise<JobView> =>
    (await api.ask<{ job: JobView }>(`query($id: ID!) { job(id: $id) { ${FIELDS} } }`, { id })).job;
  const ended = async (id: string): Promise<JobView> => {
    await api.until<{ jobChanged: { state: string } }>(
      'subscription($id: ID!) { jobChanged(id: $id) { state } }',
      { id },
      ({ jobChanged }) => ENDED.includes(jobChanged.state),
    );
    return read(id);
  };
  const stop = (id: string) => api.change('interruptJob', '$id: ID!', { id }, '');
  const runs = (id: string) =>
    api.until<{ jobProgress: { log: string } }>(
      'subscription($id: ID!) { jobProgress(id: $id) { log } }',
      { id },
      ({ jobProgress }) => jobProgress.log.includes('works'),
    );

  /** It says that the one that it waits for runs. */
  const waits = (id: string) =>
    api.job<JobView>(id, 'waitingFor', ({ waitingFor }) => waitingFor === 'waits for job waits (running)');

  beforeAll(async () => {
    await platform.start();
    api = await platform.signIn();
    const author = await Author.of(api);
    await author.trust();
    await author.app('quick', solving(''));
    await author.app('fails', solving("    throw new Error('no');"));
    await author.app(
      'waits',
      solving(
        "while (!ctx.signal.aborted) { ctx.log('works'); await new Promise((next) => setTimeout(next, 20)); }",
      ),
    );
  });
  afterAll(() => platform.remove());

  it('run one after the other, and say what they wait for', async () => {
    const first = await submit('waits');
    const second = await submit('quick', [{ job: first.id, on: 'ANY' }]);
    const third = await submit('quick', [{ job: first.id, on: 'ANY' }, { job: second.id }]);
    await runs(first.id);
    await waits(second.id);
    expect(await read(second.id)).toMatchObject({
      state: 'QUEUED',
      waitingFor: 'waits for job waits (running)',
      dependsOn: [{ job: first.id, met: false, state: 'RUNNING' }],
      neededBy: [{ id: third.id }],
    });
    expect(await read(third.id)).toMatchObject({
      waitingFor: 'waits for 2 jobs: waits (running), quick (queued)',
    });
    await stop(first.id);
    const last = await ended(third.id);
    expect(last).toMatchObject({ state: 'COMPLETED', dependsOn: [{ met: true }, { met: true }] });
    expect(last.timeline.map(({ type }) => type)).toEqual([
      'JobQueued',
      'JobDependencyMet',
      'JobDependencyMet',
      'JobReleased',
      'JobStarted',
      'JobCompleted',
    ]);
    expect(await read(second.id)).toMatchObject({ state: 'COMPLETED' });
    const { code } = await platform.cli('job', 'submit', 'quick', 'solve', '--after', third.id, '--watch');
    expect(code).toBe(0);
  });

  it('are cancelled with the reason when one fails, and so is what waits for them', async () => {
    const first = await submit('fails');
    const second = await submit('quick', [{ job: first.id }]);
    const third = await submit('quick', [{ job: second.id, on: 'SUCCESS' }]);
    const anyway = await submit('quick', [{ job: first.id, on: 'ANY' }]);
    expect(await ended(second.id)).toMatchObject({
      state: 'CANCELLED',
      error: { message: `It waited for job ${first.id} (fails), which failed` },
    });
    expect(await ended(third.id)).toMatchObject({
      state: 'CANCELLED',
      error: { message: `It waited for job ${second.id} (quick), which was cancelled` },
    });
    expect(await ended(anyway.id)).toMatchObject({ state: 'COMPLETED' });
  });

  it('are still held, and then released, when the server was killed meanwhile', async () => {
    const first = await submit('waits');
    const second = await submit('quick', [{ job: first.id, on: 'ANY' }]);
    await runs(first.id);
    process.kill(platform.serverPid, 'SIGKILL');
    await platform.stop();
    await platform.start();
    api = await platform.signIn();
    await runs(first.id);
    await waits(second.id);
    await stop(first.id);
    expect(await ended(second.id)).toMatchObject({ state: 'COMPLETED' });
  });

  it('wait for nothing that is not there, and never for themselves', async () => {
    expect(await submit('quick', [{ job: randomUUID() }])).toMatchObject({
      code: 'NoSuchJob',
      field: 'after',
    });
    const id = randomUUID();
    expect(await submit('quick', [{ job: id }], id)).toMatchObject({ code: 'BadInput', field: 'after' });
    const many = Array.from({ length: 51 }, () => ({ job: randomUUID() }));
    expect(await submit('quick', many)).toMatchObject({ code: 'BadInput', field: 'after' });
  });
});
