import { describe, expect, it } from '@jest/globals';
import { isRefusal } from '@openpro/kernel';
import { processUnderTest, recorder } from '@openpro/kernel/testing';
import fc from 'fast-check';
import { cancelChildJobs } from './cancel-child-jobs.process.js';
import { childIdOf, childOf, MAX_CHILDREN, MAX_DEPTH } from './child-jobs.js';
import { type Job, job as jobs, type JobCommand, type JobEvent, type QueuedJob } from './job.js';
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
    expect(jobs.decider.decide({ ...wrong, type: 'SubmitJob' }, { is: 'new' })).toMatchObject({
      refused: 'BadInput',
    });
  });
});

describe('cancel-child-jobs', () => {
  const of = { environment: 'ROOT', owner: 'ada', app: 'a', version: '1', title: 't' };
  const queued: JobEvent = { ...(childOf(PARENT, parent, 2, order) as QueuedJob), type: 'JobQueued' };
  const cancelled: JobEvent = { type: 'JobCancelled', attempt: 1, node: 'n', nodeEpoch: 1, of, reason: 'x' };
  const process = processUnderTest(cancelChildJobs);
  const when = (id: string, event: JobEvent) => process.see(recorder()(`job-${id}`, event));
  const cancel = (child: number, reason = `a job above it was cancelled: ${PARENT}`) => ({
    to: 'job',
    id: childIdOf(PARENT, child),
    command: { type: 'CancelAlong', reason },
    line: `${child}`,
  });

  it('tells a job what it has submitted', () => {
    expect(when('c', queued)).toEqual([{ to: 'job', id: PARENT, command: { type: 'AddChild', child: 2 } }]);
    expect(when('c', { type: 'JobQueued', ...aRequest })).toEqual([]);
  });

  it('cancels what a job has submitted when that is cancelled', () => {
    expect(when(PARENT, { ...cancelled, children: 2 })).toEqual([cancel(1), cancel(2)]);
    expect(when(PARENT, cancelled)).toEqual([]);
  });

  it('cancels what comes late, and nothing of a job that is not cancelled', () => {
    expect(when(PARENT, { type: 'JobChildAdded', child: 2, cancelled: true })).toEqual([cancel(2)]);
    expect(when(PARENT, { type: 'JobChildAdded', child: 2 })).toEqual([]);
  });

  it('goes on below a job that has ended before', () =>
    expect(when(PARENT, { type: 'JobChildrenCancelled', reason: 'why', children: 2 })).toEqual([
      cancel(1, 'why'),
      cancel(2, 'why'),
    ]));

  it('reaches all below whoever is terminated, in any tree and order, nobody else, and remembers nothing', () => {
    const fates = fc.array(fc.tuple(fc.nat(99), fc.nat(1000)), { maxLength: 80 });
    fc.assert(
      fc.property(fates, (steps) => {
        const forest = new Forest();
        for (const [what, which] of steps) forest.step(what, which);
        forest.settle();
        forest.check();
      }),
      { numRuns: 500 },
    );
  });
});

interface Member {
  parent?: string;
  state: Job;
  ran: boolean;
}

/** Jobs that submit jobs, on a log whose commands come in any order. */
class Forest {
  private readonly jobs = new Map<string, Member>();
  private readonly children = new Map<string, number>();
  private readonly terminated = new Set<string>();
  private readonly outbox: { readonly id: string; readonly command: JobCommand }[] = [];
  private readonly process = processUnderTest(cancelChildJobs);
  private readonly record = recorder();

  step(what: number, which: number): void {
    const ids = [...this.jobs.keys()];
    const id = ids[which % ids.length];
    if (id === undefined || what < 10)
      return this.tell(`root-${ids.length}`, { ...aRequest, type: 'SubmitJob' });
    if (what < 30) return this.tell(id, { type: 'StartJob', node: 'n', nodeEpoch: 1 });
    if (what < 60) return this.submit(id);
    if (what < 70) {
      const error = { code: 'x', message: '' };
      return this.tell(id, { type: 'FailJob', attempt: 1, node: 'n', nodeEpoch: 1, error });
    }
    if (what >= 74) return this.deliver(which);
    if (this.jobs.get(id)?.state.is !== 'ended') this.terminated.add(id);
    return this.tell(id, { type: 'TerminateJob', reason: '' });
  }

  settle(): void {
    while (this.outbox.length > 0) this.deliver(this.outbox.length * 7);
  }

  check(): void {
    for (const [id, { state }] of this.jobs) {
      const above = this.isBelow(id);
      if (above) expect(state.is).toBe('ended');
      if (state.is === 'ended' && state.end.outcome === 'cancelled')
        expect(above || this.terminated.has(id)).toBe(true);
    }
    expect(this.process.states.size).toBe(0);
  }

  private isBelow(id: string): boolean {
    const { parent } = this.jobs.get(id) ?? {};
    return parent !== undefined && (this.terminated.has(parent) || this.isBelow(parent));
  }

  /** Also one whose attempt is over by now: what it had asked for comes late. */
  private submit(id: string): void {
    const child = (this.children.get(id) ?? 0) + 1;
    if (!this.jobs.get(id)?.ran || child > 4) return;
    this.children.set(id, child);
    this.tell(childIdOf(id, child), { ...aRequest, type: 'SubmitJob', parent: id, child, depth: 1 });
  }

  private deliver(which: number): void {
    const [next] = this.outbox.splice(which % Math.max(1, this.outbox.length), 1);
    if (next) this.tell(next.id, next.command);
  }

  private tell(id: string, command: JobCommand): void {
    const job: Member = this.jobs.get(id) ?? { state: { is: 'new' }, ran: false };
    const events = jobs.decider.decide(command, job.state);
    if (isRefusal(events)) return;
    for (const event of events) {
      if (event.type === 'JobQueued' && event.parent !== undefined) job.parent = event.parent;
      job.state = jobs.decider.evolve(job.state, event);
      job.ran ||= event.type === 'JobStarted';
      this.jobs.set(id, job);
      this.outbox.push(
        ...this.process
          .see(this.record(`job-${id}`, event))
          .map((issued) => ({ id: issued.id, command: issued.command as JobCommand })),
      );
    }
  }
}
