import { describe, expect, it } from '@jest/globals';
import { play, project, recorder, specFor } from '@openpro/kernel/testing';
import fc from 'fast-check';
import { leader } from './leader.projection.js';
import { leadership, type LeadershipEvent } from './leadership.js';

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
