import { describe, expect, it } from '@jest/globals';
import { play, project, recorder, specFor } from '@openpro/kernel/testing';
import fc from 'fast-check';
import { leader } from './leader.projection.js';
import { leadership, type LeadershipEvent } from './leadership.js';
import { node, type NodeCommand, type NodeEvent } from './node.js';
import { nodeList } from './node-list.projection.js';

const server = {
  name: 'server-1',
  roles: ['portal', 'pro'],
  slots: 2,
  version: '0.1.0',
  isolation: 'plain process',
};

describe('a server', () => {
  const given = specFor(node.decider);
  const join: NodeCommand = { type: 'JoinNode', ...server };
  const joined = (epoch: number): NodeEvent => ({ type: 'NodeJoined', epoch, ...server });
  const dead = (epoch: number, reason = 'no heartbeat'): NodeEvent => ({
    type: 'NodeDeclaredDead',
    epoch,
    reason,
  });
  const left = (epoch: number): NodeEvent => ({ type: 'NodeLeft', epoch });

  it('gets a higher epoch each time it joins', () => {
    given().when(join).then(joined(1));
    given(joined(1), dead(1)).when(join).then(joined(2));
    given(joined(1), left(1)).when(join).then(joined(2));
  });

  it('that joins again before anybody noticed its end is declared dead in the same append', () =>
    given(joined(1)).when(join).then(dead(1, 'The server started again'), joined(2)));

  it('is declared dead once, for the epoch that was meant', () => {
    const declare = (epoch: number): NodeCommand => ({ type: 'DeclareDead', epoch, reason: 'no heartbeat' });
    given().when(declare(1)).thenRefused('NoSuchNode');
    given(joined(1)).when(declare(1)).then(dead(1));
    given(joined(1), dead(1)).when(declare(1)).then();
    given(joined(1), left(1)).when(declare(1)).then();
    given(joined(1), dead(1), joined(2)).when(declare(1)).then();
  });

  it('leaves once, and not after it was declared dead', () => {
    given().when({ type: 'LeaveNode', epoch: 1 }).thenRefused('NoSuchNode');
    given(joined(1)).when({ type: 'LeaveNode', epoch: 1 }).then(left(1));
    given(joined(1), left(1)).when({ type: 'LeaveNode', epoch: 1 }).then();
    given(joined(1), dead(1)).when({ type: 'LeaveNode', epoch: 1 }).then();
    given(joined(1), dead(1), joined(2)).when({ type: 'LeaveNode', epoch: 1 }).then();
  });

  it.each([
    ['name', { name: '' }],
    ['roles', { roles: ['pro', 'king'] }],
    ['slots', { slots: -1 }],
    ['slots', { slots: 1025 }],
    ['version', { version: 'a\nb' }],
    ['isolation', { isolation: '' }],
  ])('is refused with a wrong %s: %j', (field, change) =>
    given()
      .when({ type: 'JoinNode', ...server, ...change })
      .thenRefused('BadInput', { field }),
  );

  it('has one life per epoch: epochs grow by one, and each ends at most once before the next begins', () => {
    const epoch = fc.integer({ min: 1, max: 6 });
    const command: fc.Arbitrary<NodeCommand> = fc.oneof(
      fc.constant(join),
      epoch.map((epoch): NodeCommand => ({ type: 'DeclareDead', epoch, reason: 'x' })),
      epoch.map((epoch): NodeCommand => ({ type: 'LeaveNode', epoch })),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 30 }), (commands) => {
        const { history } = play(node.decider, commands);
        const lives = history.map(({ type, epoch }) => `${type === 'NodeJoined' ? 'begin' : 'end'} ${epoch}`);
        const expected = lives.map((_, i) => `${i % 2 ? 'end' : 'begin'} ${Math.floor(i / 2) + 1}`);
        expect(lives).toStrictEqual(expected);
      }),
    );
  });

  it('stands in the read model with its last life', () => {
    const record = recorder();
    const row = (log: readonly NodeEvent[]) =>
      project(
        nodeList,
        log.map((event) => record('node-n1', event, { at: 4 })),
      ).get('n1');
    const { name, roles, slots, version, isolation } = server;
    const base = { id: 'n1', name, roles, slots, version, isolation, joined_at: 4 };
    expect(row([joined(1)])).toStrictEqual({ ...base, state: 'joined', epoch: 1 });
    expect(row([joined(1), left(1)])).toStrictEqual({ ...base, state: 'left', epoch: 1 });
    expect(row([joined(1), dead(1), joined(2), dead(2)])).toStrictEqual({ ...base, state: 'dead', epoch: 2 });
  });
});

describe('leadership', () => {
  const given = specFor(leadership.decider);
  const elected = (node: string, epoch: number): LeadershipEvent => ({ type: 'LeaderElected', node, epoch });

  it('goes to a newer epoch only', () => {
    given().when({ type: 'ElectLeader', node: 'n1', epoch: 7 }).then(elected('n1', 7));
    given(elected('n1', 7)).when({ type: 'ElectLeader', node: 'n2', epoch: 8 }).then(elected('n2', 8));
    given(elected('n1', 7)).when({ type: 'ElectLeader', node: 'n2', epoch: 7 }).thenRefused('EpochNotNewer');
    given(elected('n1', 7)).when({ type: 'ElectLeader', node: 'n1', epoch: 6 }).thenRefused('EpochNotNewer');
    given().when({ type: 'ElectLeader', node: 'n1', epoch: NaN }).thenRefused('EpochNotNewer');
  });

  it('has strictly growing epochs, whoever claims what', () => {
    const claim = fc.record({
      type: fc.constant('ElectLeader' as const),
      node: fc.constantFrom('n1', 'n2', 'n3'),
      epoch: fc.oneof(fc.integer({ min: -3, max: 30 }), fc.double()),
    });
    fc.assert(
      fc.property(fc.array(claim), (claims) => {
        const epochs = play(leadership.decider, claims).history.map(({ epoch }) => epoch);
        expect(epochs).toStrictEqual([...new Set(epochs)].sort((a, b) => a - b));
        expect(epochs.every((epoch) => epoch >= 1)).toBe(true);
      }),
    );
  });

  it('stands in the read model as one row', () => {
    const record = recorder();
    const log = [elected('n1', 1), elected('n2', 2)].map((event, i) =>
      record('leadership-cluster', event, { at: i }),
    );
    expect([...project(leader, log).values()]).toStrictEqual([
      { id: 'cluster', node: 'n2', epoch: 2, since: 1 },
    ]);
  });
});
