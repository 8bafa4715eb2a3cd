import { describe, expect, it } from '@jest/globals';
import { isRefusal } from '@openpro/kernel';
import { processUnderTest, recorder } from '@openpro/kernel/testing';
import fc from 'fast-check';
import { cancelChildJobs } from './cancel-child-jobs.process.js';
import { childIdOf, childOf, MAX_CHILDREN, MAX_DEPTH } from './child-jobs.js';
import { job, type JobEvent, type QueuedJob } from './job.js';
import { aRequest } from './request.fixture.js';

const PARENT = 'b0b0b0b0-0000-4000-8000-000000000001';
const parent: QueuedJob = {
  ...aRequest,
  priority: 150,
  seed: 7,
  timeLimit: 60,
  groups: ['planners'],
  batch: 'b',
};
const order = { procedure: 'part', args: { n: 1 } };

describe('a job that a job submits', () => {
  it('has its parent’s app, data, owner and terms, and no other origin', () => {
    const { batch, ...same } = parent;
    expect(childOf(PARENT, parent, 3, order)).toStrictEqual({
      ...same,
      ...order,
      timeLimit: null,
      parent: PARENT,
      child: 3,
      depth: 1,
    });
    expect(batch).toBe('b');
  });

  it('waits longer than its parent if it wants to, but passes nobody', () => {
    const priorityOf = (priority: number) =>
      (childOf(PARENT, parent, 1, { ...order, priority }) as QueuedJob).priority;
    expect([priorityOf(1), priorityOf(300), priorityOf(1e9)]).toEqual([150, 300, 10_000]);
  });

  it('has an id that follows from its parent and its number: another attempt gets the same', () => {
    expect(childIdOf(PARENT, 1)).toBe(childIdOf(PARENT, 1));
    expect(childIdOf(PARENT, 1)).not.toBe(childIdOf(PARENT, 2));
  });

  it('is refused below the last level, and beyond the last one', () => {
    const at = (depth: number) => childOf(PARENT, { ...parent, depth }, 1, order);
    expect(isRefusal(at(MAX_DEPTH - 1))).toBe(false);
    expect(at(MAX_DEPTH)).toMatchObject({ refused: 'TooDeep', limit: '8' });
    expect(childOf(PARENT, parent, MAX_CHILDREN, order)).toHaveProperty('child');
    expect(childOf(PARENT, parent, MAX_CHILDREN + 1, order)).toMatchObject({ refused: 'TooManyChildren' });
  });

  it('is refused as any other job is', () => {
    const wrong = childOf(PARENT, parent, 1, { ...order, procedure: '', gap: 2 }) as QueuedJob;
    expect(job.decider.decide({ ...wrong, type: 'SubmitJob' }, { is: 'new' })).toMatchObject({
      refused: 'BadInput',
    });
  });
});

describe('cancel-child-jobs', () => {
  const of = { environment: 'ROOT', owner: 'ada', app: 'a', version: '1', title: 't' };
  const queued = (child: number): JobEvent => ({
    ...(childOf(PARENT, parent, child, order) as QueuedJob),
    type: 'JobQueued',
  });
  const cancelled: JobEvent = { type: 'JobCancelled', attempt: 1, node: 'n', nodeEpoch: 1, of, reason: 'x' };
  const after = (...log: readonly (readonly [string, JobEvent])[]) => {
    const record = recorder();
    const process = processUnderTest(cancelChildJobs);
    const commands = log.flatMap(([id, event]) => process.see(record(`job-${id}`, event)));
    return { ids: commands.map(({ id }) => id), left: process.states.size };
  };

  it('cancels what a job has submitted when it is terminated', () =>
    expect(after(['a', queued(1)], ['b', queued(2)], [PARENT, cancelled]).ids).toEqual([
      childIdOf(PARENT, 1),
      childIdOf(PARENT, 2),
    ]));

  it('cancels each of them, whenever it reaches the log', () =>
    fc.assert(
      fc.property(fc.shuffledSubarray([1, 2, 3, 4, 5]), fc.nat(5), (children, before) => {
        const all = children.map((child) => [`c${child}`, queued(child)] as const);
        const { ids } = after(...all.slice(0, before), [PARENT, cancelled], ...all.slice(before));
        expect(ids).toEqual(expect.arrayContaining(children.map((child) => childIdOf(PARENT, child))));
      }),
    ));

  it('does nothing, and remembers nothing, for one that never ran, and for jobs that nobody submitted', () => {
    const never: JobEvent = { ...cancelled, attempt: null, node: null, nodeEpoch: null };
    expect(after(['a', { type: 'JobQueued', ...aRequest }], ['a', never])).toEqual({ ids: [], left: 0 });
    expect(after([PARENT, cancelled]).ids).toEqual([]);
  });
});
