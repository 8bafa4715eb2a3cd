import { describe, expect, it } from '@jest/globals';
import type { LeadershipEvent, NodeEvent } from '@openpro/cluster';
import { project, recorder } from '@openpro/kernel/testing';
import type { SessionEvent } from '@openpro/sessions';
import { clusterTimeline, sentenceOf } from './cluster-timeline.projection.js';
import type { JobEvent } from './job.js';

type Happened = readonly [stream: string, event: NodeEvent | LeadershipEvent | JobEvent | SessionEvent];

const rowsOf = (...log: readonly Happened[]) => {
  const record = recorder();
  return [
    ...project(
      clusterTimeline,
      log.map(([stream, event]) => record(stream, event, { at: 5 })),
    ).values(),
  ];
};
const said = (...log: readonly Happened[]) =>
  rowsOf(...log).map((row) => sentenceOf(row, 'server-2', 'server-1'));

const at = { attempt: 1, node: 'n2', nodeEpoch: 1 };
const joined = (more: object = {}): NodeEvent => ({
  type: 'NodeJoined',
  epoch: 1,
  name: 'server-2',
  roles: ['pro'],
  slots: 4,
  version: '0.2.0',
  isolation: 'plain process',
  ...more,
});
const drains = (graceS: number, reason = 'new disk'): NodeEvent => ({
  type: 'NodeDrainStarted',
  epoch: 1,
  reason,
  graceS,
});
const requeued = (reason: 'node-lost' | 'crashed' | 'drained'): JobEvent => ({
  type: 'JobRequeued',
  ...at,
  reason,
  nodeLost: 0,
  ownCrash: 0,
});
const started = (attempt: number): JobEvent => ({ type: 'JobStarted', ...at, attempt });
const ended = (reason: string): SessionEvent =>
  ({ type: 'SessionEnded', reason, node: 'n2', nodeEpoch: 1 }) as SessionEvent;

describe('the timeline of the cluster', () => {
  it('names what it is about, so that it can be linked', () => {
    const rows = rowsOf(
      ['node-n2', drains(60)],
      ['job-j1', requeued('drained')],
      ['session-s1', ended('node-lost')],
      ['leadership-cluster', { type: 'LeaderElected', node: 'n2', epoch: 3 }],
      ['session-s2', { type: 'SessionPlaced', node: 'n2', nodeEpoch: 1, from: 'n1' }],
    );
    expect(rows).toMatchObject([
      {
        id: 'node-n2@1',
        at: 5,
        actor: 'ada',
        type: 'NodeDrainStarted',
        node: 'n2',
        job: null,
        session: null,
      },
      { node: 'n2', job: 'j1', session: null },
      { node: 'n2', job: null, session: 's1' },
      { node: 'n2', job: null, session: null },
      { node: 'n2', job: null, session: 's2', details: { from: 'n1' } },
    ]);
  });

  it('leaves out what is no news of a server', () =>
    expect(
      rowsOf(
        ['job-j1', started(1)],
        ['session-s0', { type: 'SessionPlaced', node: 'n2', nodeEpoch: 1 }],
        ['session-s1', ended('closed')],
        ['session-s2', ended('idle')],
      ),
    ).toStrictEqual([]));

  it.each<[string, Happened]>([
    [
      'server-2 was invited to the cluster',
      ['node-n2', { type: 'NodeInvited', name: 'server-2', roles: [], tokenHash: '', expiresAt: 0 }],
    ],
    [
      'server-2 showed its token and was let in',
      ['node-n2', { type: 'NodeAdmitted', name: 'server-2', roles: [] }],
    ],
    ['server-2 joined with 4 slots, version 0.2.0', ['node-n2', joined()]],
    [
      'server-2 joined with 1 slot, version 0.2.0, and goes on draining',
      ['node-n2', joined({ slots: 1, draining: true })],
    ],
    [
      'server-2 was declared dead: no beat for 5.1 s',
      ['node-n2', { type: 'NodeDeclaredDead', epoch: 1, reason: 'no beat for 5.1 s' }],
    ],
    ['server-2 left in good order', ['node-n2', { type: 'NodeLeft', epoch: 1 }]],
    ['server-2 takes no new work: new disk; what runs there may go on for 5 min', ['node-n2', drains(300)]],
    ['server-2 takes no new work: new disk; what runs there may go on for 90 s', ['node-n2', drains(90)]],
    ['server-2 takes no new work; what runs there is moved at once', ['node-n2', drains(0, '')]],
    ['server-2 takes work again', ['node-n2', { type: 'NodeResumed', epoch: 1 }]],
    [
      'server-2 was removed from the cluster: sold',
      ['node-n2', { type: 'NodeRemoved', epoch: 1, reason: 'sold' }],
    ],
    ['server-2 leads from now on', ['leadership-cluster', { type: 'LeaderElected', node: 'n2', epoch: 3 }]],
    ['A job runs again on server-2, as attempt 2', ['job-j1', started(2)]],
    [
      'A job went back to the queue, because server-2 was lost in attempt 1',
      ['job-j1', requeued('node-lost')],
    ],
    [
      'A job went back to the queue, because its process crashed on server-2 in attempt 1',
      ['job-j1', requeued('crashed')],
    ],
    [
      'A job went back to the queue, because server-2 gave back its work; attempt 1 is not charged',
      ['job-j1', requeued('drained')],
    ],
    [
      'A job was given up: lost too often',
      [
        'job-j1',
        {
          type: 'JobAbandoned',
          ...at,
          of: { environment: 'ROOT', owner: 'ada', app: 'a', version: '1', title: 't' },
          reason: 'lost too often',
        },
      ],
    ],
    [
      'A session of server-1 was opened again on server-2, with what it had kept',
      ['session-s2', { type: 'SessionPlaced', node: 'n2', nodeEpoch: 1, from: 'n1' }],
    ],
    ['A session ended, because server-2 was lost', ['session-s1', ended('node-lost')]],
    ['A session ended, because server-2 gave back its work', ['session-s1', ended('drained')]],
  ])('says: %s', (sentence, happened) => expect(said(happened)).toStrictEqual([sentence]));
});
