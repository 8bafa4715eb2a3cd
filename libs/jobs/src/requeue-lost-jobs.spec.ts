import { describe, expect, it } from '@jest/globals';
import type { NodeEvent } from '@openpro/cluster';
import { play, processUnderTest, recorder } from '@openpro/kernel/testing';
import fc from 'fast-check';
import { job, type JobCommand, type JobEvent } from './job.js';
import { requeueLostJobs } from './requeue-lost-jobs.process.js';
import { aRequest } from './request.fixture.js';

const at = (node: string, nodeEpoch = 1) => ({ attempt: 1, node, nodeEpoch });
const of = { environment: 'ROOT', owner: 'ada', app: 'cutting', version: '1.0.0', title: 'Solve' };
const started = (node: string, nodeEpoch = 1): JobEvent => ({ type: 'JobStarted', ...at(node, nodeEpoch) });
const requeued = (node: string): JobEvent => ({
  type: 'JobRequeued',
  ...at(node),
  reason: 'drained',
  nodeLost: 0,
  ownCrash: 0,
});
const failed = (node: string): JobEvent => ({
  type: 'JobFailed',
  ...at(node),
  of,
  error: { code: 'x', message: 'x' },
});
const dead = (epoch = 1): NodeEvent => ({ type: 'NodeDeclaredDead', epoch, reason: 'no heartbeat' });
const lose = (id: string, node = 'n1', nodeEpoch = 1) => ({
  to: 'job',
  id,
  command: { type: 'LoseNode', node, nodeEpoch },
});

const after = (...log: readonly (readonly [string, JobEvent | NodeEvent])[]) => {
  const record = recorder();
  const process = processUnderTest(requeueLostJobs);
  return { process, commands: log.flatMap(([stream, event]) => process.see(record(stream, event))) };
};

describe('requeue-lost-jobs', () => {
  it('tells every job that ran there, and no other', () =>
    expect(
      after(
        ['job-a', started('n1')],
        ['job-b', started('n1')],
        ['job-c', started('n1')],
        ['job-d', started('n2')],
        ['job-e', started('n1', 2)],
        ['job-b', requeued('n1')],
        ['job-c', failed('n1')],
        ['node-n1', dead(1)],
      ).commands,
    ).toStrictEqual([lose('a')]));

  it('tells them when the server leaves, too, and that nobody is to blame; also those that it never saw', () =>
    expect(
      after(['job-a', started('n1')], ['node-n1', { type: 'NodeLeft', epoch: 1 }], ['job-b', started('n1')])
        .commands,
    ).toStrictEqual(['a', 'b'].map((id) => ({ ...lose(id), command: { ...lose(id).command, left: true } }))));

  it('tells once, however often the death is told', () =>
    expect(after(['job-a', started('n1')], ['node-n1', dead()], ['node-n1', dead()]).commands).toStrictEqual([
      lose('a'),
    ]));

  it('tells a job at once that was started there after its death', () =>
    expect(
      after(
        ['node-n1', dead()],
        ['job-a', started('n1')],
        ['job-a', requeued('n1')],
        ['job-b', started('n1')],
      ).commands,
    ).toStrictEqual([lose('a'), lose('b')]));

  it('keeps nothing of a server where nothing runs, and nothing of a job that never ran', () => {
    expect(after(['job-a', started('n1')], ['job-a', failed('n1')]).process.states.size).toBe(0);
    const cancelled: JobEvent = {
      type: 'JobCancelled',
      attempt: null,
      node: null,
      nodeEpoch: null,
      of,
      reason: 'x',
    };
    expect(after(['job-a', cancelled]).process.states.size).toBe(0);
  });

  it('leaves no job on a dead server, whatever the order in which things reach the log (I1, I7)', () => {
    const id = fc.constantFrom('a', 'b', 'c');
    const node = fc.constantFrom('n1', 'n2');
    const act = fc.oneof(
      { weight: 5, arbitrary: fc.record({ is: fc.constant('start'), id, node }) },
      { weight: 2, arbitrary: fc.record({ is: fc.constant('cancel'), id, node }) },
      { weight: 1, arbitrary: fc.record({ is: fc.constant('die'), id, node }) },
    );
    const submit: JobCommand = { type: 'SubmitJob', ...aRequest };
    fc.assert(
      fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
        const record = recorder();
        const process = processUnderTest(requeueLostJobs);
        const told = new Map<string, readonly JobCommand[]>();
        const deadNodes = new Set<string>();
        const tell = (id: string, command: JobCommand): void => {
          const former = told.get(id) ?? [submit];
          told.set(id, [...former, command]);
          const known = play(job.decider, former).history.length;
          for (const event of play(job.decider, [...former, command]).history.slice(known))
            for (const { id: to, command: next } of process.see(record(`job-${id}`, event)))
              tell(to, next as JobCommand);
        };
        for (const { is, id, node } of acts)
          if (is === 'start') tell(id, { type: 'StartJob', node, nodeEpoch: 1 });
          else if (is === 'cancel') tell(id, { type: 'TerminateJob', reason: 'x' });
          else {
            deadNodes.add(node);
            for (const { id: to, command } of process.see(record(`node-${node}`, dead())))
              tell(to, command as JobCommand);
          }
        for (const commands of told.values()) {
          const { state } = play(job.decider, commands);
          expect(state.is === 'running' && deadNodes.has(state.node)).toBe(false);
        }
      }),
    );
  });
});
