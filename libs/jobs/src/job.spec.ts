import { describe, expect, it } from '@jest/globals';
import { play, project, recorder, specFor } from '@openpro/kernel/testing';
import fc from 'fast-check';
import {
  type At,
  job,
  type JobCommand,
  type JobEvent,
  type JobResult,
  MAX_ATTEMPTS,
  MAX_DEPENDENTS,
  MAX_NODE_LOST,
  MAX_OWN_CRASH,
  OWN_PRIORITY,
  type QueuedJob,
  queuedJob,
} from './job.js';
import type { JobEnd } from './dependencies.js';
import { jobList } from './job-list.projection.js';

const given = specFor(job.decider);
const digest = 'd'.repeat(64);

const request: QueuedJob = {
  environment: 'ROOT',
  owner: 'ada',
  app: { name: 'cutting', version: '1.0.0', digest: 'a' },
  engine: { name: 'model-ts', version: '1.2.3', digest: 'e' },
  procedure: 'Solve',
  args: { scenario: 'high' },
  input: digest,
  description: 'Tuesday',
  priority: 100,
  session: null,
  timeLimit: 60,
  gap: 0.01,
  seed: 7,
};
const of = { environment: 'ROOT', owner: 'ada', app: 'cutting', version: '1.0.0', title: 'Tuesday' };
const submit: JobCommand = { type: 'SubmitJob', ...request };
const queued: JobEvent = { type: 'JobQueued', ...request };

const at = (attempt: number, node = `n${attempt}`, nodeEpoch = 1): At => ({ attempt, node, nodeEpoch });
const started = (attempt: number): JobEvent => ({ type: 'JobStarted', ...at(attempt) });
const requeued = (
  attempt: number,
  reason: 'node-lost' | 'crashed' | 'drained',
  nodeLost: number,
  ownCrash: number,
  message?: string,
): JobEvent => ({
  type: 'JobRequeued',
  ...at(attempt),
  reason,
  ...(message === undefined ? {} : { message }),
  nodeLost,
  ownCrash,
});
const interruptRequested = (attempt: number): JobEvent => ({ type: 'JobInterruptRequested', attempt });
const result: JobResult = {
  outcome: 'completed',
  solverStatus: 'optimal',
  objective: 25779856.37,
  bound: 25779856.37,
  gap: 0,
  result: digest,
  forced: false,
  statistics: { seconds: 2 },
};
const completed = (attempt: number, change: Partial<JobResult> = {}): JobEvent => ({
  type: 'JobCompleted',
  ...at(attempt),
  of,
  ...result,
  ...change,
});
const failed = (attempt: number, code: string, message: string): JobEvent => ({
  type: 'JobFailed',
  ...at(attempt),
  of,
  error: { code, message },
});
const cancelled = (attempt: number, reason: string): JobEvent => ({
  type: 'JobCancelled',
  ...at(attempt),
  of,
  reason,
});

const complete = (where: At): JobCommand => ({ type: 'CompleteJob', ...where, ...result });
const fail = (where: At): JobCommand => ({
  type: 'FailJob',
  ...where,
  error: { code: 'ModelError', message: 'x' },
});
const crash = (where: At): JobCommand => ({ type: 'CrashAttempt', ...where, message: 'signal 11' });
const lose = ({ node, nodeEpoch }: At): JobCommand => ({ type: 'LoseNode', node, nodeEpoch });
const drain = (where: At): JobCommand => ({ type: 'DrainAttempt', ...where });

const running = [queued, started(1)];
const twice = [...running, requeued(1, 'node-lost', 1, 0), started(2)];
const over = [...running, completed(1)];
const interrupting = [...running, interruptRequested(1)];

describe('a job', () => {
  it('is submitted once', () => {
    given().when(submit).then(queued);
    given(queued).when(submit).thenRefused('JobExists');
  });

  it('gets another priority while it waits: its owner may make it wait longer, an administrator also shorter', () => {
    const prioritize = (priority: number, best = OWN_PRIORITY): JobCommand => ({
      type: 'PrioritizeJob',
      priority,
      best,
    });
    const requeuedOnce = [...running, requeued(1, 'node-lost', 1, 0)];
    for (const waiting of [[queued], requeuedOnce]) {
      given(...waiting)
        .when(prioritize(250))
        .then({ type: 'JobPrioritized', priority: 250 });
      given(...waiting)
        .when(prioritize(1, 1))
        .then({ type: 'JobPrioritized', priority: 1 });
      for (const wrong of [99, 10_001, 100.5])
        given(...waiting)
          .when(prioritize(wrong))
          .thenRefused('BadInput');
      given(...waiting)
        .when(prioritize(0, 1))
        .thenRefused('BadInput');
    }
    given(...running)
      .when(prioritize(250))
      .thenRefused('NotWaiting');
    given(...over)
      .when(prioritize(250))
      .thenRefused('AlreadyEnded');
    given().when(prioritize(250)).thenRefused('NoSuchJob');
  });

  it('is started on the first server that takes it', () => {
    given(queued).when({ type: 'StartJob', node: 'n1', nodeEpoch: 1 }).then(started(1));
    given(queued).when({ type: 'StartJob', node: 'n1', nodeEpoch: 1, attempt: 1 }).then(started(1));
    given(...running)
      .when({ type: 'StartJob', node: 'n1', nodeEpoch: 1 })
      .then();
    given(...running)
      .when({ type: 'StartJob', node: 'n2', nodeEpoch: 1 })
      .then();
    given(...over)
      .when({ type: 'StartJob', node: 'n2', nodeEpoch: 1 })
      .then();
  });

  it('is not started by a proposal that meant an earlier attempt and comes late', () => {
    given(...running, { type: 'JobRequeued', ...at(1), reason: 'drained', nodeLost: 0, ownCrash: 0 })
      .when({ type: 'StartJob', node: 'n1', nodeEpoch: 1, attempt: 1 })
      .then();
  });

  it('is not charged when its server left in order', () => {
    given(...running)
      .when({ ...lose(at(1)), left: true } as JobCommand)
      .then({ type: 'JobRequeued', ...at(1), reason: 'drained', nodeLost: 0, ownCrash: 0 });
  });

  it('completes with what its attempt reports', () => {
    given(...running)
      .when(complete(at(1)))
      .then(completed(1));
    given(...twice)
      .when(complete(at(2)))
      .then(completed(2));
    given(...interrupting)
      .when({ type: 'CompleteJob', ...at(1), ...result, outcome: 'interrupted', forced: true })
      .then(completed(1, { outcome: 'interrupted', forced: true }));
  });

  it('completes also where a solver reports what JSON cannot hold', () =>
    given(...running)
      .when({
        type: 'CompleteJob',
        ...at(1),
        ...result,
        objective: Infinity,
        bound: NaN,
        gap: null,
        statistics: { series: 'x'.repeat(70_000) },
      })
      .then(completed(1, { objective: null, bound: null, gap: null, statistics: {} })));

  it('fails with what its attempt reports', () => {
    given(...running)
      .when(fail(at(1)))
      .then(failed(1, 'ModelError', 'x'));
    given(...running)
      .when({
        type: 'FailJob',
        ...at(1),
        error: { code: 'ModelError', message: `${'x'.repeat(5000)}\0`, where: 'model.ts:3:1' },
      })
      .then({
        ...failed(1, 'ModelError', `${'x'.repeat(3999)}…`),
        error: { code: 'ModelError', message: `${'x'.repeat(3999)}…`, where: 'model.ts:3:1' },
      } as JobEvent);
  });

  it.each([
    ['an earlier attempt', at(1)],
    ['another server', at(2, 'n9')],
    ['another life of the server', at(2, 'n2', 2)],
    ['an attempt that never was', at(3, 'n2')],
  ])('drops the report of %s', (_, where) => {
    given(...twice)
      .when(complete(where))
      .thenRefused('StaleAttempt');
    given(...twice)
      .when(fail(where))
      .thenRefused('StaleAttempt');
    given(...twice)
      .when(crash(where))
      .thenRefused('StaleAttempt');
    given(...twice)
      .when(drain(where))
      .thenRefused('StaleAttempt');
  });

  it('drops every report when it waits or has ended', () => {
    for (const history of [[queued], [...running, requeued(1, 'node-lost', 1, 0)], over]) {
      given(...history)
        .when(complete(at(1)))
        .thenRefused('StaleAttempt');
      given(...history)
        .when(fail(at(1)))
        .thenRefused('StaleAttempt');
      given(...history)
        .when(crash(at(1)))
        .thenRefused('StaleAttempt');
      given(...history)
        .when(lose(at(1)))
        .then();
      given(...history)
        .when(drain(at(1)))
        .thenRefused('StaleAttempt');
    }
  });

  it('is left alone when another server, or another life of its own, is lost', () => {
    given(...running)
      .when(lose(at(1, 'n2')))
      .then();
    given(...running)
      .when(lose(at(1, 'n1', 2)))
      .then();
  });

  it('is requeued three times when its server is lost, and abandoned the fourth time', () => {
    const history: JobEvent[] = [queued];
    for (const attempt of [1, 2, 3]) {
      history.push(started(attempt));
      given(...history)
        .when(lose(at(attempt)))
        .then(requeued(attempt, 'node-lost', attempt, 0));
      history.push(requeued(attempt, 'node-lost', attempt, 0));
    }
    given(...history, started(4))
      .when(lose(at(4)))
      .then({
        type: 'JobAbandoned',
        ...at(4),
        of,
        reason: 'Its server was lost in attempt 4, and it has been requeued as often as it may',
      });
  });

  it('keeps what an attempt has used, however it ended', () => {
    const use = { launchMs: 41, cpuMs: 1830, peakMiB: 142 };
    const used = <T extends object>(what: T) => ({ ...what, use });
    const at1 = given(queued, started(1));
    at1.when(used(complete(at(1)))).then(used(completed(1)));
    at1.when(used(fail(at(1)))).then(used(failed(1, 'ModelError', 'x')));
    at1.when(used(crash(at(1)))).then(used(requeued(1, 'crashed', 0, 1, 'signal 11')));
  });

  it('is requeued once when its process crashes, and fails the second time', () => {
    given(...running)
      .when(crash(at(1)))
      .then(requeued(1, 'crashed', 0, 1, 'signal 11'));
    given(...running, requeued(1, 'crashed', 0, 1, 'signal 11'), started(2))
      .when(crash(at(2)))
      .then(failed(2, 'AttemptCrashed', 'signal 11'));
  });

  it('gets four attempts in all, however they end', () => {
    const fourth = [
      ...running,
      requeued(1, 'crashed', 0, 1),
      started(2),
      requeued(2, 'node-lost', 1, 1),
      started(3),
      requeued(3, 'node-lost', 2, 1),
      started(4),
    ];
    given(...fourth)
      .when(lose(at(4)))
      .then({
        type: 'JobAbandoned',
        ...at(4),
        of,
        reason: 'Its server was lost in attempt 4, and it has been requeued as often as it may',
      });
  });

  it('is given back by a drained server without charge', () => {
    given(...twice)
      .when(drain(at(2)))
      .then(requeued(2, 'drained', 1, 0));
    const last = [
      ...twice,
      requeued(2, 'node-lost', 2, 0),
      started(3),
      requeued(3, 'node-lost', 3, 0),
      started(4),
      requeued(4, 'drained', 3, 0),
    ];
    given(...last)
      .when({ type: 'StartJob', node: 'n5', nodeEpoch: 1 })
      .then(started(5));
  });

  it('is interrupted once, while it runs', () => {
    given(...running)
      .when({ type: 'InterruptJob' })
      .then(interruptRequested(1));
    given(...interrupting)
      .when({ type: 'InterruptJob' })
      .then();
    given(queued).when({ type: 'InterruptJob' }).thenRefused('NotRunning');
    given(...over)
      .when({ type: 'InterruptJob' })
      .thenRefused('AlreadyEnded');
  });

  it('records why it is interrupted, where somebody says so', () => {
    given(...running)
      .when({ type: 'InterruptJob', reason: 'good enough' })
      .then({ type: 'JobInterruptRequested', attempt: 1, reason: 'good enough' });
    given(...running)
      .when({ type: 'InterruptJob', reason: 'x'.repeat(501) })
      .thenRefused('BadInput', { field: 'reason' });
  });

  it('of a batch is cancelled with it, if it is there and has not ended', () => {
    const cancel = { type: 'CancelAlong', reason: 'wrong data' } as const;
    given(...running)
      .when(cancel)
      .then(cancelled(1, 'wrong data'));
    given(...over)
      .when(cancel)
      .then();
    given().when(cancel).then();
  });

  it('of a tree of jobs ends with those above it, and hands that on when it has ended before', () => {
    const along = { type: 'CancelAlong', reason: 'above' } as const;
    const child = (number: number): JobEvent => ({ type: 'JobChildAdded', child: number });
    const passed = (children: number): JobEvent => ({
      type: 'JobChildrenCancelled',
      reason: 'above',
      children,
    });
    given(...running)
      .when({ type: 'AddChild', child: 1 })
      .then(child(1));
    given(...running, child(2), child(1))
      .when(along)
      .then({ ...cancelled(1, 'above'), children: 2 } as JobEvent);
    given(...over, child(1))
      .when(along)
      .then(passed(1));
    given({ ...queued, parent: 'p' } as JobEvent, started(1), completed(1))
      .when(along)
      .then(passed(0));
    given(...over, child(1), passed(1))
      .when(along)
      .then();
    given(...running, cancelled(1, 'wrong data'))
      .when(along)
      .then();
  });

  it('says of what it has submitted late whether that ends, too', () => {
    const add: JobCommand = { type: 'AddChild', child: 3 };
    given(...over)
      .when(add)
      .then({ type: 'JobChildAdded', child: 3 });
    given(...running, cancelled(1, 'wrong data'))
      .when(add)
      .then({ type: 'JobChildAdded', child: 3, cancelled: true });
    given().when(add).thenRefused('NoSuchJob');
  });

  it('is waited for by so many others and no more, each of which is counted once', () => {
    const added = (dependent: string, end: JobEnd | null = null): JobEvent => ({
      type: 'JobDependentAdded',
      dependent,
      end,
    });
    const admit = (dependent: string): JobCommand => ({ type: 'AdmitDependent', dependent });
    const add = (dependent: string): JobCommand => ({ type: 'AddDependent', dependent });
    const end = { title: 'Tuesday', outcome: 'completed', success: true };
    const all = Array.from({ length: MAX_DEPENDENTS }, (_, n) => added(`d${n}`));
    given(queued).when(admit('a')).then(added('a'));
    given(queued, added('a')).when(admit('a')).then();
    const look: JobCommand = { type: 'AdmitDependent', dependent: 'a', look: true };
    given(queued).when(look).then();
    given(queued, ...all)
      .when(look)
      .thenRefused('TooManyDependents');
    given(queued, ...all.slice(1))
      .when(admit('a'))
      .then(added('a'));
    const limit = `${MAX_DEPENDENTS} jobs`;
    for (const history of [all, [started(1), ...all, completed(1)], [started(1), completed(1), ...all]])
      given(queued, ...history)
        .when(admit('a'))
        .thenRefused('TooManyDependents', { field: 'after', limit });
    given(queued, ...all)
      .when(admit('d7'))
      .then();
    // What was admitted is told at the end; it is told again when it was not there yet then.
    given(queued, added('a')).when(add('a')).then();
    given(...running, added('a'), completed(1))
      .when(add('a'))
      .then(added('a', end));
    given().when(admit('a')).thenRefused('NoSuchJob');
  });

  it('takes what an attempt had used that was taken away, once, and of no other', () => {
    const use = { launchMs: 41, cpuMs: 1830, peakMiB: 142 };
    const measure = (where: At): JobCommand => ({ type: 'MeasureAttempt', ...where, use });
    const measured: JobEvent = { type: 'JobAttemptMeasured', ...at(1), use };
    const taken: readonly JobEvent[][] = [
      [...running, cancelled(1, 'wrong data')],
      [...running, { type: 'JobAbandoned', ...at(1), of, reason: 'lost' }],
      [...running, requeued(1, 'drained', 0, 0)],
      twice,
      [...twice, completed(2)],
    ];
    for (const history of taken) {
      given(...history)
        .when(measure(at(1)))
        .then(measured);
      given(...history, measured)
        .when(measure(at(1)))
        .then();
      for (const other of [at(1, 'n9'), at(1, 'n1', 2), at(3)])
        given(...history)
          .when(measure(other))
          .then();
    }
    const crashedMeasured = { ...requeued(1, 'crashed', 0, 1), use } as JobEvent;
    for (const history of [[queued], running, over, [...running, crashedMeasured]])
      given(...history)
        .when(measure(at(1)))
        .then();
  });

  it('does not run again when the attempt that was to be interrupted is lost', () => {
    const reason = (by: string) => `The attempt ended (${by}) before it had answered the interrupt`;
    given(...interrupting)
      .when(lose(at(1)))
      .then(cancelled(1, reason('its server was lost')));
    given(...interrupting)
      .when(crash(at(1)))
      .then(cancelled(1, reason('its process crashed')));
    given(...interrupting)
      .when(drain(at(1)))
      .then(cancelled(1, reason('its server was drained')));
  });

  it('is terminated while it waits or runs', () => {
    const terminate: JobCommand = { type: 'TerminateJob', reason: 'wrong data' };
    given(queued)
      .when(terminate)
      .then({ type: 'JobCancelled', attempt: null, node: null, nodeEpoch: null, of, reason: 'wrong data' });
    given(...running)
      .when(terminate)
      .then(cancelled(1, 'wrong data'));
    given(...interrupting)
      .when(terminate)
      .then(cancelled(1, 'wrong data'));
    given(...over)
      .when(terminate)
      .thenRefused('AlreadyEnded');
    given(queued)
      .when({ type: 'TerminateJob', reason: 'x'.repeat(501) })
      .thenRefused('BadInput', { field: 'reason' });
  });

  it.each([
    { type: 'StartJob', node: 'n1', nodeEpoch: 1 } as const,
    complete(at(1)),
    fail(at(1)),
    crash(at(1)),
    lose(at(1)),
    drain(at(1)),
    { type: 'InterruptJob' } as const,
    { type: 'TerminateJob', reason: '' } as const,
  ])('that was never submitted refuses $type', (command) => given().when(command).thenRefused('NoSuchJob'));

  it.each<[string, Partial<QueuedJob>]>([
    ['procedure', { procedure: '' }],
    ['procedure', { procedure: 'x'.repeat(101) }],
    ['args', { args: { text: 'x'.repeat(65_536) } }],
    ['args', { args: [1] }],
    ['args', { args: { name: 'a\0' } }],
    ['input', { input: '../../etc/passwd' }],
    ['description', { description: 'x'.repeat(501) }],
    ['description', { description: 'a\nb' }],
    ['priority', { priority: 99 }],
    ['priority', { priority: 10_001 }],
    ['priority', { priority: 100.5 }],
    ['timeLimit', { timeLimit: 0 }],
    ['timeLimit', { timeLimit: 2_592_001 }],
    ['timeLimit', { timeLimit: NaN }],
    ['gap', { gap: -0.1 }],
    ['gap', { gap: 1.1 }],
    ['seed', { seed: -1 }],
    ['seed', { seed: 2 ** 31 }],
  ])('is refused with a wrong %s: %j', (field, change) =>
    given()
      .when({ type: 'SubmitJob', ...request, ...change })
      .thenRefused('BadInput', { field }),
  );

  it('may leave out what has a default', () => {
    const least = {
      ...request,
      input: null,
      description: '',
      timeLimit: null,
      gap: null,
      seed: null,
      args: {},
    };
    given()
      .when({ type: 'SubmitJob', ...least })
      .then({ type: 'JobQueued', ...least });
  });

  const node = fc.constantFrom('n1', 'n2');
  const epoch = fc.constantFrom(1, 2);
  const where = fc.record({ attempt: fc.integer({ min: 1, max: 7 }), node, nodeEpoch: epoch });
  const command: fc.Arbitrary<JobCommand> = fc.oneof(
    { weight: 6, arbitrary: fc.record({ type: fc.constant('StartJob' as const), node, nodeEpoch: epoch }) },
    { weight: 4, arbitrary: fc.record({ type: fc.constant('LoseNode' as const), node, nodeEpoch: epoch }) },
    { weight: 4, arbitrary: where.map(crash) },
    { weight: 2, arbitrary: where.map(drain) },
    { weight: 1, arbitrary: where.map(complete) },
    { weight: 1, arbitrary: where.map(fail) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<JobCommand>(
        { type: 'InterruptJob' },
        { type: 'PrioritizeJob', priority: 200, best: 1 },
        { type: 'TerminateJob', reason: 'x' },
        { type: 'CancelAlong', reason: 'x' },
        { type: 'AddChild', child: 1 },
        { type: 'AdmitDependent', dependent: 'd' },
        { type: 'AddDependent', dependent: 'd' },
        submit,
      ),
    },
    {
      weight: 1,
      arbitrary: where.map((one): JobCommand => ({
        type: 'MeasureAttempt',
        ...one,
        use: { launchMs: 1, cpuMs: 1, peakMiB: 1 },
      })),
    },
  );
  const AFTER_END = /^Job(DependentAdded|ChildAdded|ChildrenCancelled|AttemptMeasured)$/;
  const isEnd = ({ type }: JobEvent) =>
    type === 'JobCompleted' || type === 'JobFailed' || type === 'JobCancelled' || type === 'JobAbandoned';

  it('keeps its invariants whatever comes in, in whatever order (I2, I3, I4)', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const { history, state } = play(job.decider, [submit, ...commands]);

        const ends = history.filter(isEnd);
        expect(ends.length).toBe(state.is === 'ended' ? 1 : 0);
        if (ends[0])
          for (const { type } of history.slice(history.indexOf(ends[0]) + 1)) expect(type).toMatch(AFTER_END);

        const drained = history.filter((event) => event.type === 'JobRequeued' && event.reason === 'drained');
        const starts = history.filter((event) => event.type === 'JobStarted');
        expect(starts.length - drained.length).toBeLessThanOrEqual(MAX_ATTEMPTS);

        let current: At | null = null;
        let counters = { nodeLost: 0, ownCrash: 0 };
        for (const event of history)
          switch (event.type) {
            case 'JobStarted':
              expect(current).toBeNull();
              expect(event.attempt).toBe(starts.indexOf(event) + 1);
              current = { attempt: event.attempt, node: event.node, nodeEpoch: event.nodeEpoch };
              break;
            case 'JobRequeued': {
              expect(event).toMatchObject(current ?? { attempt: 'of a start' });
              current = null;
              const { reason, nodeLost, ownCrash } = event;
              expect(nodeLost - counters.nodeLost).toBe(reason === 'node-lost' ? 1 : 0);
              expect(ownCrash - counters.ownCrash).toBe(reason === 'crashed' ? 1 : 0);
              expect(nodeLost).toBeLessThanOrEqual(MAX_NODE_LOST);
              expect(ownCrash).toBeLessThanOrEqual(MAX_OWN_CRASH);
              counters = { nodeLost, ownCrash };
              break;
            }
            case 'JobCompleted':
            case 'JobFailed':
            case 'JobAbandoned':
              expect(event).toMatchObject(current ?? { attempt: 'of a start' });
              break;
            case 'JobCancelled':
              expect(event).toMatchObject(current ?? { attempt: null, node: null, nodeEpoch: null });
              break;
            case 'JobInterruptRequested':
              expect(event.attempt).toBe(current?.attempt);
              break;
            case 'JobPrioritized':
              expect(current).toBeNull();
              break;
            case 'JobQueued':
              expect(event).toBe(history[0]);
              break;
            case 'JobChildrenCancelled':
              expect(ends).toHaveLength(1);
              break;
            case 'JobAttemptMeasured':
              expect(starts.length).toBeGreaterThanOrEqual(event.attempt);
              break;
            case 'JobChildAdded':
            case 'JobDependentAdded':
            case 'JobDependencyMet':
            case 'JobReleased':
          }
      }),
      { numRuns: 300 },
    );
  });

  it('is never given up while it is healthy: only losses and crashes end it (I22)', () => {
    const fate = fc.constantFrom('drain', 'lose', 'crash');
    fc.assert(
      fc.property(fc.array(fate, { maxLength: 20 }), (fates) => {
        let charged = 0;
        let crashes = 0;
        const commands = fates.flatMap((fate, i): JobCommand[] => {
          const here = at(i + 1);
          const start: JobCommand = { type: 'StartJob', node: here.node, nodeEpoch: here.nodeEpoch };
          return [start, fate === 'drain' ? drain(here) : fate === 'lose' ? lose(here) : crash(here)];
        });
        const { history, state } = play(job.decider, [submit, ...commands]);
        for (const event of history)
          if (event.type === 'JobRequeued' && event.reason !== 'drained') charged++;
        crashes = fates
          .slice(0, history.filter(({ type }) => type === 'JobStarted').length)
          .filter((f) => f === 'crash').length;
        if (state.is === 'ended') expect(charged === MAX_ATTEMPTS - 1 || crashes > MAX_OWN_CRASH).toBe(true);
        else expect(history.filter(({ type }) => type === 'JobStarted').length).toBe(fates.length);
      }),
    );
  });

  it('stands in the read model in the state that the rules know', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
        const { history, state } = play(job.decider, [submit, ...commands]);
        const record = recorder();
        const row = project(
          jobList,
          history.map((event) => record('job-j1', event)),
        ).get('j1');
        expect(row?.ended_at === null).toBe(state.is !== 'ended');
        if (state.is !== 'ended') expect(row?.state).toBe(state.is);
        expect(row?.attempts.length).toBe(history.filter(({ type }) => type === 'JobStarted').length);
        const open = row?.attempts.filter(({ endedAt }) => endedAt === null) ?? [];
        expect(open.length).toBe(state.is === 'running' ? 1 : 0);
        if (state.is === 'running')
          expect(row).toMatchObject({
            attempt: state.attempt,
            node: state.node,
            node_epoch: state.nodeEpoch,
            node_lost: state.nodeLost,
            own_crash: state.ownCrash,
            interrupting: state.interrupting,
          });
      }),
    );
  });
});

describe('the list of jobs', () => {
  const row = (...log: readonly JobEvent[]) => {
    const record = recorder();
    return project(
      jobList,
      log.map((event, i) => record('job-j1', event, { at: i * 10 })),
    ).get('j1');
  };
  const base = row(queued);

  it('holds the whole request', () =>
    expect(base).toMatchObject({
      environment: 'ROOT',
      owner: 'ada',
      app: 'cutting',
      version: '1.0.0',
      app_digest: 'a',
      engine_name: 'model-ts',
      engine_version: '1.2.3',
      engine_digest: 'e',
      procedure: 'Solve',
      args: { scenario: 'high' },
      input: digest,
      description: 'Tuesday',
      session: null,
      priority: 100,
      time_limit: 60,
      gap_limit: 0.01,
      seed: 7,
      state: 'queued',
      queued_at: 0,
      attempt: 0,
      attempts: [],
    }));

  it('keeps what an attempt has used', () => {
    const use = { launchMs: 41, cpuMs: 1830, peakMiB: 142 };
    const crashed = { ...requeued(1, 'crashed', 0, 1), use } as JobEvent;
    expect(row(queued, started(1), crashed)?.attempts).toMatchObject([{ outcome: 'crashed', use }]);
  });

  it('keeps what an attempt had used that was taken away, and no other', () => {
    const use = { launchMs: 41, cpuMs: 1830, peakMiB: 142 };
    const measured: JobEvent = { type: 'JobAttemptMeasured', ...at(1), use };
    expect(row(...twice, measured)?.attempts).toMatchObject([{ outcome: 'node-lost', use }, { number: 2 }]);
    expect(row(...twice, measured)?.attempts[1]).not.toHaveProperty('use');
    expect(row(...running, cancelled(1, 'x'), measured)).toMatchObject({
      state: 'cancelled',
      attempts: [{ outcome: 'cancelled', use }],
    });
  });

  it('keeps every attempt with its fate', () =>
    expect(
      row(
        queued,
        started(1),
        requeued(1, 'node-lost', 1, 0),
        started(2),
        interruptRequested(2),
        completed(2, { outcome: 'interrupted', gap: 0.2 }),
      ),
    ).toStrictEqual({
      ...base,
      state: 'interrupted',
      stopped_by: 'ada',
      started_at: 30,
      waits_since: 20,
      ended_at: 50,
      attempt: 2,
      attempts: [
        { number: 1, node: 'n1', startedAt: 10, endedAt: 20, outcome: 'node-lost', waitedMs: 10 },
        { number: 2, node: 'n2', startedAt: 30, endedAt: 50, outcome: 'interrupted', waitedMs: 10 },
      ],
      node: 'n2',
      node_epoch: 1,
      node_lost: 1,
      solver_status: 'optimal',
      objective: 25779856.37,
      bound: 25779856.37,
      gap: 0.2,
      result: digest,
    }));

  it('waits without a server after a requeue', () =>
    expect(row(...running, requeued(1, 'crashed', 0, 1, 'signal 11'))).toMatchObject({
      state: 'queued',
      started_at: null,
      node: null,
      node_epoch: null,
      own_crash: 1,
      attempts: [{ number: 1, outcome: 'crashed' }],
    }));

  it.each<[string, JobEvent, object]>([
    ['failed', failed(1, 'ModelError', 'x'), { error: { code: 'ModelError', message: 'x' } }],
    ['failed', failed(1, 'AttemptCrashed', 'x'), { attempts: [{ outcome: 'crashed' }] }],
    ['cancelled', cancelled(1, 'wrong data'), { error: { code: 'Cancelled', message: 'wrong data' } }],
    [
      'abandoned',
      { type: 'JobAbandoned', ...at(1), of, reason: 'lost' },
      { error: { code: 'Abandoned', message: 'lost' }, attempts: [{ outcome: 'node-lost' }] },
    ],
  ])('says why it %s: %j', (state, event, shown) =>
    expect(row(...running, event)).toMatchObject({ state, ended_at: 20, ...shown }),
  );
});

describe('who has stopped a job', () => {
  const stopOf = (...log: readonly (readonly [JobEvent, string])[]) => {
    const record = recorder();
    const all = [...running.map((event) => [event, 'node:n1'] as const), ...log];
    const { stopped_by, stop_reason } = project(
      jobList,
      all.map(([event, actor]) => record('job-j1', event, { actor })),
    ).get('j1')!;
    return [stopped_by, stop_reason];
  };
  const interrupt: JobEvent = { ...interruptRequested(1), reason: 'good enough' } as JobEvent;

  it('is nobody while nobody has, and also when it ends by itself', () => {
    expect(stopOf()).toEqual([null, null]);
    expect(stopOf([completed(1), 'node:n1'])).toEqual([null, null]);
  });

  it('is who interrupted or terminated it, with his reason', () => {
    expect(stopOf([interrupt, 'eve'])).toEqual(['eve', 'good enough']);
    expect(stopOf([cancelled(1, 'wrong data'), 'bob'])).toEqual(['bob', 'wrong data']);
    expect(stopOf([interrupt, 'eve'], [cancelled(1, 'wrong data'), 'bob'])).toEqual(['bob', 'wrong data']);
  });

  it('is who interrupted it, when its attempt was lost before it had answered', () =>
    expect(
      stopOf([interrupt, 'eve'], [cancelled(1, 'its server was lost'), 'process:requeue-lost-jobs']),
    ).toEqual(['eve', 'good enough']));
});

describe('the request of a job', () => {
  it('is read from its stream', () => {
    expect(queuedJob(running.map((event) => ({ event })))).toMatchObject(request);
    expect(() => queuedJob([])).toThrow('not the stream of a job');
    expect(() => queuedJob([{ event: started(1) }])).toThrow('not the stream of a job');
  });
});
