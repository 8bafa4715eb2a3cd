import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Author, solving } from './apps.js';
import { People } from './people.js';
import { type Api, descendants, Platform } from './platform.js';

jest.setTimeout(240_000);

/** Submits as many as it is told to, each of which does the same one level below; waits where it is told to. */
const MODEL = solving(`    const { below, levels, wait, at = [] } = ctx.args;
    if (levels > 0)
      for (let n = 0; n < below; n++) {
        const id = await ctx.submit({ procedure: 'solve', args: { below, levels: levels - 1, wait: wait > 1 ? 1 : 0, at } });
        ctx.log('submitted ' + id);
      }
    data.Out.value = levels;
    ctx.incumbent({ objective: levels });
    while ((wait || at.includes(levels)) && !ctx.signal.aborted) await new Promise((resolve) => setTimeout(resolve, 10));`);

interface JobView {
  readonly id: string;
  readonly state: string;
  readonly depth: number;
  readonly owner: { readonly name: string };
  readonly error: { readonly message: string } | null;
}

describe('a running job that submits jobs', () => {
  const platform = new Platform();
  let people: People;
  let ada: Api;

  beforeAll(async () => {
    await platform.start();
    const api = await platform.signIn();
    people = new People(platform);
    const author = await Author.of(api);
    await author.trust();
    await author.app('nests', MODEL);
    ada = await people.add('Ada', ['user']);
  });
  afterAll(async () => {
    await people.close();
    await platform.remove();
  });

  const submit = async (args: object): Promise<string> => {
    const input = { app: 'nests', procedure: 'solve', args };
    const { id } = await ada.change<{ id: string }>(
      'submitJob',
      '$input: SubmitJob!',
      { input },
      '... on Job { id }',
    );
    return id;
  };
  const until = (id: string, state: RegExp) =>
    ada.until<{ jobChanged: JobView }>(
      'subscription($id: ID!) { jobChanged(id: $id) { id state error { message } } }',
      { id },
      ({ jobChanged }) => state.test(jobChanged.state),
    );
  /** It runs, and has submitted all that it submits. */
  const submitted = (id: string) => ada.progress(id, ({ objective }) => objective !== null);
  /** What its attempt had used, known a moment after its end. */
  const usedBy = (id: string) =>
    ada.eventually(
      async () => {
        const { job } = await ada.ask<{ job: { attempts: { use: { peakMiB: number } | null }[] } }>(
          'query($id: ID!) { job(id: $id) { attempts { use { peakMiB } } } }',
          { id },
        );
        return job.attempts[0]?.use?.peakMiB;
      },
      (used) => used !== undefined,
    );
  const childrenOf = async (parent: string): Promise<readonly JobView[]> => {
    const { jobs } = await ada.ask<{ jobs: { nodes: JobView[] } }>(
      'query($parent: ID!) { jobs(order: OLDEST, filter: { parent: $parent }) { nodes { id state depth owner { name } } } }',
      { parent },
    );
    return jobs.nodes;
  };
  /** So many, as soon as the list shows them. */
  const children = (parent: string, count: number) =>
    ada.eventually(
      () => childrenOf(parent),
      (found) => found.length === count,
    );
  const log = async (id: string): Promise<string> =>
    (
      await ada.ask<{ job: { log: { text: string } } }>('query($id: ID!) { job(id: $id) { log { text } } }', {
        id,
      })
    ).job.log.text;

  it('gets them as its owner’s, and they end on their own', async () => {
    const id = await submit({ below: 2, levels: 2 });
    await until(id, /COMPLETED/);
    const children = await childrenOf(id);
    expect(children).toMatchObject([1, 2].map(() => ({ depth: 1, owner: { name: 'Ada' } })));
    for (const child of children) {
      await until(child.id, /COMPLETED/);
      expect(await log(id)).toContain(`submitted ${child.id}`);
      expect(await childrenOf(child.id)).toMatchObject([{ depth: 2 }, { depth: 2 }]);
    }
  });

  it('is told where the last level is', async () => {
    let id = await submit({ below: 1, levels: 20 });
    for (let depth = 1; depth <= 8; depth++) {
      await until(id, /COMPLETED/);
      const [child] = await childrenOf(id);
      id = child?.id ?? '';
    }
    const { jobChanged } = await until(id, /FAILED/);
    expect(jobChanged.error?.message).toContain('down to a depth of 8');
    expect(await childrenOf(id)).toEqual([]);
  });

  it('gets the same ones when it is tried again', async () => {
    const id = await submit({ below: 2, levels: 1, wait: 1 });
    await submitted(id);
    const before = await children(id, 2);
    for (const { pid } of descendants(platform.serverPid).filter(({ command }) =>
      command.includes('solve.mjs'),
    ))
      process.kill(pid, 'SIGKILL');
    await ada.until<{ jobChanged: { attempts: object[]; state: string } }>(
      'subscription($id: ID!) { jobChanged(id: $id) { state attempts { number } } }',
      { id },
      ({ jobChanged: { attempts, state } }) => attempts.length === 2 && state === 'RUNNING',
    );
    await submitted(id);
    await ada.change('interruptJob', '$id: ID!', { id }, '... on Job { id }');
    await until(id, /INTERRUPTED/);
    expect((await childrenOf(id)).map((child) => child.id)).toEqual(before.map((child) => child.id));
  });

  it('takes them with it when somebody terminates it', async () => {
    const id = await submit({ below: 2, levels: 1, wait: 2 });
    await submitted(id);
    await ada.change('terminateJob', '$id: ID!', { id }, '... on Job { id }');
    for (const child of await childrenOf(id)) await until(child.id, /CANCELLED/);
    expect(await childrenOf(id)).toMatchObject([{ state: 'CANCELLED' }, { state: 'CANCELLED' }]);
  });

  it('takes along what is below a job that has ended before, and all say what they had used', async () => {
    const id = await submit({ below: 1, levels: 2, at: [2, 0] });
    await submitted(id);
    const [middle = { id: '' }] = await children(id, 1);
    await until(middle.id, /COMPLETED/);
    const [last = { id: '' }] = await children(middle.id, 1);
    await submitted(last.id);
    await ada.change('terminateJob', '$id: ID!', { id }, '... on Job { id }');
    const { jobChanged } = await until(last.id, /CANCELLED/);
    expect(jobChanged.error?.message).toBe(`a job above it was cancelled: ${id}`);
    for (const one of [id, last.id]) expect(await usedBy(one)).toBeGreaterThan(0);
  });

  it('tells its story from any place on', async () => {
    const id = await submit({ below: 1, levels: 1 });
    await until(id, /COMPLETED/);
    const types = async (last: number) =>
      (
        await ada.ask<{ job: { timeline: { type: string }[] } }>(
          'query($id: ID!, $last: Int!) { job(id: $id) { timeline(last: $last) { type } } }',
          { id, last },
        )
      ).job.timeline.map(({ type }) => type);
    expect((await types(200))[0]).toBe('JobQueued');
    expect(await types(1)).toHaveLength(1);
    expect(await types(1)).toEqual((await types(200)).slice(-1));
    await expect(types(1001)).rejects.toThrow('1001');
  });
});
