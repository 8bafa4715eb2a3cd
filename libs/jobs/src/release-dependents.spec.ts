import { describe, expect, it } from '@jest/globals';
import { isRefusal } from '@openpro/kernel';
import { processUnderTest, project, recorder, specFor } from '@openpro/kernel/testing';
import fc from 'fast-check';
import { type Dependency, inVain, type JobEnd, MAX_DEPENDENCIES } from './dependencies.js';
import { job, type JobCommand, type JobEvent, type JobResult, type QueuedJob } from './job.js';
import { jobList } from './job-list.projection.js';
import { emptyQueue, evolveQueue, type Queue, queueFromRows } from './queue.js';
import { releaseDependents } from './release-dependents.process.js';
import { aRequest } from './request.fixture.js';
import { get, values } from './sorted-map.js';

const given = specFor(job.decider);
const uuid = (n: number): string => `0198f3a0-7c1e-7a2b-8c3d-${String(n).padStart(12, '0')}`;
const [a, b, c] = [uuid(1), uuid(2), uuid(3)] as const;
const onSuccess = (id: string): Dependency => ({ job: id, on: 'success' });
const onEnd = (id: string): Dependency => ({ job: id, on: 'any' });
const asked = (...after: readonly Dependency[]): QueuedJob => ({ ...aRequest, after });
const queued = (...after: readonly Dependency[]): JobEvent => ({ type: 'JobQueued', ...asked(...after) });

const of = { environment: 'ROOT', owner: 'ada', app: 'supply-network', version: '1.0.0', title: 'solve' };
const at = { attempt: 1, node: 'n', nodeEpoch: 1 };
const started: JobEvent = { type: 'JobStarted', ...at };
const result: JobResult = {
  outcome: 'completed',
  solverStatus: 'optimal',
  objective: 1,
  bound: 1,
  gap: 0,
  result: 'd'.repeat(64),
  forced: false,
  statistics: {},
};
const completed: JobEvent = { type: 'JobCompleted', ...at, of, ...result };
const failed: JobEvent = { type: 'JobFailed', ...at, of, error: { code: 'x', message: 'x' } };
const end = (outcome: string, success = false): JobEnd => ({ title: 'solve', outcome, success });
const COMPLETED = end('completed', true);
const meet = (id: string, how: JobEnd): JobCommand => ({ type: 'MeetDependency', job: id, end: how });
const met = (id: string, outcome = 'completed'): JobEvent => ({ type: 'JobDependencyMet', job: id, outcome });
const released: JobEvent = { type: 'JobReleased' };
const start: JobCommand = { type: 'StartJob', node: 'n', nodeEpoch: 1 };

describe('a job that waits for others', () => {
  it('does not start before all of them have ended as it was asked', () => {
    given(queued(onSuccess(a), onEnd(b)))
      .when(start)
      .then();
    given(queued(onSuccess(a), onEnd(b)))
      .when(meet(a, COMPLETED))
      .then(met(a));
    given(queued(onSuccess(a), onEnd(b)), met(a))
      .when(start)
      .then();
    given(queued(onSuccess(a), onEnd(b)), met(a))
      .when(meet(b, end('failed')))
      .then(met(b, 'failed'), released);
    given(queued(onSuccess(a)), met(a), released)
      .when(start)
      .then(started);
  });

  it.each([
    ['failed', 'failed'],
    ['cancelled', 'was cancelled'],
    ['abandoned', 'was given up'],
    ['infeasible', 'is infeasible'],
    ['interrupted', 'was interrupted'],
    ['timeLimit', 'found no solution within its time limit'],
  ])('is cancelled with the reason when one that had to succeed is %s', (outcome, words) =>
    given(queued(onSuccess(a)))
      .when(meet(a, end(outcome)))
      .then({
        type: 'JobCancelled',
        attempt: null,
        node: null,
        nodeEpoch: null,
        of,
        reason: `It waited for job ${a} (solve), which ${words}`,
      }),
  );

  it('hears late, repeated and wrong news without harm', () => {
    given(queued(onSuccess(a), onEnd(b)), met(a))
      .when(meet(a, COMPLETED))
      .then();
    given(queued(onSuccess(a)))
      .when(meet(b, end('failed')))
      .then();
    given(queued(onSuccess(a)), met(a), released, started)
      .when(meet(a, end('failed')))
      .then();
    given(queued(onSuccess(a)), met(a), released, started, completed)
      .when(meet(a, COMPLETED))
      .then();
  });

  it('can be cancelled and given another priority meanwhile, but not interrupted', () => {
    const held = given(queued(onSuccess(a)));
    held.when({ type: 'InterruptJob' }).thenRefused('NotRunning');
    held.when({ type: 'TerminateJob', reason: 'x' }).then({
      type: 'JobCancelled',
      attempt: null,
      node: null,
      nodeEpoch: null,
      of,
      reason: 'x',
    });
  });

  it('is refused when what it waits for is nonsense', () => {
    const submit = (...after: readonly Dependency[]) =>
      given().when({ type: 'SubmitJob', ...asked(...after) });
    submit(onSuccess('x')).thenRefused('BadInput', { field: 'after' });
    submit(onSuccess(a), onEnd(a)).thenRefused('BadInput', { field: 'after' });
    submit({ job: a, on: 'never' as never }).thenRefused('BadInput', { field: 'after.on' });
    const many = Array.from({ length: MAX_DEPENDENCIES + 1 }, (_, n) => onEnd(uuid(n)));
    submit(...many).thenRefused('BadInput', { limit: 'at most 50 jobs' });
  });

  const log = [queued(onSuccess(a)), { type: 'JobPrioritized', priority: 200 } as const, met(a), released];
  const record = recorder();
  const recorded = [...log, started].map((event) => record(`job-${b}`, event));
  const waiting = (queue: Queue) => [...values(queue.waiting)].map((entry) => [entry.job, entry.priority]);

  it('stands in no line of the queue until it is released', () => {
    let queue = emptyQueue;
    const seen = recorded.map((event) => waiting((queue = evolveQueue(queue, event))));
    expect(seen).toStrictEqual([[], [], [], [[b, 200]], []]);
    const cancelled = {
      type: 'JobCancelled',
      attempt: null,
      node: null,
      nodeEpoch: null,
      of,
      reason: 'x',
    } as const;
    queue = [recorded[0]!, record(`job-${b}`, cancelled)].reduce(evolveQueue, emptyQueue);
    expect([queue.jobs, queue.aside]).toStrictEqual([null, null]);
  });

  it('is held by a new leader, too, whichever events he meets again', () => {
    for (let until = 1; until <= recorded.length; until++)
      for (let from = 0; from <= until; from++) {
        const rows = [...project(jobList, recorded.slice(0, until)).values()];
        const queue = recorded.slice(from).reduce(evolveQueue, queueFromRows(rows, []));
        expect([waiting(queue), queue.aside, get(queue.jobs, b)?.place?.node]).toStrictEqual([[], null, 'n']);
        const then = recorded.slice(from, until).reduce(evolveQueue, queueFromRows(rows, []));
        expect(waiting(then)).toStrictEqual(until === 4 ? [[b, 200]] : []);
      }
  });

  it('shows in its row what it waits for, and what has been met', () => {
    const rowOf = (...log: readonly JobEvent[]) => {
      const record = recorder();
      const events = log.map((event) => record(`job-${b}`, event));
      return project(jobList, events).get(b);
    };
    const open = [
      { ...onSuccess(a), outcome: null },
      { ...onEnd(c), outcome: null },
    ];
    expect(rowOf(queued())).toMatchObject({ held: false, waits_for: [] });
    expect(rowOf(queued(onSuccess(a), onEnd(c)))).toMatchObject({ held: true, waits_for: open });
    const half = [{ ...onSuccess(a), outcome: 'completed' }, open[1]];
    expect(rowOf(queued(onSuccess(a), onEnd(c)), met(a))).toMatchObject({ held: true, waits_for: half });
    expect(rowOf(queued(onSuccess(a)), met(a), released)).toMatchObject({ held: false, state: 'queued' });
  });
});

describe('a job that others wait for', () => {
  const add: JobCommand = { type: 'AddDependent', dependent: b };
  const added = (how: JobEnd | null): JobEvent => ({ type: 'JobDependentAdded', dependent: b, end: how });

  it('says at once how it has ended, also when it goes on', () => {
    given(queued()).when(add).then(added(null));
    given(queued(), started).when(add).then(added(null));
    given(queued(), started, completed).when(add).then(added(COMPLETED));
    given(queued(), started, failed)
      .when(add)
      .then(added(end('failed')));
    given().when(add).thenRefused('NoSuchJob');
  });

  it('has succeeded with a solution from when its time limit came, and with nothing less', () => {
    const ended = (changes: Partial<JobResult>) =>
      given(queued(), started, { type: 'JobCompleted', ...at, of, ...result, ...changes }).when(add);
    ended({ outcome: 'timeLimit' }).then(added(end('timeLimit', true)));
    ended({ outcome: 'timeLimit', result: null }).then(added(end('timeLimit')));
    ended({ outcome: 'interrupted' }).then(added(end('interrupted')));
    ended({ outcome: 'infeasible', result: null }).then(added(end('infeasible')));
  });
});

/** Jobs and the process together; the process sees what happens later, and its commands come later still, some twice. */
const world = () => {
  const record = recorder();
  const process = processUnderTest(releaseDependents);
  const jobs = new Map<string, ReturnType<typeof job.decider.evolve>>();
  const log: { id: string; event: JobEvent }[] = [];
  const unseen: ReturnType<typeof record>[] = [];
  const outbox: { id: string; command: JobCommand }[] = [];
  const tell = (id: string, command: JobCommand): void => {
    const state = jobs.get(id) ?? job.decider.initial;
    const outcome = job.decider.decide(command, state);
    if (isRefusal(outcome)) return;
    for (const event of outcome) {
      jobs.set(id, job.decider.evolve(jobs.get(id) ?? job.decider.initial, event));
      log.push({ id, event });
      unseen.push(record(`job-${id}`, event));
    }
  };
  const look = (): void => {
    const next = unseen.shift();
    if (next) outbox.push(...(process.see(next) as readonly { id: string; command: JobCommand }[]));
  };
  const send = (pick: number, twice: boolean): void => {
    const [one] = outbox.splice(pick % Math.max(1, outbox.length), 1);
    if (one) for (let n = twice ? 2 : 1; n > 0; n--) tell(one.id, one.command);
  };
  return { jobs, log, process, tell, look, send, busy: () => unseen.length + outbox.length > 0 };
};

describe('release-dependents', () => {
  it('releases a chain one after the other, and cancels what comes after a failure, to its end', () => {
    const { tell, look, send, busy, jobs, log } = world();
    const settle = (): void => {
      while (busy()) (look(), send(0, false));
    };
    tell(a, { type: 'SubmitJob', ...asked() });
    tell(b, { type: 'SubmitJob', ...asked(onSuccess(a)) });
    tell(c, { type: 'SubmitJob', ...asked(onSuccess(b)) });
    settle();
    expect([b, c].map((id) => jobs.get(id))).toMatchObject([
      { held: [onSuccess(a)] },
      { held: [onSuccess(b)] },
    ]);
    tell(a, start);
    tell(a, { type: 'CompleteJob', ...at, ...result });
    settle();
    expect([b, c].map((id) => jobs.get(id))).toMatchObject([{ held: [] }, { held: [onSuccess(b)] }]);
    tell(b, start);
    tell(b, { type: 'FailJob', ...at, error: { code: 'x', message: 'x' } });
    settle();
    expect(log.at(-1)).toMatchObject({
      id: c,
      event: { type: 'JobCancelled', reason: inVain(b, end('failed')) },
    });
  });

  it('keeps nothing of a job that nobody waits for any more', () => {
    const { tell, look, send, busy, process } = world();
    tell(a, { type: 'SubmitJob', ...asked() });
    tell(b, { type: 'SubmitJob', ...asked(onEnd(a)) });
    while (busy()) (look(), send(0, false));
    expect([...process.states.keys()]).toStrictEqual([a]);
    tell(a, { type: 'TerminateJob', reason: 'x' });
    while (busy()) (look(), send(0, false));
    expect(process.states.size).toBe(0);
  });

  it('overlooks no end and starts nothing too early, whatever comes first (no job waits for ever)', () => {
    const act = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          is: fc.constant('submit' as const),
          on: fc.array(fc.record({ back: fc.nat(4), any: fc.boolean() }), { maxLength: 3 }),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({ is: fc.constant('work' as const), pick: fc.nat(9), well: fc.boolean() }),
      },
      { weight: 1, arbitrary: fc.record({ is: fc.constant('cancel' as const), pick: fc.nat(9) }) },
      { weight: 6, arbitrary: fc.record({ is: fc.constant('look' as const) }) },
      {
        weight: 6,
        arbitrary: fc.record({ is: fc.constant('send' as const), pick: fc.nat(9), twice: fc.boolean() }),
      },
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 80 }), (acts) => {
        const w = world();
        const ids: string[] = [];
        const after = new Map<string, readonly Dependency[]>();
        const work = (id: string | undefined, well: boolean): void => {
          if (id === undefined) return;
          w.tell(id, start);
          if (well) w.tell(id, { type: 'CompleteJob', ...at, ...result });
          else w.tell(id, { type: 'FailJob', ...at, error: { code: 'x', message: 'x' } });
        };
        for (const one of acts)
          switch (one.is) {
            case 'submit': {
              const others = new Map(
                one.on.flatMap(({ back, any }) => {
                  const other = ids.at(-1 - back);
                  return other === undefined ? [] : [[other, any ? onEnd(other) : onSuccess(other)]];
                }),
              );
              const id = uuid(ids.length + 1);
              after.set(id, [...others.values()]);
              w.tell(id, { type: 'SubmitJob', ...asked(...others.values()) });
              ids.push(id);
              break;
            }
            case 'work':
              work(ids[one.pick % Math.max(1, ids.length)], one.well);
              break;
            case 'cancel': {
              const id = ids[one.pick % Math.max(1, ids.length)];
              if (id !== undefined) w.tell(id, { type: 'TerminateJob', reason: 'x' });
              break;
            }
            case 'look':
              w.look();
              break;
            case 'send':
              w.send(one.pick, one.twice);
          }
        // The world settles, and every job that may run does: in the order in which they were submitted.
        for (let round = 0; round <= ids.length; round++) {
          while (w.busy()) (w.look(), w.send(0, false));
          for (const id of ids) work(id, true);
        }
        while (w.busy()) (w.look(), w.send(0, false));
        expect(ids.map((id) => w.jobs.get(id)?.is)).toStrictEqual(ids.map(() => 'ended'));
        const ended = new Map<string, JobEvent['type']>();
        for (const { id, event } of w.log) {
          if (event.type === 'JobStarted')
            for (const { job: other, on } of after.get(id) ?? []) {
              expect(ended.has(other)).toBe(true);
              if (on === 'success') expect(ended.get(other)).toBe('JobCompleted');
            }
          if (['JobCompleted', 'JobFailed', 'JobCancelled'].includes(event.type)) ended.set(id, event.type);
        }
        expect(w.process.states.size).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
